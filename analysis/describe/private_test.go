package describe

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

// Budgets, as rho of zCDP: epsilon 1 and 3 at delta 1e-6 of one Gaussian mechanism
// (methods B4), and one without noise to speak of.
const (
	epsilon1 = 0.02801525
	epsilon3 = 0.20977
	noNoise  = 1e16
)

var secret = New().(analysis.PrivateAnalysis)

// A key names one figure of a result.
type key struct{ table, variable, group, row, column string }

// figuresOf are all numbers of a result.
func figuresOf(t testing.TB, r *analysis.Result) map[key]float64 {
	t.Helper()
	out := map[key]float64{}
	for _, tab := range r.Tables {
		cell := func(name string, i int) string {
			if c, err := tab.Column(name); err == nil {
				return c.Cell(i)
			}
			return ""
		}
		for i := range tab.Rows() {
			row := cell("prob", i) + cell("from", i) + cell("level", i)
			for _, c := range tab.Columns {
				if c.Text == nil {
					out[key{tab.Name, cell("variable", i), cell("group", i), row, c.Name}] = c.Numbers[i]
				}
			}
		}
	}
	return out
}

// heart are the 920 patients of four hospitals of the heart disease study, with
// ranges as a dictionary would declare them.
func heart(t testing.TB) table.Table {
	t.Helper()
	s := table.Schema{
		{Name: "age", Kind: table.Integer, Unit: "a", Min: 18, Max: 100},
		{Name: "sex", Kind: table.Flag},
		{Name: "cp", Kind: table.Category, Levels: []table.Level{{Code: "1"}, {Code: "2"}, {Code: "3"}, {Code: "4"}}},
		{Name: "trestbps", Kind: table.Integer, Unit: "mm[Hg]", Min: 0, Max: 300},
		{Name: "chol", Kind: table.Integer, Unit: "mg/dL", Min: 0, Max: 700},
		{Name: "thalach", Kind: table.Integer, Unit: "/min", Min: 40, Max: 230},
		{Name: "oldpeak", Kind: table.Number, Unit: "mm", Min: -5, Max: 10},
		{Name: "num", Kind: table.Integer, Min: 0, Max: 4},
	}
	var all []table.Table
	for _, site := range []string{"cleveland", "hungarian", "switzerland", "va"} {
		all = append(all, analysistest.CSV(t, analysistest.Shared(t, "clinical", "multisite", "heart-disease", site+".csv"), s))
	}
	return analysistest.Append(t, all...)
}

// Without noise the private form has the figures of the exact one: quantiles to a
// leaf, or to between two patients where these are apart.
func TestWithoutNoiseTheFiguresAreExact(t *testing.T) {
	people := analysistest.People(3001, 5)
	for _, p := range []analysis.Params{
		{"variables": []any{"age", "sex", "stage", "ph.ecog", "bmi", "crp", "smoker", "wt.loss", "time"}},
		{"variables": []any{"bmi", "time", "visits", "ph.ecog"}, "by": "sex", "bins": 3},
		{"variables": []any{"years", "site"}, "by": "ph.ecog", "bins": 200},
	} {
		exact := figuresOf(t, analysistest.Drive(t, New(), p, people.Schema, people))
		got := figuresOf(t, analysistest.DrivePrivate(t, secret, p, people.Schema, noNoise, analysistest.Gaussian(1), people))
		compared := 0
		for k, want := range exact {
			if k.column == "skewness" || k.variable == "ph.ecog" && k.group == "4" {
				continue
			}
			x, ok := got[k]
			if !ok {
				t.Errorf("%v is missing", k)
				continue
			}
			compared++
			v, _ := people.Schema.Lookup(k.variable)
			lo, hi := v.Range()
			within := 1e-5 * (1 + math.Abs(want))
			switch {
			case k.table == "quantiles" && v.Kind == table.Number:
				within = (hi - lo) / 250 // patients are apart in the tails
			case k.table == "quantiles":
				within = math.Max(1, (hi-lo)/250)
			case k.column == "count" && k.table == "histogram" && v.Kind == table.Number:
				within = 1.5 // patients on the border of two bars
			}
			if math.Abs(x-want) > within && !(math.IsNaN(x) && want == 0 || math.IsNaN(x) && math.IsNaN(want)) {
				t.Errorf("%v is %v, the exact form has %v", k, x, want)
			}
		}
		if compared < 50 {
			t.Errorf("only %d figures were compared", compared)
		}
	}
}

