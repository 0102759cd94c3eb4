package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// Files of a log's folder, beside hashesFile.
const (
	checkpointFile = "checkpoint" // the last checkpoint, as its member gives it to others
	lockFile       = "lock"       // held while a process writes
)

// entriesFile holds the entries of one part of the log: parts are numbered from
// 1, and the last is written.
func entriesFile(part int) string { return fmt.Sprintf("log-%04d.jsonl", part) }

// closingFile is the checkpoint at the end of a part that is closed.
func closingFile(part int) string { return fmt.Sprintf("log-%04d.checkpoint", part) }

var partForm = regexp.MustCompile(`^log-([0-9]{4,9})\.(jsonl|checkpoint)$`)

// lastPart is the highest number of a part in a folder, 0 where there is none.
func lastPart(dir string) (int, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("read the log's folder: %w", err)
	}
	last := 0
	for _, e := range list {
		if m := partForm.FindStringSubmatch(e.Name()); m != nil {
			n, err := strconv.Atoi(m[1])
			if err == nil && (entriesFile(n) == e.Name() || closingFile(n) == e.Name()) {
				last = max(last, n)
			}
		}
	}
	return last, nil
}

// readCheckpoint reads a checkpoint's file; ok is false where there is none. An
// empty file is none: a power cut leaves one.
func readCheckpoint(path string) (c Checkpoint, ok bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("read a checkpoint: %w", err)
	}
	if c, err = ParseCheckpoint(b); err != nil {
		return c, false, &Problem{Seq: -1, File: filepath.Base(path), What: err.Error()}
	}
	return c, true, nil
}

// hint replaces a file without syncing it: after a crash it may be older than
// what it tells of, never newer.
func hint(path string, data []byte) error {
	temp := path + ".tmp"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// A Problem is what is wrong with a log, at the first place where it is.
type Problem struct {
	Seq  int64  // the entry; -1 where it is not an entry
	File string // below the log's folder, or the export's name
	Line int    // from 1; 0 where it is no line
	What string
}

func (p *Problem) Error() string {
	text := p.File
	if p.Line > 0 {
		text += fmt.Sprintf(", line %d", p.Line)
	}
	if p.Seq >= 0 {
		text += fmt.Sprintf(" (entry %d)", p.Seq)
	}
	return text + ": " + p.What
}

// A lock keeps a log's folder to one writer at a time.
type lock struct{ f *os.File }

func openLock(dir string) (lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return lock{}, fmt.Errorf("lock the audit log: %w", err)
	}
	return lock{f}, nil
}

func (k lock) take() error {
	if err := syscall.Flock(int(k.f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the audit log: %w", err)
	}
	return nil
}

func (k lock) release() { _ = syscall.Flock(int(k.f.Fd()), syscall.LOCK_UN) } // closing the file releases it too
