package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// exportVersion begins an export; proofVersion a proof's file.
const (
	exportVersion = "audit-export/v1"
	proofVersion  = "audit-proof/v1"
)

// An exportHead is the first line of an export. The lines of the log follow, as
// they are in its files: entries with roots and signatures.
type exportHead struct {
	Hmsp   string `json:"hmsp"`
	Origin string `json:"origin"`
	Key    string `json:"key"`             // the member's public key, as in the charter
	Start  string `json:"start,omitempty"` // the checkpoint before the first line, where that is not entry 0
	Edge   []Hash `json:"edge,omitempty"`  // the roots of the subtrees of that checkpoint's tree, the largest first
}

// Export writes a log as one file that Verify needs no more than: the entries
// that are here with their signatures, and the member's public key. Where the
// first files are archived elsewhere it begins at the checkpoint after them.
func Export(src Source, origin, key string, out io.Writer) (Report, error) {
	return ExportFrom(src, origin, key, 0, out)
}

// ExportFrom is Export of the entries from number from on.
func ExportFrom(src Source, origin, key string, from int64, out io.Writer) (Report, error) {
	w, err := newWalk(src, origin, func(string, []byte, []byte) error { return nil })
	if err != nil {
		return Report{}, fmt.Errorf("export the audit log: %w", err)
	}
	defer w.close()
	r := &reading{walk: w, src: src, report: Report{Origin: origin}}
	buf := bufio.NewWriter(out)
	begun := false
	begin := func(t tree, at Checkpoint) error {
		head := exportHead{Hmsp: exportVersion, Origin: origin, Key: key}
		if t.size > 0 {
			head.Start, head.Edge = string(at.Encode()), t.edge
		}
		begun = true
		return json.NewEncoder(buf).Encode(head)
	}
	w.raw = func(line []byte, before tree, at Checkpoint) error {
		if before.size < from {
			return nil
		}
		if !begun {
			if err := begin(before, at); err != nil {
				return err
			}
		} else if before.size != r.report.From+r.report.Entries {
			return fmt.Errorf("the file with the entries before %d is not here: name the folder it was archived in", before.size)
		}
		_, err := buf.Write(append(line, '\n'))
		return err
	}
	err = r.all()
	if err == nil && !begun {
		err = begin(w.tree, w.last)
	}
	if err = errors.Join(err, buf.Flush()); err != nil {
		return Report{}, fmt.Errorf("export the audit log: %w", err)
	}
	if from > r.report.From {
		r.report.From, r.report.Entries = from, r.report.Entries-(from-r.report.From)
	}
	r.report.Last = w.last
	return r.report, nil
}

// VerifyExport is Verify for an export. Verifier makes the check of signatures from
// the key that the export holds, which proves nothing of who it belongs to:
// compare it with the charter's.
func VerifyExport(in io.Reader, name string, verifier func(origin, key string) (Verifier, error), witnessed []Checkpoint) (Report, error) {
	return VisitExport(in, name, verifier, witnessed, nil)
}

// VisitExport is VerifyExport, and visits the good entries in their order. They are
// all good only if the report's Bad is nil.
func VisitExport(in io.Reader, name string, verifier func(origin, key string) (Verifier, error), witnessed []Checkpoint, visit func(Entry) error) (Report, error) {
	b := bufio.NewReaderSize(in, maxLine)
	first, err := b.ReadSlice('\n')
	if err != nil {
		return Report{}, fmt.Errorf("verify %s: is not an export of an audit log", name)
	}
	w, err := beginExport(bytes.TrimSuffix(first, []byte("\n")), verifier)
	if err != nil {
		return Report{}, fmt.Errorf("verify %s, line 1: %w", name, err)
	}
	w.see = visit
	r := &reading{walk: w, report: Report{Origin: w.origin, From: w.tree.size}}
	if n := w.witnesses(witnessed); n > 0 {
		r.remark("%d witnessed checkpoints are of other logs or not signed by %s; they say nothing about this one", n, w.origin)
	}
	if w.tree.size > 0 {
		r.early()
	}
	if err = placed(r.meet(r.now()), name, 1); err == nil {
		err = r.lines(b, name, 2, true)
	}
	if err == nil {
		err = placed(r.end(), name, 0)
	}
	if !errors.As(err, &r.report.Bad) && err != nil {
		return Report{}, fmt.Errorf("verify %s: %w", name, err)
	}
	r.report.Last, r.report.Met = w.last, w.met
	return r.report, nil
}

