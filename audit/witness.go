package audit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"hmsp.center/hmsp/atomicfile"
)

// WitnessedDir is the folder in a log's folder with the checkpoints of other
// members, one file for each.
const WitnessedDir = "witnessed"

// A Witness keeps what other members signed of their logs, so that none of them
// can show another history later. It is safe for concurrent use.
type Witness struct {
	dir    string
	verify Verifier
	mu     sync.Mutex
}

// A Contradiction is two checkpoints that one member signed and that cannot both
// be of one append-only log. They are the evidence: anyone with the charter can
// check them.
type Contradiction struct {
	Member         string
	Earlier, Later Checkpoint // as this witness heard them
	Why            string
}

func (c *Contradiction) Error() string {
	return fmt.Sprintf("the audit log of %s contradicts itself: %s", c.Member, c.Why)
}

// OpenWitness opens the witness whose files are in dir, which it makes where
// there is none.
func OpenWitness(dir string, verify Verifier) (*Witness, error) {
	if verify == nil {
		return nil, errors.New("open the witness: a verifier is required")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the witness: %w", err)
	}
	return &Witness{dir: dir, verify: verify}, nil
}

// Hear takes a checkpoint that its member just gave as its latest, with a proof
// that it extends the last one kept (nil: none was given). It refuses what the
// member did not sign, and with a *Contradiction what cannot be true beside an
// earlier one: the same size with another root, a smaller size than before, or a
// proof that does not hold. Both checkpoints are then kept in MEMBER.contradiction.
// Whoever asks a member and hears the answer does so one question at a time: two
// answers that cross would contradict each other.
func (w *Witness) Hear(c Checkpoint, path []Hash) error {
	return w.see(c, func(before Checkpoint) string {
		switch {
		case c.Size < before.Size:
			return fmt.Sprintf("it had %d entries, and has %d now", before.Size, c.Size)
		case path != nil && CheckExtension(before, c, path) != nil:
			return fmt.Sprintf("its tree of %d entries does not begin with the one of %d that it signed before", c.Size, before.Size)
		}
		return ""
	})
}

// Keep takes a checkpoint of any age, as from a receipt: an older one may come
// later. It refuses the same size with another root.
func (w *Witness) Keep(c Checkpoint) error {
	return w.see(c, func(Checkpoint) string { return "" })
}

// see holds a checkpoint against those of its size, and the highest one against
// a rule, and keeps it if it is new.
func (w *Witness) see(c Checkpoint, rule func(before Checkpoint) string) error {
	if !memberForm.MatchString(c.Origin) {
		return errCheckpoint
	}
	if err := c.Verify(w.verify); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	kept, err := w.Kept(c.Origin)
	if err != nil {
		return err
	}
	known := false
	for i, k := range kept {
		if k.Size == c.Size && k.Root != c.Root {
			return w.accuse(k, c, fmt.Sprintf("it signed two trees of %d entries", c.Size))
		}
		known = known || k.Same(c)
		if i == len(kept)-1 {
			if why := rule(k); why != "" {
				return w.accuse(k, c, why)
			}
		}
	}
	if known {
		return nil
	}
	return w.keep(c, kept)
}

// maxKept is how many checkpoints of a member are kept. With more, every second
// is dropped, so what is kept grows sparser with age.
const maxKept = 1000

// keep adds a checkpoint to its member's file, which is ordered by size.
func (w *Witness) keep(c Checkpoint, kept []Checkpoint) error {
	if n := len(kept); n < maxKept && (n == 0 || kept[n-1].Size < c.Size) {
		return appendSynced(w.path(c.Origin), kept, c)
	}
	kept = append(kept, c)
	slices.SortStableFunc(kept, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	if last := len(kept) - 1; last >= maxKept {
		var sparse []Checkpoint
		for i, k := range kept {
			if i%2 == 0 || i == last {
				sparse = append(sparse, k)
			}
		}
		kept = sparse
	}
	return atomicfile.Write(w.path(c.Origin), encodeCheckpoints(kept), 0o600)
}

func (w *Witness) accuse(earlier, later Checkpoint, why string) error {
	c := &Contradiction{Member: later.Origin, Earlier: earlier, Later: later, Why: why}
	evidence := encodeCheckpoints([]Checkpoint{earlier, later})
	return errors.Join(c, atomicfile.Write(w.path(later.Origin)+".contradiction", evidence, 0o600))
}

// Kept are the checkpoints of a member; the one with the most entries is last.
func (w *Witness) Kept(member string) ([]Checkpoint, error) {
	if !memberForm.MatchString(member) {
		return nil, fmt.Errorf("the witness's file of a member: %q is not a member's name", member)
	}
	b, err := os.ReadFile(w.path(member))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was witnessed: %w", err)
	}
	kept, err := ParseCheckpoints(b)
	if err != nil {
		return nil, fmt.Errorf("read what was witnessed: %s: %w", w.path(member), err)
	}
	return kept, nil
}

func (w *Witness) path(member string) string { return filepath.Join(w.dir, member) }

// Latest is the checkpoint with the most entries of a member; ok is false where
// none was kept.
func (w *Witness) Latest(member string) (c Checkpoint, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept, err := w.Kept(member)
	if err != nil || len(kept) == 0 {
		return c, false, err
	}
	return kept[len(kept)-1], true, nil
}

func encodeCheckpoints(list []Checkpoint) []byte {
	var b []byte
	for _, c := range list {
		b = append(append(b, c.Encode()...), '\n')
	}
	return b
}

// ParseCheckpoints reads a file of checkpoints with an empty line after each. One
// that a crash cut short at the end is left out.
func ParseCheckpoints(b []byte) ([]Checkpoint, error) {
	var out []Checkpoint
	for n := 1; len(b) > 0; n++ {
		i := nthNewline(b, 7)
		if i < 0 {
			return out, nil
		}
		c, err := ParseCheckpoint(b[:i])
		if err != nil || b[i] != '\n' {
			return nil, fmt.Errorf("checkpoint %d: %w", n, errCheckpoint)
		}
		out, b = append(out, c), b[i+1:]
	}
	return out, nil
}

// nthNewline is the index of the nth newline, -1 where there are fewer.
func nthNewline(b []byte, n int) int {
	at := -1
	for range n {
		i := bytes.IndexByte(b[at+1:], '\n')
		if i < 0 {
			return -1
		}
		at += 1 + i
	}
	return at
}

// appendSynced writes a checkpoint behind those that the file holds whole.
func appendSynced(path string, kept []Checkpoint, c Checkpoint) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	end := int64(len(encodeCheckpoints(kept))) // what a crash cut short is written over
	err = f.Truncate(end)
	if err == nil {
		_, err = f.WriteAt(encodeCheckpoints([]Checkpoint{c}), end)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	return nil
}
