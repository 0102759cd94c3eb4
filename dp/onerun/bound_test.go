package onerun

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// The golden rows of methods F11.
func TestBoundsHaveTheGoldenDigits(t *testing.T) {
	for _, c := range []struct {
		m, r, v     int
		delta, want float64
	}{
		{1000, 100, 90, 0, 1.63082},
		{1000, 100, 90, 1e-5, 1.62614},
		{1000, 500, 450, 1e-5, 1.94601},
		{1000, 1000, 700, 1e-5, 0.73174},
		{5000, 500, 400, 1e-5, 1.19522},
		{1000, 100, 100, 1e-5, 3.46538},
		{10000, 1000, 1000, 1e-5, 5.52935},
	} {
		got, err := LowerBound(c.m, c.r, c.v, c.delta, 0.95)
		if err != nil || math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%d canaries, %d of %d, delta %v: %.5f (%v), want %.5f", c.m, c.v, c.r, c.delta, got, err, c.want)
		}
	}
}

// More right guesses refute more; more confidence, more delta, more canaries less.
func TestBoundsAreMonotone(t *testing.T) {
	bound := func(t *rapid.T, m, r, v int, delta, confidence float64) float64 {
		e, err := LowerBound(m, r, v, delta, confidence)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.IntRange(2, 400).Draw(t, "guesses")
		m := r + rapid.IntRange(0, 2000).Draw(t, "more canaries")
		v := rapid.IntRange(0, r-1).Draw(t, "correct")
		delta := rapid.SampledFrom([]float64{0, 1e-9, 1e-6, 1e-4}).Draw(t, "delta")
		confidence := rapid.Float64Range(0.5, 0.999999).Draw(t, "confidence")
		e := bound(t, m, r, v, delta, confidence)
		for name, lower := range map[string]float64{
			"fewer correct":   -bound(t, m, r, v+1, delta, confidence),
			"more confidence": bound(t, m, r, v, delta, 1-(1-confidence)/2),
			"more delta":      bound(t, m, r, v, delta*2, confidence),
			"more canaries":   bound(t, m*2, r, v, delta, confidence),
		} {
			if lower < 0 && e > -lower+1e-8 || lower >= 0 && lower > e+1e-8 {
				t.Fatalf("%s: %v and %v", name, lower, e)
			}
		}
		if v <= r/2 && confidence > 0.6 && e > 0.7 {
			t.Fatalf("%d of %d right refutes epsilon %v", v, r, e)
		}
	})
}

func TestWhatCannotBeAudited(t *testing.T) {
	for name, c := range map[string]struct {
		m, r, v           int
		delta, confidence float64
	}{
		"no canary":         {0, 0, 0, 0, 0.95},
		"no guess":          {10, 0, 0, 0, 0.95},
		"too many guesses":  {10, 11, 1, 0, 0.95},
		"too many correct":  {10, 5, 6, 0, 0.95},
		"fewer than none":   {10, 5, -1, 0, 0.95},
		"negative delta":    {10, 5, 5, -1, 0.95},
		"delta 1":           {10, 5, 5, 1, 0.95},
		"no delta":          {10, 5, 5, math.NaN(), 0.95},
		"certainty":         {10, 5, 5, 0, 1},
		"no confidence":     {10, 5, 5, 0, 0},
		"confidence is NaN": {10, 5, 5, 0, math.NaN()},
	} {
		if e, err := LowerBound(c.m, c.r, c.v, c.delta, c.confidence); err == nil {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestAuditsThatCannotBeHeld(t *testing.T) {
	fine := func(in []bool) ([]float64, error) { return make([]float64, len(in)), nil }
	for name, c := range map[string]struct {
		run  func([]bool) ([]float64, error)
		r    int
		coin error
		want string
	}{
		"no guesses":  {fine, 0, nil, "guess"},
		"no coins":    {fine, 10, errors.New("no metal"), "no metal"},
		"failed":      {func([]bool) ([]float64, error) { return nil, errors.New("smoke") }, 10, nil, "smoke"},
		"few scores":  {func([]bool) ([]float64, error) { return make([]float64, 3), nil }, 10, nil, "3 scores"},
		"no numbers":  {func(in []bool) ([]float64, error) { s, _ := fine(in); s[1] = math.NaN(); return s, nil }, 10, nil, "number"},
		"more guess ": {fine, 101, nil, "at most one"},
	} {
		coins := stream(1)
		if c.coin != nil {
			coins = iotest.ErrReader(c.coin)
		}
		if _, err := Audit(100, c.run, c.r, 0, 0.95, coins); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