// Under noise, what a result says of its noise is true: intervals hold the exact
// figure in 95 of 100 runs, deviations are those of the figures. With 400 runs an
// interval of 95% holds in fewer than 90% once in 10^5; figures come from few
// independent draws, and each is judged on its own.
func TestIntervalsHoldTheExactFigures(t *testing.T) {
	people := heart(t)
	p := analysis.Params{"variables": []any{"age", "sex", "cp", "trestbps", "chol", "oldpeak", "num"}}
	exact := figuresOf(t, analysistest.Drive(t, New(), p, people.Schema, people))
	const runs = 60
	held, of := map[key]int{}, map[key]int{}
	square, off := map[key]float64{}, map[key]float64{}
	for run := range uint64(runs) {
		got := figuresOf(t, analysistest.DrivePrivate(t, secret, p, people.Schema, epsilon3, analysistest.Gaussian(run), people))
		for k, want := range exact {
			x := got[k]
			if math.IsNaN(x) {
				continue
			}
			if noise, ok := got[key{k.table, k.variable, k.group, k.row, "noise." + k.column}]; ok && noise > 0 {
				square[k] += (x - want) * (x - want) / (noise * noise) / runs
				off[k] += math.Abs(x-want) / runs
			}
			if k.column == "estimate" || k.column == "count" {
				of[k]++
				if got[key{k.table, k.variable, k.group, k.row, "noise.low"}] <= want && want <= got[key{k.table, k.variable, k.group, k.row, "noise.high"}] {
					held[k]++
				}
			}
		}
	}
	all, allHeld := 0, 0
	for k, n := range of {
		all, allHeld = all+n, allHeld+held[k]
		if n < runs || float64(held[k]) < 0.8*float64(n) { // 48 of 60 at 95%: once in 10^5
			t.Errorf("%v: the interval holds in %d of %d", k, held[k], n)
		}
	}
	t.Logf("intervals of quantiles and counts hold in %d of %d", allHeld, all)
	for k, z := range square {
		if k.column == "mean" || k.column == "sd" {
			t.Logf("%s of %s: off by %.3g on average (exact %.4g), in units of its noise %.2f", k.column, k.variable, off[k], exact[k], math.Sqrt(z))
		}
		if z > 2 { // chi-square of 60 degrees, twice its mean: once in 10^5
			t.Errorf("%v: off by %.2f times what is said of the noise", k, math.Sqrt(z))
		}
	}
}

// The plan's expectations hold on data that are no caricature: each is missed in few
// runs.
func TestExpectationsHold(t *testing.T) {
	people := heart(t)
	p := analysis.Params{"variables": []any{"age", "sex", "cp", "thalach", "oldpeak", "num"}, "quantiles": []any{0.5}}
	exact := figuresOf(t, analysistest.Drive(t, New(), p, people.Schema, people))
	run, _, err := secret.StartPrivate(p, people.Schema)
	if err != nil {
		t.Fatal(err)
	}
	_, rounds := analysistest.PrivateRounds(t, secret, p, people.Schema, epsilon1, analysistest.Gaussian(1), people)
	var sd [][]float64
	for _, r := range rounds {
		sd = append(sd, r.SD)
	}
	expected := run.Expect(sd, people.Rows())
	missed, worst := map[string]int{}, map[string]float64{}
	const runs = 60
	for seed := range uint64(runs) {
		got := figuresOf(t, analysistest.DrivePrivate(t, secret, p, people.Schema, epsilon1, analysistest.Gaussian(100+seed), people))
		for _, e := range expected {
			off := 0.0
			for k, want := range exact {
				name := map[string]string{"median": "estimate", "mean": "mean", "share": "share"}[strings.Fields(e.What)[0]]
				if k.column == name && strings.HasSuffix(e.What, " of "+k.variable) {
					off = math.Max(off, math.Abs(got[k]-want))
				}
			}
			worst[e.What] = math.Max(worst[e.What], off)
			if off > e.Within {
				missed[e.What]++
			}
		}
	}
	for _, e := range expected {
		t.Logf("%v; off by at most %.3g, beyond in %d of %d", e, worst[e.What], missed[e.What], runs)
		if missed[e.What] > 21 { // four levels at once are beyond in 14%: more once in 10^4
			t.Errorf("%v: missed in %d of %d", e, missed[e.What], runs)
		}
		if worst[e.What] < e.Within/20 {
			t.Errorf("%v: off by at most %v, the expectation says nothing", e, worst[e.What])
		}
	}
}

