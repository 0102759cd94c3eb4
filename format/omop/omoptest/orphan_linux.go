package omoptest

import "syscall"

// noOrphan ends the server at once if the test's process dies without its cleanup.
func noOrphan(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