// beginExport reads the head: the tree that the lines go on with.
func beginExport(line []byte, verifier func(origin, key string) (Verifier, error)) (*walk, error) {
	var h exportHead
	if err := strict(line, &h); err != nil {
		return nil, err
	}
	again, err := json.Marshal(h)
	if err != nil || !bytes.Equal(again, line) || h.Hmsp != exportVersion || !memberForm.MatchString(h.Origin) {
		return nil, fmt.Errorf("is not the head of an export of version %s", exportVersion)
	}
	w := &walk{origin: h.Origin}
	if w.verify, err = verifier(h.Origin, h.Key); err != nil {
		return nil, err
	}
	if h.Start == "" {
		if len(h.Edge) > 0 {
			return nil, errors.New("has an edge and no checkpoint that it belongs to")
		}
		return w, nil
	}
	if w.last, err = ParseCheckpoint([]byte(h.Start)); err != nil {
		return nil, err
	}
	if w.last.Origin != h.Origin {
		return nil, errors.New("begins at the checkpoint of another log")
	}
	if err := w.last.Verify(w.verify); err != nil {
		return nil, err
	}
	w.tree = tree{w.last.Size, h.Edge}
	if len(h.Edge) != len(edgeIndexes(w.last.Size)) || w.last.Size == 0 || w.tree.root() != w.last.Root {
		return nil, errors.New("its edge does not give the signed checkpoint that it begins at")
	}
	return w, nil
}

// early leaves out witnessed checkpoints from before the export's first entry:
// it cannot be held against them.
func (r *reading) early() {
	n := 0
	for len(r.witness) > 0 && r.witness[0].Size < r.tree.size {
		r.witness = r.witness[1:]
		n++
	}
	if n > 0 {
		r.remark("%d witnessed checkpoints are from before the export's first entry %d; verify the log in its home against them", n, r.tree.size)
	}
	r.remark("the export begins at entry %d, with the signed checkpoint before it", r.tree.size)
}

// A proofFile is an inclusion proof as JSON: what `audit proof` writes.
type proofFile struct {
	Hmsp       string          `json:"hmsp"`
	Key        string          `json:"key"` // the member's public key, as in the charter
	Checkpoint string          `json:"checkpoint"`
	Entry      json.RawMessage `json:"entry"`
	Path       []Hash          `json:"path"`
}

// Encode writes the proof as one JSON file, with the member's public key.
func (p Inclusion) Encode(key string) ([]byte, error) {
	leaf, err := p.Entry.Leaf()
	if err != nil {
		return nil, err
	}
	f := proofFile{proofVersion, key, string(p.Checkpoint.Encode()), leaf, p.Path}
	if f.Path == nil {
		f.Path = []Hash{}
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode a proof: %w", err)
	}
	return append(b, '\n'), nil
}

// maxProof is the longest file of a proof, in bytes.
const maxProof = 128 << 10

// ParseInclusion reads what Encode wrote, and nothing else. It checks no proof.
func ParseInclusion(b []byte) (p Inclusion, key string, err error) {
	wrong := errors.New("is not a proof of an entry of an audit log, as `hmsp audit proof` writes it")
	var f proofFile
	if len(b) > maxProof || strict(b, &f) != nil || f.Hmsp != proofVersion || len(f.Path) > 64 {
		return p, "", wrong
	}
	if p.Entry, err = ParseLeaf(f.Entry); err != nil {
		return p, "", fmt.Errorf("%w: its entry: %w", wrong, err)
	}
	if p.Checkpoint, err = ParseCheckpoint([]byte(f.Checkpoint)); err != nil {
		return p, "", fmt.Errorf("%w: %w", wrong, err)
	}
	p.Path = f.Path
	if again, err := p.Encode(f.Key); err != nil || !bytes.Equal(again, b) {
		return Inclusion{}, "", wrong
	}
	return p, f.Key, nil
}
