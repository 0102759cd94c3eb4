// Package fixed holds the exact numbers in which sums travel: fixed-point
// integers modulo 2^64 or 2^128 (methods A2).
//
// A float64 that a person contributes is rounded once, half to even, to the
// grid of its coordinate; from then on there are only integers. A sum is
// therefore the same in every order and for every split of the people over
// blocks, cores and sites, bit for bit. A proof that a sum cannot wrap is made
// when the grid is chosen: people's declared range times their number times
// the number of sites stays below half the ring.
package fixed

import (
	"fmt"
	"math"
	"math/bits"
)

// A Segment is a run of coordinates in one ring: Len integers modulo 2^Bits.
type Segment struct {
	Bits int `json:"bits"` // 64 or 128
	Len  int `json:"len"`
}

// A Layout is the shape of a vector on the wire: segments one after the other.
// A 128-bit coordinate is two words, low word first.
type Layout []Segment

// Words returns the number of 64-bit words of a vector of this layout.
func (l Layout) Words() int {
	n := 0
	for _, s := range l {
		n += s.Len * s.Bits / 64
	}
	return n
}

// Valid refuses a layout with an unknown ring or a negative or excessive length.
func (l Layout) Valid() error {
	total := 0
	for i, s := range l {
		if s.Bits != 64 && s.Bits != 128 {
			return fmt.Errorf("segment %d: ring of %d bits, want 64 or 128", i, s.Bits)
		}
		if s.Len < 0 || s.Len > MaxLen {
			return fmt.Errorf("segment %d: %d coordinates, want 0..%d", i, s.Len, MaxLen)
		}
		if total += s.Len; total > MaxLen {
			return fmt.Errorf("vector of more than %d coordinates", MaxLen)
		}
	}
	return nil
}

// MaxLen is the most coordinates that one vector may have (2^27, 1 GiB of words).
const MaxLen = 1 << 27

// AddTo adds src to dst in the ring of each coordinate. Both have l.Words() words.
func (l Layout) AddTo(dst, src []uint64) {
	at := 0
	for _, s := range l {
		n := s.Len * s.Bits / 64
		d, a := dst[at:at+n], src[at:at+n]
		if s.Bits == 64 {
			for i := range d {
				d[i] += a[i]
			}
		} else {
			for i := 0; i+1 < len(d); i += 2 {
				var c uint64
				d[i], c = bits.Add64(d[i], a[i], 0)
				d[i+1], _ = bits.Add64(d[i+1], a[i+1], c)
			}
		}
		at += n
	}
}

// SubFrom subtracts src from dst in the ring of each coordinate.
func (l Layout) SubFrom(dst, src []uint64) {
	at := 0
	for _, s := range l {
		n := s.Len * s.Bits / 64
		d, a := dst[at:at+n], src[at:at+n]
		if s.Bits == 64 {
			for i := range d {
				d[i] -= a[i]
			}
		} else {
			for i := 0; i+1 < len(d); i += 2 {
				var b uint64
				d[i], b = bits.Sub64(d[i], a[i], 0)
				d[i+1], _ = bits.Sub64(d[i+1], a[i+1], b)
			}
		}
		at += n
	}
}

// A Range says what one row can contribute to one coordinate: |value| <= Max,
// and, where Integer, whole numbers only. Ranges come from the dictionary and
// the public state, never from the data.
type Range struct {
	Max     float64
	Integer bool
}

// A Grid is the fixed-point format of a vector: its ring and, per coordinate,
// the fraction bits and the largest magnitude that one site may reach.
type Grid struct {
	Bits  int
	Frac  []int     // fraction bits f: a value x is stored as round(x * 2^f)
	Limit []float64 // largest |sum| at one site, in the value's unit
	row   []float64 // largest |value| of one row
}

// NewGrid chooses the grid for ranges when a site has at most rows rows and at
// most parties sites are summed. Integer-only vectors that fit travel in the
// ring of 64 bits with no fraction; everything else in 128 bits with as many
// fraction bits as the bound leaves, so that parties*rows*Max*2^f < 2^126.
func NewGrid(ranges []Range, rows, parties int) (Grid, error) {
	if rows < 1 || parties < 1 {
		return Grid{}, fmt.Errorf("grid for %d rows at %d sites: want at least 1 of each", rows, parties)
	}
	g := Grid{Bits: 64, Frac: make([]int, len(ranges)), Limit: make([]float64, len(ranges)), row: make([]float64, len(ranges))}
	head := float64(rows) * float64(parties)
	for i, r := range ranges {
		if !(r.Max >= 0) || math.IsInf(r.Max, 0) {
			return Grid{}, fmt.Errorf("coordinate %d has no finite bound (%v): declare the range of its variables", i, r.Max)
		}
		g.row[i], g.Limit[i] = r.Max, r.Max*float64(rows)
		if !r.Integer || head*math.Max(r.Max, 1) >= 1<<62 {
			g.Bits = 128
		}
	}
	if g.Bits == 64 {
		return g, nil
	}
	for i, r := range ranges {
		bound := head * math.Max(r.Max, math.SmallestNonzeroFloat64)
		f := 125 - math.Ilogb(math.Max(bound, 0x1p-60)) // bound < 2^(Ilogb+1)
		if r.Integer {
			f = 0
		}
		if f < 0 {
			return Grid{}, fmt.Errorf("coordinate %d can reach %.3g in all, beyond the ring of 128 bits: narrow the range of its variables", i, bound)
		}
		g.Frac[i] = f
	}
	return g, nil
}

