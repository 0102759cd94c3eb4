package member

import (
	"os"
	"syscall"
)

// owns says whether this process runs as the account that owns a folder.
func owns(home string) bool {
	info, err := os.Stat(home)
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}
