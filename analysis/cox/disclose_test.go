package cox

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

func TestModelsOfFewPeopleAreRefused(t *testing.T) {
	s := table.Schema{{Name: "time", Kind: table.Integer, Min: 0, Max: 5000}, {Name: "dead", Kind: table.Integer, Min: 0, Max: 1},
		{Name: "age", Kind: table.Number, Min: 0, Max: 120}, {Name: "flag", Kind: table.Flag, Min: 0, Max: 1},
		{Name: "g", Kind: table.Category, Levels: []table.Level{{Code: "a"}, {Code: "b"}, {Code: "c"}}}}
	// of n people some have the event; few are of group c, flagged are flagged.
	people := func(n int, events float64, few, flagged int, reference bool) table.Table {
		random := rand.New(rand.NewPCG(3, 4))
		cols := make([]table.Column, 5)
		for i := range n {
			g, flag, dead := int32(i%2), 0.0, 0.0
			if i%(n/max(few, 1)) == 0 && i/(n/max(few, 1)) < few {
				g = 2
			}
			if reference { // a, the reference, is the small group
				g = (g + 1) % 3
			}
			if i*37%n < flagged {
				flag = 1
			}
			if random.Float64() < events {
				dead = 1
			}
			for k, x := range []float64{1 + math.Floor(random.ExpFloat64()*300), dead, 40 + 30*random.Float64(), flag} {
				cols[k].Numbers = append(cols[k].Numbers, x)
			}
			cols[4].Codes = append(cols[4].Codes, g)
		}
		x, err := table.New(s, cols, nil)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for name, c := range map[string]struct {
		formula   string
		x         table.Table
		coarsened bool
		says      string
	}{
		"enough events":              {"Surv(time, dead) ~ age + g", people(300, 0.6, 100, 0, false), false, ""},
		"enough events, coarsened":   {"Surv(time, dead) ~ age + g", people(300, 0.6, 100, 0, false), true, ""},
		"few events per coefficient": {"Surv(time, dead) ~ age + g", people(300, 0.05, 100, 0, false), false, "events for each"},
		"a level of few":             {"Surv(time, dead) ~ age + g", people(300, 0.8, 4, 0, false), false, "gc"},
		"a reference of few":         {"Surv(time, dead) ~ age + g", people(300, 0.8, 4, 0, true), false, "reference"},
		"a flag of few":              {"Surv(time, dead) ~ age + flag", people(300, 0.8, 0, 3, false), false, "flag"},
	} {
		t.Run(name, func(t *testing.T) {
			p := analysis.Params{"formula": c.formula}
			if c.coarsened {
				p["baseline"] = "coarsened"
			}
			r, _, err := New().Start(p, s)
			if err != nil {
				t.Fatal(err)
			}
			res := analysistest.Drive(t, New(), p, s, c.x)
			out, _, err := disclosure.Apply(r, res, disclosure.DefaultRules())
			switch {
			case c.says == "" && (err != nil || out != res):
				t.Errorf("error %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("error %v, want one about %q", err, c.says)
			}
		})
	}
}
