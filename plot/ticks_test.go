package plot

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		m      int
		want   string
	}{
		{0, 1, 6, "[0 0.2 0.4 0.6 0.8 1]"},
		{0, 1000, 6, "[0 200 400 600 800 1000]"},
		{0, 1022, 6, "[0 200 400 600 800 1000]"},
		{39, 82, 5, "[40 50 60 70 80]"},
		{-1, 1, 5, "[-1 -0.5 0 0.5 1]"},
		{0.1, 0.3, 5, "[0.1 0.15 0.2 0.25 0.3]"},
	} {
		if got := fmt.Sprint(ticks(c.lo, c.hi, c.m)); got != c.want {
			t.Errorf("%v..%v: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		m      int
		want   string
	}{
		{0.36, 3, 5, "[0.5 1 2]"},
		{0.1, 10, 7, "[0.125 0.25 0.5 1 2 4 8]"},
		{1, 1e4, 7, "[1 10 100 1000 10000]"},
		{1e-12, 1e12, 6, "[1e-10 1e-05 1 100000 1e+10]"},
		{0.97, 1.04, 6, "[0.98 1 1.02 1.04]"},
	} {
		if got := fmt.Sprint(logTicks(c.lo, c.hi, c.m)); got != c.want {
			t.Errorf("%v..%v: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

// Whatever the range, an axis has between 2 and 3m ticks, rising, evenly apart.
func TestTicksAreEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e12, 1e12).Draw(t, "lo")
		span := math.Pow(10, rapid.Float64Range(-3, 12).Draw(t, "span"))
		if lo+span == lo || span < math.Abs(lo)*1e-9 {
			return
		}
		m := rapid.IntRange(2, 12).Draw(t, "m")
		ts := ticks(lo, lo+span, m)
		if len(ts) < 2 || len(ts) > 3*m {
			t.Fatalf("%d ticks for %d", len(ts), m)
		}
		step := ts[1] - ts[0]
		for i := 1; i < len(ts); i++ {
			if d := ts[i] - ts[i-1]; !(d > 0) || math.Abs(d-step) > 1e-6*step+1e-12*math.Abs(ts[i]) {
				t.Fatalf("uneven: %v", ts)
			}
		}
	})
}

func TestNumbersOnAxes(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want string
	}{
		{[]float64{0, 0.5, 1}, "[0.0 0.5 1.0]"},
		{[]float64{-20, 0, 20}, "[−20 0 20]"},
		{[]float64{0, 50000, 100000}, "[0 50\u2009000 100\u2009000]"},
		{[]float64{0, 1000}, "[0 1000]"},
		{[]float64{0, 2e6}, "[0 2×10⁶]"},
		{[]float64{0, 2.5e-7}, "[0 2.5×10⁻⁷]"},
	} {
		if got := fmt.Sprint(labels(c.in)); got != c.want {
			t.Errorf("%v: %s, want %s", c.in, got, c.want)
		}
	}
	if got := plain(-0.001, 2); got != "0.00" {
		t.Errorf("a negative zero: %s", got)
	}
}
