package store

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// cohorts is the bucket of the differencing guard: key -> history.
const cohorts = "cohorts"

// Get returns a history of the differencing guard, nil where there is none.
func (s *Site) Get(key string) ([]byte, error) {
	var out []byte
	err := s.db.bolt.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket([]byte(cohorts)).Get([]byte(key)); v != nil {
			out = append([]byte{}, v...)
		}
		return nil
	})
	return out, err
}

// Put keeps histories of the differencing guard, all of them or none.
func (s *Site) Put(values map[string][]byte) error {
	err := s.db.bolt.Update(func(tx *bbolt.Tx) error {
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
