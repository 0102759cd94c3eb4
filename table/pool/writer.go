package pool

import (
	"encoding/json"
	"time"
)

// Options of a Writer. The zero value is good.
type Options struct {
	// Memory is how many bytes the writer holds at most; 0 means 256 MiB. What is more
	// waits on disk.
	Memory int64
	// Temp is the folder for what waits on disk; "" means that of the pool. It needs as
	// much room as the pool itself, for as long as the pool is written.
	Temp string
	// By and Created are written into the pool as who made it and when. They are part
	// of its identity.
	By      string
	Created time.Time
}

// A Writer makes one pool. Its appenders may be used by several goroutines, each
// appender by one at a time.
type Writer struct{}

// Create starts the pool that will stand at path. Something that is there already is
// an error for which errors.Is(err, fs.ErrExist) holds.
func Create(path string, o Options) (*Writer, error) { panic("not yet") }

// Table adds a table whose rows stay in the order in which they are appended.
func (w *Writer) Table(name string, fields []Field) (*Appender, error) { panic("not yet") }

// Sorted adds a table whose rows are sorted by the named columns, ascending, missing
// values first; rows that are equal there stay in the order in which they came.
func (w *Writer) Sorted(name string, fields []Field, by ...string) (*Appender, error) {
	panic("not yet")
}

// Commit finishes the pool: everything is written and synced, then it gets its name.
// Meta is JSON that goes into pool.json, compacted; nil for none. After an error
// nothing is left.
func (w *Writer) Commit(meta json.RawMessage) (id string, err error) { panic("not yet") }

// Abort gives the pool up and removes what was written; after Commit it does nothing.
func (w *Writer) Abort() {}

// Sweep removes what killed writers left in a folder of pools, and returns the names.
// Writers that still live are left alone.
func Sweep(folder string) ([]string, error) { panic("not yet") }

// An Appender takes the rows of one table.
type Appender struct{}

// Append adds rows: one Values for each field, all of one length. They are copied.
func (a *Appender) Append(columns ...Values) error { panic("not yet") }
