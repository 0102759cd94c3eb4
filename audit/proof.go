package audit

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// An Inclusion proves that an entry is in a log: checked against its checkpoint
// with CheckInclusion, without the log.
type Inclusion struct {
	Entry      Entry
	Checkpoint Checkpoint // signed, of a tree that holds the entry
	Path       []Hash     // RFC 6962, section 2.1.1
}

var errFound = errors.New("found")

// Proof proves entry seq of a log in the tree of a size; size 0 is the log as it is.
func Proof(src Source, origin string, seq, size int64) (Inclusion, error) {
	p := Inclusion{Entry: Entry{Seq: -1}}
	wrong := func(err error) (Inclusion, error) { return p, fmt.Errorf("prove entry %d: %w", seq, err) }
	stored, err := hashReader(src.Dir)
	if err != nil {
		return wrong(err)
	}
	defer stored.Close()
	if size == 0 {
		size = stored.covers()
	}
	if seq < 0 || seq >= size {
		return wrong(fmt.Errorf("the log has entries 0 to %d", size-1))
	}
	entry, at, err := find(src, origin, seq, size)
	if err != nil {
		return wrong(err)
	}
	p.Entry, p.Checkpoint = entry, at
	p.Path, err = tlog.ProveRecord(size, seq, stored)
	if err != nil {
		return wrong(err)
	}
	return p, nil
}

// find reads the entry seq and the checkpoint of a size.
func find(src Source, origin string, seq, size int64) (entry Entry, at Checkpoint, err error) {
	w, err := newWalk(src, origin, func(string, []byte, []byte) error { return nil })
	if err != nil {
		return entry, at, err
	}
	defer w.close()
	entry.Seq = -1
	w.see = func(e Entry) error {
		if e.Seq == seq {
			entry = e
		}
		if w.last.Size == size {
			at = w.last
			return errFound
		}
		return nil
	}
	err = (&reading{walk: w, src: src}).all()
	switch {
	case err != nil && !errors.Is(err, errFound):
		return entry, at, err
	case entry.Seq != seq:
		return entry, at, fmt.Errorf("the file that holds the entry is not here: name the folder it was archived in")
	case at.Size != size:
		return entry, at, fmt.Errorf("the log has no checkpoint of size %d here", size)
	}
	return entry, at, nil
}

// CheckInclusion says whether a proof holds: the entry is in the tree that the
// member signed.
func CheckInclusion(p Inclusion, verify Verifier) error {
	leaf, err := p.Entry.Leaf()
	if err != nil {
		return fmt.Errorf("check a proof: %w", err)
	}
	if err := p.Checkpoint.Verify(verify); err != nil {
		return fmt.Errorf("check a proof: %w", err)
	}
	if p.Entry.Seq >= p.Checkpoint.Size || p.Checkpoint.Size > maxSize {
		return fmt.Errorf("check a proof: entry %d is not in a tree of %d entries", p.Entry.Seq, p.Checkpoint.Size)
	}
	if tlog.CheckRecord(p.Path, p.Checkpoint.Size, p.Checkpoint.Root, p.Entry.Seq, tlog.RecordHash(leaf)) != nil {
		return fmt.Errorf("check a proof: the entry is not entry %d of the log that %s signed at size %d", p.Entry.Seq, p.Checkpoint.Origin, p.Checkpoint.Size)
	}
	return nil
}

// Extension proves that the tree of size from is the beginning of the one of
// size to; to 0 is the log as it is. It returns the latter's size.
func Extension(dir string, from, to int64) ([]Hash, int64, error) {
	stored, err := hashReader(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("prove an extension: %w", err)
	}
	defer stored.Close()
	if to == 0 {
		to = stored.covers()
	}
	if from < 0 || from > to || to > stored.covers() {
		return nil, 0, fmt.Errorf("prove an extension: the log has %d entries; want sizes from 0 to that, the smaller first", stored.covers())
	}
	path, err := proveTree(to, from, stored)
	if err != nil {
		return nil, 0, fmt.Errorf("prove an extension: %w", err)
	}
	return path, to, nil
}

// CheckExtension says whether the tree of a checkpoint is the beginning of the
// later one's (RFC 6962, section 2.1.2). It checks no signature.
func CheckExtension(from, to Checkpoint, path []Hash) error {
	bad := fmt.Errorf("the log of %s at size %d does not begin with the one that it signed at size %d", to.Origin, to.Size, from.Size)
	switch {
	case from.Origin != to.Origin:
		return errors.New("two checkpoints of different logs")
	case from.Size < 0, from.Size > to.Size, to.Size > maxSize, len(path) > 64:
		return bad
	case from.Size == 0:
		if empty := (&tree{}).root(); len(path) != 0 || from.Root != empty || to.Size == 0 && to.Root != empty {
			return bad
		}
		return nil
	case tlog.CheckTree(path, to.Size, to.Root, from.Size, from.Root) != nil:
		return bad
	}
	return nil
}

// proveTree is tlog.ProveTree, which knows no empty tree: everything extends it.
func proveTree(to, from int64, r tlog.HashReader) ([]Hash, error) {
	if from == 0 {
		return nil, nil
	}
	return tlog.ProveTree(to, from, r)
}

// LastCheckpoint reads the checkpoint that a log's folder shows.
func LastCheckpoint(dir string) (Checkpoint, error) {
	c, ok, err := readCheckpoint(filepath.Join(dir, checkpointFile))
	if err == nil && !ok {
		err = fmt.Errorf("%s has no checkpoint", dir)
	}
	return c, err
}
