package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"hmsp.center/hmsp/table/pool"
)

// registryLock is the file by which one process at a time changes what is registered. A
// dataset's pool is there before its registration is: two at once would each take the
// other's for what a killed one left.
const registryLock = ".lock"

// lock takes the registry, if it is free. The system lets go of it when the process ends,
// however it ends.
func (r Registry) lock() (release func(), free bool, err error) {
	for _, dir := range []string{datasetsDir, poolsDir} {
		if err := os.MkdirAll(filepath.Join(r.Home, dir), 0o700); err != nil {
			return nil, false, fmt.Errorf("lock the registry: %w", err)
		}
	}
	f, err := os.OpenFile(filepath.Join(r.Home, datasetsDir, registryLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("lock the registry: %w", err)
	}
	if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		return func() { f.Close() }, true, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("lock the registry: %w", err)
}

// exclusive waits for the registry, and says so once.
func (r Registry) exclusive(ctx context.Context, named func(what string)) (release func(), err error) {
	for {
		release, free, err := r.lock()
		if err != nil || free {
			return release, err
		}
		if named != nil {
			named("waiting for another registration")
			named = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

const (
	readPrefix = ".read-"    // of what is read of a database for its profile alone
	tryPrefix  = ".dry-run-" // of what a dry run makes
)

// poolForm is the form of the names in the folder of pools of what was registered.
var poolForm = regexp.MustCompile(`^[a-z0-9._-]+\.[a-z2-7]{26}$`)

// sweep removes what belongs to no registration: pools that were replaced, and what
// killed processes left. Who has a pool open keeps what is mapped. The caller holds the
// registry.
func (r Registry) sweep() error {
	folder := filepath.Join(r.Home, poolsDir)
	if _, err := pool.Sweep(folder); err != nil {
		return err
	}
	names, err := r.List()
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, name := range names {
		d, err := r.Get(name)
		if err != nil {
			return nil // what cannot be read may name any of them
		}
		named[d.Pool] = true
	}
	there, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("list pools: %w", err)
	}
	var left []string
	for _, e := range there {
		of := strings.TrimSuffix(e.Name(), qualitySuffix)
		if poolForm.MatchString(of) && of[0] != '.' && !named[of] || strings.HasPrefix(of, readPrefix) || unfinished(of) {
			left = append(left, filepath.Join(folder, e.Name()))
		}
	}
	for _, pattern := range []string{tryPrefix + "*", "." + pseudonymFile + ".*.tmp", filepath.Join(datasetsDir, ".*.tmp")} {
		found, err := filepath.Glob(filepath.Join(r.Home, pattern))
		if err != nil {
			return err
		}
		left = append(left, found...)
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what belongs to no registration: %w", err)
		}
	}
	return nil
}

// unfinished says whether a name is that of a file that package atomicfile was writing.
func unfinished(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}

// tidy is sweep, unless the registry is at work: then it sweeps itself.
func (r Registry) tidy() error {
	release, free, err := r.lock()
	if err != nil || !free {
		return err
	}
	defer release()
	return r.sweep()
}
