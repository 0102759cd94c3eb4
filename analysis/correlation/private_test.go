package correlation

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

var secret = New().(analysis.PrivateAnalysis)

// Budgets as rho of zCDP: epsilon 1, 3 and 10 at delta 1e-6 of one Gaussian mechanism
// (methods B4).
const (
	epsilon1  = 0.02801525
	epsilon3  = 0.20977
	epsilon10 = 1.70783
)

func column(t testing.TB, r *analysis.Result, name string) []float64 {
	t.Helper()
	c, err := r.Tables[0].Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c.Numbers
}

func heart(t testing.TB) table.Table {
	t.Helper()
	s := table.Schema{
		{Name: "age", Kind: table.Integer, Min: 18, Max: 100},
		{Name: "sex", Kind: table.Flag},
		{Name: "trestbps", Kind: table.Integer, Min: 0, Max: 300},
		{Name: "thalach", Kind: table.Integer, Min: 40, Max: 230},
		{Name: "oldpeak", Kind: table.Number, Min: -5, Max: 10},
	}
	var all []table.Table
	for _, site := range []string{"cleveland", "hungarian", "switzerland", "va"} {
		all = append(all, analysistest.CSV(t, analysistest.Shared(t, "clinical", "multisite", "heart-disease", site+".csv"), s))
	}
	return analysistest.Append(t, all...)
}

// Without noise the private form has the estimates, tests and intervals of the exact
// one.
func TestWithoutNoiseCorrelationsAreExact(t *testing.T) {
	people := analysistest.People(800, 3)
	for _, p := range []analysis.Params{
		{"variables": []any{"age", "bmi", "crp", "smoker", "ph.ecog", "wt.loss"}},
		{"variables": []any{"age", "bmi", "crp", "smoker", "time"}, "use": "pairwise", "conf.level": 0.8},
		{"variables": []any{"smoker", "ph.ecog"}},
	} {
		exact := analysistest.Drive(t, New(), p, people.Schema, people)
		got := analysistest.DrivePrivate(t, secret, p, people.Schema, 1e16, analysistest.Gaussian(1), people)
		for _, name := range []string{"estimate", "statistic", "p.value", "conf.low", "conf.high", "n"} {
			for i, want := range column(t, exact, name) {
				if x := column(t, got, name)[i]; !(math.Abs(x-want) < 1e-4*(1e-3+math.Abs(want))) {
					t.Errorf("%v: %s %d is %v, the exact form has %v", p, name, i, x, want)
				}
			}
		}
	}
}

// What is said of the noise is true on the heart disease study, and its intervals hold
// the exact coefficient. An interval of 95% that includes sampling holds the exact
// figure of the same patients in more than 95 of 100 runs: of 100 fewer than 84 once in
// 10^5.
func TestIntervalsHoldTheExactCoefficients(t *testing.T) {
	people := heart(t)
	p := analysis.Params{"variables": []any{"age", "sex", "trestbps", "thalach", "oldpeak"}}
	exact := analysistest.Drive(t, New(), p, people.Schema, people)
	want := column(t, exact, "estimate")
	xs, ys := exact.Tables[0].Columns[0].Text, exact.Tables[0].Columns[1].Text
	const runs = 100
	for _, rho := range []float64{epsilon10, epsilon3, epsilon1} {
		held, given, agreed := make([]int, len(want)), make([]int, len(want)), 0
		off, z := make([]float64, len(want)), make([]float64, len(want))
		for seed := range uint64(runs) {
			got := analysistest.DrivePrivate(t, secret, p, people.Schema, rho, analysistest.Gaussian(seed), people)
			for i, r := range column(t, got, "estimate") {
				if math.IsNaN(r) {
					continue
				}
				given[i]++
				d, noise := r-want[i], column(t, got, "noise.estimate")[i]
				off[i], z[i] = off[i]+math.Abs(d), z[i]+d*d/noise/noise
				if column(t, got, "conf.low")[i] <= want[i] && want[i] <= column(t, got, "conf.high")[i] {
					held[i]++
				}
				if (column(t, got, "p.value")[i] < 0.05) == (column(t, exact, "p.value")[i] < 0.05) {
					agreed++
				}
			}
		}
		for i := range want {
			n := float64(given[i])
			t.Logf("rho %.3g: %s and %s (exactly %.3f): given in %d, off by %.3f on average, %.2f times the noise; interval holds in %d", rho, xs[i], ys[i], want[i], given[i], off[i]/n, math.Sqrt(z[i]/n), held[i])
			if n < 30 {
				continue
			}
			if float64(held[i]) < 0.84*n || rho >= epsilon3 && z[i]/n > 2 {
				t.Errorf("rho %v: %s and %s: interval holds in %d of %d, off by %.2f times the noise", rho, xs[i], ys[i], held[i], given[i], math.Sqrt(z[i]/n))
			}
		}
		t.Logf("rho %.3g: tests agree in %d", rho, agreed)
	}
}

