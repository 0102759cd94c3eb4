package survival

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Settled counts are usable whatever the noise: numbers at risk that do not rise and
// are not below 0, hazards within 0 and 1; and counts without noise stay as they are.
func TestSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "times")
		c := Counts{}
		exact, late := rapid.Bool().Draw(t, "exact"), rapid.Bool().Draw(t, "late")
		for k := range n {
			least := -20.0
			if exact {
				least = 0
			}
			count := func(what string) float64 { return math.Round(rapid.Float64Range(least, 30).Draw(t, what)) }
			c.Time = append(c.Time, float64(k+1))
			c.Event, c.Censor = append(c.Event, count("events")), append(c.Censor, count("censored"))
			if late {
				e := 0.0
				if !exact {
					e = count("entries")
				}
				c.Enter = append(c.Enter, e)
			}
		}
		s := c.Settle()
		before, after := c.AtRisk(), s.AtRisk()
		for k, r := range after {
			switch {
			case r < -1e-9 || s.Event[k] < 0 || s.Event[k] > r+1e-9:
				t.Fatalf("time %d: %v at risk, %v events", k, r, s.Event[k])
			case !late && k > 0 && r > after[k-1]+1e-9:
				t.Fatalf("time %d: the number at risk rises from %v to %v", k, after[k-1], r)
			case exact && (math.Abs(r-before[k]) > 1e-9 || s.Event[k] != c.Event[k]):
				t.Fatalf("time %d: counts without noise changed", k)
			}
		}
		for _, x := range s.at(s.Time) {
			if !(x >= -1e-9 && x <= 1) {
				t.Fatalf("survival %v", x)
			}
		}
	})
}

// Without draws of noise the curve's errors are Greenwood's, and with them they are
// larger by their variance.
func TestNoiseAddsToGreenwood(t *testing.T) {
	c := Counts{Time: []float64{1, 2, 3}, Event: []float64{10, 10, 10}, Censor: []float64{5, 5, 60}}
	exact := KaplanMeier(c, "log", 0.95)
	same := exact.WithNoise(nil, "log", 0.95)
	for k := range exact.SE {
		if math.Abs(same.SE[k]-exact.SE[k]) > 1e-15 || same.Lo[k] != exact.Lo[k] {
			t.Errorf("time %d: standard error %v, Greenwood's is %v", k, same.SE[k], exact.SE[k])
		}
	}
	up, down := c.Plus(Counts{Event: []float64{3, 0, 0}, Censor: make([]float64, 3)}), c.Plus(Counts{Event: []float64{-3, 0, 0}, Censor: make([]float64, 3)})
	wide := exact.WithNoise([]Counts{up, down}, "log", 0.95)
	d := up.at(c.Time)[0] - down.at(c.Time)[0]
	if want := math.Sqrt(exact.SE[0]*exact.SE[0] + d*d/2); math.Abs(wide.SE[0]-want) > 1e-12 {
		t.Errorf("standard error %v, want %v", wide.SE[0], want)
	}
	if _, a := exact.RestrictedMean(3); true {
		if _, b := wide.RestrictedMean(3); !(b > a) {
			t.Errorf("standard error of the restricted mean %v with noise, %v without", b, a)
		}
	}
}
