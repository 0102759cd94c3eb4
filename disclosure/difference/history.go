package difference

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A history is the members of all sets so far and the atom of each, in a form that is
// read and written from beginning to end, so that those of many million need no memory:
// the magic line, the number of members, and of each its hash and its atom, 8 and 4
// bytes, little end first. Hashes ascend; atoms are numbered in the order in which they
// appear, so that a partition has one encoding.
const (
	historyMagic = "hmsp-cohorts3\n"
	entrySize    = 12
)

// setContext begins what names a set.
const setContext = "hmsp-cohorts2\n"

var errShort = errors.New("cut short")

// each visits the members of a history; nil has none.
func each(r io.Reader, visit func(hash uint64, atom uint32)) error {
	if r == nil {
		return nil
	}
	head := make([]byte, len(historyMagic)+8)
	if _, err := io.ReadFull(r, head); err != nil {
		return short(err)
	}
	if !bytes.HasPrefix(head, []byte(historyMagic)) {
		return errors.New("not a history of this version")
	}
	left := binary.LittleEndian.Uint64(head[len(historyMagic):])
	block := make([]byte, min(left, 4096)*entrySize)
	last, atoms, first := uint64(0), uint32(0), true
	for left > 0 {
		n := min(left, uint64(len(block)/entrySize))
		if _, err := io.ReadFull(r, block[:n*entrySize]); err != nil {
			return short(err)
		}
		for b := block[:n*entrySize]; len(b) > 0; b = b[entrySize:] {
			hash, atom := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
			if !first && hash <= last {
				return errors.New("its members are not in order")
			}
			if atom > atoms {
				return errors.New("its atoms are not in order")
			}
			if atom == atoms {
				atoms++
			}
			last, first = hash, false
			visit(hash, atom)
		}
		left -= n
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err == nil {
		return errors.New("bytes after the end")
	} else if err != io.EOF {
		return err
	}
	return nil
}

func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}

// compare tells how a set, ascending, lies in a history.
func compare(history io.Reader, set []uint64) (*tally, error) {
	t := &tally{}
	err := each(history, func(hash uint64, atom uint32) {
		for len(set) > 0 && set[0] < hash {
			t.rest++
			set = set[1:]
		}
		in := len(set) > 0 && set[0] == hash
		if in {
			set = set[1:]
		}
		t.count(int(atom), in)
	})
	t.rest += uint64(len(set))
	return t, err
}

// refine writes the history with one more set, of which t is the tally.
func refine(to io.Writer, history io.Reader, set []uint64, t *tally) error {
	w := newHistoryWriter(to, t)
	fresh := 2 * len(t.all)
	err := each(history, func(hash uint64, atom uint32) {
		for len(set) > 0 && set[0] < hash {
			w.put(set[0], fresh)
			set = set[1:]
		}
		class := 2 * int(atom)
		if len(set) > 0 && set[0] == hash {
			set = set[1:]
			class++
		}
		w.put(hash, class)
	})
	if err != nil {
		return err
	}
	for _, hash := range set {
		w.put(hash, fresh)
	}
	return w.end()
}

// A historyWriter numbers classes of members as they come.
type historyWriter struct {
	to     *bufio.Writer
	number []int64 // of each class; -1 has none yet
	atoms  int64
	entry  [entrySize]byte
	err    error
}

func newHistoryWriter(to io.Writer, t *tally) *historyWriter {
	w := &historyWriter{to: bufio.NewWriterSize(to, 64<<10), number: make([]int64, 2*len(t.all)+1)}
	n := t.rest
	for _, m := range t.all {
		n += m
	}
	for i := range w.number {
		w.number[i] = -1
	}
	w.write([]byte(historyMagic))
	w.write(binary.LittleEndian.AppendUint64(nil, n))
	return w
}

func (w *historyWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

func (w *historyWriter) put(hash uint64, class int) {
	if w.number[class] < 0 {
		w.number[class] = w.atoms
		w.atoms++
	}
	binary.LittleEndian.PutUint64(w.entry[:], hash)
	binary.LittleEndian.PutUint32(w.entry[8:], uint32(w.number[class]))
	w.write(w.entry[:])
}

func (w *historyWriter) end() error {
	if w.atoms > 1<<32-1 {
		return errors.New("too many atoms")
	}
	if w.err == nil {
		w.err = w.to.Flush()
	}
	return w.err
}

// digest names a set, ascending.
func digest(set []uint64) []byte {
	d := sha256.New()
	d.Write([]byte(setContext))
	block := make([]byte, 0, 32<<10)
	for i, x := range set {
		block = binary.LittleEndian.AppendUint64(block, x)
		if len(block) == cap(block) || i+1 == len(set) {
			d.Write(block)
			block = block[:0]
		}
	}
	return d.Sum(nil)[:16]
}

// damaged is an error about what is kept under a name.
func damaged(variable string, err error) error {
	return fmt.Errorf("the history of cohorts of %q cannot be read: %w", variable, err)
}
