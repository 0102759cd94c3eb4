package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"hmsp.center/hmsp/atomicfile"
)

// open takes the log up where it was left: at the beginning of the part that is
// written, whose entries are read and held against hashes and signatures.
func (l *Log) open() (err error) {
	if l.lock, err = openLock(l.dir); err != nil {
		return err
	}
	if l.hashes, err = openHashes(l.dir, os.O_CREATE|os.O_RDWR); err != nil {
		return err
	}
	if err := l.lock.take(); err != nil {
		return err
	}
	defer l.lock.release()
	if err := l.hashes.measure(); err != nil {
		return err
	}
	if l.part, err = l.first(); err != nil {
		return err
	}
	if l.tree, err = l.begin(l.part); err != nil {
		return err
	}
	if err := l.openPart(); err != nil {
		return err
	}
	if err := l.catchUp(); err != nil {
		return err
	}
	if l.last.Size == 0 { // a log without an entry signs the empty tree
		l.last = Checkpoint{Origin: l.origin, Root: l.tree.root(), Time: l.now().UTC()}
		l.last.Signature = l.sign(l.last.Text())
	}
	return l.known()
}

// first is the part to begin at: the last, or the first where the hashes of what
// came before it are gone.
func (l *Log) first() (int, error) {
	part, err := lastPart(l.dir)
	if err != nil || part <= 1 {
		return 1, err
	}
	_, err = os.Stat(filepath.Join(l.dir, entriesFile(part)))
	if errors.Is(err, fs.ErrNotExist) {
		part++ // killed while it closed the last
	}
	c, ok, err := readCheckpoint(filepath.Join(l.dir, closingFile(part-1)))
	if err != nil {
		return 0, err
	}
	if !ok || l.hashes.covers() < c.Size {
		return 1, nil
	}
	return part, nil
}

// begin is the tree before a part, from the hashes; it must be the one that the
// part before was closed with.
func (l *Log) begin(part int) (tree, error) {
	if part == 1 {
		return tree{}, nil
	}
	name := closingFile(part - 1)
	c, ok, err := readCheckpoint(filepath.Join(l.dir, name))
	if err != nil {
		return tree{}, err
	}
	if !ok || !l.signed(c) {
		return tree{}, &Problem{Seq: -1, File: name, What: "the checkpoint that closed the file is missing, or not signed by " + l.origin}
	}
	t, err := treeAt(c.Size, l.hashes)
	if err != nil {
		return tree{}, err
	}
	if t.root() != c.Root {
		return tree{}, &Problem{Seq: -1, File: hashesFile, What: "the stored hashes do not give the signed checkpoint of " + name}
	}
	l.last = c
	return t, nil
}

