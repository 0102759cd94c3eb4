package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// memoryOf is what a process holds of its own, and its largest resident size yet, in
// bytes.
func memoryOf(pid int) (anonymous, resident int64, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, false
	}
	return kibibytes(data, "RssAnon:"), kibibytes(data, "VmHWM:"), true
}

// proportional is the proportional set size of a process in bytes: each page's share.
func proportional(pid int) (int64, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, false
	}
	return kibibytes(data, "Pss:"), true
}

// kibibytes reads a line such as "Pss:  1234 kB".
func kibibytes(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == name {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}

// forget drops a file from the system's cache, but for the pages that a process maps.
func forget(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0)
	return errno == 0
}
