package logistic_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/logistic"
	"hmsp.center/hmsp/table"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		p          analysis.Params
		param, say string
	}{
		{analysis.Params{"formula": "education ~ age"}, "formula", `education == "12+ yrs"`},
		{analysis.Params{"formula": "age ~ case"}, "formula", "age > 0"},
		{analysis.Params{"formula": "~ age"}, "formula", "no response"},
		{analysis.Params{"formula": "Surv(age, case) ~ parity"}, "formula", "cox"},
		{analysis.Params{"formula": "case ~ strata(education)"}, "formula", "as a term"},
		{analysis.Params{"formula": "cbind(case, age) ~ parity"}, "formula", "column 1"},
		{analysis.Params{"formula": "case ~ age", "tolerance": 1}, "tolerance", "1e-14..0.0001"},
		{analysis.Params{"formula": "case ~ age", "max_iterations": 2.5}, "max_iterations", "whole number"},
		{analysis.Params{"formula": "case ~ age", "exponentiate": "yes"}, "exponentiate", "true or false"},
	} {
		_, _, err := logistic.New().Start(c.p, schemas["infert"])
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != c.param || !strings.Contains(r.Text, c.say) {
			t.Errorf("%v: got %v, want a refusal of %s with %q", c.p, err, c.param, c.say)
		}
	}
}

// Exponentiate changes estimate and limits, as broom does, and nothing else.
func TestExponentiate(t *testing.T) {
	s := schemas["infert"]
	x := analysistest.CSV(t, "testdata/infert.csv", s)
	formula := "case ~ spontaneous + education"
	plain := analysistest.Drive(t, logistic.New(), analysis.Params{"formula": formula}, s, x)
	exp := analysistest.Drive(t, logistic.New(), analysis.Params{"formula": formula, "exponentiate": true}, s, x)
	for c, col := range plain.Tables[0].Columns[1:] {
		for i, want := range col.Numbers {
			if col.Name == "estimate" || strings.HasPrefix(col.Name, "conf.") {
				want = math.Exp(want)
			}
			if got := exp.Tables[0].Columns[c+1].Numbers[i]; got != want {
				t.Errorf("%s %d: %v, want %v", col.Name, i, got, want)
			}
		}
	}
	f := plain.Figures[0]
	if !f.X.Log || len(f.Series[0].Labels) != 3 || !strings.Contains(f.X.Label, "odds ratio") || f.Series[0].X[0] != exp.Tables[0].Columns[1].Numbers[1] {
		t.Errorf("the forest shows %+v", f)
	}
}

// An iteration that is cut short says so and marks the model.
func TestCutShort(t *testing.T) {
	s := schemas["infert"]
	x := analysistest.CSV(t, "testdata/infert.csv", s)
	res := analysistest.Drive(t, logistic.New(), analysis.Params{"formula": "case ~ spontaneous", "max_iterations": 2}, s, x)
	ok, err := res.Tables[1].Column("converged")
	if err != nil || ok.Numbers[0] != 0 || !strings.Contains(strings.Join(res.Notes, "\n"), "did not converge") {
		t.Errorf("%v %v %q", err, ok, res.Notes)
	}
}

// Complete separation, and an outcome that never or always occurs, end with
// infinities and the note, not with numbers.
func TestNothingToEstimate(t *testing.T) {
	s := table.Schema{flag("y"), number("x", 0, 10)}
	for name, y := range map[string]func(i int) float64{
		"complete": func(i int) float64 { return b2f(i >= 30) }, "never": func(int) float64 { return 0 }, "always": func(int) float64 { return 1 },
	} {
		ys, xs := make([]float64, 60), make([]float64, 60)
		for i := range ys {
			ys[i], xs[i] = y(i), float64(i)/6
		}
		x, err := table.New(s, []table.Column{{Numbers: ys}, {Numbers: xs}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		res := analysistest.Drive(t, logistic.New(), analysis.Params{"formula": "y ~ x"}, s, analysistest.Deal(x, 3)...)
		if !strings.Contains(strings.Join(res.Notes, "\n"), "separation") {
			t.Errorf("%s: notes %q", name, res.Notes)
		}
		if b := res.Tables[0].Columns[1].Numbers[0]; !math.IsInf(b, 0) {
			t.Errorf("%s: intercept %v", name, b)
		}
		if d := res.Tables[1].Columns[5].Numbers[0]; d > 1e-3 {
			t.Errorf("%s: deviance %v", name, d)
		}
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
