package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// A Source is where a log is read: its folder, and folders with files of it that
// were archived.
type Source struct {
	Dir     string
	Archive []string
}

// A Report is what Verify found.
type Report struct {
	Origin  string
	Entries int64      // that were read
	From    int64      // the first that was read: not 0 where files are archived elsewhere
	Last    Checkpoint // of the last good entry; zero where there is none
	Met     int        // checkpoints that others hold and that the log agrees with
	Bad     *Problem   // the first thing that is wrong; nil: nothing is
	Remarks []string   // what was not checked, and why
}

// Verify reads a log without changing it, also while its member writes it: every
// entry, the tree, every signature, the log's own checkpoints, and those that
// others witnessed. The first thing that is wrong is the report's Bad; an error
// is one of reading.
func Verify(src Source, origin string, verify Verifier, witnessed []Checkpoint) (Report, error) {
	w, err := newWalk(src, origin, verify)
	if err != nil {
		return Report{}, fmt.Errorf("verify the audit log: %w", err)
	}
	defer w.close()
	r := &reading{walk: w, src: src, report: Report{Origin: origin}}
	if n := w.witnesses(witnessed); n > 0 {
		r.remark("%d witnessed checkpoints are of other logs or not signed by %s; they say nothing about this one", n, origin)
	}
	if err = r.all(); !errors.As(err, &r.report.Bad) && err != nil {
		return Report{}, fmt.Errorf("verify the audit log: %w", err)
	}
	r.report.Last, r.report.Met = w.last, w.met
	return r.report, nil
}

// Entries visits the entries of a log in their order, as far as it is good, and
// verifies no signature.
func Entries(src Source, origin string, visit func(Entry) error) error {
	w, err := newWalk(src, origin, func(string, []byte, []byte) error { return nil })
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer w.close()
	w.see = visit
	if err := (&reading{walk: w, src: src}).all(); err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	return nil
}

// newWalk looks at the hashes first: they lag behind the entries, so a log that
// grows meanwhile is not taken for one that lost entries.
func newWalk(src Source, origin string, verify Verifier) (*walk, error) {
	w := &walk{origin: origin, verify: verify}
	if _, err := os.Stat(src.Dir); err != nil {
		return nil, err
	}
	stored, err := openHashes(src.Dir, os.O_RDONLY)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		w.stored = stored
	}
	return w, nil
}

func (w *walk) close() {
	if w.stored != nil {
		w.stored.Close()
	}
}

// A reading walks over the files of a log.
type reading struct {
	*walk
	src    Source
	report Report
}

func (r *reading) remark(format string, args ...any) {
	r.report.Remarks = append(r.report.Remarks, fmt.Sprintf(format, args...))
}

func (r *reading) all() error {
	own, ok, err := readCheckpoint(filepath.Join(r.src.Dir, checkpointFile))
	if err != nil {
		return err
	}
	if ok && own.Verify(r.verify) != nil || ok && own.Origin != r.origin {
		return &Problem{Seq: -1, File: checkpointFile, What: "is not signed by " + r.origin}
	}
	if ok {
		r.own = &own
	} else {
		r.remark("the log's own last checkpoint is not here: whether entries were removed at the end shows only against those that others hold")
	}
	if r.stored == nil {
		r.remark("the stored hashes are not here; the member's process makes them again when it starts")
	}
	last, err := lastPart(r.src.Dir)
	if err != nil {
		return err
	}
	if err := placed(r.meet(r.now()), entriesFile(1), 0); err != nil {
		return err
	}
	for part := 1; part <= last; part++ {
		if err := r.part(part, part == last); err != nil {
			return err
		}
	}
	return placed(r.end(), entriesFile(max(last, 1)), 0)
}

// part reads one file and holds its end against the checkpoint that closed it.
func (r *reading) part(part int, last bool) error {
	name := closingFile(part)
	closing, closed, err := readCheckpoint(filepath.Join(r.src.Dir, name))
	if err != nil {
		return err
	}
	if !closed && !last {
		return &Problem{Seq: -1, File: name, What: "is missing: it says where the file before the next ended"}
	}
	if closed && (closing.Origin != r.origin || closing.Verify(r.verify) != nil) {
		return &Problem{Seq: -1, File: name, What: "is not signed by " + r.origin}
	}
	f, err := r.openPart(part)
	if errors.Is(err, fs.ErrNotExist) {
		return r.skip(part, closing, closed)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.lines(f, entriesFile(part), 1, closed); err != nil {
		return err
	}
	if closed && (closing.Size != r.tree.size || closing.Root != r.tree.root()) {
		return &Problem{Seq: min(closing.Size, r.tree.size), File: entriesFile(part), What: fmt.Sprintf("the file ends with %d entries of the log, but was closed at %d: entries were removed or added", r.tree.size, closing.Size)}
	}
	return nil
}

// openPart finds a file in the log's folder or an archive.
func (r *reading) openPart(part int) (f *os.File, err error) {
	for _, dir := range append([]string{r.src.Dir}, r.src.Archive...) {
		if f, err = os.Open(filepath.Join(dir, entriesFile(part))); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, err
}

// skip goes on from the signed checkpoint at the end of a file that is not here.
func (r *reading) skip(part int, c Checkpoint, closed bool) error {
	name := entriesFile(part)
	if !closed || r.stored == nil || r.stored.covers() < c.Size {
		return &Problem{Seq: r.tree.size, File: name, What: "is missing, and the log cannot be verified from its end: neither its closing checkpoint nor the hashes are whole"}
	}
	next, err := treeAt(c.Size, r.stored)
	if err != nil {
		return err
	}
	before := r.now()
	path, err := proveTree(c.Size, before.Size, r.stored)
	if err != nil {
		return err
	}
	if next.root() != c.Root || CheckExtension(before, c, path) != nil {
		return &Problem{Seq: r.tree.size, File: hashesFile, What: "the stored hashes do not give the checkpoint of " + closingFile(part)}
	}
	if c.Size == before.Size {
		return nil
	}
	r.remark("%s is not here: entries %d to %d were not read; the log is verified from the signed checkpoint after them", name, before.Size, c.Size-1)
	if before.Size == r.report.From {
		r.report.From = c.Size
	}
	r.tree, r.last = next, c
	return placed(r.meet(c), name, 0)
}

// lines reads a file's lines, of which the first has a number. What follows the last newline of the file that is
// written was never acknowledged.
func (r *reading) lines(f io.Reader, name string, first int, closed bool) error {
	in := bufio.NewReaderSize(f, maxLine) // f itself where it is one
	for n := first; ; n++ {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return nil
		case err == io.EOF && !closed:
			r.remark("%s, line %d is cut short: an entry that was never acknowledged, or one whose end was removed", name, n)
			return nil
		case err == io.EOF:
			return placed(r.problem("the line is cut short"), name, n)
		case errors.Is(err, bufio.ErrBufferFull):
			return placed(r.problem("the line is longer than one can be"), name, n)
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := r.line(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return placed(err, name, n)
		}
		r.report.Entries++
	}
}

// placed says where a problem is.
func placed(err error, file string, line int) error {
	var p *Problem
	if errors.As(err, &p) && p.File == "" {
		p.File, p.Line = file, line
	}
	return err
}

// hashReader asks for the hashes of a log that is only read.
func hashReader(dir string) (*hashes, error) {
	h, err := openHashes(dir, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: start the member's process once, which makes them again", err)
	}
	return h, err
}

var _ tlog.HashReader = (*hashes)(nil)
