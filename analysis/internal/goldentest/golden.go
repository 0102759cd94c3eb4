// Package goldentest holds a regression's result against R's, for the tests of
// every regression. The golden files are written by the R script beside them.
package goldentest

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

// A list is an array, or one value, as R writes a vector of length one.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = list[T]{one}
	return err
}

// A Fit is one model that R fitted.
type Fit struct {
	Data, Formula                         string
	Contrast                              map[string]string
	Level                                 float64
	Names, Aliased, Kept                  list[string]
	Estimate, SE, Statistic, P, Low, High list[float64]
	Vcov                                  [][]float64
	Glance                                map[string]*float64
}

// Read reads testdata/golden.json.
func Read(t testing.TB) []Fit {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var fits []Fit
	if err := json.Unmarshal(b, &fits); err != nil {
		t.Fatal(err)
	}
	if len(fits) == 0 {
		t.Fatal("no golden fits")
	}
	return fits
}

// Params are the analysis' parameters for the fit.
func (g Fit) Params() analysis.Params {
	p := analysis.Params{"formula": g.Formula, "conf.level": g.Level}
	if g.Contrast != nil {
		m := map[string]any{}
		for k, v := range g.Contrast {
			m[k] = v[len("contr."):]
		}
		p["contrasts"] = m
	}
	return p
}

// Run fits every golden model over one site and dealt over several, demands the
// same integers bit for bit, and compares with R to the relative tolerance tol
// (of the standard error where an estimate is smaller than that).
func Run(t *testing.T, a analysis.Analysis, schemas map[string]table.Schema, tol float64) {
	for _, g := range Read(t) {
		t.Run(g.Data+"/"+g.Formula, func(t *testing.T) {
			s, ok := schemas[g.Data]
			if !ok {
				t.Fatalf("no schema for %q", g.Data)
			}
			x := analysistest.CSV(t, "testdata/"+g.Data+".csv", s)
			for _, k := range []int{1, 3, 7} {
				res := analysistest.SameWords(t, a, g.Params(), s, x, analysistest.Deal(x, k)...)
				g.Compare(t, res, tol)
			}
		})
	}
}

// Compare holds a result against the fit.
func (g Fit) Compare(t testing.TB, res *analysis.Result, tol float64) {
	t.Helper()
	terms, err := res.Table("terms")
	if err != nil {
		t.Fatal(err)
	}
	names := column(t, terms, "term").Text
	if !slices.Equal(names, g.Names) {
		t.Fatalf("terms %q, R has %q", names, g.Names)
	}
	get := func(name string) []float64 { return column(t, terms, name).Numbers }
	for i, name := range names {
		if slices.Contains(g.Aliased, name) != math.IsNaN(get("estimate")[i]) {
			t.Errorf("%s: estimate %v; R aliases %q", name, get("estimate")[i], g.Aliased)
		}
	}
	for k, name := range g.Kept {
		i := slices.Index(names, name)
		z, se := g.Statistic[k], g.SE[k]
		unit := math.Max(math.Abs(g.Estimate[k]), se)
		near(t, name+" estimate", get("estimate")[i], g.Estimate[k], tol*unit)
		near(t, name+" std.error", get("std.error")[i], se, tol*se)
		near(t, name+" statistic", get("statistic")[i], z, tol*math.Max(1, math.Abs(z)))
		near(t, name+" p.value", get("p.value")[i], g.P[k], 1e-300+tol*g.P[k]*(1+z*z)) // dlog p / dz is about z; R writes 0 below 1e-308
		near(t, name+" conf.low", get("conf.low")[i], g.Low[k], 3*tol*unit)
		near(t, name+" conf.high", get("conf.high")[i], g.High[k], 3*tol*unit)
	}
	g.compareVcov(t, res, tol)
	g.compareGlance(t, res, tol)
}

func (g Fit) compareVcov(t testing.TB, res *analysis.Result, tol float64) {
	t.Helper()
	if g.Vcov == nil {
		return
	}
	v, err := res.Table("vcov")
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range g.Kept {
		for j, b := range g.Kept {
			got := v.Columns[1+slices.Index(g.Names, b)].Numbers[slices.Index(g.Names, a)]
			near(t, "vcov "+a+" "+b, got, g.Vcov[i][j], 3*tol*g.SE[i]*g.SE[j])
		}
	}
}

func (g Fit) compareGlance(t testing.TB, res *analysis.Result, tol float64) {
	t.Helper()
	table, err := res.Table("glance")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range g.Glance {
		got := column(t, table, name).Numbers[0]
		switch {
		case want == nil:
			if !math.IsNaN(got) {
				t.Errorf("glance %s: %v, R has NA", name, got)
			}
		case name == "p.value":
			near(t, "glance p.value", got, *want, tol**want*(1-math.Log(math.Max(*want, 1e-300))))
		default:
			near(t, "glance "+name, got, *want, tol*math.Max(math.Abs(*want), 1e-3))
		}
	}
}

func column(t testing.TB, x analysis.Table, name string) analysis.Column {
	t.Helper()
	c, err := x.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func near(t testing.TB, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: %.15g, R has %.15g (differ by %.3g, allowed %.3g)", what, got, want, got-want, tol)
	}
}
