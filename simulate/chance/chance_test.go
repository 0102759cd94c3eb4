package chance

import (
	"math"
	"testing"
)

// Means and variances of 200,000 draws lie within five standard errors of what they
// should be. Ten comparisons of 5.7e-7 each: a false alarm for 6 seeds in a million.
func TestMoments(t *testing.T) {
	cut := math.Erf(Cut / math.Sqrt2)
	variance := 1 - 2*Cut*math.Exp(-Cut*Cut/2.0)/math.Sqrt(2*math.Pi)/cut
	cases := []struct {
		name       string
		draw       func(s *Stream) float64
		mean, vary float64
	}{
		{"residual", func(s *Stream) float64 { return s.Residual(2) }, 0, 4 * variance},
		{"gamma", func(s *Stream) float64 { return s.Gamma(2.5) }, 2.5, 2.5},
		{"small gamma", func(s *Stream) float64 { return s.Gamma(0.3) }, 0.3, 0.3},
		{"beta", func(s *Stream) float64 { return s.Beta(2, 3) }, 0.4, 0.04},
		{"poisson", func(s *Stream) float64 { return float64(s.Poisson(3)) }, 3, 3},
		{"weibull", func(s *Stream) float64 { return s.Weibull(2, 0.25) }, 2 * math.Gamma(1.5), 4 * (1 - math.Pow(math.Gamma(1.5), 2))},
		{"pick", func(s *Stream) float64 { return float64(s.Pick([]float64{0.2, 0.3, 0.5})) }, 1.3, 0.61},
	}
	const n = 200_000
	for _, c := range cases {
		s := NewKey(1, "moments", c.name).Stream("x")
		var m1, m2, m4 float64
		for range n {
			d := c.draw(s) - c.mean
			m1, m2, m4 = m1+d/n, m2+d*d/n, m4+d*d*d*d/n
		}
		if z := m1 / math.Sqrt(c.vary/n); math.Abs(z) > 5 {
			t.Errorf("%s: the mean is %.1f standard errors off", c.name, z)
		}
		if z := (m2 - c.vary) / math.Sqrt((m4-m2*m2)/n); math.Abs(z) > 5 {
			t.Errorf("%s: the variance is %.1f standard errors off", c.name, z)
		}
	}
}

func TestStreams(t *testing.T) {
	k := NewKey(7, "site", "north").Item(3)
	if k.Stream("a").Uniform() != k.Stream("a").Uniform() {
		t.Error("a stream is not repeated")
	}
	seen := map[float64]string{}
	for _, c := range []struct {
		name string
		s    *Stream
	}{
		{"base", k.Stream("a")}, {"purpose", k.Stream("b")}, {"item", NewKey(7, "site", "north").Item(4).Stream("a")},
		{"site", NewKey(7, "site", "south").Item(3).Stream("a")}, {"seed", NewKey(8, "site", "north").Item(3).Stream("a")},
		{"split", NewKey(7, "sitenorth").Item(3).Stream("a")},
	} {
		x := c.s.Uniform()
		if seen[x] != "" {
			t.Errorf("%s and %s begin alike", c.name, seen[x])
		}
		seen[x] = c.name
	}
}

func TestQuantile(t *testing.T) {
	if got := Quantile(0.975); math.Abs(got-1.959963985) > 1e-9 {
		t.Errorf("Quantile(0.975) = %v", got)
	}
}
