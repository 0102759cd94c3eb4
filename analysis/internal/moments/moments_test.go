package moments

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func gaussian(p int, sd float64, r *rand.Rand) *mat.SymDense {
	m := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			m.SetSym(i, j, sd*r.NormFloat64())
		}
	}
	return m
}

// The radius holds the noise in all but about 1 of 1000 matrices, and is not twice
// too large: of 2000 matrices of each size at most 20 may be beyond it.
func TestRadiusHoldsTheNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range []int{1, 2, 4, 8, 16} {
		beyond, mean := 0, 0.0
		for range 2000 {
			s, err := Of(gaussian(p, 3, r), 3)
			if err != nil {
				t.Fatal(err)
			}
			norm := math.Max(-s.Values[0], s.Values[p-1])
			mean += norm / 2000
			if norm > s.Radius {
				beyond++
			}
		}
		t.Logf("%d columns: norm %.1f on average, radius %.1f, beyond it %d of 2000", p, mean, Radius(p, 3), beyond)
		if beyond > 20 {
			t.Errorf("%d columns: %d of 2000 are beyond the radius", p, beyond)
		}
	}
}

// With the ridge no eigenvalue is within half the radius of 0; without noise there
// is none.
func TestRidgeKeepsOutOfTheNoise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		p, sd := rapid.IntRange(1, 6).Draw(t, "p"), rapid.Float64Range(0.1, 100).Draw(t, "sd")
		m := gaussian(p, sd, r)
		for range rapid.IntRange(0, 50).Draw(t, "rows") {
			x := mat.NewVecDense(p, nil)
			for j := range p {
				x.SetVec(j, r.NormFloat64())
			}
			m.SymRankOne(m, 1, x)
		}
		s, err := Of(m, sd)
		if err != nil {
			t.Fatal(err)
		}
		if low := s.Values[0] + s.Ridge(); s.Ridge() < 0 || low < s.Radius/2*(1-1e-9) {
			t.Fatalf("smallest eigenvalue %v with ridge %v, radius %v", s.Values[0], s.Ridge(), s.Radius)
		}
		if exact, _ := Of(m, 0); exact.Values[0] > 0 && exact.Ridge() != 0 {
			t.Fatalf("a ridge of %v without noise", exact.Ridge())
		}
	})
}

func TestHiddenNamesTheThinColumn(t *testing.T) {
	m := mat.NewSymDense(3, []float64{100, 0, 0, 0, 90, 0, 0, 0, 1})
	s, err := Of(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Hidden(Identity(3)); got[0] || got[1] || !got[2] {
		t.Errorf("hidden %v, want the third", got)
	}
	if exact, _ := Of(m, 0); exact.Hidden(Identity(3))[2] {
		t.Error("hidden without noise")
	}
	inverse := s.Apply(func(x float64) float64 { return 1 / x })
	if got := inverse.At(2, 2); math.Abs(got-1/s.Radius) > 1e-12 || math.Abs(inverse.At(0, 0)-0.01) > 1e-12 {
		t.Errorf("inverse %v", mat.Formatted(inverse))
	}
}

func TestOuterBoundsTheTriangle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.IntRange(1, 8).Draw(t, "p")
		x, l1, l2 := make([]float64, p), 0.0, 0.0
		for i := range x {
			x[i] = rapid.Float64Range(-1, 1).Draw(t, "x")
			l1, l2 = l1+math.Abs(x[i]), l2+x[i]*x[i]
		}
		o1, o2, a, b := 0.0, 0.0, 0.0, 0.0
		a, b = Outer(l1, math.Sqrt(l2))
		for i := range x {
			for j := i; j < p; j++ {
				o1, o2 = o1+math.Abs(x[i]*x[j]), o2+x[i]*x[i]*x[j]*x[j]
			}
		}
		if o1 > a*(1+1e-9)+1e-300 || math.Sqrt(o2) > b*(1+1e-9)+1e-150 {
			t.Fatalf("norms %v and %v, bounds %v and %v", o1, math.Sqrt(o2), a, b)
		}
	})
}
