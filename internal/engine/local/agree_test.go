package local_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
)

// Tolerances, relative. R iterates its models until nothing moves, and writes 15
// digits; printed is what summary.coxph rounds its Wald test to.
const (
	exact   = 1e-8
	printed = 0.005
)

// near demands got to be want to the tolerance, relative to want or, where that is
// given and larger, to unit.
func near(t *testing.T, what string, got, want, rel float64, unit ...float64) {
	t.Helper()
	scale := math.Abs(want)
	for _, u := range unit {
		scale = max(scale, u)
	}
	if !(math.Abs(got-want) <= rel*scale) {
		t.Errorf("%s is %.15g, R has %.15g (relative difference %.2g)", what, got, want, math.Abs(got-want)/scale)
	}
}

// keyed is the numbers of a table by key and column.
type keyed map[string]map[string]float64

// at is one number; a row or column that is absent ends the test.
func (k keyed) at(t *testing.T, key, column string) float64 {
	t.Helper()
	x, ok := k[key][column]
	if !ok {
		t.Fatalf("no %s of %q among %q", column, key, slices.Sorted(maps.Keys(k)))
	}
	return x
}

// cells reads a table; a key of several columns joins them with a space.
func cells(t *testing.T, r *analysis.Result, name string, keys ...string) keyed {
	t.Helper()
	x, err := r.Table(name)
	if err != nil {
		t.Fatal(err)
	}
	out := keyed{}
	for i := range x.Rows() {
		var key []string
		row := map[string]float64{}
		for _, c := range x.Columns {
			switch {
			case slices.Contains(keys, c.Name):
				key = append(key, c.Cell(i))
			case c.Text == nil:
				row[c.Name] = c.Numbers[i]
			}
		}
		out[strings.Join(key, " ")] = row
	}
	return out
}

