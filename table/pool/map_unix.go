//go:build unix

package pool

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of a file for reading.
func mapFile(f *os.File, size int64) ([]byte, error) {
	if int64(int(size)) != size {
		return nil, errors.New("this machine cannot address a file of that size")
	}
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(b []byte) error { return unix.Munmap(b) }

// reserve makes addresses without memory: to read or write there is a fault.
func reserve(size int64) ([]byte, error) {
	if int64(int(size)) != size {
		return nil, errors.New("this machine cannot address a table of that size")
	}
	return unix.Mmap(-1, 0, int(size), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
}

// advise gives advice about the pages that hold a part of a mapping.
func advise(data []byte, s span, how Advice) error {
	if s.Length == 0 {
		return nil
	}
	advice := unix.MADV_NORMAL
	switch how {
	case Sequential:
		advice = unix.MADV_SEQUENTIAL
	case Random:
		advice = unix.MADV_RANDOM
	case WillNeed:
		advice = unix.MADV_WILLNEED
	}
	from := s.Offset &^ int64(unix.Getpagesize()-1)
	return unix.Madvise(data[from:s.Offset+s.Length], advice)
}

// lock takes the lock on an open folder, unless somebody has it. It ends with the
// process.
func lock(dir *os.File) (bool, error) {
	err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// openOwn opens a file or folder, not a link, that no other account can change.
func openOwn(path string, folder bool) (*os.File, os.FileInfo, error) {
	flags := unix.O_NOFOLLOW
	if folder {
		flags = 0
	}
	f, err := os.OpenFile(path, os.O_RDONLY|flags|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, nil, fmt.Errorf("%s is a link", path)
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	var st unix.Stat_t
	if err == nil {
		err = unix.Fstat(int(f.Fd()), &st)
	}
	switch {
	case err != nil:
	case folder != info.IsDir() || !folder && !info.Mode().IsRegular():
		err = fmt.Errorf("%s is of another kind than it should be", path)
	case info.Mode().Perm()&0o022 != 0 || st.Uid != 0 && int(st.Uid) != os.Geteuid():
		err = fmt.Errorf("another account can change %s, and end whoever reads it: it should belong to the account that runs this, with mode 0700 for the folder and 0600 for files", path)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}
