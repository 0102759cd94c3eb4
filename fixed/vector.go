package fixed

import (
	"fmt"
	"math"
	"math/bits"
)

// A Vector accumulates one site's contribution exactly. The first value out of
// its declared range is remembered and returned by Err; Local code need not
// check each Add. A Vector is used by one goroutine; Merge joins several.
type Vector struct {
	Grid  Grid
	Words []uint64
	err   error
	print *fingerprint // instead of Words: see NewFingerprint
}

// NewVector returns zero on the grid.
func NewVector(g Grid) *Vector {
	return &Vector{Grid: g, Words: make([]uint64, len(g.Frac)*g.Bits/64)}
}

// Add adds one row's value x to coordinate i, rounded half to even to the grid.
func (v *Vector) Add(i int, x float64) {
	c := v.Grid.cells[i]
	if !(math.Abs(x) <= c.most) {
		v.fail(i)
		return
	}
	if v.print != nil {
		lo, hi := encode(x, c.shift+1075)
		v.print.add(i, lo, hi)
		return
	}
	if v.Grid.Bits == 128 {
		if w := v.Words[2*i : 2*i+2]; !addQuick(w, x, c.shift) {
			addAny(w, x, c.shift)
		}
		return
	}
	v.Words[i] += encode64(x, c.shift+1075)
}

// AddScaled adds s*x[k] to coordinate at+k, for every k: the same integers as
// Add for each product, in less time.
func (v *Vector) AddScaled(at int, s float64, x []float64) {
	if v.Grid.Bits != 128 || v.print != nil {
		for k, y := range x {
			v.Add(at+k, s*y)
		}
		return
	}
	cells := v.Grid.cells[at : at+len(x)]
	w := v.Words[2*at : 2*(at+len(x))]
	for k := 0; k < len(cells) && k < len(x) && len(w) >= 2; k++ {
		y, c := s*x[k], cells[k]
		b := math.Float64bits(y)
		up := uint(int(b>>52&0x7ff) + c.shift)
		if up < 64 && math.Abs(y) <= c.most {
			// addQuick, written out: a call would cost as much as the sum.
			hi, lo := bits.Mul64(b&(1<<52-1)|1<<52, 1<<(up&63))
			sign := uint64(int64(b) >> 63)
			var carry uint64
			w[0], carry = bits.Add64(w[0], lo^sign, sign&1)
			w[1], _ = bits.Add64(w[1], hi^sign, carry)
		} else if y != 0 {
			v.Add(at+k, y)
		}
		w = w[2:]
	}
}

// AddOuter adds (w*x[i])*x[j] for every j >= i, row by row of the upper
// triangle, to the len(x)*(len(x)+1)/2 coordinates from at: one row's share of
// X'WX.
func (v *Vector) AddOuter(at int, w float64, x []float64) {
	for i, xi := range x {
		v.AddScaled(at, w*xi, x[i:])
		at += len(x) - i
	}
}

// AddSum adds the total x of many rows (or of a whole stratum) to coordinate i:
// only the site's limit is checked, not one row's.
func (v *Vector) AddSum(i int, x float64) {
	if !(math.Abs(x) <= v.Grid.Limit[i]*slack) {
		v.fail(i)
		return
	}
	if v.print != nil {
		lo, hi := encode(x, v.Grid.cells[i].shift+1075)
		v.print.add(i, lo, hi)
		return
	}
	if v.Grid.Bits == 128 {
		addAny(v.Words[2*i:2*i+2], x, v.Grid.cells[i].shift)
		return
	}
	v.Words[i] += encode64(x, v.Grid.cells[i].shift+1075)
}

func (v *Vector) fail(i int) {
	if v.err == nil {
		v.err = &RangeError{Coordinate: i, Max: v.Grid.cells[i].most / slack}
	}
}

// Merge adds the vector w, on the same grid, to v.
func (v *Vector) Merge(w *Vector) {
	v.Grid.Layout().AddTo(v.Words, w.Words)
	if v.err == nil {
		v.err = w.err
	}
}

// Err returns the first value that was outside its declared range, or a total
// outside the site's limit. The error names the coordinate and its bound, never
// the value.
func (v *Vector) Err() error {
	if v.err != nil || v.print != nil {
		return v.err
	}
	for i, x := range Decode(v.Grid, v.Words) {
		if !(math.Abs(x) <= v.Grid.Limit[i]*slack) {
			return &RangeError{Coordinate: i, Max: v.Grid.Limit[i], Total: true}
		}
	}
	return nil
}

// A RangeError says that a contribution would exceed the declared bound. It
// carries no data.
type RangeError struct {
	Coordinate int
	Max        float64
	Total      bool
}

func (e *RangeError) Error() string {
	what := "a row's value"
	if e.Total {
		what = "the site's total"
	}
	return fmt.Sprintf("%s is outside the declared range of coordinate %d (at most %.6g): check the variable's range in the dictionary against the data", what, e.Coordinate, e.Max)
}
