package linear_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/linear"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		p          analysis.Params
		param, say string
	}{
		{analysis.Params{}, "formula", "missing"},
		{analysis.Params{"formula": "breaks ~ tensoin"}, "formula", `column 10: there is no variable "tensoin"; did you mean "tension"?`},
		{analysis.Params{"formula": "wool ~ breaks"}, "formula", `wool == "B"`},
		{analysis.Params{"formula": "Surv(breaks, wool == 'A') ~ tension"}, "formula", "cox"},
		{analysis.Params{"formula": "~ tension"}, "formula", "numeric response"},
		{analysis.Params{"formula": "breaks ~ wool + offset(breaks)"}, "formula", "subtract"},
		{analysis.Params{"formula": "breaks ~ wool + strata(tension)"}, "formula", "as a term"},
		{analysis.Params{"formula": "breaks ~ wool", "conf.level": 95}, "conf.level", "0.5..0.9999"},
		{analysis.Params{"formula": "breaks ~ wool", "contrast": "sum"}, "contrast", `did you mean "contrasts"`},
		{analysis.Params{"formula": "breaks ~ wool", "contrasts": map[string]any{"tension": "sum"}}, "formula", "no factor of the formula"},
		{analysis.Params{"formula": "breaks ~ wool", "contrasts": map[string]any{"wool": "poly"}}, "formula", "treatment, sum, helmert"},
		{analysis.Params{"formula": "breaks ~ wool", "contrasts": map[string]any{"wool": 3}}, "contrasts", "treatment, sum or helmert"},
	} {
		_, _, err := linear.New().Start(c.p, schemas["warpbreaks"])
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != c.param || !strings.Contains(r.Text, c.say) {
			t.Errorf("%v: got %v, want a refusal of %s with %q", c.p, err, c.param, c.say)
		}
	}
}

// Fewer rows than columns is refused after the discovery round, few rows noted.
func TestGate(t *testing.T) {
	s := schemas["mtcars"]
	x := analysistest.CSV(t, "testdata/mtcars.csv", s)
	formula := "mpg ~ wt + hp + qsec"
	if _, err := discover(t, formula, s, x.Slice(0, 4)); err == nil || !strings.Contains(err.Error(), "cannot carry 4 coefficients") {
		t.Errorf("4 rows for 4 coefficients: %v", err)
	}
	if _, err := discover(t, formula, s, x.Slice(0, 0)); err == nil || !strings.Contains(err.Error(), "no row has values") {
		t.Errorf("no rows: %v", err)
	}
	if _, err := discover(t, "mpg ~ 0", s, x); err == nil || !strings.Contains(err.Error(), "nothing can be estimated") {
		t.Errorf("no columns: %v", err)
	}
	if _, err := discover(t, "mpg ~ wt + factor(vs)", s, x.Take([]int{0, 1, 24, 26})); err == nil || !strings.Contains(err.Error(), "single level") {
		t.Errorf("a factor of one level: %v", err)
	}
	res := analysistest.Drive(t, linear.New(), analysis.Params{"formula": formula}, s, x)
	if !strings.Contains(strings.Join(res.Notes, "\n"), "32 rows for 4 coefficients") {
		t.Errorf("notes: %q", res.Notes)
	}
}

func discover(t *testing.T, formula string, s table.Schema, x table.Table) (analysis.State, error) {
	t.Helper()
	run, state, err := linear.New().Start(analysis.Params{"formula": formula}, s)
	if err != nil {
		t.Fatal(err)
	}
	b, err := run.Bounds(state)
	if err != nil {
		t.Fatal(err)
	}
	g, err := fixed.NewGrid(b.Ranges, analysistest.Rows, 3)
	if err != nil {
		t.Fatal(err)
	}
	v := fixed.NewVector(g)
	if err := run.Local(x, state, v); err != nil {
		t.Fatal(err)
	}
	next, _, err := run.Next(fixed.Decode(g, v.Words), state)
	return next, err
}

// A dictionary whose ranges are a thousand times wider than the data would cost
// half the digits, since sums carry sixteen: one more round gives them back, to
// 1e-9 of what plausible ranges give.
func TestWideRanges(t *testing.T) {
	narrow := schemas["longley"]
	wide := make(table.Schema, len(narrow))
	for i, v := range narrow {
		v.Min, v.Max = -5000, 50000
		wide[i] = v
	}
	x := analysistest.CSV(t, "testdata/longley.csv", narrow)
	y, err := table.New(wide, x.Columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := analysis.Params{"formula": "Employed ~ ."}
	good := analysistest.Drive(t, linear.New(), p, narrow, x)
	bad, rounds := analysistest.Rounds(t, linear.New(), p, wide, analysistest.Deal(y, 3)...)
	if len(rounds) != 3 {
		t.Errorf("%d rounds, want the refining third", len(rounds))
	}
	for k, name := range []string{"terms", "glance"} {
		for _, c := range good.Tables[k].Columns {
			got, err := bad.Tables[k].Column(c.Name)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range c.Numbers {
				if !(math.Abs(got.Numbers[i]-want) <= 1e-9*math.Abs(want)) {
					t.Errorf("%s %s %d: %v with wide ranges, %v with plausible ones", name, c.Name, i, got.Numbers[i], want)
				}
			}
		}
	}
}

// A perfect fit is said to be one.
func TestPerfectFit(t *testing.T) {
	s := schemas["mtcars"]
	x := analysistest.CSV(t, "testdata/mtcars.csv", s)
	res := analysistest.Drive(t, linear.New(), analysis.Params{"formula": "I(3 * wt - hp / 7 + 2) ~ wt + hp"}, s, x)
	want := []float64{2, 3, -1.0 / 7}
	for i, got := range res.Tables[0].Columns[1].Numbers {
		if math.Abs(got-want[i]) > 1e-14 {
			t.Errorf("coefficient %d: %v, want %v", i, got, want[i])
		}
	}
	if !strings.Contains(strings.Join(res.Notes, "\n"), "perfect") {
		t.Errorf("notes: %q", res.Notes)
	}
}