// coefficients compares estimates and standard errors, by R's names. An effect of
// a site has the site's name here, the study's there.
func coefficients(t *testing.T, r *analysis.Result, want reference) {
	t.Helper()
	got := cells(t, r, "terms", "term")
	coef, se := want.within(t, "coef"), want.within(t, "se")
	if len(coef) == 0 || len(coef) != len(got) {
		t.Fatalf("terms %q, R has %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(coef)))
	}
	for name := range coef {
		term, s := name, se.number(t, name)
		if study, ok := strings.CutPrefix(name, "study"); ok {
			term = "site" + strings.ToLower(study)
		}
		near(t, name, got.at(t, term, "estimate"), coef.number(t, name), exact, s)
		near(t, name+" std.error", got.at(t, term, "std.error"), s, exact)
	}
}

// model compares a linear or generalised linear model.
func model(t *testing.T, r *analysis.Result, want reference) {
	coefficients(t, r, want)
	got := cells(t, r, "glance")
	compared := 0
	for theirs, ours := range map[string]string{"n": "nobs", "deviance": "deviance", "null_deviance": "null.deviance", "df_residual": "df.residual", "loglik": "logLik",
		"aic": "AIC", "sigma": "sigma", "r_squared": "r.squared", "adj_r_squared": "adj.r.squared", "f_statistic": "statistic", "rss": "deviance"} {
		if x, ok := want[theirs].(float64); ok {
			near(t, ours, got.at(t, "", ours), x, exact)
			compared++
		}
	}
	if compared < 5 {
		t.Errorf("compared %d figures of the model only", compared)
	}
}

func cox(t *testing.T, r *analysis.Result, want reference) {
	coefficients(t, r, want)
	got := cells(t, r, "glance")
	for theirs, ours := range map[string]string{"n": "n", "events": "nevent", "loglik_null": "logLik.null", "loglik": "logLik", "score_test": "statistic.sc"} {
		near(t, ours, got.at(t, "", ours), want.number(t, theirs), exact)
	}
	if x, ok := want["wald_test"].(float64); ok {
		near(t, "statistic.wald", got.at(t, "", "statistic.wald"), x, printed, 1)
	}
	if c := got.at(t, "", "concordance"); !math.IsNaN(c) { // a shared baseline opens no pairs
		near(t, "concordance", c, want.number(t, "concordance"), exact)
	}
}

// kaplanMeier compares groups, medians, restricted means, points of the curve and
// the log-rank test.
func kaplanMeier(kind string) func(t *testing.T, r *analysis.Result, want reference) {
	return func(t *testing.T, r *analysis.Result, want reference) {
		got := cells(t, r, "glance", "strata")
		groups := want.within(t, "groups")
		if len(got) != len(groups) {
			t.Fatalf("%d groups, R has %d", len(got), len(groups))
		}
		for name := range groups {
			g := groups.within(t, name)
			for ours, theirs := range map[string]string{"records": "n", "events": "events", "median": "median", "rmst": "rmean"} {
				near(t, name+" "+ours, got.at(t, name, ours), g.number(t, theirs), exact)
			}
			limits := g.numbers(t, "median_ci95_"+strings.ReplaceAll(kind, "-", ""))
			near(t, name+" lower limit of the median", got.at(t, name, "conf.low"), limits[0], exact)
			near(t, name+" upper limit of the median", got.at(t, name, "conf.high"), limits[1], exact)
		}
		at := want.within(t, "curve_at")
		points := cells(t, r, "times", "strata", "time")
		time, strata := at.numbers(t, "time"), at.texts(t, "strata")
		risk, surv, se := at.numbers(t, "n_risk"), at.numbers(t, "surv"), at.numbers(t, "std_err")
		for i := range time {
			if risk[i] == 0 {
				continue // R carries a curve on after its last time
			}
			key := text(time[i]) + " " + strata[i]
			near(t, key+" n.risk", points.at(t, key, "n.risk"), risk[i], 0)
			near(t, key+" estimate", points.at(t, key, "estimate"), surv[i], exact)
			near(t, key+" std.error", points.at(t, key, "std.error"), se[i], exact)
		}
		if want["logrank"] != nil {
			l := want.within(t, "logrank")
			test, ranks := cells(t, r, "logrank"), cells(t, r, "logrank-groups", "strata")
			near(t, "chi-square", test.at(t, "", "statistic"), l.number(t, "chisq"), exact)
			near(t, "p", test.at(t, "", "p.value"), l.number(t, "p"), exact)
			observed, expected := l.numbers(t, "observed"), l.numbers(t, "expected")
			for i, name := range slices.Sorted(maps.Keys(groups)) {
				near(t, name+" observed", ranks.at(t, name, "obs"), observed[i], exact)
				near(t, name+" expected", ranks.at(t, name, "exp"), expected[i], exact)
			}
		}
	}
}

func restrictedMean(t *testing.T, r *analysis.Result, want reference) {
	got := cells(t, r, "rmst", "strata")
	means, errors := want.numbers(t, "rmst"), want.numbers(t, "se")
	for i, name := range want.texts(t, "strata") {
		near(t, name, got.at(t, name, "estimate"), means[i], exact)
		near(t, name+" std.error", got.at(t, name, "std.error"), errors[i], exact)
	}
}

// description compares moments and quantiles of every variable of the reference
// that the study describes, for all people or one group.
func description(group string) func(t *testing.T, r *analysis.Result, want reference) {
	return func(t *testing.T, r *analysis.Result, want reference) {
		keys := []string{"variable"}
		if group != "" {
			keys = append(keys, "group")
		}
		summary, quantiles := cells(t, r, "summary", keys...), cells(t, r, "quantiles", append(keys, "prob")...)
		compared := 0
		for name := range want {
			key := strings.TrimSpace(name + " " + group)
			if summary[key] == nil {
				continue // R's row number, and codes that are a category here
			}
			compared++
			v := want.within(t, name)
			sd := v.number(t, "sd")
			for ours, theirs := range map[string]string{"n": "n", "missing": "missing", "mean": "mean", "sd": "sd", "var": "var"} {
				near(t, name+" "+ours, summary.at(t, key, ours), v.number(t, theirs), exact)
			}
			if x, ok := v["skewness_g1"].(float64); ok {
				near(t, name+" skewness", summary.at(t, key, "skewness"), x, exact, 1e-6)
			} else if sd > 0 {
				t.Errorf("%s: the reference has no skewness", name)
			}
			q := v.within(t, "quantile_type7")
			for prob, theirs := range map[string]string{"0.05": "5%", "0.25": "25%", "0.5": "50%", "0.75": "75%", "0.95": "95%"} {
				x := quantiles.at(t, key+" "+prob, "estimate")
				if math.IsNaN(x) && v.number(t, "n") < 20 {
					continue // would show one of the extreme values
				}
				near(t, name+" quantile "+theirs, x, q.number(t, theirs), exact)
			}
		}
		if compared < 7 {
			t.Errorf("compared %d variables only", compared)
		}
	}
}

func contingency(t *testing.T, r *analysis.Result, want reference) {
	x, err := r.Table("counts")
	if err != nil {
		t.Fatal(err)
	}
	counts, err := x.Column("count")
	if err != nil {
		t.Fatal(err)
	}
	seen := slices.DeleteFunc(slices.Clone(counts.Numbers), func(n float64) bool { return n == 0 }) // levels that nobody has
	theirs := slices.DeleteFunc(want.numbers(t, "counts"), func(n float64) bool { return n == 0 })
	if !slices.Equal(seen, theirs) {
		t.Errorf("counts %v, R has %v", seen, theirs)
	}
	tests := cells(t, r, "tests", "method")
	const pearson, yates = "Pearson's Chi-squared test", "Pearson's Chi-squared test with Yates' continuity correction"
	near(t, "chi-square", tests.at(t, pearson, "statistic"), want.number(t, "chisq"), exact)
	near(t, "df", tests.at(t, pearson, "parameter"), want.number(t, "df"), 0)
	near(t, "p", tests.at(t, pearson, "p.value"), want.number(t, "p"), exact)
	near(t, "Fisher's p", tests.at(t, "Fisher's Exact Test for Count Data", "p.value"), want.number(t, "fisher_p"), exact)
	if odds, ok := want["odds_ratio_conditional_mle"].(float64); ok {
		near(t, "Yates' chi-square", tests.at(t, yates, "statistic"), want.number(t, "chisq_yates_if_2x2"), exact)
		near(t, "Yates' p", tests.at(t, yates, "p.value"), want.number(t, "p_yates_if_2x2"), exact)
		near(t, "odds ratio", cells(t, r, "effects", "term").at(t, "odds ratio (conditional, Fisher)", "estimate"), odds, exact)
	}
}

func mantelHaenszel(t *testing.T, r *analysis.Result, want reference) {
	got := cells(t, r, "tests", "method")
	const test = "Mantel-Haenszel chi-squared test without continuity correction"
	near(t, "statistic", got.at(t, test, "statistic"), want.number(t, "statistic"), exact)
	near(t, "p", got.at(t, test, "p.value"), want.number(t, "p"), exact)
	odds := cells(t, r, "effects", "term")
	for ours, theirs := range map[string]string{"estimate": "odds_ratio", "conf.low": "low", "conf.high": "high"} {
		near(t, ours, odds.at(t, "common odds ratio (Mantel-Haenszel)", ours), want.number(t, theirs), exact)
	}
}

func correlations(t *testing.T, r *analysis.Result, want reference) {
	names, matrix := want.texts(t, "columns"), want.numbers(t, "r")
	got := cells(t, r, "correlations", "x", "y")
	for i, x := range names {
		for j := i + 1; j < len(names); j++ {
			pair := x + " " + names[j]
			near(t, pair, got.at(t, pair, "estimate"), matrix[i*len(names)+j], exact)
			near(t, pair+" n", got.at(t, pair, "n"), want.number(t, "n"), 0)
		}
	}
}

// rowsPerSite compares the number of rows at each site; names gives a site for
// each of the reference's centres.
func rowsPerSite(names map[string]string) func(t *testing.T, r *analysis.Result, want reference) {
	return func(t *testing.T, r *analysis.Result, want reference) {
		got := cells(t, r, "margins", "variable", "level")
		if len(want) != 13 {
			t.Errorf("%d centres, want 13", len(want))
		}
		for center := range want {
			near(t, center, got.at(t, "site "+names[center], "count"), want.number(t, center), 0)
		}
	}
}
