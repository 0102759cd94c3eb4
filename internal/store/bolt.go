// Package store keeps the durable state of the roles: what must be there again
// after the process was killed at any instant. It serves the hub and the sites,
// which declare what they need of it as small interfaces; this is the one place
// that knows the embedded database (docs/decisions/0002-embedded-store.md).
//
// It refuses a folder that another process uses, and keeps files that only this
// account can read.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrNotFound says that nothing is kept under a key.
var ErrNotFound = errors.New("not in the store")

// ErrInUse says that another process has the store open.
var ErrInUse = errors.New("another hmsp process uses this folder")

// lockWait is how long Open waits for a process that is just ending.
const lockWait = time.Second

// A DB is an open database file. Each role has its own type over one.
type DB struct{ bolt *bbolt.DB }

// Open opens or makes the database file at path, in a folder that exists, with
// the named buckets. A second process gets ErrInUse. Whatever a transaction has
// committed is on the disk.
func Open(path string, buckets ...string) (*DB, error) {
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, explain(path, err)
	}
	err = b.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Close()
		return nil, explain(path, err)
	}
	return &DB{bolt: b}, nil
}

// Close ends the use of the file, waiting for transactions under way.
func (db *DB) Close() error { return db.bolt.Close() }

// explain says what an operator can do about a file that does not open.
func explain(path string, err error) error {
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("open store: %w (%s): stop that process, or give this one a folder of its own", ErrInUse, folder)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open store: the folder %s does not exist: make it with the role's init command", folder)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open store: this account may not use %s: change the owner of %s", path, folder)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("open store: the disk of %s is full: free some space", folder)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("open store: %s is damaged or not a store of hmsp: restore the folder from a backup", path)
	case errors.As(err, new(*os.PathError)):
		return fmt.Errorf("open store: %w", err)
	}
	return fmt.Errorf("open store %s: %w", path, err)
}
