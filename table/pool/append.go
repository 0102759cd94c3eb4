package pool

import (
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// An Appender takes the rows of one table.
type Appender struct {
	w       *Writer
	name    string
	fields  []Field
	by      []int // fields to sort by
	rowSize int64

	block    []byte
	buffers  [][]byte // parts of block, one a field, for capacity rows
	rows     int      // in the buffers
	capacity int

	chunks  []chunk
	total   int64
	missing []int64 // of each field
}

func newAppender(w *Writer, name string, fields []Field) *Appender {
	a := &Appender{w: w, name: name, fields: slices.Clone(fields), missing: make([]int64, len(fields))}
	for _, f := range fields {
		a.rowSize += int64(f.Kind.width())
	}
	return a
}

// Append adds rows: one Values for each field, all of one length. They are copied.
func (a *Appender) Append(columns ...Values) error {
	rows, err := a.check(columns)
	if err != nil {
		return fmt.Errorf("write pool %s: table %q: %w", a.w.path, a.name, err)
	}
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if a.w.done {
		return fmt.Errorf("write pool %s: %w", a.w.path, errDone)
	}
	for from := 0; from < rows; {
		n, err := a.room(rows - from)
		if err != nil {
			a.w.failed = err
			return fmt.Errorf("write pool %s: %w", a.w.path, explain(a.w.o.Temp, err))
		}
		for i, f := range a.fields {
			to := a.buffers[i][a.rows*f.Kind.width():]
			b := columns[i].bytes(f.Kind)[from*f.Kind.width():][:n*f.Kind.width()]
			copy(to, b)
			a.missing[i] += missing(f.Kind, b)
		}
		a.rows += n
		a.total += int64(n)
		from += n
	}
	return nil
}

func (a *Appender) check(columns []Values) (rows int, err error) {
	if len(columns) != len(a.fields) {
		return 0, fmt.Errorf("a batch has %d columns, the table %d", len(columns), len(a.fields))
	}
	for i, f := range a.fields {
		c := columns[i]
		n := len(c.bytes(f.Kind)) / f.Kind.width()
		if n != max(len(c.Float64), len(c.Int64), len(c.Int32), len(c.Uint64)) {
			return 0, fmt.Errorf("column %q is given values that are not %s", f.Name, f.Kind)
		}
		if i == 0 {
			rows = n
		}
		if n != rows {
			return 0, fmt.Errorf("column %q is given %d rows, %q %d", f.Name, n, a.fields[0].Name, rows)
		}
	}
	return rows, nil
}

// room makes place for some of the rows that are wanted, at least one.
func (a *Appender) room(want int) (int, error) {
	if a.rows == a.capacity {
		if err := a.grow(want); err != nil {
			return 0, err
		}
	}
	return min(want, a.capacity-a.rows), nil
}

// grow gives the buffers more room, or empties them.
func (a *Appender) grow(want int) error {
	if a.capacity == a.most() {
		return a.spill()
	}
	target := max(2*int64(a.capacity), int64(a.rows)+int64(want))
	n := a.w.blockFor(target*a.rowSize+a.slack(), a.rowSize+a.slack())
	for len(a.block) < n {
		if b := a.w.lend(n); b != nil {
			a.move(b)
			return nil
		}
		largest := a
		for _, b := range a.w.tables {
			if len(b.block) > len(largest.block) {
				largest = b
			}
		}
		if len(largest.block) == 0 { // one row is more than the limit
			a.move(aligned(n))
			a.w.held += int64(n)
			return nil
		}
		if err := largest.spill(); err != nil {
			return err
		}
		if largest == a {
			return nil
		}
		largest.release()
	}
	return a.spill()
}

// most is how many rows are buffered at most: sorting ranks them within the limit.
func (a *Appender) most() int {
	return int(min(max(1, a.w.limit()/rankedSize), math.MaxInt32))
}

// slack is what aligning the columns in a block can cost.
func (a *Appender) slack() int64 { return 8 * int64(len(a.fields)) }

// move goes on in another block.
func (a *Appender) move(block []byte) {
	old := a.buffers
	capacity := min(int((int64(len(block))-a.slack())/a.rowSize), a.most())
	a.buffers = make([][]byte, len(a.fields))
	at := 0
	for i, f := range a.fields {
		n := capacity * f.Kind.width()
		a.buffers[i] = block[at:][:n:n]
		if a.rows > 0 {
			copy(a.buffers[i], old[i][:a.rows*f.Kind.width()])
		}
		at += (n + 7) &^ 7
	}
	a.w.giveBack(a.block)
	a.block, a.capacity = block, capacity
}

// release gives the memory of empty buffers back.
func (a *Appender) release() {
	a.w.giveBack(a.block)
	a.block, a.buffers, a.capacity = nil, nil, 0
}

// spill moves the buffered rows to the spool, sorted if they are to be.
func (a *Appender) spill() error {
	if a.rows == 0 {
		return nil
	}
	if a.w.aborted.Load() {
		return errDone
	}
	if err := a.w.spool.align(); err != nil {
		return err
	}
	order := a.sorted()
	a.chunks = append(a.chunks, chunk{a.w.spool.size, a.rows})
	for i, f := range a.fields {
		b := a.buffers[i][:a.rows*f.Kind.width()]
		if err := writeOrdered(a.w.spool, b, f.Kind.width(), order); err != nil {
			return err
		}
		if err := a.w.spool.align(); err != nil {
			return err
		}
	}
	a.rows = 0
	return nil
}

// bytes are the values of a kind as they lie in memory.
func (v Values) bytes(k Kind) []byte {
	switch k {
	case Float64:
		return raw(v.Float64)
	case Int64:
		return raw(v.Int64)
	case Int32:
		return raw(v.Int32)
	}
	return raw(v.Uint64)
}

func raw[T float64 | int64 | int32 | uint64](xs []T) []byte {
	var x T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(xs))), len(xs)*int(unsafe.Sizeof(x)))
}

// aligned makes n bytes that can be seen as any kind of value.
func aligned(n int) []byte { return raw(make([]uint64, (n+7)/8))[:n] }

// missing counts the missing values.
func missing(k Kind, b []byte) (n int64) {
	switch k {
	case Float64:
		for _, x := range cast[float64](b) {
			if math.IsNaN(x) {
				n++
			}
		}
	case Int64:
		n = equal(cast[int64](b), math.MinInt64)
	case Int32:
		n = equal(cast[int32](b), -1)
	}
	return n
}

func equal[T comparable](xs []T, x T) (n int64) {
	for _, y := range xs {
		if x == y {
			n++
		}
	}
	return n
}
