//go:build unix && !linux

package omoptest

import "syscall"

func noOrphan(*syscall.SysProcAttr) {}
