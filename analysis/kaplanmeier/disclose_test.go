package kaplanmeier

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

func estimated(t testing.TB, p analysis.Params, data table.Table) (analysis.Run, *analysis.Result) {
	t.Helper()
	r, _, err := New().Start(p, data.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return r, analysistest.Drive(t, New(), p, data.Schema, data)
}

func disclosed(t testing.TB, p analysis.Params, data table.Table, rules disclosure.Rules) (before, after *analysis.Result) {
	t.Helper()
	r, res := estimated(t, p, data)
	out, actions, err := disclosure.Apply(r, res, rules)
	if err != nil {
		t.Fatal(err)
	}
	if len(actions) == 0 {
		t.Fatal("nothing was done")
	}
	return res, out
}

func js(t testing.TB, r *analysis.Result) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTheLungTrialStaysReadable: by sex, the released curves have enough steps,
// medians within a step of the grid, and restricted means to four digits.
func TestTheLungTrialStaysReadable(t *testing.T) {
	before, after := disclosed(t, analysis.Params{"formula": "Surv(time, status == 2) ~ sex", "tau": 365}, lung(t), disclosure.DefaultRules())
	steps := map[string]int{}
	for _, s := range column(t, after, "curve", "strata").Text {
		steps[s]++
	}
	if steps["sex=1"] < 15 || steps["sex=2"] < 10 {
		t.Errorf("steps %v", steps)
	}
	for i := range 2 {
		for _, c := range []string{"median", "conf.low"} {
			exact, shown := column(t, before, "glance", c).Numbers[i], column(t, after, "glance", c).Numbers[i]
			if !(shown >= exact && shown < exact+10) {
				t.Errorf("%s %v is shown as %v", c, exact, shown)
			}
		}
		exact, shown := column(t, before, "rmst", "estimate").Numbers[i], column(t, after, "rmst", "estimate").Numbers[i]
		if math.Abs(exact-shown) > 0.05 {
			t.Errorf("restricted mean %v is shown as %v", exact, shown)
		}
	}
	if a, b := column(t, before, "logrank", "statistic").Numbers[0], column(t, after, "logrank", "statistic").Numbers[0]; a != b {
		t.Errorf("log-rank %v, was %v", b, a)
	}
	if got := column(t, after, "logrank-groups", "obs").Numbers; got[0] != 112 || got[1] != 53 {
		t.Errorf("events %v", got)
	}
}

func TestAGroupOfOneIsRefused(t *testing.T) {
	r, res := estimated(t, analysis.Params{"formula": "Surv(time, status == 2) ~ ph.ecog"}, lung(t))
	if _, _, err := disclosure.Apply(r, res, disclosure.DefaultRules()); err == nil || !strings.Contains(err.Error(), "join groups") {
		t.Errorf("error %v", err)
	}
}

func TestFewEventsAreNotCounted(t *testing.T) {
	s := table.Schema{integer("time", 0, 100), integer("status", 0, 1)}
	cols := make([]table.Column, 2)
	for i := range 30 {
		event := 0.0
		if i < 2 {
			event = 1
		}
		cols[0].Numbers, cols[1].Numbers = append(cols[0].Numbers, float64(3*i+1)), append(cols[1].Numbers, event)
	}
	x, err := table.New(s, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, after := disclosed(t, analysis.Params{"formula": "Surv(time, status) ~ 1"}, x, disclosure.DefaultRules())
	if got := column(t, after, "glance", "events").Numbers[0]; !math.IsNaN(got) {
		t.Errorf("events %v", got)
	}
}

func TestChosenTimesAreExact(t *testing.T) {
	p := analysis.Params{"formula": "Surv(time, status == 2) ~ sex", "times": []any{183.0, 365.0, 1000.0}}
	before, after := disclosed(t, p, lung(t), disclosure.DefaultRules())
	times, shown := column(t, after, "times", "time").Numbers, column(t, after, "times", "estimate").Numbers
	if !slices.Equal(times, []float64{183, 365, 183, 365}) {
		t.Fatalf("times %v", times)
	}
	exact := column(t, before, "times", "estimate").Numbers
	if shown[0] != exact[0] || shown[1] != exact[1] {
		t.Errorf("estimates %v, exact %v", shown, exact)
	}
}

// TestNoStepIsOfFewPeople counts anew, from the people themselves, who leaves
// between the times of the released curves, and holds every other number of the
// release against what the curves tell.
func TestNoStepIsOfFewPeople(t *testing.T) {
	rows := 0
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(15, 200).Draw(rt, "n")
		spread := rapid.SampledFrom([]int{5, 60, 900}).Draw(rt, "spread")
		least := rapid.IntRange(2, 8).Draw(rt, "m")
		late := rapid.Bool().Draw(rt, "late")
		s := table.Schema{integer("begin", 0, 1000), integer("time", 0, 2000), integer("status", 0, 1), category("g", "a", "b")}
		cols := make([]table.Column, 4)
		size := map[string]int{}
		for range n {
			begin := float64(rapid.IntRange(0, 20).Draw(rt, "begin"))
			cols[0].Numbers = append(cols[0].Numbers, begin)
			cols[1].Numbers = append(cols[1].Numbers, begin+1+float64(rapid.IntRange(0, spread).Draw(rt, "time")))
			cols[2].Numbers = append(cols[2].Numbers, float64(rapid.IntRange(0, 1).Draw(rt, "status")))
			g := rapid.IntRange(0, 1).Draw(rt, "g")
			cols[3].Codes = append(cols[3].Codes, int32(g))
			size[[]string{"g=a", "g=b"}[g]]++
		}
		x, err := table.New(s, cols, nil)
		if err != nil {
			rt.Fatal(err)
		}
		p := analysis.Params{"formula": "Surv(time, status) ~ g"}
		if late {
			p["formula"] = "Surv(begin, time, status) ~ g"
		}
		r, res := estimated(t, p, x)
		was := js(t, res)
		rules := disclosure.Rules{MinimumCell: least}
		out, _, err := disclosure.Apply(r, res, rules)
		if js(t, res) != was {
			rt.Fatal("the result was changed")
		}
		if err != nil {
			if n := min(size["g=a"], size["g=b"]); n >= least || n == 0 {
				rt.Fatal(err)
			}
			return
		}
		if again, more, err := disclosure.Apply(r, out, rules); err != nil || js(t, again) != js(t, out) || more != nil {
			rt.Fatalf("a second time it gives %v, %v", err, more)
		}
		if same, acts, err := disclosure.Apply(r, res, disclosure.Rules{}); err != nil || same != res || acts != nil {
			rt.Fatal("changed without a rule")
		}
		for _, f := range out.Figures {
			if len(plot.SVG(f, plot.Options{})) < 100 {
				rt.Fatal("not drawn")
			}
			for _, s := range f.Series {
				for _, at := range s.X[1:] {
					if at != math.Trunc(at) || !slices.Contains(column(t, out, "curve", "time").Numbers, at) {
						rt.Fatalf("a step at %v is not in the table", at)
					}
				}
			}
		}
		strata := column(t, out, "curve", "strata").Text
		from := -1.0
		for i, to := range column(t, out, "curve", "time").Numbers {
			rows++
			if i == 0 || strata[i] != strata[i-1] {
				from = -1
			}
			var leave, enter, remain, risk, events float64
			for k, time := range cols[1].Numbers {
				if "g="+[]string{"a", "b"}[cols[3].Codes[k]] != strata[i] {
					continue
				}
				if from < time && time <= to {
					leave++
					events += cols[2].Numbers[k]
				}
				if time > to {
					remain++
				}
				if begin := cols[0].Numbers[k]; late && begin >= from && begin < to && from >= 0 {
					enter++
				}
				if time > from {
					risk++
				}
			}
			if int(leave) < least || int(remain) < least {
				rt.Fatalf("%v leave and %v are left at a step", leave, remain)
			}
			if !late && column(t, out, "curve", "n.risk").Numbers[i] != risk {
				rt.Fatalf("at risk %v, counted %v", column(t, out, "curve", "n.risk").Numbers[i], risk)
			}
			if got := column(t, out, "curve", "n.event").Numbers[i]; !math.IsNaN(got) && (got != events || rules.Small(got) || rules.Small(leave-got)) {
				rt.Fatalf("%v events, counted %v", got, events)
			}
			from = to
		}
		// Numbers at risk, medians and figures are those of the curve's rows.
		for i, n := range column(t, out, "risk", "n.risk").Numbers {
			g := column(t, out, "risk", "strata").Text[i]
			known := math.IsNaN(n) || n == float64(size[g]) && column(t, out, "risk", "time").Numbers[i] == 0
			for k, x := range column(t, out, "curve", "n.risk").Numbers {
				known = known || strata[k] == g && x == n
			}
			if !known {
				rt.Fatalf("%v at risk in %s is no number of the curve", n, g)
			}
		}
		for _, c := range []string{"median", "conf.low", "conf.high"} {
			for _, m := range column(t, out, "glance", c).Numbers {
				if math.IsNaN(m) {
					continue
				}
				times := column(t, out, "curve", "time").Numbers
				ok := slices.Contains(times, m)
				for i := range times {
					for j := range times {
						ok = ok || (times[i]+times[j])/2 == m // in the middle of a level part
					}
				}
				if !ok {
					rt.Fatalf("%s %v is no time of the curve", c, m)
				}
			}
		}
	})
	if !t.Failed() && rows < 300 && !testing.Short() { // rapid draws fewer in short tests
		t.Errorf("%d rows only", rows)
	}
}

func TestRoundedCurves(t *testing.T) {
	_, after := disclosed(t, analysis.Params{"formula": "Surv(time, status == 2) ~ sex"}, lung(t), disclosure.Rules{Round: 10})
	for _, x := range column(t, after, "curve", "n.risk").Numbers {
		if math.Mod(x, 10) != 0 {
			t.Errorf("at risk %v", x)
		}
	}
	if got := column(t, after, "glance", "records").Numbers; got[0] != 140 || got[1] != 90 {
		t.Errorf("people %v", got)
	}
}
