package crosstab

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

const (
	pearsonTest = "Pearson's Chi-squared test"
	yatesTest   = "Pearson's Chi-squared test with Yates' continuity correction"
	fisherTest  = "Fisher's Exact Test for Count Data"
	mhTest      = "Mantel-Haenszel chi-squared test without continuity correction"
	mhYatesTest = "Mantel-Haenszel chi-squared test with continuity correction"
	cmhTest     = "Cochran-Mantel-Haenszel test"
)

// golden is what R's chisq.test, fisher.test and mantelhaen.test say.
type golden struct {
	Name               string
	Dim                []int
	Counts             []float64 // R's order: rows run fastest
	Level              float64
	ChiSq, Df, P       float64
	Yates, Yates_p     *float64
	Fisher             *float64
	Or, Wald, Risk, Mh []any
	Cmh, Cmh_df, Cmh_p *float64
	Cmh_yates          *float64
	Cmh_yates_p        *float64
}

// people writes a person for every count, with the strata as sites' names.
func (g golden) people(t *testing.T, strata string) table.Table {
	dims := append(append([]int{}, g.Dim...), 1)[:3]
	names := []string{"r", "c", strata}
	s := make(table.Schema, 3)
	for k := range s {
		s[k] = table.Variable{Name: names[k], Kind: table.Category}
		for i := range dims[k] {
			s[k].Levels = append(s[k].Levels, table.Level{Code: fmt.Sprintf("%s%d", names[k], i+1)})
		}
	}
	cols := make([]table.Column, 3)
	for at, n := range g.Counts {
		for range int(n) {
			cols[0].Codes = append(cols[0].Codes, int32(at%dims[0]))
			cols[1].Codes = append(cols[1].Codes, int32(at/dims[0]%dims[1]))
			cols[2].Codes = append(cols[2].Codes, int32(at/dims[0]/dims[1]))
		}
	}
	out, err := table.New(s, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTestsAreRs(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, g := range cases {
		t.Run(g.Name, func(t *testing.T) {
			p := analysis.Params{"rows": "r", "columns": "c", "conf.level": g.Level}
			if len(g.Dim) == 3 {
				p["strata"] = "k"
			}
			x := g.people(t, "k")
			g.compare(t, analysistest.SameWords(t, New(), p, x.Schema, x, analysistest.Deal(x, 3)...))
		})
	}
}

// Sites as strata open no table of a site, and give the numbers of the opened
// strata (methods C1).
func TestSitesAsStrataAreRsCMH(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, g := range cases {
		if len(g.Dim) < 3 {
			continue
		}
		seen++
		t.Run(g.Name, func(t *testing.T) {
			x := g.people(t, "site")
			sites := make([]table.Table, g.Dim[2])
			for k := range sites {
				var rows []int
				for i, c := range x.Codes("site") {
					if int(c) == k {
						rows = append(rows, i)
					}
				}
				sites[k] = x.Take(rows)
			}
			p := analysis.Params{"rows": "r", "columns": "c", "strata": "site", "conf.level": g.Level}
			res, rounds := analysistest.Rounds(t, New(), p, x.Schema, sites...)
			g.compare(t, res)
			opened := 0
			for _, r := range rounds {
				opened += len(r.Grid.Frac)
			}
			df := (g.Dim[0] - 1) * (g.Dim[1] - 1)
			if want := g.Dim[0]*g.Dim[1] + 1 + 2 + df + df*(df+1)/2 + 5; opened > want {
				t.Errorf("%d numbers are opened, want at most %d: the pooled table and the sums", opened, want)
			}
		})
	}
	if seen < 4 {
		t.Errorf("%d stratified tables only", seen)
	}
}

func (g golden) compare(t *testing.T, res *analysis.Result) {
	t.Helper()
	const tol = 1e-11
	test := func(method string, statistic, df, p float64) {
		t.Helper()
		got := values(t, res, "tests", "method", method, "statistic", "parameter", "p.value")
		near(t, method+" statistic", got[0], statistic, tol)
		near(t, method+" df", got[1], df, 0)
		near(t, method+" p", got[2], p, tol)
	}
	effect := func(term string, want []any, tol float64) {
		t.Helper()
		got := values(t, res, "effects", "term", term, "estimate", "conf.low", "conf.high")
		for i, w := range want {
			near(t, fmt.Sprintf("%s %d", term, i), got[i], number(t, w), tol)
		}
	}
	test(pearsonTest, g.ChiSq, g.Df, g.P)
	if g.Yates != nil {
		test(yatesTest, *g.Yates, 1, *g.Yates_p)
		effect("odds ratio", g.Wald, tol)
		effect("risk ratio", g.Risk, tol)
		effect("odds ratio (conditional, Fisher)", g.Or, 1e-8) // R stops its search early, and so does this
	}
	if g.Fisher != nil {
		near(t, "Fisher p", values(t, res, "tests", "method", fisherTest, "p.value")[0], *g.Fisher, 1e-9)
	}
	if g.Cmh != nil && g.Yates != nil {
		test(mhTest, *g.Cmh, 1, *g.Cmh_p)
		test(mhYatesTest, *g.Cmh_yates, 1, *g.Cmh_yates_p)
		effect("common odds ratio (Mantel-Haenszel)", g.Mh, tol)
	} else if g.Cmh != nil {
		test(cmhTest, *g.Cmh, *g.Cmh_df, *g.Cmh_p)
	}
}

// TestMethodsC1 holds the numbers that methods C1 lists.
func TestMethodsC1(t *testing.T) {
	for _, c := range []struct {
		g            golden
		p, or, chisq float64
	}{
		{golden{Counts: []float64{3, 1, 1, 3}}, 0.485714286, 6.40830886701, math.NaN()},
		{golden{Counts: []float64{10, 3, 2, 15}}, 0.000536724119, 21.305331275, math.NaN()},
	} {
		c.g.Dim = []int{2, 2}
		x := c.g.people(t, "k")
		res := analysistest.Drive(t, New(), analysis.Params{"rows": "r", "columns": "c"}, x.Schema, analysistest.Deal(x, 3)...)
		near(t, "p", values(t, res, "tests", "method", fisherTest, "p.value")[0], c.p, 1e-8)
		near(t, "odds ratio", values(t, res, "effects", "term", "odds ratio (conditional, Fisher)", "estimate")[0], c.or, 1e-10)
	}
}

// values are cells of the row whose column key says what.
func values(t *testing.T, res *analysis.Result, name, key, what string, columns ...string) (out []float64) {
	t.Helper()
	tab, err := res.Table(name)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := tab.Column(key)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys.Text {
		for _, c := range columns {
			col, err := tab.Column(c)
			if err != nil {
				t.Fatal(err)
			}
			if k == what {
				out = append(out, col.Numbers[i])
			}
		}
	}
	if len(out) != len(columns) {
		t.Fatalf("table %s has no row %q among %q", name, what, keys.Text)
	}
	return out
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return
	}
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s is %v, want %v (%.2g relative)", what, got, want, math.Abs(got-want)/math.Abs(want))
	}
}

// number reads a number as R's jsonlite writes it.
func number(t *testing.T, v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case string:
		if x == "Inf" {
			return math.Inf(1)
		}
	case nil:
		return math.NaN()
	}
	t.Fatalf("not a number: %v", v)
	return 0
}
