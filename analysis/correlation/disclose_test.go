package correlation

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// ward is n people, of whom so many have a value of z.
func ward(t *testing.T, n, z int) table.Table {
	t.Helper()
	s := table.Schema{{Name: "x", Kind: table.Integer, Min: 0, Max: 99}, {Name: "y", Kind: table.Integer, Min: 0, Max: 99}, {Name: "z", Kind: table.Integer, Min: 0, Max: 99},
		{Name: "a", Kind: table.Flag, Min: 0, Max: 1}, {Name: "b", Kind: table.Flag, Min: 0, Max: 1}}
	cols := make([]table.Column, len(s))
	for i := range n {
		for k, x := range []int{i * 37 % 100, i * 53 % 89, i * 71 % 97, i % 2, i / 3 % 2} {
			v := float64(x)
			if k == 2 && i >= z {
				v = math.NaN()
			}
			cols[k].Numbers = append(cols[k].Numbers, v)
		}
	}
	x, err := table.New(s, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func disclosed(t *testing.T, p analysis.Params, x table.Table, rules disclosure.Rules) (before, after *analysis.Result, err error) {
	t.Helper()
	r, _, err := New().Start(p, x.Schema)
	if err != nil {
		t.Fatal(err)
	}
	before = analysistest.Drive(t, New(), p, x.Schema, x)
	was, _ := json.Marshal(before)
	after, _, err = disclosure.Apply(r, before, rules)
	if now, _ := json.Marshal(before); string(now) != string(was) {
		t.Error("the result was changed")
	}
	if err == nil {
		again, more, err := disclosure.Apply(r, after, rules)
		one, _ := json.Marshal(after)
		two, _ := json.Marshal(again)
		if err != nil || string(one) != string(two) || more != nil {
			t.Errorf("a second time it gives %v, %v", err, more)
		}
	}
	return before, after, err
}

func numbers(t *testing.T, r *analysis.Result, column string) analysis.Numbers {
	t.Helper()
	x, err := r.Table("correlations")
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Column(column)
	if err != nil {
		t.Fatal(err)
	}
	return c.Numbers
}

func TestPairsOfFewPeopleAreNotShown(t *testing.T) {
	for _, method := range []string{"pearson", "spearman"} {
		p := analysis.Params{"variables": []any{"x", "y", "z"}, "use": "pairwise", "method": method}
		before, after, err := disclosed(t, p, ward(t, 60, 7), disclosure.DefaultRules())
		if err != nil {
			t.Fatal(err)
		}
		r, n := numbers(t, after, "estimate"), numbers(t, after, "n")
		if r[0] != numbers(t, before, "estimate")[0] || n[0] != 60 || !math.IsNaN(r[1]) || !math.IsNaN(n[1]) || !math.IsNaN(r[2]) {
			t.Errorf("%s: correlations %v of %v", method, r, n)
		}
		if f := after.Figures[0]; len(f.X.Labels) != 2 || len(f.Series[0].Z) != 4 {
			t.Errorf("%s: the figure shows %v", method, f.X.Labels)
		}
	}
}

func TestAMatrixOfFewPeopleIsRefused(t *testing.T) {
	_, _, err := disclosed(t, analysis.Params{"variables": []any{"x", "y", "z"}}, ward(t, 60, 25), disclosure.DefaultRules())
	if err == nil || !strings.Contains(err.Error(), "fewer variables") {
		t.Errorf("error %v", err)
	}
	if before, after, err := disclosed(t, analysis.Params{"variables": []any{"x", "y"}}, ward(t, 60, 25), disclosure.DefaultRules()); err != nil || before != after {
		t.Errorf("error %v", err)
	}
}

// TestTwoFlagsDoNotTellTheirTable: phi and the shares of two flags are their four
// counts.
func TestTwoFlagsDoNotTellTheirTable(t *testing.T) {
	before, after, err := disclosed(t, analysis.Params{"variables": []any{"a", "b", "x"}}, ward(t, 61, 0), disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	was, now := numbers(t, before, "estimate"), numbers(t, after, "estimate")
	if now[0] == was[0] || now[0] != math.Round(100*was[0])/100 || now[1] != was[1] {
		t.Errorf("%v became %v", was, now)
	}
}
