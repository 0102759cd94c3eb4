package pool

import (
	"math"
	"math/bits"
)

// A tally counts what Stats says, value by value, so that the numbers do not depend
// on how the values were cut into blocks.
type tally struct {
	count, missing, finite int64
	min, max               float64
	sum, lost              float64 // Neumaier's compensated sum, ZAMM 54:39, 1974
	distinct               distinct
}

func (t *tally) add(k Kind, b []byte) {
	switch k {
	case Float64:
		for _, x := range cast[float64](b) {
			if math.IsNaN(x) {
				t.missing++
				continue
			}
			t.see(x, floatKey(x))
		}
	case Int64:
		tallyWhole(t, cast[int64](b), math.MinInt64, true)
	case Int32:
		tallyWhole(t, cast[int32](b), -1, true)
	case Uint64:
		tallyWhole(t, cast[uint64](b), 0, false)
	}
}

func tallyWhole[T int64 | int32 | uint64](t *tally, xs []T, none T, missing bool) {
	for _, x := range xs {
		if missing && x == none {
			t.missing++
			continue
		}
		t.see(float64(x), uint64(x))
	}
}

// see counts a value, with a number that no other value has.
func (t *tally) see(x float64, name uint64) {
	t.count++
	t.distinct.add(name)
	if math.IsInf(x, 0) {
		return
	}
	if t.finite == 0 {
		t.min, t.max = x, x
	}
	t.finite++
	t.min, t.max = min(t.min, x), max(t.max, x)
	sum := t.sum + x
	if math.Abs(t.sum) >= math.Abs(x) {
		t.lost += (t.sum - sum) + x
	} else {
		t.lost += (x - sum) + t.sum
	}
	t.sum = sum
}

func (t *tally) stats() Stats {
	s := Stats{Count: t.count, Missing: t.missing, Min: t.min + 0, Max: t.max + 0, Distinct: t.distinct.n}
	if s.Distinct > MaxDistinct {
		s.Distinct = -1
	}
	if t.finite > 0 {
		s.Mean = (t.sum + t.lost) / float64(t.finite)
	}
	if math.IsInf(s.Mean, 0) || math.IsNaN(s.Mean) { // the sum of huge numbers
		s.Mean = t.min/2 + t.max/2
	}
	s.Mean = min(max(s.Mean, s.Min), s.Max) + 0
	return s
}

// distinct is a set of numbers that stops at MaxDistinct: a table with open
// addressing, at most a quarter full.
type distinct struct {
	n    int // how many; more than MaxDistinct: too many
	last uint64
	slot [4 * MaxDistinct]uint64
	used [4 * MaxDistinct]bool
}

func (d *distinct) add(x uint64) {
	if d.n > MaxDistinct || d.n > 0 && x == d.last {
		return
	}
	d.last = x
	hi, lo := bits.Mul64(x, 0x9e3779b97f4a7c15) // Knuth's multiplicative hash
	for i := (hi ^ lo>>32) % uint64(len(d.slot)); ; i = (i + 1) % uint64(len(d.slot)) {
		switch {
		case !d.used[i]:
			d.slot[i], d.used[i] = x, true
			d.n++
			return
		case d.slot[i] == x:
			return
		}
	}
}

// validity appends the bitmap of a block of values to out, least bit first, 1 where
// a value is there.
func validity(k Kind, b []byte, out []byte) []byte {
	switch k {
	case Float64:
		return bitmap(cast[float64](b), out, func(x float64) bool { return !math.IsNaN(x) })
	case Int64:
		return bitmap(cast[int64](b), out, func(x int64) bool { return x != math.MinInt64 })
	case Int32:
		return bitmap(cast[int32](b), out, func(x int32) bool { return x != -1 })
	}
	return bitmap(cast[uint64](b), out, func(uint64) bool { return true })
}

func bitmap[T any](xs []T, out []byte, there func(T) bool) []byte {
	for len(xs) > 0 {
		n := min(8, len(xs))
		var b byte
		for i, x := range xs[:n] {
			if there(x) {
				b |= 1 << i
			}
		}
		out, xs = append(out, b), xs[n:]
	}
	return out
}
