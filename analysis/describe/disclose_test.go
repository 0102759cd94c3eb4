package describe

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

// people are rows of a score (0..4), an age (0..99, wider bars), a category and a
// group; a negative value is missing.
func people(t interface{ Fatal(...any) }, rows [][4]int) (table.Schema, table.Table) {
	level := func(n int) (out []table.Level) {
		for i := range n {
			out = append(out, table.Level{Code: string(rune('a' + i))})
		}
		return out
	}
	s := table.Schema{
		{Name: "score", Kind: table.Integer, Min: 0, Max: 4},
		{Name: "age", Kind: table.Integer, Min: 0, Max: 99},
		{Name: "stage", Kind: table.Category, Levels: level(4)},
		{Name: "arm", Kind: table.Category, Levels: level(3)},
	}
	cols := make([]table.Column, 4)
	for _, r := range rows {
		for k, x := range r {
			switch {
			case s[k].Kind == table.Category:
				cols[k].Codes = append(cols[k].Codes, int32(max(x, -1)))
			case x < 0:
				cols[k].Numbers = append(cols[k].Numbers, math.NaN())
			default:
				cols[k].Numbers = append(cols[k].Numbers, float64(x))
			}
		}
	}
	x, err := table.New(s, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, x
}

func described(t testing.TB, rows [][4]int, by bool) (run, *analysis.Result) {
	s, x := people(t, rows)
	p := analysis.Params{"variables": []string{"score", "age", "stage"}}
	if by {
		p["by"] = "arm"
	}
	started, _, err := New().Start(p, s)
	if err != nil {
		t.Fatal(err)
	}
	return started.(run), analysistest.Drive(t, New(), p, s, x)
}

func js(t interface{ Fatal(...any) }, r *analysis.Result) string {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// repeat makes people of so many of each.
func repeat(n int, row [4]int) (out [][4]int) {
	for range n {
		out = append(out, row)
	}
	return out
}

func at(t *testing.T, r *analysis.Result, name, column string) analysis.Numbers {
	t.Helper()
	x, err := r.Table(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Column(column)
	if err != nil {
		t.Fatal(err)
	}
	return c.Numbers
}

// TestAMeanOfAGroupOfOne: nothing is said of the group, and the group that it could
// be subtracted from hides its size.
func TestAMeanOfAGroupOfOne(t *testing.T) {
	var rows [][4]int
	for i := range 40 {
		rows = append(rows, [4]int{i % 4, 20 + i, i % 4, 0}, [4]int{i % 4, 30 + i, i % 3, 1})
	}
	rows = append(rows, [4]int{2, 77, 1, 2})
	r, res := described(t, rows, true)
	out, actions, err := r.Disclose(res, disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{"n", "mean", "sd", "var", "skewness"} {
		for _, row := range []int{2, 5} {
			if got := at(t, out, "summary", c)[row]; !math.IsNaN(got) {
				t.Errorf("%s of the group of one is %v", c, got)
			}
		}
	}
	if n := at(t, out, "summary", "n"); math.IsNaN(n[0]) == math.IsNaN(n[1]) {
		t.Errorf("sizes %v: the group of one follows from the cohort", n)
	}
	if mean := at(t, out, "summary", "mean"); math.IsNaN(mean[3]) || math.IsNaN(mean[4]) {
		t.Errorf("means %v: more is hidden than must be", mean)
	}
	q := at(t, out, "quantiles", "estimate")
	for i := 2 * 5; i < 3*5; i++ {
		if !math.IsNaN(q[i]) {
			t.Errorf("quantile of the group of one: %v", q[i])
		}
	}
	if len(actions) == 0 || strings.Contains(js(t, out), "77") && !strings.Contains(js(t, res), "77") {
		t.Error("no action")
	}
}

// TestMomentsDoNotGiveALevelBack: a score with one person at 3, whose mean and
// spread to the last digit would tell it.
func TestMomentsDoNotGiveALevelBack(t *testing.T) {
	rows := append(repeat(63, [4]int{0, 40, 0, 0}), repeat(113, [4]int{1, 50, 1, 0})...)
	rows = append(append(rows, repeat(50, [4]int{2, 60, 2, 0})...), repeat(1, [4]int{3, 70, 3, 0})...)
	r, res := described(t, rows, false)
	out, _, err := r.Disclose(res, disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	if got := at(t, out, "histogram", "count"); got[0] != 63 || got[1] != 113 || !math.IsNaN(got[2]) || !math.IsNaN(got[3]) || got[4] != 0 {
		t.Errorf("bars of the score %v", got[:5])
	}
	if got := at(t, out, "summary", "mean")[0]; got != 0.96 { // 0.952; 0.969 with five people at 3
		t.Errorf("mean of the score %v", got)
	}
	if got := at(t, out, "levels", "share"); got[0] != 63.0/227 || !math.IsNaN(got[2]) || !math.IsNaN(got[3]) {
		t.Errorf("shares %v", got)
	}
}

// TestFewMissingAreNotCounted: with the number of people with a value they add to
// the cohort.
func TestFewMissingAreNotCounted(t *testing.T) {
	var rows [][4]int
	for i := range 60 {
		rows = append(rows, [4]int{i % 3, 20 + i%30, i % 4, 0})
	}
	rows[7][1] = -1
	r, res := described(t, rows, false)
	out, _, err := r.Disclose(res, disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	n, missing := at(t, out, "summary", "n"), at(t, out, "summary", "missing")
	if n[0] != 60 || missing[0] != 0 || !math.IsNaN(n[1]) || !math.IsNaN(missing[1]) {
		t.Errorf("n %v, missing %v", n, missing)
	}
	if before, after := at(t, res, "summary", "mean")[1], at(t, out, "summary", "mean")[1]; before == after || math.Abs(before-after) > 0.1 {
		t.Errorf("mean %v is shown as %v", before, after)
	}
}

func TestExtremeQuantilesHavePeopleOnBothSides(t *testing.T) {
	var rows [][4]int
	for i := range 60 {
		rows = append(rows, [4]int{i % 4, i, i % 4, 0})
	}
	r, res := described(t, rows, false)
	out, _, err := r.Disclose(res, disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	q := at(t, out, "quantiles", "estimate")[5:10]
	if !math.IsNaN(q[0]) || math.IsNaN(q[1]) || math.IsNaN(q[2]) || math.IsNaN(q[3]) || !math.IsNaN(q[4]) {
		t.Errorf("quantiles at 5, 25, 50, 75 and 95%% of 60 people: %v", q)
	}
}

func TestAFewPeopleAreNotDescribed(t *testing.T) {
	r, res := described(t, repeat(4, [4]int{1, 40, 1, 0}), false)
	if _, _, err := r.Disclose(res, disclosure.DefaultRules()); err == nil || !strings.Contains(err.Error(), "larger cohort") {
		t.Errorf("error %v", err)
	}
}

// TestWhatIsShownAgreesWithEveryFilling: the tables in which the small counts are
// something else would show the same numbers.
func TestWhatIsShownAgreesWithEveryFilling(t *testing.T) {
	fillings := 0
	rapid.Check(t, func(rt *rapid.T) {
		by := rapid.Bool().Draw(rt, "by")
		n := rapid.IntRange(20, 120).Draw(rt, "n")
		value := func(name string, most int, missing int) int {
			x := rapid.IntRange(0, most+missing).Draw(rt, name)
			if x > most {
				return -1
			}
			return x * x / max(most, 1) // crowded below, thin above
		}
		var rows [][4]int
		for range n {
			rows = append(rows, [4]int{value("score", 4, 0), value("age", 99, 2), value("stage", 3, 1), value("arm", 2, 1)})
		}
		r, res := described(t, rows, by)
		before := js(rt, res)
		rules := disclosure.Rules{MinimumCell: rapid.IntRange(0, 6).Draw(rt, "m"), Round: rapid.SampledFrom([]int{0, 0, 5}).Draw(rt, "round")}
		out, actions, err := r.Disclose(res, rules)
		if js(rt, res) != before {
			rt.Fatal("the result was changed")
		}
		if err != nil {
			return
		}
		if rules.MinimumCell < 2 && rules.Round == 0 && (out != res || actions != nil) {
			rt.Fatal("changed without a rule")
		}
		if again, more, err := r.Disclose(out, rules); err != nil || js(rt, again) != js(rt, out) || len(more) > 0 {
			rt.Fatalf("a second time it gives %v, %v", err, more)
		}
		for _, f := range out.Figures {
			if len(plot.SVG(f, plot.Options{})) < 100 {
				rt.Fatal("not drawn")
			}
		}
		d := &disclosure.Draft{Result: res, Rules: rules}
		parts := r.parts(d)
		hidden, err := r.hiddenGroups(d, parts[0])
		if err != nil {
			rt.Fatal(err)
		}
		for i := range parts {
			r.protect(d, &parts[i], hidden)
			if parts[i].nothing {
				continue
			}
			for _, x := range parts[i].f.Fillings() {
				fillings++
				r.agrees(rt, &parts[i], x, out, rules)
			}
		}
	})
	if !t.Failed() && fillings < 300 && !testing.Short() { // rapid draws fewer in short tests
		t.Errorf("%d fillings only", fillings)
	}
}

// agrees holds the released numbers of a variable against a filling of its counts.
func (r run) agrees(t *rapid.T, p *tallied, x disclosure.Filling, out *analysis.Result, rules disclosure.Rules) {
	d := &disclosure.Draft{Result: out}
	same := func(what string, got, want float64) {
		if !math.IsNaN(got) && got != want {
			t.Fatalf("%s of %s is %v, %v for another table", what, p.name, got, want)
		}
	}
	if p.number < 0 {
		for g := range p.counts {
			w := p.filled(x, g)
			n := sum(w[1:])
			for b := range w[1:] {
				row := p.levels + g*(len(w)-1) + b
				same("count", d.Numbers("levels", "count")[row], rules.Rounded(w[b+1]))
				same("missing", d.Numbers("levels", "missing")[row], rules.Rounded(w[0]))
				if share := d.Numbers("levels", "share")[row]; rules.Round < 2 && !said(share, p.counts[g][b+1]/sum(p.counts[g][1:]), w[b+1]/n) {
					t.Fatalf("a share of %s is %v, %v for another table", p.name, share, w[b+1]/n)
				}
			}
		}
		return
	}
	v := r.numbers[p.number]
	from := 0
	for _, o := range r.numbers[:p.number] {
		from += len(o.starts) * len(r.groups)
	}
	for g := range p.counts {
		w, row := p.filled(x, g), r.row(p, g)
		same("n", d.Numbers("summary", "n")[row], rules.Rounded(sum(w[1:])))
		same("missing", d.Numbers("summary", "missing")[row], rules.Rounded(w[0]))
		for b := range w[1:] {
			same("bar", d.Numbers("histogram", "count")[from+g*(len(w)-1)+b], rules.Rounded(w[b+1]))
		}
		for i, prob := range r.probs {
			q := d.Numbers("quantiles", "estimate")[row*len(r.probs)+i]
			if !math.IsNaN(q) && p.hides(g) && barsOf(w[1:], prob) != barsOf(p.counts[g][1:], prob) {
				t.Fatalf("the quantile %v of %s is in another bar for another table", prob, p.name)
			}
		}
		if !v.listed || !p.hides(g) {
			continue
		}
		for i, c := range []string{"mean", "sd", "var", "skewness"} {
			shown, other := d.Numbers("summary", c)[row], listedMoments(v.starts, w[1:])[i]
			if !said(shown, listedMoments(v.starts, p.counts[g][1:])[i], other) {
				t.Fatalf("%s of %s is %v, %v for another table", c, p.name, shown, other)
			}
		}
	}
}

// said says whether a figure is shown by one rounding of the true one, and of
// another, if it is shown.
func said(shown, exact, other float64) bool {
	if math.IsNaN(shown) || shown == exact && exact == other {
		return true
	}
	for _, step := range []float64{1, 2, 5} {
		for e := -8.0; e < 4; e++ {
			if s := step * math.Pow(10, e); nearest(exact, s) == shown && nearest(other, s) == shown {
				return true
			}
		}
	}
	return false
}