// openPart opens the file of the present part, which it makes where it is new.
func (l *Log) openPart() error {
	path := filepath.Join(l.dir, entriesFile(l.part))
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if last, err := lastPart(l.dir); err != nil || last >= l.part || l.part == 1 && l.hashes.saved > 0 {
			return errors.Join(err, &Problem{Seq: l.tree.size, File: entriesFile(l.part), What: "is missing, and there are traces of its entries; if it was archived, bring it back"})
		}
		if err := atomicfile.Create(path, nil, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		f, err = os.OpenFile(path, os.O_RDWR, 0o600)
	}
	if err != nil {
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.end = f, 0
	return nil
}

// catchUp reads what is in the folder beyond what this process knows: all of it
// when the log is opened, and later what other processes added. The caller has
// the folder to itself.
func (l *Log) catchUp() error {
	for before := l.tree.size; ; {
		more, err := l.readOn()
		if err != nil {
			return err
		}
		c, closed, err := readCheckpoint(filepath.Join(l.dir, closingFile(l.part)))
		if err != nil {
			return err
		}
		if !closed {
			return l.settle(l.tree.size > before, more)
		}
		if !l.signed(c) || c.Size != l.tree.size || c.Root != l.tree.root() || more {
			return &Problem{Seq: -1, File: closingFile(l.part), What: "the file's entries do not give the checkpoint that it was closed with"}
		}
		l.part++
		if err := l.openPart(); err != nil {
			return err
		}
	}
}

// settle holds what was read against what is known of the log, and then removes
// what a crash cut short.
func (l *Log) settle(grew, more bool) error {
	if grew && !l.signed(l.last) {
		return l.problem("the last entry's checkpoint is not signed by " + l.origin)
	}
	if grew || more {
		if err := l.known(); err != nil {
			return err
		}
	}
	if more {
		if err := l.file.Truncate(l.end); err != nil {
			return err
		}
	}
	return l.hashes.flush()
}

// readOn reads the whole lines that follow in the part, and says whether more
// follows that is none.
func (l *Log) readOn() (more bool, err error) {
	info, err := l.file.Stat()
	if err != nil || info.Size() == l.end {
		return false, err
	}
	if info.Size() < l.end {
		return false, l.problem("entries that were on the disk are gone")
	}
	if err := l.hashes.measure(); err != nil {
		return false, err
	}
	b := make([]byte, info.Size()-l.end)
	if _, err := io.ReadFull(io.NewSectionReader(l.file, l.end, int64(len(b))), b); err != nil {
		return false, fmt.Errorf("read %s: %w", l.file.Name(), err)
	}
	for len(b) > 0 && !torn(b) {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		if err := l.take(line); err != nil {
			return false, err
		}
		l.end += int64(len(line)) + 1
		b = rest
	}
	return len(b) > 0, nil
}

// torn says whether the rest of a file is what a crash leaves: a line without an
// end, or the zeros of a power cut. (No line of ours holds a zero.)
func torn(b []byte) bool {
	i := bytes.IndexByte(b, '\n')
	return i < 0 || bytes.IndexByte(b[:i], 0) >= 0
}

// take adds a line that is in the file to what the log knows.
func (l *Log) take(line []byte) error {
	r, err := parseRecord(line)
	if err != nil {
		return l.problem(err.Error())
	}
	if r.Entry.Seq != l.tree.size {
		return l.problem(fmt.Sprintf("the entry says that it is number %d", r.Entry.Seq))
	}
	index := tlog.StoredHashCount(l.tree.size)
	same, err := l.hashes.put(index, l.tree.add(tlog.RecordHash(r.leaf)))
	if err != nil {
		return err
	}
	if l.tree.root() != r.Root || !same {
		l.tree.size--
		return l.problem("the entry is not the one that was written: it does not give the root that was signed with it")
	}
	l.last = r.checkpoint(l.origin)
	return nil
}

// problem is what is wrong with the entry that comes next.
func (l *Log) problem(what string) error {
	return &Problem{Seq: l.tree.size, File: entriesFile(l.part), What: what}
}

// known holds the log against its own last checkpoint: hashes and checkpoint are
// written after their entries, so what they know of was there.
func (l *Log) known() error {
	c, ok, err := readCheckpoint(filepath.Join(l.dir, checkpointFile))
	if err != nil {
		return err
	}
	if n := l.hashes.covers(); n > l.tree.size {
		return &Problem{Seq: l.tree.size, File: entriesFile(l.part), What: fmt.Sprintf("the log ends here, but %d entries have hashes: entries were removed", n)}
	}
	if !ok {
		return nil
	}
	if !l.signed(c) {
		return &Problem{Seq: -1, File: checkpointFile, What: "is not signed by " + l.origin}
	}
	return l.holds(c)
}

// holds says whether the tree begins with the one of a checkpoint.
func (l *Log) holds(c Checkpoint) error {
	if c.Size > l.tree.size {
		return &Problem{Seq: l.tree.size, File: entriesFile(l.part), What: fmt.Sprintf("the log ends here, but its own checkpoint says %d entries: entries were removed", c.Size)}
	}
	root, err := tlog.TreeHash(c.Size, l.hashes)
	if err != nil {
		return err
	}
	if root != c.Root {
		return &Problem{Seq: -1, File: checkpointFile, What: fmt.Sprintf("the entries do not give the checkpoint of size %d", c.Size)}
	}
	return nil
}

// closePart ends the present part: its checkpoint says that it is closed, and
// the next begins.
func (l *Log) closePart() error {
	if err := l.hashes.flush(); err != nil {
		return err
	}
	if err := l.hashes.f.Sync(); err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(l.dir, closingFile(l.part)), l.last.Encode(), 0o600); err != nil {
		return err
	}
	l.part++
	return l.openPart()
}