// Uncorrelated variables are called correlated in 5 of 100 studies: of 400 more than 42
// once in 10^6.
func TestUncorrelatedVariablesAreCalledCorrelatedFiveTimesInHundred(t *testing.T) {
	s := table.Schema{{Name: "x", Kind: table.Number, Min: 0, Max: 10}, {Name: "y", Kind: table.Number, Min: 0, Max: 10}}
	r := rand.New(rand.NewPCG(5, 5))
	for _, rho := range []float64{epsilon10, epsilon1} {
		calls := 0
		for seed := range uint64(400) {
			cols := []table.Column{{}, {}}
			for range 300 {
				for k := range cols {
					cols[k].Numbers = append(cols[k].Numbers, math.Min(math.Max(4+r.NormFloat64(), 0), 10))
				}
			}
			x, err := table.New(s, cols, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := analysistest.DrivePrivate(t, secret, analysis.Params{"variables": []any{"x", "y"}}, s, rho, analysistest.Gaussian(seed), x)
			if column(t, got, "p.value")[0] < 0.05 {
				calls++
			}
		}
		t.Logf("rho %.3g: %d of 400 are called correlated", rho, calls)
		if calls > 42 {
			t.Errorf("rho %v: %d of 400 are called correlated", rho, calls)
		}
	}
}

// No point of the cube exceeds the declared norms, and the corners reach them.
func TestNormsOfMomentsAreTight(t *testing.T) {
	size := func(z []float64) (l1, squares float64) {
		set := make([]int, len(z))
		for i := range set {
			set[i] = i
		}
		addMoments(z, set, 0, func(_ int, x float64) { l1, squares = l1+math.Abs(x), squares+x*x })
		return l1, squares
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SliceOfN(rapid.Float64Range(-1, 1), 2, 12).Draw(t, "z")
		most := norm1(len(z)) * (1 + 1e-12)
		if l1, squares := size(z); l1 > most || squares > most {
			t.Fatalf("%v adds %v and %v in squares, declared %v", z, l1, squares, most)
		}
		for i := range z {
			z[i] = math.Copysign(1, z[i])
		}
		if l1, squares := size(z); l1 < most*(1-1e-9) || squares < most*(1-1e-9) {
			t.Fatalf("%v adds %v and %v in squares, declared %v", z, l1, squares, most)
		}
	})
}

// Expectations hold for coefficients near 0, and say something.
func TestExpectationsHold(t *testing.T) {
	people := heart(t)
	p := analysis.Params{"variables": []any{"age", "trestbps"}}
	want := column(t, analysistest.Drive(t, New(), p, people.Schema, people), "estimate")[0]
	run, _, err := secret.StartPrivate(p, people.Schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, rho := range []float64{epsilon10, epsilon1} {
		var sd [][]float64
		missed := 0
		for seed := range uint64(100) {
			got, rounds := analysistest.PrivateRounds(t, secret, p, people.Schema, rho, analysistest.Gaussian(seed), people)
			sd = [][]float64{rounds[0].SD, rounds[1].SD}
			if math.Abs(column(t, got, "estimate")[0]-want) > run.Expect(sd, people.Rows())[0].Within {
				missed++
			}
		}
		t.Logf("%v; missed in %d of 100", run.Expect(sd, people.Rows())[0], missed)
		if missed > 30 {
			t.Errorf("%v: missed in %d of 100", run.Expect(sd, people.Rows())[0], missed)
		}
	}
}

func TestRanksAreToldWhatToUseInstead(t *testing.T) {
	_, _, err := secret.StartPrivate(analysis.Params{"variables": []any{"age", "visits"}, "method": "spearman"}, analysistest.Schema())
	var r *analysis.Refusal
	if !errors.As(err, &r) || r.Param != "method" || !strings.Contains(r.Text, "pearson") {
		t.Errorf("got %v", err)
	}
}
