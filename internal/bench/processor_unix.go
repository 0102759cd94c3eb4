//go:build unix

package bench

import (
	"syscall"
	"time"
)

// processor is the processor time that this process has used: unlike the time of
// day, it does not count what other programs took.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
