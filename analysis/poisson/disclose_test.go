package poisson

import (
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

func TestModelsOfFewPeopleAreRefused(t *testing.T) {
	s := table.Schema{{Name: "visits", Kind: table.Integer, Min: 0, Max: 50}, {Name: "x", Kind: table.Number, Min: 0, Max: 10},
		{Name: "g", Kind: table.Category, Levels: []table.Level{{Code: "a"}, {Code: "b"}, {Code: "c"}}}}
	people := func(n, few int) table.Table { // few are of group c
		cols := make([]table.Column, 3)
		for i := range n {
			g := int32(i % 2)
			if i < few {
				g = 2
			}
			cols[0].Numbers, cols[1].Numbers, cols[2].Codes = append(cols[0].Numbers, float64(i*31%3)), append(cols[1].Numbers, float64(i*7%11)/1.1), append(cols[2].Codes, g)
		}
		x, err := table.New(s, cols, nil)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for name, c := range map[string]struct {
		formula string
		n, few  int
		says    string
	}{
		"enough people":              {"visits ~ x + g", 100, 30, ""},
		"few people per coefficient": {"visits ~ x + g", 35, 10, "people_per_parameter"},
		"a level of few":             {"visits ~ x + g", 100, 2, "gc"},
	} {
		t.Run(name, func(t *testing.T) {
			p := analysis.Params{"formula": c.formula}
			r, _, err := New().Start(p, s)
			if err != nil {
				t.Fatal(err)
			}
			res := analysistest.Drive(t, New(), p, s, people(c.n, c.few))
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
