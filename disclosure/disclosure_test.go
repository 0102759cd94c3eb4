package disclosure

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
)

func TestRulesThatCannotBeKept(t *testing.T) {
	if err := DefaultRules().Valid(); err != nil {
		t.Error(err)
	}
	if err := (Rules{}).Valid(); err != nil {
		t.Error(err)
	}
	for says, r := range map[string]Rules{
		"minimum_cell":         {MinimumCell: -1},
		"people_per_parameter": {PeoplePerParameter: math.NaN()},
		"round":                {Round: 5000},
		"dominance_n":          {DominanceN: -2},
		"dominance_k is":       {DominanceN: 1, DominanceK: 1.5},
		"both, or neither":     {DominanceN: 1},
		"dominance_p":          {DominanceP: -0.1},
	} {
		if err := r.Valid(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: error %v, want one about %s", r, err, says)
		}
		if _, _, err := Apply(discloser{}, &analysis.Result{}, r); err == nil {
			t.Errorf("%+v are applied", r)
		}
	}
}

// The names in a charter are a promise.
func TestRulesAsJSON(t *testing.T) {
	got, err := json.Marshal(DefaultRules())
	const want = `{"minimum_cell":5,"people_per_parameter":10,"round":0,"dominance_n":1,"dominance_k":0.5,"dominance_p":0.1}`
	if err != nil || string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDominance(t *testing.T) {
	nk, p := Rules{DominanceN: 2, DominanceK: 0.8}, Rules{DominanceP: 0.1}
	for name, c := range map[string]struct {
		xs    []float64
		rules Rules
		want  bool
	}{
		"nobody":                           {nil, DefaultRules(), false},
		"zeros":                            {[]float64{0, 0, 0}, DefaultRules(), false},
		"one":                              {[]float64{7}, DefaultRules(), true},
		"two of three":                     {[]float64{50, 40, 10}, nk, true},
		"two of many":                      {[]float64{30, 30, 20, 20}, nk, false},
		"at the limit":                     {[]float64{40, 40, 20}, nk, false},
		"the second can tell the first":    {[]float64{100, 50, 9}, p, true},
		"the second cannot":                {[]float64{100, 50, 11}, p, false},
		"signs do not hide":                {[]float64{-100, 50, 9}, p, true},
		"a mean dominated by one value":    {append(many(40, 1), 1e6), DefaultRules(), true},
		"forty equal values":               {many(40, 1), DefaultRules(), false},
		"values at the end of the numbers": {[]float64{math.MaxFloat64, math.MaxFloat64, math.MaxFloat64}, DefaultRules(), false},
		"no number":                        {[]float64{1, 1, 1, math.NaN()}, DefaultRules(), true},
		"no end":                           {[]float64{1, 1, 1, math.Inf(1)}, DefaultRules(), true},
		"off":                              {[]float64{7}, Rules{MinimumCell: 5}, false},
	} {
		if got := Dominated(slices.Values(c.xs), c.rules); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func many(n int, x float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}

// Dominance is of sizes: it does not depend on their order, sign or unit, and a
// smaller largest contribution never makes it worse.
func TestDominanceIsOfSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 12).Draw(t, "xs")
		want := Dominated(slices.Values(xs), DefaultRules())
		turned := make([]float64, len(xs))
		for i, x := range xs {
			turned[len(xs)-1-i] = -x * 4096
		}
		if Dominated(slices.Values(turned), DefaultRules()) != want {
			t.Fatal("order, sign or unit matter")
		}
	})
}

// A discloser takes away the first number of each table.
type discloser struct{}

func (discloser) Disclose(r *analysis.Result, rules Rules) (*analysis.Result, []Action, error) {
	return Edit(r, rules, func(d *Draft) error {
		for _, t := range d.Tables {
			d.Numbers(t.Name, "x")[0] = math.NaN()
			d.Did("minimum_cell", t.Name, 1, "the first is hidden")
		}
		return nil
	})
}

func TestEdit(t *testing.T) {
	r := &analysis.Result{Tables: []analysis.Table{{Name: "t", Columns: []analysis.Column{analysis.Nums("x", 1, 2)}}}, Notes: []string{"a note"}}
	out, actions, err := Apply(discloser{}, r, DefaultRules())
	if err != nil || len(actions) != 1 || !math.IsNaN(out.Tables[0].Columns[0].Numbers[0]) || r.Tables[0].Columns[0].Numbers[0] != 1 || len(r.Notes) != 1 {
		t.Fatalf("%v, %v, %v of %v", err, actions, out, r)
	}
	if again, actions, err := Apply(discloser{}, out, DefaultRules()); err != nil || again != out || actions != nil {
		t.Errorf("a second time: %v, %v", err, actions)
	}
	if _, _, err := Apply(discloser{}, out, Rules{MinimumCell: 10}); err == nil {
		t.Error("other rules are applied to what is left")
	}
	if same, actions, err := Apply(discloser{}, r, Rules{DominanceP: 0.1}); err != nil || same != r || actions != nil {
		t.Errorf("without a rule: %v, %v", err, actions)
	}
	if same, _, err := Apply("no discloser", r, Rules{}); err != nil || same != r {
		t.Errorf("all rules off: %v", err)
	}
	if _, _, err := Apply("no discloser", r, Rules{Round: 10}); err == nil || !strings.Contains(err.Error(), "not released") {
		t.Errorf("error %v", err)
	}
}

func TestCoarse(t *testing.T) {
	for _, c := range [][3]float64{{81.94, 0.026, 81.9}, {0.952, 0.004, 0.95}, {1234, 7, 1230}, {-2.5, 1, -3}, {math.Inf(1), 1, math.Inf(1)}} {
		if got := Coarse(c[0], c[1]); got != c[2] {
			t.Errorf("%v by %v is %v, want %v", c[0], c[1], got, c[2])
		}
	}
	if got := Digits(297.4567, 4); got != 297.5 {
		t.Errorf("four digits %v", got)
	}
}

func BenchmarkProtectALargeTable(b *testing.B) {
	cells := make([]float64, 100*100)
	for i := range cells {
		cells[i] = float64(i * 7919 % 97)
	}
	for b.Loop() {
		if err := NewFrequency(DefaultRules(), cells, 100, 100).Protect(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProtectASparseTable(b *testing.B) {
	cells := make([]float64, 40*40*40)
	for i := range cells {
		cells[i] = max(0, float64(i*7919%31)-25)
	}
	for b.Loop() {
		NewFrequency(DefaultRules(), cells, 40, 40, 40).Protect()
	}
}
