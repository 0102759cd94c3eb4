package moments

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func histogram(values []float64) []float64 {
	out := make([]float64, Bins)
	for _, x := range values {
		out[Bin(x)]++
	}
	return out
}

// 2000 values about 0.3 with standard deviation 0.1 are found so within a tenth of
// the deviation, with noise of 20 on every count within a half of it.
func TestSpreadOf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 2000)
	for i := range values {
		values[i] = 0.3 + 0.1*r.NormFloat64()
	}
	clean := histogram(values)
	if s := SpreadOf(clean, 0, 2000, true); math.Abs(s.Mean-0.3) > 0.01 || math.Abs(s.Deviation-0.1) > 0.01 || s.Reach < 2.5 || s.Reach > 6 {
		t.Errorf("%+v", s)
	}
	for range 100 {
		noisy := make([]float64, Bins)
		for k := range noisy {
			noisy[k] = clean[k] + 20*r.NormFloat64()
		}
		if s := SpreadOf(noisy, 20, 2000, true); math.Abs(s.Mean-0.3) > 0.1 || s.Deviation < 0.07 || s.Deviation > 0.3 {
			t.Fatalf("%+v", s)
		}
	}
	if s := SpreadOf(clean, 0, 2000, false); s.Mean != 0 || math.Abs(s.Deviation-math.Hypot(0.3, 0.1)) > 0.01 {
		t.Errorf("about 0: %+v", s)
	}
	for _, counts := range [][]float64{make([]float64, Bins), histogram([]float64{1})} {
		if s := SpreadOf(counts, 1, 0, true); !(s.Deviation > 0) || !(s.Reach > 0) || math.IsInf(s.Reach, 0) {
			t.Errorf("of nobody: %+v", s)
		}
	}
}

// No row of a histogram without noise is longer than the room, and what a row adds is
// within the declared norms, for all rows and all weights.
func TestWhiteRowsAreWithinTheirNorms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		p := rapid.IntRange(1, 5).Draw(t, "p")
		rows := make([][]float64, 200)
		var counts []float64
		for i := range rows {
			rows[i] = []float64{1}
			for j := 1; j < p; j++ {
				rows[i] = append(rows[i], math.Min(1, math.Max(-1, 0.1*float64(j)+0.2*r.NormFloat64())))
			}
		}
		for j := 1; j < p; j++ {
			var values []float64
			for _, x := range rows {
				values = append(values, x[j])
			}
			counts = append(counts, histogram(values)...)
		}
		s := Scale(counts, make([]float64, len(counts)), 200, p, true)
		w := White{T: s.T.RawMatrix().Data, Length: Length(p, s.Room, rapid.Float64Range(0, 20).Draw(t, "limit"))}
		whole := White{T: w.T, Length: s.Room * (1 + 1e-12)}
		for _, x := range rows {
			if whole.Row(x); whole.Factor < 1 {
				t.Fatalf("a row is longer than the room of %v", s.Room)
			}
			w.Row(x)
			weight := rapid.Float64Range(-4, 4).Draw(t, "weight")
			length := 0.0
			w.AddTo(0, weight, func(_ int, y float64) { length += y * y })
			if length > 1+1e-9 {
				t.Fatalf("a gradient of length %v", math.Sqrt(length))
			}
			l1, l2 := 0.0, 0.0
			w.AddOuter(0, math.Abs(weight), func(_ int, y float64) { l1, l2 = l1+math.Abs(y), l2+y*y })
			if l2 > 1+1e-9 || l1 > (1+float64(p))/2+1e-9 {
				t.Fatalf("a triangle of norms %v and %v", l1, math.Sqrt(l2))
			}
		}
	})
}
