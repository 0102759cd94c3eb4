package local

import (
	"fmt"
	"math"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

var noisySites = []string{"a", "b", "c", "d", "e", "f"}

// noisyPeople are six sites of 20 patients.
func noisyPeople(t *testing.T) (*Consortium, Tables) {
	t.Helper()
	c, err := Found("noise", table.Schema{
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}, {Code: "m"}}},
		{Name: "score", Kind: table.Integer, Max: 3},
		{Name: "bmi", Kind: table.Integer, Min: 10, Max: 19},
	}, charter.DefaultRules(), noisySites...)
	if err != nil {
		t.Fatal(err)
	}
	schema, tables := c.Charter.Schema(), Tables{}
	for k, name := range noisySites {
		columns := make([]table.Column, len(schema))
		for j, v := range schema {
			for i := range 20 {
				switch v.Name {
				case charter.SiteVariable:
					columns[j].Codes = append(columns[j].Codes, int32(v.Level(name)))
				case "sex":
					columns[j].Codes = append(columns[j].Codes, int32(i%2))
				case "score":
					columns[j].Numbers = append(columns[j].Numbers, float64((i+k)%4))
				default:
					columns[j].Numbers = append(columns[j].Numbers, float64(10+(i*k)%10))
				}
			}
		}
		if tables[name], err = table.New(schema, columns, nil); err != nil {
			t.Fatal(err)
		}
	}
	return c, tables
}

// opened is the first sum of a study, with noise or without.
func opened(t *testing.T, p *plan.Plan, tables Tables, private bool) (values []float64) {
	t.Helper()
	b, err := engine.NewBundle(p)
	if err != nil {
		t.Fatal(err)
	}
	tasks := b.Tasks()
	if !private {
		for i := range tasks {
			tasks[i].Private = nil
		}
	}
	sum := make([]uint64, b.Layout().Words())
	for _, name := range noisySites {
		words, err := Site(tables[name]).Compute(t.Context(), engine.Question{Tasks: tasks})
		if err != nil {
			t.Fatal(err)
		}
		b.Layout().AddTo(sum, words)
	}
	for _, k := range tasks {
		n := k.Grid.Layout().Words()
		values = append(values, fixed.Decode(k.Grid, sum[:n])...)
		sum = sum[n:]
	}
	return values
}

// expected is the variance that each coordinate of the first sum should have: the
// events are of the honest sites' noise, relative to what a patient adds. Rounding to
// the grid, in what a patient adds, is up to 2% of it.
func expected(t *testing.T, p *plan.Plan) (variance []float64, kurtosis float64) {
	t.Helper()
	shares := float64(len(noisySites)) / float64(p.Budget.Honest)
	for _, e := range p.Entries {
		a, err := standard.Catalog().Analysis(e.About.Name)
		if err != nil {
			t.Fatal(err)
		}
		run, _, err := a.(analysis.PrivateAnalysis).StartPrivate(e.Params, p.Schema)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range run.Queries()[0].Blocks {
			event := e.Private.Events()[0][i]
			x := event.Noise * k.L2 * event.Noise * k.L2
			if event.Kind == dp.DiscreteLaplace {
				q := math.Exp(-1 / (event.Noise * k.L1))
				x, kurtosis = 2*event.Noise*k.L1*event.Noise*k.L1, 3/shares
				if k.Integer {
					x = 2 * q / (1 - q) / (1 - q)
				}
			}
			for range k.Len {
				variance = append(variance, x*shares)
			}
		}
	}
	return variance, kurtosis
}

// From a study's text to the numbers that six sites open: in 2000 runs the noise of
// each coordinate has mean 0 and the variance that the plan's events make of it, and
// that of two coordinates is not correlated. An estimate is off by six standard errors
// with a probability of about 1e-8; of about 90 of them, once in a million.
func TestTheNoiseOfAStudyIsWhatItsPlanSays(t *testing.T) {
	const runs, off = 2000, 6.0
	c, tables := noisyPeople(t)
	for _, kind := range []dp.Kind{dp.Gaussian, dp.Laplace} {
		text := fmt.Sprintf("hmsp: study/v1\nname: noise\nquestion: How much?\npurpose: research\nlegal_basis: GDPR Art. 9(2)(j)\ndataset: people\nprivacy: {epsilon: 2, delta: 1e-6, noise: %s}\n"+
			"analyses:\n  - {name: cells, analysis: table, rows: sex, columns: score}\n  - {name: together, analysis: correlation, variables: [score, bmi]}\n", kind)
		s, err := study.Parse("study.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Plan(*s, standard.Catalog(), time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		variance, kurtosis := expected(t, p)
		exact := opened(t, p, tables, false)
		if len(exact) != len(variance) {
			t.Fatalf("%d numbers, want %d", len(exact), len(variance))
		}
		sums := make([][]float64, runs)
		for r := range sums {
			sums[r] = opened(t, p, tables, true)
			for i := range exact {
				sums[r][i] -= exact[i]
			}
		}
		worst := 0.0
		check := func(i int, what string, z float64) {
			if worst = math.Max(worst, math.Abs(z)); !(math.Abs(z) <= off) {
				t.Errorf("%s, coordinate %d: %s is %.1f standard errors off", kind, i, what, z)
			}
		}
		for i, v := range variance {
			next := (i + 1) % len(variance)
			mean, square, both := 0.0, 0.0, 0.0
			for _, x := range sums {
				mean, square, both = mean+x[i]/runs, square+x[i]*x[i]/runs, both+x[i]*x[next]/runs
			}
			check(i, "the mean", mean/math.Sqrt(v/runs))
			check(i, "the variance", (square/v-1)/math.Sqrt((2+kurtosis)/runs))
			check(i, "the covariance with the next", both/math.Sqrt(v*variance[next]/runs))
		}
		t.Logf("%s: %d coordinates, %d of 6 sites honest, nothing is off by more than %.1f standard errors", kind, len(exact), p.Budget.Honest, worst)
	}
}
