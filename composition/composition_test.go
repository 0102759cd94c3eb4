package composition_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/composition"
)

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*(1+math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
}

func all(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !near(got[i], want[i], 1e-12) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func TestLogRatios(t *testing.T) {
	ln2, ln4 := math.Log(2), math.Log(4)
	x := []float64{1, 2, 4}
	all(t, "clr", composition.CLR(x), []float64{-ln2, 0, ln4 - ln2})
	all(t, "ilr", composition.ILR(x), []float64{math.Sqrt(0.5) * -ln2, math.Sqrt(2.0/3) * (ln2/2 - ln4)})
	if got := composition.Balance([]float64{1, 2}, []float64{4}); !near(got, math.Sqrt(2.0/3)*(ln2/2-ln4), 1e-12) {
		t.Errorf("balance %v", got)
	}
	all(t, "replaced", composition.Replaced([]float64{0, 3, 1}, 0.1), []float64{0.1, 0.675, 0.225})
	all(t, "added", composition.Added([]float64{0, 3}, 0.5), []float64{0.5, 3.5})
	all(t, "a zero has no logarithm", composition.CLR([]float64{0, 1}), []float64{math.NaN(), math.NaN()})
	if composition.Closed([]float64{0, 0}) != nil || composition.Replaced([]float64{0, 0, 1}, 0.5) != nil || composition.ILR([]float64{1}) != nil {
		t.Error("what cannot be computed is not nil")
	}
}

// The coordinates are isometric and of any scale (Egozcue 2003, section 4).
func TestILRIsIsometric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "parts")
		part := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e3), n, n)
		x, y := part.Draw(t, "x"), part.Draw(t, "y")
		clr, ilr := distance(composition.CLR(x), composition.CLR(y)), distance(composition.ILR(x), composition.ILR(y))
		if !near(clr, ilr, 1e-9) {
			t.Fatalf("distance %v by clr, %v by ilr", clr, ilr)
		}
		back, shares := composition.InverseILR(composition.ILR(x)), composition.Closed(x)
		for i := range x {
			if !near(back[i], shares[i], 1e-9) {
				t.Fatalf("inverse %v, want %v", back, shares)
			}
		}
		last := composition.Balance(x[:n-1], x[n-1:])
		if z := composition.ILR(x); !near(z[n-2], last, 1e-9) {
			t.Fatalf("the last coordinate %v is not the balance %v", z[n-2], last)
		}
	})
}

func distance(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return math.Sqrt(sum)
}

// Replacement keeps the ratios of what is not zero (Martín-Fernández 2003, property 3).
func TestReplacedKeepsRatios(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(0.5, 100), 2, 10).Draw(t, "x")
		x = append([]float64{0}, append(x, 0)...)
		r := composition.Replaced(x, 1e-3)
		if !near(composition.Total(r), 1, 1e-12) || !near(r[1]/r[2], x[1]/x[2], 1e-12) || r[0] != 1e-3 {
			t.Fatalf("%v of %v", r, x)
		}
	})
}

func TestDiversityOfNothingAndOne(t *testing.T) {
	none, one := []float64{0, 0}, []float64{7, 0}
	for what, got := range map[string][2]float64{
		"shannon": {composition.Shannon(none), 0}, "simpson": {composition.Simpson(none), math.NaN()}, "pielou": {composition.Pielou(one), math.NaN()},
		"chao1": {composition.Chao1(none), 0}, "ace": {composition.ACE(none), 0}, "fisher": {composition.Fisher(none), math.NaN()},
		"fisher of singletons": {composition.Fisher([]float64{1, 1}), math.NaN()}, "simpson of one": {composition.Simpson(one), 0},
		"richness of too few": {composition.RarefiedRichness(one, 8), math.NaN()}, "richness of all": {composition.RarefiedRichness(one, 7), 1},
		"ace of singletons": {composition.ACE([]float64{1, 1, 20}), math.NaN()},
	} {
		if !near(got[0], got[1], 0) {
			t.Errorf("%s: %v, want %v", what, got[0], got[1])
		}
	}
}

func TestRarefied(t *testing.T) {
	x := []float64{5, 0, 30, 1, 64}
	a, b := composition.Rarefied(x, 40, rand.NewPCG(1, 2)), composition.Rarefied(x, 40, rand.NewPCG(1, 2))
	all(t, "the same source", a, b)
	if composition.Total(a) != 40 {
		t.Errorf("%v reads", composition.Total(a))
	}
	for i := range a {
		if a[i] > x[i] || a[i] < 0 {
			t.Errorf("part %d: %v of %v", i, a[i], x[i])
		}
	}
	all(t, "everything", composition.Rarefied(x, 100, rand.NewPCG(1, 2)), x)
	if composition.Rarefied(x, 101, rand.NewPCG(1, 2)) != nil || composition.Rarefied(x, -1, rand.NewPCG(1, 2)) != nil {
		t.Error("more reads than there are")
	}
}

// The draws have the mean and the variance of the multivariate hypergeometric
// distribution. Of 20000 draws with a fixed seed a mean is off by more than 5 of its
// standard errors with a chance of 6e-7, a variance by more than a tenth with less.
func TestRarefiedIsHypergeometric(t *testing.T) {
	x := []float64{5, 10, 85}
	const depth, draws = 20, 20000
	rng := rand.NewPCG(7, 8)
	sum, square := make([]float64, 3), make([]float64, 3)
	for range draws {
		for i, v := range composition.Rarefied(x, depth, rng) {
			sum[i] += v
			square[i] += v * v
		}
	}
	for i, v := range x {
		p := v / 100
		mean, variance := depth*p, depth*p*(1-p)*(100-depth)/99
		gotMean := sum[i] / draws
		gotVariance := square[i]/draws - gotMean*gotMean
		if math.Abs(gotMean-mean) > 5*math.Sqrt(variance/draws) || math.Abs(gotVariance-variance) > 0.1*variance {
			t.Errorf("part %d: mean %v variance %v, want %v and %v", i, gotMean, gotVariance, mean, variance)
		}
	}
}
