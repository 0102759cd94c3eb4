package store

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// CohortsFile is the name of the differencing guard's histories in a site's home: a
// file of its own, since it must outlive the studies' state.
const CohortsFile = "cohorts.db"

// cohorts is the bucket of the histories.
const cohorts = "cohorts"

// Cohorts is the store of a site's differencing guard.
type Cohorts struct{ db *DB }

// OpenCohorts opens or makes the histories' file at path. Its errors are those of Open.
func OpenCohorts(path string) (*Cohorts, error) {
	db, err := Open(path, cohorts)
	if err != nil {
		return nil, err
	}
	return &Cohorts{db}, nil
}

// Close ends the use of the file.
func (c *Cohorts) Close() error { return c.db.Close() }

// Get returns a history, nil where there is none.
func (c *Cohorts) Get(key string) ([]byte, error) {
	var out []byte
	err := c.db.bolt.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket([]byte(cohorts)).Get([]byte(key)); v != nil {
			out = append([]byte{}, v...)
		}
		return nil
	})
	return out, err
}

// Put keeps histories, all of them or none; they are on the disk when it returns nil.
func (c *Cohorts) Put(values map[string][]byte) error {
	err := c.db.bolt.Update(func(tx *bbolt.Tx) error {
		for k, v := range values {
			if err := tx.Bucket([]byte(cohorts)).Put([]byte(k), v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the history of cohorts: %w", err)
	}
	return nil
}
