// Package atomicfile writes a file so that after a crash it is there with all
// of its old bytes or all of its new ones, never with some of each. Whatever
// hmsp leaves on a disk and reads again goes through here.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Write replaces the file at path with data: a temporary file in the same
// folder is written, synced and renamed over it, and the folder is synced. perm
// is the mode of the new file whatever the umask says. After an error the old
// file is as it was and no temporary file remains.
func Write(path string, data []byte, perm fs.FileMode) error {
	return write(path, data, perm, os.Rename)
}

// Create is Write for a file that must not exist yet; an error for which
// errors.Is(err, fs.ErrExist) holds says that it does.
func Create(path string, data []byte, perm fs.FileMode) error {
	if _, err := os.Lstat(path); err == nil {
		return exists(path)
	}
	return write(path, data, perm, claim)
}

func write(path string, data []byte, perm fs.FileMode, publish func(temp, path string) error) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+base+".*.tmp")
	if err != nil {
		return explain(path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = explain(path, err)
		}
	}()
	if err = f.Chmod(perm); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = publish(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// claim gives temp the name path unless something has that name already. A hard
// link does both in one step; where the file system has none, an empty file
// takes the name first.
func claim(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil {
		return os.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	return os.Rename(temp, path)
}

// syncDir makes a rename in the folder durable. Windows has no such call and
// orders renames itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network file systems refuse to sync a folder (EINVAL, ENOTSUP); the
	// file itself is synced already.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

func exists(path string) error {
	return fmt.Errorf("write %s: %w: remove it or choose another name", path, fs.ErrExist)
}

// explain says what to do about the failures that an operator can mend.
func explain(path string, err error) error {
	mend := ""
	switch {
	case errors.Is(err, fs.ErrExist):
		return exists(path)
	case errors.Is(err, syscall.ENOSPC):
		mend = "the disk is full: free some space and try again"
	case errors.Is(err, syscall.EDQUOT):
		mend = "the disk quota is used up: free some space or ask for more, and try again"
	case errors.Is(err, syscall.EROFS):
		mend = "the file system is read-only: remount it for writing or choose another folder"
	case errors.Is(err, fs.ErrPermission):
		mend = "this account may not write in " + filepath.Dir(path) + ": change the folder's owner or choose another folder"
	case errors.Is(err, fs.ErrNotExist):
		mend = "the folder " + filepath.Dir(path) + " does not exist: create it first"
	default:
		return fmt.Errorf("write %s: %w", path, err)
	}
	return fmt.Errorf("write %s: %s (%w)", path, mend, cause(err))
}

// cause is the system's error without the name of the temporary file.
func cause(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}
