package cox

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A state comes from the lead. Whatever it says, a site answers with a vector
// or an error.
func FuzzState(f *testing.F) {
	s := table.Schema{integer("time", 0, 40), integer("status", 0, 1), integer("age", 18, 100), category("sex", "m", "f"), category("site", "a", "b")}
	people, err := table.New(s, []table.Column{{Numbers: []float64{3, 9, 9, 20, 33, 40}}, {Numbers: []float64{1, 1, 0, 1, 1, 0}},
		{Numbers: []float64{50, 60, 70, 40, 30, 55}}, {Codes: []int32{0, 1, 0, 1, 1, 0}}, {Codes: []int32{0, 0, 1, 1, 0, 1}}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	var runs []analysis.Run
	for _, p := range []analysis.Params{
		{"formula": "Surv(time, status) ~ age + sex + strata(site)"},
		{"formula": "Surv(time, status) ~ age + sex + strata(site)", "baseline": "coarsened", "min_events": 2},
	} {
		r, _, err := New().Start(p, s)
		if err != nil {
			f.Fatal(err)
		}
		runs = append(runs, r)
		_, rounds := analysistest.Rounds(f, New(), p, s, people)
		for _, round := range rounds {
			f.Add([]byte(round.State))
		}
	}
	f.Add([]byte(`{"phase":"search"}`))
	f.Add([]byte(`{"phase":"search","counts":[6,0,0,0,6,0],"search":{"beta":[0,0]}}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		for _, r := range runs {
			b, err := r.Bounds(state)
			if err != nil {
				continue
			}
			g, err := fixed.NewGrid(b.Ranges, 100, 3)
			if err != nil {
				continue
			}
			v := fixed.NewVector(g)
			if r.Local(people, state, v) == nil {
				r.Next(fixed.Decode(g, v.Words), state)
			}
		}
	})
}
