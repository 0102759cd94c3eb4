package researcher

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps the records to one process for as long as a record is read, changed
// and written: the page, `study watch` and `study cancel` may all work in one
// home at once.
func (r *Researcher) lock() (unlock func(), err error) {
	path := filepath.Join(r.member.Home, studiesDir, ".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the records: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the records: %w", err)
	}
	return func() { f.Close() }, nil
}

// change reads a study's record, lets do change it, and keeps it if do says so.
func (r *Researcher) change(digest string, do func(*Record) (keep bool, err error)) error {
	unlock, err := r.lock()
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := r.Get(digest)
	if err != nil {
		return err
	}
	keep, err := do(&rec)
	if err != nil || !keep {
		return err
	}
	return r.keep(digest, rec)
}
