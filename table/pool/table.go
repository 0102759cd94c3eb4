package pool

import (
	"fmt"
	"slices"
	"unsafe"
)

// A Table is one table of an open pool. Its slices are views of mapped memory: they
// are read-only (a write is a fault) and end with the pool's last Close. A Table of a
// closed pool has no columns.
type Table struct {
	p *Pool
	i int
}

func (t Table) entry() *tableEntry { return &t.p.m.doc.Tables[t.i] }

// Name is the table's name.
func (t Table) Name() string { return t.entry().Name }

// Rows is the number of rows.
func (t Table) Rows() int { return int(t.entry().Rows) }

// Fields lists the columns.
func (t Table) Fields() []Field {
	e := t.entry()
	out := make([]Field, len(e.Fields))
	for i, f := range e.Fields {
		out[i] = Field{f.Name, kindOf(f.Kind)}
	}
	return out
}

// Sorted names the columns by which the rows ascend, missing values first; none
// where the rows are in the order in which they came.
func (t Table) Sorted() []string { return append([]string(nil), t.entry().Sorted...) }

// Float64 is the column of that name and kind; nil if there is none.
func (t Table) Float64(name string) []float64 { return view[float64](t, name, Float64) }

// Int64 is the column of that name and kind; nil if there is none.
func (t Table) Int64(name string) []int64 { return view[int64](t, name, Int64) }

// Int32 is the column of that name and kind; nil if there is none.
func (t Table) Int32(name string) []int32 { return view[int32](t, name, Int32) }

// Uint64 is the column of that name and kind; nil if there is none.
func (t Table) Uint64(name string) []uint64 { return view[uint64](t, name, Uint64) }

// Validity is the column's bitmap, least bit first, 1 where the value is there; nil
// if no value is missing, or there is no such column.
func (t Table) Validity(name string) []byte {
	if f := t.field(name); f != nil && f.Validity != nil {
		return t.bytes(f.Validity.span)
	}
	return nil
}

// Stats are those of the column of that name.
func (t Table) Stats(name string) (Stats, bool) {
	if f := t.field(name); f != nil {
		return f.Stats, true
	}
	return Stats{}, false
}

func (t Table) index(name string) int {
	return slices.IndexFunc(t.entry().Fields, func(f fieldEntry) bool { return f.Name == name })
}

func (t Table) field(name string) *fieldEntry {
	if i := t.index(name); i >= 0 {
		return &t.entry().Fields[i]
	}
	return nil
}

func (t Table) bytes(s span) []byte {
	if t.p.closed.Load() {
		return nil
	}
	return t.p.m.data[t.i][s.Offset:][:s.Length:s.Length]
}

func view[T float64 | int64 | int32 | uint64](t Table, name string, kind Kind) []T {
	f := t.field(name)
	if f == nil || kindOf(f.Kind) != kind || t.p.closed.Load() {
		return nil
	}
	return cast[T](t.bytes(f.Values.span))
}

// cast sees bytes as numbers. They are aligned: a buffer starts at a multiple of 64.
func cast[T float64 | int64 | int32 | uint64](b []byte) []T {
	var x T
	if len(b) == 0 {
		return []T{}
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(x)))
}

// Advice is how a column is going to be read.
type Advice int

// The kinds of advice.
const (
	Normal     Advice = iota
	Sequential        // from the first row to the last
	Random            // here and there: no reading ahead
	WillNeed          // soon: start reading it now
)

// Advise tells the system how the named columns are going to be read, or all of the
// table's. It changes speed alone.
func (t Table) Advise(how Advice, columns ...string) error {
	p, err := t.p.Acquire()
	if err != nil {
		return err
	}
	defer p.Close()
	parts := []span{t.entry().Body}
	if len(columns) > 0 {
		parts = nil
	}
	for _, c := range columns {
		f := t.field(c)
		if f == nil {
			return fmt.Errorf("pool %s: table %q has no column %q", t.p.m.path, t.Name(), c)
		}
		parts = append(parts, f.Values.span)
	}
	for _, s := range parts {
		if err := advise(p.m.data[t.i], s, how); err != nil {
			return fmt.Errorf("pool %s: advice about table %q: %w", t.p.m.path, t.Name(), err)
		}
	}
	return nil
}
