package audit

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A walk reads a log from its beginning (or from a signed checkpoint) and holds
// every line against the tree, the stored hashes, the signatures and what others
// witnessed, in that order. It stops at the first thing that is wrong.
type walk struct {
	origin  string
	verify  Verifier
	stored  *hashes      // nil where the hashes are not given
	witness []Checkpoint // of this log and signed, by size; those not met yet
	agreed  Checkpoint   // the last witnessed one that was met
	own     *Checkpoint  // the log's own last one; nil where it is not given
	met     int

	tree tree
	last Checkpoint
	see  func(Entry) error                             // told of every good entry; may be nil
	raw  func(line []byte, t tree, c Checkpoint) error // told of its line, and the tree and checkpoint before it; may be nil
}

// witnesses takes the checkpoints of this log that its member signed; the others
// are returned, for a remark.
func (w *walk) witnesses(list []Checkpoint) (strange int) {
	for _, c := range list {
		if c.Origin != w.origin || c.Verify(w.verify) != nil {
			strange++
			continue
		}
		w.witness = append(w.witness, c)
	}
	slices.SortStableFunc(w.witness, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return strange
}

// line holds the next line against all that is known. A problem is a *Problem
// without its place; any other error is one of reading.
func (w *walk) line(b []byte) error {
	r, err := parseRecord(b)
	if err != nil {
		return w.problem("%v", err)
	}
	switch seq := r.Entry.Seq; {
	case seq > w.tree.size:
		return w.problem("the entry says that it is number %d: %d entries are missing before it", seq, seq-w.tree.size)
	case seq < w.tree.size:
		return w.problem("the entry says that it is number %d: it was inserted or repeated", seq)
	}
	before, at := tree{}, w.last
	if w.raw != nil {
		before = w.tree.clone()
	}
	stored := w.tree.add(tlog.RecordHash(r.leaf))
	w.tree.size-- // until the entry is good, it is the one that comes next
	defer func() { w.tree.size++ }()
	if err := w.compare(stored); err != nil {
		return err
	}
	next := tree{w.tree.size + 1, w.tree.edge}
	if next.root() != r.Root {
		return w.problem("the entry does not give the root that was signed with it: it is not the entry that was written")
	}
	c := r.checkpoint(w.origin)
	if c.Verify(w.verify) != nil {
		return w.problem("the signature is not %s's for this entry and those before it", w.origin)
	}
	if err := w.meet(c); err != nil {
		return err
	}
	w.last = c
	if w.raw != nil {
		return w.raw(b, before, at)
	}
	if w.see != nil {
		return w.see(r.Entry)
	}
	return nil
}

// compare holds what an entry adds to the tree against the stored hashes, as far
// as these reach.
func (w *walk) compare(made []Hash) error {
	if w.stored == nil {
		return nil
	}
	index := tlog.StoredHashCount(w.tree.size)
	for i, want := range made {
		if index+int64(i) >= w.stored.saved {
			return nil
		}
		got, err := w.stored.ReadHashes([]int64{index + int64(i)})
		if err != nil {
			return err
		}
		if got[0] != want {
			return w.problem("the entry does not give the hash that is stored for it: the entry or the hash was changed")
		}
	}
	return nil
}

// meet holds a checkpoint of the log against those that others hold at its size.
func (w *walk) meet(c Checkpoint) error {
	for len(w.witness) > 0 && w.witness[0].Size <= c.Size {
		x := w.witness[0]
		if x.Size < c.Size && w.stored == nil {
			return w.problem("a checkpoint of size %d was witnessed, and the log's entries from there on are not given", x.Size)
		}
		if x.Size < c.Size { // within what is archived
			path, err := proveTree(c.Size, x.Size, w.stored)
			if err != nil {
				return err
			}
			if CheckExtension(x, c, path) != nil {
				return w.contradicted(x)
			}
		} else if x.Root != c.Root {
			return w.contradicted(x)
		}
		w.agreed, w.witness = x, w.witness[1:]
		w.met++
	}
	if w.own != nil && w.own.Size == c.Size && w.own.Root != c.Root {
		return w.problem("the log up to here does not give its own last checkpoint")
	}
	return nil
}

// now is what the log says of itself so far, unsigned.
func (w *walk) now() Checkpoint {
	return Checkpoint{Origin: w.origin, Size: w.tree.size, Root: w.tree.root()}
}

// contradicted names the first entry that can differ from what others saw.
func (w *walk) contradicted(x Checkpoint) error {
	return &Problem{Seq: w.agreed.Size, What: fmt.Sprintf("history was rewritten: %s signed another tree of %d entries, which others hold; the first entry that differs is number %d or later", w.origin, x.Size, w.agreed.Size)}
}

// end holds the log's end against what is known of it.
func (w *walk) end() error {
	if w.own != nil && w.own.Size > w.tree.size {
		return w.problem("the log ends here, but its own last checkpoint says %d entries: entries were removed", w.own.Size)
	}
	if w.stored != nil && w.stored.covers() > w.tree.size {
		return w.problem("the log ends here, but hashes of %d entries are stored: entries were removed", w.stored.covers())
	}
	if len(w.witness) > 0 {
		return w.problem("the log ends here, but others hold a checkpoint of %d entries: entries were removed", w.witness[len(w.witness)-1].Size)
	}
	return nil
}

func (w *walk) problem(format string, args ...any) error {
	return &Problem{Seq: w.tree.size, What: fmt.Sprintf(format, args...)}
}
