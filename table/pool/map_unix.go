//go:build unix

package pool

import "golang.org/x/sys/unix"

func unmapFile(b []byte) error { return unix.Munmap(b) }

// advise gives advice about the pages that hold a part of a mapping.
func advise(data []byte, s span, how Advice) error {
	from := s.Offset &^ int64(unix.Getpagesize()-1)
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
	return unix.Madvise(data[from:s.Offset+s.Length], advice)
}
