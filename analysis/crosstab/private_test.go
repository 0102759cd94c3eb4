package crosstab

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/table"
)

var secret = New().(analysis.PrivateAnalysis)

func column(t testing.TB, r *analysis.Result, tbl, name string) analysis.Column {
	t.Helper()
	x, err := r.Table(tbl)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Without noise there are the counts, shares, margins, the statistic and the ratios
// of the exact form; the simulated p-value is that of the chi-squared distribution
// to within its own error.
func TestWithoutNoiseTheTableIsExact(t *testing.T) {
	people := analysistest.People(2000, 9)
	for _, p := range []analysis.Params{
		{"rows": "sex", "columns": "response"},
		{"rows": "smoker", "columns": "response", "conf.level": 0.9},
		{"rows": "stage", "columns": "response"},
		{"rows": "site", "columns": "stage"},
	} {
		exact := analysistest.Drive(t, New(), p, people.Schema, people)
		got := analysistest.DrivePrivate(t, secret, p, people.Schema, 1e16, analysistest.Gaussian(1), people)
		near := func(what string, x, want, within float64) {
			t.Helper()
			if !(math.Abs(x-want) <= within*(1+math.Abs(want))) {
				t.Errorf("%v: %s is %v, the exact form has %v", p, what, x, want)
			}
		}
		for tbl, names := range map[string][]string{"counts": {"count", "row.share", "column.share", "share", "expected"}, "margins": {"count", "share"}} {
			for _, name := range names {
				for i, want := range column(t, exact, tbl, name).Numbers {
					near(tbl+" "+name, column(t, got, tbl, name).Numbers[i], want, 1e-6)
				}
			}
		}
		near("the statistic", column(t, got, "tests", "statistic").Numbers[0], column(t, exact, "tests", "statistic").Numbers[0], 1e-5)
		near("the p-value", column(t, got, "tests", "p.value").Numbers[0], column(t, exact, "tests", "p.value").Numbers[0], 0.06)
		if tab, err := exact.Table("effects"); err == nil {
			for i, term := range column(t, got, "effects", "term").Text {
				for k, name := range tab.Columns[0].Text {
					if name == term {
						for _, c := range []string{"estimate", "conf.low", "conf.high"} {
							near(term+" "+c, column(t, got, "effects", c).Numbers[i], column(t, exact, "effects", c).Numbers[k], 1e-6)
						}
					}
				}
			}
		}
	}
}

// noisyLaplace is g with the noise of a study at epsilon.
func noisyLaplace(r *rand.Rand, g grid, sd float64) grid {
	out := newGrid(g.shape())
	for i, row := range g.n {
		for j, x := range row {
			out.n[i][j] = x + noisy.Laplace(r, sd)
		}
	}
	return out
}

// The test keeps its level: of independent tables, 5 in 100 are called dependent. Of
// 400 tables more than 42 are, at 5%, once in 10^6.
func TestIndependentTablesAreCalledDependentFiveTimesInHundred(t *testing.T) {
	for _, c := range []struct {
		rows, columns []float64
		n, sd         float64
	}{
		{[]float64{.5, .5}, []float64{.3, .7}, 300, math.Sqrt2},
		{[]float64{.5, .5}, []float64{.3, .7}, 300, 14},
		{[]float64{.2, .3, .5}, []float64{.1, .6, .3}, 500, 5},
		{[]float64{.9, .1}, []float64{.1, .9}, 200, 5},
	} {
		r := rand.New(rand.NewPCG(16, 6))
		expected := newGrid(len(c.rows), len(c.columns))
		for i, a := range c.rows {
			for j, b := range c.columns {
				expected.n[i][j] = a * b * c.n
			}
		}
		calls := 0
		g := newGrid(len(c.rows), len(c.columns))
		for range 400 {
			scatter(r, g, expected, c.n)
			if _, p := independence(noisyLaplace(r, g, c.sd), c.sd, 199); p <= 0.05 {
				calls++
			}
		}
		t.Logf("n %v, noise %.3g, %d by %d: %d of 400 are called dependent", c.n, c.sd, len(c.rows), len(c.columns), calls)
		if calls > 42 {
			t.Errorf("%+v: %d of 400 are called dependent", c, calls)
		}
	}
}

// Intervals of the ratios hold the population's ratio in 95 of 100 studies: of 1000
// fewer than 915 once in 10^6.
func TestIntervalsOfRatiosHold(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 7))
	population := grid{[][]float64{{240, 60}, {150, 90}}}
	odds, risk := 240.0*90/(60*150), (90.0/240)/(60.0/300)
	for _, sd := range []float64{math.Sqrt2, 5, 10} {
		oddsHeld, riskHeld, given := 0, 0, 0
		g := newGrid(2, 2)
		for range 1000 {
			scatter(r, g, population, 540)
			o, k, ok := ratios(noisyLaplace(r, g, sd), sd, 0.95)
			if !ok {
				continue
			}
			given++
			if o.low <= odds && odds <= o.high {
				oddsHeld++
			}
			if k.low <= risk && risk <= k.high {
				riskHeld++
			}
		}
		t.Logf("noise %.3g: of %d, odds ratio %d, risk ratio %d", sd, given, oddsHeld, riskHeld)
		if least := given * 915 / 1000; given < 900 || oddsHeld < least || riskHeld < least {
			t.Errorf("noise %.3g: of %d, odds ratio %d, risk ratio %d", sd, given, oddsHeld, riskHeld)
		}
	}
}

