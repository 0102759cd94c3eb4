package describe

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"hmsp.center/hmsp/table"
)

// A number is a numeric variable with its histogram and with the order of its
// possible values: whole numbers by their distance from the lower end of the
// range, measurements by the bits of the float64, which sort like the values
// (methods C2).
type number struct {
	table.Variable
	lo, hi float64
	starts []float64 // where each bar begins; the last one ends at hi
	whole  bool
	listed bool // one bar for each possible value
}

func newNumber(v table.Variable, bins int) number {
	lo, hi := v.Range()
	n := number{Variable: v, lo: lo, hi: hi, whole: v.Kind != table.Number}
	if n.whole {
		width := math.Ceil((hi - lo + 1) / float64(bins))
		n.listed = width == 1
		for x := lo; x <= hi; x += width {
			n.starts = append(n.starts, x)
		}
		return n
	}
	for i := range bins {
		n.starts = append(n.starts, lo+float64((hi/float64(bins)-lo/float64(bins))*float64(i)))
	}
	n.starts = slices.Compact(n.starts) // a range of few float64 has fewer bars
	return n
}

// centre is a public point in the middle of the range.
func (n number) centre() float64 { return n.lo + (n.hi-n.lo)/2 }

// bar is the index of the bar that x falls into: [start, next start).
func (n number) bar(x float64) int {
	return sort.Search(len(n.starts), func(i int) bool { return n.starts[i] > x }) - 1
}

// upper is the largest value of bar i; of measurements, the end that it does
// not reach, except for the last.
func (n number) upper(i int) float64 {
	switch {
	case i+1 == len(n.starts):
		return n.hi
	case n.whole:
		return n.starts[i+1] - 1
	}
	return n.starts[i+1]
}

// rank maps a value of the range to a whole number in the same order.
func (n number) rank(x float64) uint64 {
	if n.whole {
		return uint64(x - n.lo)
	}
	b := math.Float64bits(x + 0) // -0 becomes 0
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// value is the inverse of rank.
func (n number) value(u uint64) float64 {
	if n.whole {
		return n.lo + float64(u)
	}
	if u>>63 == 1 {
		return math.Float64frombits(u &^ (1 << 63))
	}
	return math.Float64frombits(^u)
}

// check says whether a column keeps to the dictionary; the error does not name
// the value.
func (n number) check(xs []float64) error {
	for _, x := range xs {
		if x < n.lo || x > n.hi || n.whole && !math.IsNaN(x) && x != math.Trunc(x) {
			return fmt.Errorf("variable %q has a value outside its declared range %v..%v, or a fraction where whole numbers are declared: check the mapping of the dataset", n.Name, n.lo, n.hi)
		}
	}
	return nil
}
