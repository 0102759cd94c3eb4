package crosstab

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// The two halves give the p-value of all tables written down one by one.
func TestExactIsTheEnumeration(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGrid(rapid.IntRange(2, 3).Draw(rt, "rows"), rapid.IntRange(2, 3).Draw(rt, "columns"))
		for _, row := range g.n {
			for j := range row {
				row[j] = float64(rapid.IntRange(0, 4).Draw(rt, "count"))
			}
		}
		rows, columns, n := g.margins()
		if len(positive(rows)) < len(rows) || len(positive(columns)) < len(columns) {
			rt.Skip("an empty row or column")
		}
		want := plainExact(g, rows, columns, n)
		got, ok := exact(g)
		if !ok || math.Abs(got-want) > 1e-12 {
			rt.Fatalf("p of %v is %v, want %v", g.n, got, want)
		}
		if turned, _ := exact(g.transpose()); math.Abs(got-turned) > 1e-12 {
			rt.Fatalf("p of %v is %v, turned %v", g.n, got, turned)
		}
		if i, j := g.shape(); i == 2 && j == 2 {
			if p := newNoncentral(g).pValue(); math.Abs(got-p) > 1e-12 {
				rt.Fatalf("p of %v is %v, hypergeometric %v", g.n, got, p)
			}
		}
	})
}

// plainExact visits every table with the margins of g.
func plainExact(g grid, rows, columns []float64, n float64) float64 {
	log := func(h grid) float64 {
		l := -stat.LogFactorial(n)
		for _, m := range append(append([]float64{}, rows...), columns...) {
			l += stat.LogFactorial(m)
		}
		for _, row := range h.n {
			for _, x := range row {
				l -= stat.LogFactorial(x)
			}
		}
		return l
	}
	observed, sum := log(g), 0.0
	h := newGrid(len(rows), len(columns))
	var visit func(at int, rows, columns []float64)
	visit = func(at int, rows, columns []float64) {
		if at == len(rows)*len(columns) {
			for _, left := range append(append([]float64{}, rows...), columns...) {
				if left != 0 {
					return
				}
			}
			if l := log(h); l <= observed+1e-7 {
				sum += math.Exp(l)
			}
			return
		}
		i, j := at/len(columns), at%len(columns)
		for x := 0.0; x <= math.Min(rows[i], columns[j]); x++ {
			h.n[i][j] = x
			rows[i], columns[j] = rows[i]-x, columns[j]-x
			visit(at+1, rows, columns)
			rows[i], columns[j] = rows[i]+x, columns[j]+x
		}
	}
	visit(0, append([]float64{}, rows...), append([]float64{}, columns...))
	return sum
}

func TestTooLargeToEnumerateIsSaid(t *testing.T) {
	g := newGrid(5, 6)
	for i, row := range g.n {
		for j := range row {
			row[j] = float64(40 + (i*7+j*5)%11)
		}
	}
	if _, ok := exact(g); ok {
		t.Error("a table of 1300 people in 30 cells is enumerated")
	}
	ts := tests{g: g, level: 0.95}
	ts.unstratified(nil, nil)
	if len(ts.methods) != 1 || len(ts.notes) != 1 {
		t.Errorf("want the chi-squared test and a note, got %q and %q", ts.methods, ts.notes)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		param string
		p     analysis.Params
	}{
		"a measurement":            {"columns", analysis.Params{"rows": "sex", "columns": "bmi"}},
		"a variable that is not":   {"rows", analysis.Params{"rows": "sexx", "columns": "stage"}},
		"a variable with itself":   {"columns", analysis.Params{"rows": "sex", "columns": "sex"}},
		"strata of a row variable": {"strata", analysis.Params{"rows": "sex", "columns": "stage", "strata": "sex"}},
		"too many values":          {"strata", analysis.Params{"rows": "sex", "columns": "stage", "strata": "time"}},
		"too many cells":           {"rows", analysis.Params{"rows": "age", "columns": "ph.karno", "strata": "visits"}},
		"no columns":               {"columns", analysis.Params{"rows": "sex"}},
	} {
		_, _, err := New().Start(c.p, analysistest.Schema())
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != c.param {
			t.Errorf("%s: got %v, want a refusal of %s", name, err, c.param)
		}
	}
}
