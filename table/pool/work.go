package pool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// workPrefix starts the names of what unfinished writers have on disk.
const workPrefix = ".hmsp-pool-"

// A workFolder is where a pool grows. Its writer holds a lock on it, which the
// system lets go of when the writer dies however it dies; that is how Sweep knows.
type workFolder struct {
	path string
	lock *os.File
}

func newWorkFolder(parent string) (*workFolder, error) {
	for range 100 {
		path, err := os.MkdirTemp(parent, workPrefix+"*")
		if err != nil {
			return nil, err
		}
		dir, locked, err := lockFolder(path)
		if err == nil && locked && still(path, dir) {
			return &workFolder{path, dir}, nil
		}
		if dir != nil {
			dir.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			os.Remove(path)
			return nil, err
		}
		// a Sweep came between the making and the lock
	}
	return nil, errors.New("folders are swept away as fast as they are made")
}

// lockFolder opens a folder and locks it, if nobody else has.
func lockFolder(path string) (dir *os.File, locked bool, err error) {
	if dir, err = os.Open(path); err != nil {
		return nil, false, err
	}
	locked, err = lock(dir)
	return dir, locked, err
}

// still says whether the path names the open folder.
func still(path string, dir *os.File) bool {
	a, err := os.Lstat(path)
	b, err2 := dir.Stat()
	return err == nil && err2 == nil && os.SameFile(a, b)
}

// publish gives the folder its name, durably.
func (f *workFolder) publish(path string) error {
	if err := f.lock.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.path, path); err != nil {
		return err
	}
	f.path = ""
	parent, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = parent.Sync()
		parent.Close()
	}
	if err != nil {
		os.RemoveAll(path)
	}
	return err
}

func (f *workFolder) remove() {
	if f.path != "" {
		os.RemoveAll(f.path)
	}
	f.lock.Close()
}

// Sweep removes what killed writers left in a folder of pools, or of Options.Temp,
// and returns the paths. Writers that still live are left alone.
func Sweep(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("sweep %s: %w", folder, err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), workPrefix) || !e.IsDir() && !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(folder, e.Name())
		swept, err := sweep(path)
		if err != nil {
			return out, fmt.Errorf("sweep %s: %w", path, err)
		}
		if swept {
			out = append(out, path)
		}
	}
	return out, nil
}

func sweep(path string) (bool, error) {
	f, locked, err := lockFolder(path)
	if f != nil {
		defer f.Close()
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && !locked {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, os.RemoveAll(path)
}

// explain says what to do about the failures that an operator can mend.
func explain(folder string, err error) error {
	mend := ""
	switch {
	case errors.Is(err, syscall.ENOSPC):
		mend = "the disk is full: free some space and try again"
	case errors.Is(err, syscall.EDQUOT):
		mend = "the disk quota is used up: free some space or ask for more, and try again"
	case errors.Is(err, syscall.EROFS):
		mend = "the file system is read-only: choose another folder"
	case errors.Is(err, fs.ErrPermission):
		mend = "this account may not write in " + folder + ": change its owner or choose another folder"
	case errors.Is(err, fs.ErrNotExist):
		mend = "the folder " + folder + " does not exist: create it first"
	default:
		return err
	}
	return fmt.Errorf("%s (%w)", mend, err)
}
