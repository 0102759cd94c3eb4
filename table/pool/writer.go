package pool

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Options of a Writer. The zero value is good.
type Options struct {
	// Memory is how many bytes the writer holds at most; 0 means 256 MiB, and less than
	// 1 MiB is 1 MiB. What is more waits on disk.
	Memory int64
	// Temp is the folder for what waits on disk; "" means that of the pool. It needs as
	// much room as the pool itself, for as long as the pool is written.
	Temp string
	// By and Created are written into the pool as who made it and when. They are part
	// of its identity.
	By      string
	Created time.Time
}

const (
	defaultMemory = 256 << 20
	leastMemory   = 1 << 20
)

var errDone = errors.New("it is committed or given up already")

// A Writer makes one pool. Its appenders may be used by several goroutines, each
// appender by one at a time.
type Writer struct {
	path    string
	work    *workFolder // becomes path
	spool   *spool
	o       Options
	aborted atomic.Bool

	mu     sync.Mutex
	done   bool
	failed error            // of a write; nothing can be appended after it
	held   int64            // bytes of all blocks, lent and spare
	spare  map[int][][]byte // by length
	order  []ranked         // of rows being sorted
	blocks []byte           // of columns being written
	tables []*Appender
}

// Create starts the pool that will stand at path. Something that is there already is
// an error for which errors.Is(err, fs.ErrExist) holds. Until Commit the writer works
// in a folder beside path.
func Create(path string, o Options) (*Writer, error) {
	if err := littleEndian(); err != nil {
		return nil, err
	}
	if err := absent(path); err != nil {
		return nil, err
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	o.Memory = max(o.Memory, leastMemory)
	if !utf8.ValidString(o.By) || !o.Created.IsZero() && (o.Created.Year() < 1 || o.Created.Year() > 9999) {
		return nil, fmt.Errorf("write pool %s: who made it must be UTF-8, and when in the years 1 to 9999", path)
	}
	folder := filepath.Dir(path)
	work, err := newWorkFolder(folder)
	if err != nil {
		return nil, fmt.Errorf("write pool %s: %w", path, explain(folder, err))
	}
	if o.Temp == "" {
		o.Temp = folder
	}
	spool, err := newSpool(o.Temp)
	if err != nil {
		work.remove()
		return nil, fmt.Errorf("write pool %s: %w", path, explain(o.Temp, err))
	}
	return &Writer{path: path, work: work, spool: spool, o: o, spare: map[int][][]byte{}}, nil
}

func absent(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("write pool %s: %w: remove it or choose another name", path, fs.ErrExist)
	}
	return nil
}

// Table adds a table whose rows stay in the order in which they are appended.
func (w *Writer) Table(name string, fields []Field) (*Appender, error) {
	return w.add(name, fields, nil)
}

// Sorted adds a table whose rows are sorted by the named columns, ascending, missing
// values first; rows that are equal there stay in the order in which they came.
func (w *Writer) Sorted(name string, fields []Field, by ...string) (*Appender, error) {
	if len(by) == 0 {
		return nil, fmt.Errorf("write pool %s: table %q is to be sorted by no column", w.path, name)
	}
	return w.add(name, fields, by)
}

func (w *Writer) add(name string, fields []Field, by []string) (*Appender, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fail := func(text string) (*Appender, error) {
		return nil, fmt.Errorf("write pool %s: table %q: %s", w.path, name, text)
	}
	switch {
	case w.done:
		return fail(errDone.Error())
	case name == "" || !utf8.ValidString(name):
		return fail("a table's name is text that is not empty")
	case slices.ContainsFunc(w.tables, func(a *Appender) bool { return a.name == name }):
		return fail("there is a table of that name already")
	case len(fields) == 0:
		return fail("it has no columns")
	}
	seen := map[string]int{}
	for i, f := range fields {
		if _, twice := seen[f.Name]; twice || f.Name == "" || !utf8.ValidString(f.Name) {
			return fail(fmt.Sprintf("column %d, %q, needs a name of its own, in UTF-8", i+1, f.Name))
		}
		if f.Kind < Float64 || f.Kind > Uint64 {
			return fail(fmt.Sprintf("column %q is of no kind", f.Name))
		}
		seen[f.Name] = i
	}
	a := newAppender(w, name, fields)
	for _, b := range by {
		i, ok := seen[b]
		if !ok {
			return fail(fmt.Sprintf("it has no column %q to sort by", b))
		}
		a.by = append(a.by, i)
	}
	w.tables = append(w.tables, a)
	return a, nil
}

// Commit finishes the pool: everything is written and synced, then it gets its name.
// Meta is JSON that goes into pool.json, compacted; nil for none. After an error
// nothing is left. A kill at any time leaves no pool or a whole one, and Sweep removes
// the rest.
func (w *Writer) Commit(meta json.RawMessage) (id string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return "", fmt.Errorf("write pool %s: %w", w.path, errDone)
	}
	defer w.end()
	if id, err = w.commit(meta); err != nil {
		return "", fmt.Errorf("write pool %s: %w", w.path, explain(filepath.Dir(w.path), err))
	}
	return id, nil
}

func (w *Writer) commit(meta json.RawMessage) (string, error) {
	if w.failed != nil {
		return "", w.failed
	}
	if len(meta) > 0 && (!json.Valid(meta) || !utf8.Valid(meta)) {
		return "", errors.New("what is said of it is not JSON in UTF-8")
	}
	doc := document{Hmsp: Version, Created: created{By: w.o.By, At: w.o.Created.UTC()}, Tables: []tableEntry{}, Meta: meta}
	for _, a := range w.tables {
		if err := a.spill(); err != nil {
			return "", err
		}
		a.release()
	}
	w.order, w.spare = nil, nil
	if err := w.spool.view(); err != nil {
		return "", err
	}
	for i, a := range w.tables {
		entry, err := a.emit(i)
		if err != nil {
			return "", err
		}
		doc.Tables = append(doc.Tables, entry)
	}
	data, err := doc.encode()
	if err != nil {
		return "", err
	}
	if len(data) > maxDocument {
		return "", fmt.Errorf("pool.json would have %d bytes, more than %d", len(data), maxDocument)
	}
	if err := writeFile(filepath.Join(w.work.path, documentName), data); err != nil {
		return "", err
	}
	if w.aborted.Load() {
		return "", errDone
	}
	if err := absent(w.path); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), w.work.publish(w.path)
}

// Abort gives the pool up and removes what was written; after Commit it does nothing.
// Another goroutine may call it to end a Commit early.
func (w *Writer) Abort() {
	w.aborted.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.end()
	}
}

// end lets go of everything; what was published is no longer in the work folder.
func (w *Writer) end() {
	w.done = true
	w.spool.close()
	w.work.remove()
	w.tables, w.order, w.spare, w.blocks = nil, nil, nil, nil
}

func writeFile(path string, data []byte) error {
	f, err := newFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func newFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}
