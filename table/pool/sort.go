package pool

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// A key gives each row of a column a number that sorts as its value, a missing one
// first.
type key func(row int) uint64

func keyOf(k Kind, b []byte) key {
	switch k {
	case Float64:
		xs := cast[float64](b)
		return func(i int) uint64 { return floatKey(xs[i]) }
	case Int64: // NoTime is the least
		xs := cast[int64](b)
		return func(i int) uint64 { return uint64(xs[i]) ^ 1<<63 }
	case Int32:
		xs := cast[int32](b)
		return func(i int) uint64 {
			if xs[i] == -1 {
				return 0
			}
			return uint64(int64(xs[i]) + 1<<31 + 1)
		}
	}
	xs := cast[uint64](b)
	return func(i int) uint64 { return xs[i] }
}

// floatKey orders as numbers do, with both zeros equal.
func floatKey(x float64) uint64 {
	if math.IsNaN(x) {
		return 0
	}
	if x == 0 {
		x = 0 // not -0
	}
	bits := math.Float64bits(x)
	if bits>>63 == 0 {
		return bits | 1<<63
	}
	return ^bits
}

// keys are those of the columns to sort by.
func (a *Appender) keys(columns [][]byte) []key {
	out := make([]key, len(a.by))
	for i, c := range a.by {
		out[i] = keyOf(a.fields[c].Kind, columns[c])
	}
	return out
}

// ranked is a row and as much of its keys as fits into 64 bits.
type ranked struct {
	prefix uint64
	row    uint32
}

// rankedSize is what a ranked row costs.
const rankedSize = 16

// sorted is the order of the buffered rows; nil where they stand in it already.
func (a *Appender) sorted() []ranked {
	if len(a.by) == 0 {
		return nil
	}
	columns := make([][]byte, len(a.fields))
	for i, f := range a.fields {
		columns[i] = a.buffers[i][:a.rows*f.Kind.width()]
	}
	order := slices.Grow(a.w.order[:0], a.rows)[:a.rows]
	a.w.order = order
	for i := range order {
		order[i] = ranked{row: uint32(i)}
	}
	rest := rank(order, a.keys(columns))
	compare := func(x, y ranked) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		for _, k := range rest {
			if c := cmp.Compare(k(int(x.row)), k(int(y.row))); c != 0 {
				return c
			}
		}
		return cmp.Compare(x.row, y.row)
	}
	if slices.IsSortedFunc(order, compare) {
		return nil
	}
	slices.SortFunc(order, compare)
	return order
}

// rank fills the prefixes, key after key, each in as many bits as its values here
// need, so that most rows are told apart without looking further. It returns the keys
// that did not fit whole.
func rank(rows []ranked, keys []key) (rest []key) {
	left := 64
	for n, k := range keys {
		low, high := uint64(math.MaxUint64), uint64(0)
		for i := range rows {
			v := k(i)
			low, high = min(low, v), max(high, v)
		}
		width := bits.Len64(high - low)
		cut := max(0, width-left)
		for i := range rows {
			rows[i].prefix = rows[i].prefix<<(width-cut) | (k(i)-low)>>cut
		}
		if left -= width - cut; cut > 0 {
			return keys[n:]
		}
	}
	return nil
}

// writeOrdered writes a column's values in an order, nil being the one they are in.
func writeOrdered(s *spool, b []byte, width int, order []ranked) error {
	if order == nil {
		return s.write(b)
	}
	block := make([]byte, 0, 64<<10)
	for _, r := range order {
		if len(block) == cap(block) {
			if err := s.write(block); err != nil {
				return err
			}
			block = block[:0]
		}
		block = append(block, b[int(r.row)*width:][:width]...)
	}
	return s.write(block)
}

// A run is a sorted chunk in a merge.
type run struct {
	number  int
	columns [][]byte
	keys    []key
	at, end int
	now     []uint64 // the keys of row at
}

func (r *run) load(row int, into []uint64) []uint64 {
	for i, k := range r.keys {
		into[i] = k(row)
	}
	return into
}

// before says whether a row with these keys, of run number n, comes before the
// current row of r. Equal rows come in the order of their runs.
func before(keys []uint64, n int, r *run) bool {
	if c := slices.Compare(keys, r.now); c != 0 {
		return c < 0
	}
	return n < r.number
}

// merge gives the rows of the sorted runs in order, as ranges of one run.
func merge(runs []*run, give func(r *run, from, to int) error) error {
	var h []*run
	for _, r := range runs {
		if r.end > 0 {
			r.now = r.load(0, make([]uint64, len(r.keys)))
			h = append(h, r)
		}
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		sink(h, i)
	}
	var next []uint64
	for len(h) > 0 {
		r := h[0]
		from := r.at
		next = slices.Grow(next[:0], len(r.keys))[:len(r.keys)]
		if second := runnerUp(h); second == nil {
			r.at = r.end
		} else {
			r.at++
			for r.at < r.end && before(r.load(r.at, next), r.number, second) {
				r.at++
			}
		}
		if err := give(r, from, r.at); err != nil {
			return err
		}
		if r.at == r.end {
			h[0] = h[len(h)-1]
			h = h[:len(h)-1]
		} else {
			copy(r.now, next)
		}
		if len(h) > 1 {
			sink(h, 0)
		}
	}
	return nil
}

// runnerUp is the run that comes second in a heap.
func runnerUp(h []*run) *run {
	switch {
	case len(h) < 2:
		return nil
	case len(h) == 2 || before(h[1].now, h[1].number, h[2]):
		return h[1]
	}
	return h[2]
}

// sink moves the run at i down to its place in the heap.
func sink(h []*run, i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if before(h[c].now, h[c].number, h[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