// Layout is the wire shape of a vector on this grid.
func (g Grid) Layout() Layout { return Layout{{Bits: g.Bits, Len: len(g.Frac)}} }

// A Vector accumulates one site's contribution exactly. The first value out of
// its declared range is remembered and returned by Err; Local code need not
// check each Add. A Vector is used by one goroutine; Merge joins several.
type Vector struct {
	Grid  Grid
	Words []uint64
	err   error
}

// NewVector returns zero on the grid.
func NewVector(g Grid) *Vector {
	return &Vector{Grid: g, Words: make([]uint64, len(g.Frac)*g.Bits/64)}
}

// Add adds one row's value x to coordinate i, rounded half to even to the grid.
func (v *Vector) Add(i int, x float64) {
	if !(math.Abs(x) <= v.Grid.row[i]*(1+0x1p-40)) { // the slack forgives rounding in the caller's arithmetic, not data
		v.fail(i)
		return
	}
	if x == 0 {
		return
	}
	lo, hi := encode(x, v.Grid.Frac[i])
	if v.Grid.Bits == 64 {
		v.Words[i] += lo
		return
	}
	var c uint64
	v.Words[2*i], c = bits.Add64(v.Words[2*i], lo, 0)
	v.Words[2*i+1], _ = bits.Add64(v.Words[2*i+1], hi, c)
}

// AddSum adds the total x of many rows (or of a whole stratum) to coordinate i:
// only the site's limit is checked, not one row's.
func (v *Vector) AddSum(i int, x float64) {
	if !(math.Abs(x) <= v.Grid.Limit[i]*(1+0x1p-40)) {
		v.fail(i)
		return
	}
	lo, hi := encode(x, v.Grid.Frac[i])
	if v.Grid.Bits == 64 {
		v.Words[i] += lo
		return
	}
	var c uint64
	v.Words[2*i], c = bits.Add64(v.Words[2*i], lo, 0)
	v.Words[2*i+1], _ = bits.Add64(v.Words[2*i+1], hi, c)
}

func (v *Vector) fail(i int) {
	if v.err == nil {
		v.err = &RangeError{Coordinate: i, Max: v.Grid.row[i]}
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
	if v.err != nil {
		return v.err
	}
	for i, x := range Decode(v.Grid, v.Words) {
		if !(math.Abs(x) <= v.Grid.Limit[i]*(1+0x1p-40)) {
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

// Decode returns the values of a vector (or of a sum of vectors) on grid g,
// correctly rounded to float64.
func Decode(g Grid, words []uint64) []float64 {
	out := make([]float64, len(g.Frac))
	for i, f := range g.Frac {
		if g.Bits == 64 {
			out[i] = math.Ldexp(float64(int64(words[i])), -f)
		} else {
			out[i] = decode(words[2*i], words[2*i+1], f)
		}
	}
	return out
}

// encode returns round-half-even(x * 2^f) in two's complement, 128 bits.
// |x| * 2^f must be below 2^127, which the callers' range checks guarantee.
func encode(x float64, f int) (lo, hi uint64) {
	b := math.Float64bits(x)
	e := int(b>>52) & 0x7ff
	m := b & (1<<52 - 1)
	if e == 0 {
		e = 1
	} else {
		m |= 1 << 52
	}
	shift := e - 1075 + f // x = m * 2^(e-1075)
	switch {
	case shift >= 64:
		lo, hi = 0, m<<(shift-64)
	case shift >= 0:
		lo, hi = m<<shift, m>>(64-shift) // Go: a shift by 64 is 0
	case shift > -54:
		s := -shift
		q, rest, half := m>>s, m&(1<<s-1), uint64(1)<<(s-1)
		if rest > half || rest == half && q&1 == 1 {
			q++
		}
		lo = q
	}
	if b>>63 == 1 {
		var c uint64
		lo, c = bits.Add64(^lo, 1, 0)
		hi = ^hi + c
	}
	return lo, hi
}

// decode returns the two's complement integer (hi, lo) times 2^-f, rounded half
// to even.
func decode(lo, hi uint64, f int) float64 {
	neg := hi>>63 == 1
	if neg {
		var c uint64
		lo, c = bits.Add64(^lo, 1, 0)
		hi = ^hi + c
	}
	var x float64
	if hi == 0 {
		x = math.Ldexp(float64(lo), -f)
	} else {
		n := bits.LeadingZeros64(hi) // move the top 64 significant bits up; the rest becomes a sticky bit
		top := hi<<n | lo>>(64-n)
		if lo<<n != 0 {
			top |= 1
		}
		x = math.Ldexp(float64(top), 64-n-f)
	}
	if neg {
		return -x
	}
	return x
}
