package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// A Position is where an entry stands.
type Position struct {
	Seq        int64
	Checkpoint Checkpoint // with the entry as its last
}

// A Log is a log that is written. It is safe for concurrent use, also by several
// processes in one home.
type Log struct {
	dir, origin string
	sign        Signer
	now         func() time.Time

	queue   sync.Mutex
	waiting []*pending

	mu     sync.Mutex // held while writing; guards what follows
	lock   lock
	hashes *hashes
	failed error // a write of which nobody knows whether it is on the disk
	part   int
	file   *os.File // the part's entries
	end    int64    // of its last whole line
	tree   tree
	last   Checkpoint
}

// maxPart is the length of a file, in bytes, from which the log goes on in
// another: what a process reads when it opens the log stays bounded.
const maxPart = 64 << 20

// A pending entry waits to be written.
type pending struct {
	entry Entry
	done  bool
	pos   Position
	err   error
}

// Open opens the log in dir, which it makes where there is none. Origin is the
// member's name. A last line that a crash cut short is removed: it was never
// acknowledged. Open refuses, with a *Problem, a log whose entries do not give
// its own signed checkpoint.
func Open(dir, origin string, sign Signer, now func() time.Time) (*Log, error) {
	if !memberForm.MatchString(origin) || sign == nil || now == nil {
		return nil, errors.New("open the audit log: a member's name, a signer and a clock are required")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	l := &Log{dir: dir, origin: origin, sign: sign, now: now}
	if err := l.open(); err != nil {
		l.Close()
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	return l, nil
}

// Append adds an entry and returns when it is on the disk, with the signature of
// the tree. Callers at the same time share one write. Of the entry, Seq is not
// read, and a zero At is now.
func (l *Log) Append(e Entry) (Position, error) {
	e.Seq = 0
	if err := e.Valid(); err != nil {
		return Position{}, err
	}
	p := &pending{entry: e}
	l.queue.Lock()
	l.waiting = append(l.waiting, p)
	l.queue.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	if !p.done { // whoever held the log meanwhile has not written it with theirs
		l.commit()
	}
	return p.pos, p.err
}

// commit writes all entries that wait.
func (l *Log) commit() {
	l.queue.Lock()
	batch := l.waiting
	l.waiting = nil
	l.queue.Unlock()
	err := l.locked(func() error { return l.write(batch) })
	if err == nil && l.end >= maxPart {
		// The entries stand; a rotation that fails is tried again with the next.
		_ = l.locked(func() error { return l.rotate("") })
	}
	for _, p := range batch {
		if p.done = true; err != nil {
			p.pos, p.err = Position{}, fmt.Errorf("write the audit log: %w", err)
		}
	}
}

// locked does something with the folder to itself and the log up to date. The
// caller holds l.mu.
func (l *Log) locked(do func() error) error {
	if l.failed != nil {
		return l.failed
	}
	if err := l.lock.take(); err != nil {
		return err
	}
	defer l.lock.release()
	if err := l.catchUp(); err != nil {
		l.failed = err
		return err
	}
	return do()
}

// write appends a batch: lines first, and synced; then what can be made again
// from them.
func (l *Log) write(batch []*pending) error {
	t := l.tree.clone()
	var lines []byte
	var stored []Hash
	for _, p := range batch {
		r, more, err := l.record(&t, p.entry)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
		lines = append(lines, r.line()...)
		p.pos = Position{r.Entry.Seq, r.checkpoint(l.origin)}
	}
	if err := l.store(lines); err != nil {
		return err
	}
	index := tlog.StoredHashCount(l.tree.size)
	l.tree, l.last = t, batch[len(batch)-1].pos.Checkpoint
	return l.follow(index, stored)
}

// record makes the next line of a tree, which grows by it.
func (l *Log) record(t *tree, e Entry) (record, []Hash, error) {
	if e.Seq = t.size; e.At.IsZero() {
		e.At = l.now()
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	leaf, err := e.Leaf()
	if err != nil {
		return record{}, nil, err
	}
	if len(leaf) > maxLine/2 {
		return record{}, nil, fmt.Errorf("entry %s: is longer than a line can be", e.Kind)
	}
	stored := t.add(tlog.RecordHash(leaf))
	r := record{Entry: e, leaf: leaf, Root: t.root()}
	r.Sig = l.sign(r.checkpoint(l.origin).Text())
	return r, stored, nil
}

// store writes lines at the end of the file and syncs them. What was written in
// part is taken back; what may or may not be on the disk stops the log.
func (l *Log) store(lines []byte) error {
	_, err := l.file.WriteAt(lines, l.end)
	if err != nil {
		if e := l.file.Truncate(l.end); e != nil {
			l.failed = errors.Join(err, e)
		}
		return err
	}
	if err := l.file.Sync(); err != nil {
		l.failed = fmt.Errorf("%w: the log takes no more entries until it is opened again", err)
		return l.failed
	}
	l.end += int64(len(lines))
	return nil
}

// follow writes hashes and checkpoint after their lines. Neither may be ahead of
// the lines, also after a crash; both may lag.
func (l *Log) follow(index int64, stored []Hash) error {
	if same, err := l.hashes.put(index, stored); err != nil || !same {
		return errors.Join(err, l.mismatch(same))
	}
	// The entry is on the disk: that there is no room for what follows from it is
	// no reason to refuse it.
	if l.hashes.flush() == nil {
		_ = hint(filepath.Join(l.dir, checkpointFile), l.last.Encode())
	}
	return nil
}

func (l *Log) mismatch(same bool) error {
	if same {
		return nil
	}
	return &Problem{Seq: l.tree.size - 1, File: hashesFile, What: "the stored hashes are not those of the entries"}
}

// Checkpoint is the signed state of the log after this process's last entry.
func (l *Log) Checkpoint() (Checkpoint, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.failed
}

// Extension is the log's checkpoint with a proof that the tree of size from is
// its beginning: see CheckExtension.
func (l *Log) Extension(from int64) (Checkpoint, []Hash, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from < 0 || from > l.last.Size {
		return Checkpoint{}, nil, fmt.Errorf("prove an extension of the audit log from size %d: it has %d entries", from, l.last.Size)
	}
	path, err := proveTree(l.last.Size, from, l.hashes)
	return l.last, path, err
}

// Rotate closes the file that is written; the tree goes on in the next. It
// returns the number of the closed file, and its checkpoint.
func (l *Log) Rotate(who string) (int, Checkpoint, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.locked(func() error { return l.rotate(who) }); err != nil {
		return 0, Checkpoint{}, fmt.Errorf("rotate the audit log: %w", err)
	}
	return l.part - 1, l.last, nil
}

func (l *Log) rotate(who string) error {
	p := &pending{entry: Entry{Kind: LogRotated, Who: who, Facts: map[string]string{"file": FormatCount(l.part + 1)}}}
	if err := p.entry.Valid(); err != nil {
		return err
	}
	if err := l.write([]*pending{p}); err != nil {
		return err
	}
	return l.closePart()
}

// Close closes the log's files. What was acknowledged is on the disk already.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = errors.New("the audit log is closed")
	var errs []error
	if l.file != nil {
		errs = append(errs, l.file.Close())
	}
	if l.hashes != nil {
		errs = append(errs, l.hashes.Close())
	}
	if l.lock.f != nil {
		errs = append(errs, l.lock.f.Close())
	}
	return errors.Join(errs...)
}

// signed says whether this log's member signed the checkpoint.
func (l *Log) signed(c Checkpoint) bool {
	return c.Origin == l.origin && bytes.Equal(l.sign(c.Text()), c.Signature)
}