// On the heart disease study the association of sex and disease is found under the
// noise of epsilon 1, with intervals that agree with the exact ones.
func TestHeartDiseaseUnderNoise(t *testing.T) {
	s := table.Schema{{Name: "sex", Kind: table.Flag}, {Name: "exang", Kind: table.Flag}, {Name: "num", Kind: table.Integer, Min: 0, Max: 4}}
	var all []table.Table
	for _, site := range []string{"cleveland", "hungarian", "switzerland", "va"} {
		all = append(all, analysistest.CSV(t, analysistest.Shared(t, "clinical", "multisite", "heart-disease", site+".csv"), s))
	}
	p := analysis.Params{"rows": "sex", "columns": "exang"}
	exact := analysistest.Drive(t, New(), p, s, all...)
	r := rand.New(rand.NewPCG(1, 2))
	laplace := func(sd float64) float64 { return noisy.Laplace(r, sd) }
	const epsilon1 = 0.25 // as rho: sd of L2/sqrt(2 rho) is that of Laplace noise of scale 1
	want := column(t, exact, "effects", "estimate").Numbers[1]
	for range 20 {
		got := analysistest.DrivePrivate(t, secret, p, s, epsilon1, laplace, all...)
		if x := column(t, got, "tests", "p.value").Numbers[0]; x > 0.01 {
			t.Errorf("p-value %v, exactly %v", x, column(t, exact, "tests", "p.value").Numbers[0])
		}
		if lo, hi := column(t, got, "effects", "conf.low").Numbers[0], column(t, got, "effects", "conf.high").Numbers[0]; !(lo < want && want < hi) {
			t.Errorf("odds ratio in %v..%v, exactly %v", lo, hi, want)
		}
	}
	missed := 0
	for range 200 {
		got := analysistest.DrivePrivate(t, secret, p, s, 0.01, laplace, all...)
		for i, x := range column(t, exact, "counts", "count").Numbers {
			if lo, hi := column(t, got, "counts", "noise.low").Numbers[i], column(t, got, "counts", "noise.high").Numbers[i]; !(lo <= x && x <= hi) {
				missed++
			}
		}
	}
	if missed > 70 { // of 800; 5% of Laplace noise is beyond: more than 70 once in 10^5
		t.Errorf("%d of 800 counts are outside their interval", missed)
	}
}

func TestStrataAreToldWhatToUseInstead(t *testing.T) {
	for _, strata := range []string{"site", "stage"} {
		_, _, err := secret.StartPrivate(analysis.Params{"rows": "sex", "columns": "smoker", "strata": strata}, analysistest.Schema())
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != "strata" || !strings.Contains(r.Text, fmt.Sprintf("logistic (smoker ~ sex + %s)", strata)) {
			t.Errorf("got %v", err)
		}
	}
}