// Methods B6 through the whole analysis: 10,000 people, rho .02436 for the levels of
// the hierarchy alone; mean rank error at most .3%, largest at most 1.5%.
func TestRankErrorOfMethodsB6(t *testing.T) {
	const people, runs = 10000, 50
	s := table.Schema{{Name: "x", Kind: table.Number, Min: 0, Max: 1000}}
	r := rand.New(rand.NewPCG(6, 2))
	xs := make([]float64, people)
	for i := range xs {
		xs[i] = math.Min(20*math.Exp(r.NormFloat64()), 1000)
	}
	data, err := table.New(s, []table.Column{{Numbers: xs}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := analysis.Params{"variables": []any{"x"}}
	run, st, err := secret.StartPrivate(p, s)
	if err != nil {
		t.Fatal(err)
	}
	levels := float64(len(run.Queries()[0].Blocks) - 1)
	rho := .02436 / levels / run.Queries()[0].Blocks[1].Share
	_, rounds := analysistest.PrivateRounds(t, secret, p, s, rho, analysistest.Quiet, data)
	mean, worst := 0.0, 0.0
	for seed := range uint64(runs) {
		noise := analysistest.Gaussian(seed)
		sum := make([]float64, len(rounds[0].Sum))
		for i, x := range rounds[0].Sum {
			sum[i] = x + noise(rounds[0].SD[i])
		}
		next, _, err := run.Next(sum, rounds[0].SD, st)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := analysis.Decode[noisyState](next)
		if err != nil {
			t.Fatal(err)
		}
		for k, q := range opened.Cells[0].Quantiles {
			below := 0.0
			for _, x := range xs {
				if x <= q[0] {
					below++
				}
			}
			off := math.Abs(below/people - []float64{0.05, 0.25, 0.5, 0.75, 0.95}[k])
			mean, worst = mean+off/(5*runs), math.Max(worst, off)
		}
	}
	t.Logf("mean rank error %.3f%%, largest %.2f%%", 100*mean, 100*worst)
	if mean > .003 || worst > .015 {
		t.Errorf("mean rank error %.3f%%, largest %.2f%%: want at most .3%% and 1.5%%", 100*mean, 100*worst)
	}
}

// A study of many groups has coarser leaves, and one of too many is refused.
func TestLeavesAreWhatTheGroupsLeave(t *testing.T) {
	levels := func(n int) (out []table.Level) {
		for i := range n {
			out = append(out, table.Level{Code: fmt.Sprint(i)})
		}
		return out
	}
	s := table.Schema{{Name: "x", Kind: table.Number, Max: 1}, {Name: "whole", Kind: table.Integer, Max: 1e6}, {Name: "g", Kind: table.Category, Levels: levels(64)}, {Name: "codes", Kind: table.Category, Levels: levels(9000)}}
	for _, c := range []struct {
		p      analysis.Params
		leaves int
	}{
		{analysis.Params{"variables": []any{"x"}}, 65520},
		{analysis.Params{"variables": []any{"whole"}}, 62520},
		{analysis.Params{"variables": []any{"x"}, "by": "g"}, 4080},
		{analysis.Params{"variables": []any{"x", "whole"}, "by": "g"}, 240},
		{analysis.Params{"variables": []any{"x"}, "by": "g", "bins": 200}, 4000},
	} {
		run, _, err := secret.StartPrivate(c.p, s)
		if err != nil {
			t.Fatal(err)
		}
		v := run.(private)
		if got := v.parts[0].scale.shape.Leaves; got != c.leaves || v.coordinates() > mostPrivate {
			t.Errorf("%v: %d leaves, want %d; %d coordinates", c.p, got, c.leaves, v.coordinates())
		}
	}
	var refusal *analysis.Refusal
	if _, _, err := secret.StartPrivate(analysis.Params{"variables": []any{"codes"}, "by": "g"}, s); !errors.As(err, &refusal) || !strings.Contains(refusal.Text, "use ") {
		t.Errorf("got %v, want a refusal that says what to use", err)
	}
}

// Every value of a scale is in a leaf whose values hold it, in the order of the values.
func TestScales(t *testing.T) {
	for _, v := range []table.Variable{
		{Name: "flag", Kind: table.Flag},
		{Name: "age", Kind: table.Integer, Min: 18, Max: 100},
		{Name: "cost", Kind: table.Integer, Min: -50, Max: 1_000_003},
		{Name: "bmi", Kind: table.Number, Min: 10, Max: 70},
		{Name: "wide", Kind: table.Number, Min: -1e308, Max: 1.5e308},
		{Name: "narrow", Kind: table.Number, Min: 1, Max: math.Nextafter(1, 2)},
	} {
		for _, bins := range []int{1, 3, 20, 200} {
			for _, most := range []int{16, 256, 65536} {
				s, err := newScale(newNumber(v, bins), bins, most, 0)
				if err != nil || s.shape.Leaves > most {
					t.Fatalf("%s: %d leaves, %v", v.Name, s.shape.Leaves, err)
				}
				lo, hi := v.Range()
				last, x := 0, lo
				for k := range 1001 {
					x = math.Max(x, lo+float64(k)/1000*hi-float64(k)/1000*lo)
					if s.whole {
						x = math.Floor(x)
					}
					leaf := s.leaf(x)
					low, high := s.limits(leaf, leaf+1)
					slack := 1e-12 * (math.Abs(lo) + math.Abs(hi))
					if leaf < last || leaf >= s.shape.Leaves || !(low <= x+slack && x <= high+slack) {
						t.Fatalf("%s, %d bins, %d leaves: %v is in leaf %d of %v..%v", v.Name, bins, most, x, leaf, low, high)
					}
					last = leaf
				}
			}
		}
	}
}
