package noisetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// A Coefficient is how one coefficient fared over repeated private runs on the same
// data, against the exact form.
type Coefficient struct {
	Name            string
	Exact, ExactSE  float64
	Given           int     // runs that gave it
	Error, SE       float64 // root mean square difference from exact; mean standard error
	Z               float64 // mean square difference over the mean of SE^2 - ExactSE^2: 1 where the noise's share of the standard errors is right
	Covered, Agreed int     // runs whose interval holds the exact value; runs that tell the same at 5%
}

// Repeat runs the private form so many times with fresh noise and compares the
// table of terms with that of the exact form.
func Repeat(t testing.TB, a analysis.Analysis, exact *analysis.Result, p analysis.Params, data table.Table, noise float64, runs int, seed uint64) []Coefficient {
	t.Helper()
	names := Column(t, exact, "terms", "term").Text
	out := make([]Coefficient, len(names))
	pick := func(r *analysis.Result, name string) []float64 { return Column(t, r, "terms", name).Numbers }
	for j := range out {
		out[j] = Coefficient{Name: names[j], Exact: pick(exact, "estimate")[j], ExactSE: pick(exact, "std.error")[j]}
	}
	noisy := make([]float64, len(names))
	d := Driver{Noise: noise, Rand: rand.New(rand.NewPCG(seed, 1))}
	for range runs {
		res, err := d.Drive(t, a, p, data)
		if err != nil {
			t.Fatal(err)
		}
		b, se, lo, hi, pv := pick(res, "estimate"), pick(res, "std.error"), pick(res, "conf.low"), pick(res, "conf.high"), pick(res, "p.value")
		for j := range out {
			c := &out[j]
			if math.IsNaN(b[j]) {
				continue
			}
			e := b[j] - c.Exact
			c.Given++
			c.Error += e * e
			c.SE += se[j]
			noisy[j] += se[j]*se[j] - c.ExactSE*c.ExactSE
			if lo[j] <= c.Exact && c.Exact <= hi[j] {
				c.Covered++
			}
			if (pv[j] < 0.05) == (pick(exact, "p.value")[j] < 0.05) {
				c.Agreed++
			}
		}
	}
	for j := range out {
		n := float64(out[j].Given)
		out[j].Z = out[j].Error / noisy[j]
		out[j].Error, out[j].SE = math.Sqrt(out[j].Error/n), out[j].SE/n
	}
	return out
}
