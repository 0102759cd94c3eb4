package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// CohortsFile is the name of the differencing guard's histories in a site's home: a
// file of its own, since it must outlive the studies' state. Histories that are large
// are files of the folder beside it.
const (
	CohortsFile   = "cohorts.db"
	CohortsFolder = "cohorts"
)

// The buckets of the histories: those that are small, and the names of the others'
// files.
const (
	cohorts     = "cohorts"
	cohortFiles = "files"
)

// large is from how many bytes on a history is a file.
const large = 1 << 20

// Cohorts is the store of a site's differencing guard.
type Cohorts struct {
	db     *DB
	folder string
}

// OpenCohorts opens or makes the histories' file at path. Its errors are those of Open.
func OpenCohorts(path string) (*Cohorts, error) {
	db, err := Open(path, cohorts, cohortFiles)
	if err != nil {
		return nil, err
	}
	c := &Cohorts{db, filepath.Join(filepath.Dir(path), CohortsFolder)}
	if err := c.sweep(); err != nil {
		db.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the use of the file.
func (c *Cohorts) Close() error { return c.db.Close() }

// sweep removes the files of changes that were never made, or were replaced.
func (c *Cohorts) sweep() error {
	there, err := os.ReadDir(c.folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	used := map[string]bool{}
	if err == nil {
		err = c.db.bolt.View(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(cohortFiles)).ForEach(func(_, name []byte) error { used[string(name)] = true; return nil })
		})
	}
	for _, e := range there {
		if err == nil && !used[e.Name()] {
			err = os.Remove(filepath.Join(c.folder, e.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("sweep the histories of cohorts: %w", err)
	}
	return nil
}

// Change begins a change of the histories.
func (c *Cohorts) Change() *CohortsChange {
	return &CohortsChange{of: c, written: map[string]value{}}
}

// A value is a history: its bytes, or the name of its file.
type value struct {
	small []byte
	file  string
}

// A CohortsChange is what is to be kept when it is committed, all or nothing.
type CohortsChange struct {
	of      *Cohorts
	written map[string]value
	files   []string // that are of no use: made and not kept, or replaced
}

// Open reads a history as the change has it, nil where there is none.
func (c *CohortsChange) Open(key string) (io.ReadCloser, error) {
	v, ok := c.written[key]
	if !ok {
		err := c.of.db.bolt.View(func(tx *bbolt.Tx) error {
			v.file = string(tx.Bucket([]byte(cohortFiles)).Get([]byte(key)))
			v.small = bytes.Clone(tx.Bucket([]byte(cohorts)).Get([]byte(key)))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	switch {
	case v.file != "":
		return os.Open(filepath.Join(c.of.folder, v.file))
	case v.small != nil:
		return io.NopCloser(bytes.NewReader(v.small)), nil
	}
	return nil, nil
}

// Write has a history written anew: in memory, or once it is large in a file. What was
// there can be read meanwhile.
func (c *CohortsChange) Write(key string, write func(io.Writer) error) error {
	s := &spill{folder: c.of.folder, small: []byte{}}
	err := errors.Join(write(s), s.finish())
	v := value{small: s.small}
	if s.file != nil {
		v = value{file: filepath.Base(s.file.Name())}
	}
	if was := c.written[key]; err == nil {
		v, c.written[key] = was, v
	}
	if v.file != "" {
		c.files = append(c.files, v.file)
	}
	return err
}

// Commit keeps what was written: it is on the disk when Commit returns nil.
func (c *CohortsChange) Commit() error {
	large := false
	for _, v := range c.written {
		large = large || v.file != ""
	}
	if large {
		if err := errors.Join(syncFolder(c.of.folder), syncFolder(filepath.Dir(c.of.folder))); err != nil {
			return err
		}
	}
	if len(c.written) == 0 {
		return nil
	}
	var replaced []string
	if err := c.of.db.bolt.Update(func(tx *bbolt.Tx) (err error) { replaced, err = c.put(tx); return err }); err != nil {
		return err
	}
	c.written, c.files = nil, append(c.files, replaced...)
	c.Abort()
	return nil
}

// put puts what was written in the place of what was there; the names of files that
// were are returned.
func (c *CohortsChange) put(tx *bbolt.Tx) (replaced []string, err error) {
	small, files := tx.Bucket([]byte(cohorts)), tx.Bucket([]byte(cohortFiles))
	for key, v := range c.written {
		if was := files.Get([]byte(key)); was != nil {
			replaced = append(replaced, string(was))
		}
		in, out, b := small, files, v.small
		if v.file != "" {
			in, out, b = files, small, []byte(v.file)
		}
		if err := errors.Join(in.Put([]byte(key), b), out.Delete([]byte(key))); err != nil {
			return nil, err
		}
	}
	return replaced, nil
}

// Abort removes what is of no use; after Commit it does nothing. What it cannot remove,
// the next OpenCohorts does.
func (c *CohortsChange) Abort() {
	for _, v := range c.written {
		if v.file != "" {
			c.files = append(c.files, v.file)
		}
	}
	for _, name := range c.files {
		os.Remove(filepath.Join(c.of.folder, name))
	}
	c.written, c.files = nil, nil
}

// A spill holds what is written, until it is so much that it belongs on the disk.
type spill struct {
	folder string
	small  []byte
	file   *os.File
	buffer *bufio.Writer
}

func (s *spill) Write(b []byte) (int, error) {
	if s.file == nil && len(s.small)+len(b) <= large {
		s.small = append(s.small, b...)
		return len(b), nil
	}
	if s.file == nil {
		if err := os.MkdirAll(s.folder, 0o700); err != nil {
			return 0, err
		}
		var err error
		if s.file, err = os.CreateTemp(s.folder, "history-*"); err != nil {
			return 0, err
		}
		s.buffer = bufio.NewWriterSize(s.file, 256<<10)
		if _, err := s.buffer.Write(s.small); err != nil {
			return 0, err
		}
		s.small = nil
	}
	return s.buffer.Write(b)
}

func (s *spill) finish() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.buffer.Flush(), s.file.Sync(), s.file.Close())
}
