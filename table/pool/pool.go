// Package pool keeps tables as immutable folders of memory-mapped columns: what a
// site computes on, again and again and from several processes, without reading,
// decoding or copying it.
//
// A pool is a folder. Each table is an Arrow IPC file with one record batch, so that
// a column is one contiguous slice, its buffers aligned to 64 bytes; pool.json names
// the tables, says where each column lies, and holds statistics and checksums. The
// identity of a pool is SHA-256 of pool.json, so equal contents have equal names.
//
// A missing value is written in band, so that a column is used as it lies: NaN,
// int32 -1, int64 math.MinInt64 (table.NoTime). A validity bitmap says the same to
// other readers of Arrow. Uint64 has no missing value.
//
// A pool holds patients' values, and pool.json their least and greatest: folder and
// files are for their owner alone. Open refuses files that another account could
// change, because a mapped file that is cut short takes its reader down.
//
// Methods section G. Arrow columnar format 1.5, IPC file format.
package pool

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Version is the kind and version of a pool, in its pool.json.
const Version = "pool/v1"

// A Kind is the type of a column.
type Kind int

// The kinds of columns, with their missing value.
const (
	Float64 Kind = iota + 1 // NaN
	Int64                   // math.MinInt64
	Int32                   // -1
	Uint64                  // none
)

// A Field names a column of a table. A name is any text that is not empty.
type Field struct {
	Name string
	Kind Kind
}

// Values are one column of a batch of rows: the slice of the field's kind is set.
type Values struct {
	Float64 []float64
	Int64   []int64
	Int32   []int32
	Uint64  []uint64
}

// Stats describe a column. Min, Max and Mean are of the values that are finite and
// not missing, 0 where there is none; whole numbers beyond 2^53 are rounded.
type Stats struct {
	Count    int64   `json:"count"`   // values that are not missing
	Missing  int64   `json:"missing"` // values that are
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Mean     float64 `json:"mean"`
	Distinct int     `json:"distinct"` // different values; -1: more than MaxDistinct
}

// MaxDistinct is up to how many different values Stats.Distinct counts.
const MaxDistinct = 256

var (
	// ErrDamaged is the error about a pool that is not what its writer wrote: cut
	// short, altered, or another thing under its name.
	ErrDamaged = errors.New("the pool is damaged; write it again from its source")
	// ErrClosed is the error about a pool after its Close.
	ErrClosed = errors.New("the pool is closed")
)

// A Pool is one reference to an open pool. All methods may be called concurrently.
type Pool struct {
	m      *mapping
	closed atomic.Bool
}

// mapping is the open pool that references share.
type mapping struct {
	path string
	id   string
	doc  document
	data [][]byte // of each table's file

	mu       sync.Mutex
	refs     int
	verified map[[2]int]bool // table and column, or -1 for the file
}

// ID is the identity of the pool: SHA-256 of its pool.json, in hex.
func (p *Pool) ID() string { return p.m.id }

// Path is the pool's folder.
func (p *Pool) Path() string { return p.m.path }

// Meta is what the writer said of the pool, as compact JSON; nil if nothing.
func (p *Pool) Meta() json.RawMessage { return slices.Clone(p.m.doc.Meta) }

// Tables lists the names of the tables, in the order in which they were made.
func (p *Pool) Tables() []string {
	out := make([]string, len(p.m.doc.Tables))
	for i, t := range p.m.doc.Tables {
		out[i] = t.Name
	}
	return out
}

// Table returns the table of that name.
func (p *Pool) Table(name string) (Table, bool) {
	i := slices.IndexFunc(p.m.doc.Tables, func(t tableEntry) bool { return t.Name == name })
	return Table{p: p, i: i}, i >= 0
}

// Acquire returns another reference to the pool, with a Close of its own. Whoever
// keeps views longer than its caller keeps the pool takes one.
func (p *Pool) Acquire() (*Pool, error) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed.Load() {
		return nil, ErrClosed
	}
	p.m.refs++
	return &Pool{m: p.m}, nil
}

// Close gives the reference back; a second Close does nothing. With the last one the
// files are unmapped, and using a view after that is a fault of the program.
func (p *Pool) Close() error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed.Swap(true) {
		return nil
	}
	if p.m.refs--; p.m.refs > 0 {
		return nil
	}
	return p.m.unmap()
}

func (m *mapping) unmap() error {
	var errs []error
	for _, d := range m.data {
		if err := unmapFile(d); err != nil {
			errs = append(errs, fmt.Errorf("unmap pool %s: %w", m.path, err))
		}
	}
	return errors.Join(errs...)
}
