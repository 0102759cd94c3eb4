package fixed

import (
	"errors"
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// plainly adds x to coordinate i by encode alone, the definition of the grid.
func plainly(v *Vector, i int, x float64) {
	if !(math.Abs(x) <= v.Grid.cells[i].most) {
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

// anyFloat draws from everything that a caller might pass, not only from what
// it should.
func anyFloat() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-2, 2), rapid.Float64(), rapid.Map(rapid.IntRange(-3, 3), func(n int) float64 { return float64(n) }),
		rapid.Map(rapid.IntRange(-1074, 3), func(e int) float64 { return math.Ldexp(1, e) }),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64, 0x1p-1022, 0.5, 1.5, 2.5}))
}

func anyGrid(t *rapid.T, n int) Grid {
	ranges := make([]Range, n)
	whole := rapid.Bool().Draw(t, "whole numbers only")
	for i := range ranges {
		ranges[i] = Range{Max: rapid.SampledFrom([]float64{0, 1e-30, 0.3, 1, 7, 1e9}).Draw(t, "max"), Integer: whole || rapid.Bool().Draw(t, "integer")}
	}
	g, err := NewGrid(ranges, 1<<rapid.IntRange(0, 24).Draw(t, "rows"), 6)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The short ways of adding give the integers, and the refusals, of the long one.
func TestEveryWayOfAddingIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.IntRange(1, 4).Draw(t, "p")
		g := anyGrid(t, p*(p+1)/2+p)
		want, one, bulk := NewVector(g), NewVector(g), NewVector(g)
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			x := rapid.SliceOfN(anyFloat(), p, p).Draw(t, "x")
			w, s := anyFloat().Draw(t, "w"), anyFloat().Draw(t, "s")
			k := 0
			for i := range x {
				for _, xj := range x[i:] {
					plainly(want, k, w*x[i]*xj)
					one.Add(k, w*x[i]*xj)
					k++
				}
			}
			bulk.AddOuter(0, w, x)
			for i, xi := range x {
				plainly(want, k+i, s*xi)
				one.Add(k+i, s*xi)
			}
			bulk.AddScaled(k, s, x)
		}
		for name, v := range map[string]*Vector{"Add": one, "AddOuter and AddScaled": bulk} {
			if !slices.Equal(v.Words, want.Words) {
				t.Errorf("%s: %x, want %x", name, v.Words, want.Words)
			}
			var a, b *RangeError
			if errors.As(v.err, &a) != errors.As(want.err, &b) || a != nil && *a != *b {
				t.Errorf("%s: %v, want %v", name, v.err, want.err)
			}
		}
	})
}
