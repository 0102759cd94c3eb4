package logistic

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

func TestRarerOutcomeIsReadFromTheNullModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 100000).Draw(t, "n")
		k := rapid.IntRange(0, n/2).Draw(t, "k")
		deviance := 0.0
		if k > 0 {
			deviance = -2 * (float64(k)*math.Log(float64(k)/float64(n)) + float64(n-k)*math.Log(float64(n-k)/float64(n)))
		}
		got, ok := binomial{}.Rarer(float64(n), deviance)
		// Near one half the deviance hardly changes; then fewer are counted, not more.
		if !ok || got > float64(k) || float64(k)-got > 1e-4*float64(n) {
			t.Fatalf("%v of %d, %v, want %d", got, n, ok, k)
		}
	})
	if _, ok := (binomial{}).Rarer(100, 77.7); ok {
		t.Error("a deviance of another model is read")
	}
}

func TestModelsOfFewPeopleAreRefused(t *testing.T) {
	s := table.Schema{{Name: "y", Kind: table.Flag, Min: 0, Max: 1}, {Name: "x", Kind: table.Number, Min: 0, Max: 10},
		{Name: "g", Kind: table.Category, Levels: []table.Level{{Code: "a"}, {Code: "b"}, {Code: "c"}}}}
	// of n people, events have the outcome, and few are of group c.
	people := func(n, events, few int) table.Table {
		cols := make([]table.Column, 3)
		for i := range n {
			y, g := 0.0, int32(i%2)
			if i*37%n < events {
				y = 1
			}
			if i*41%n < few {
				g = 2
			}
			cols[0].Numbers, cols[1].Numbers, cols[2].Codes = append(cols[0].Numbers, y), append(cols[1].Numbers, float64(i*7%11)/1.1), append(cols[2].Codes, g)
		}
		x, err := table.New(s, cols, nil)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for name, c := range map[string]struct {
		formula        string
		n, events, few int
		says           string
	}{
		"enough people":        {"y ~ x + g", 300, 120, 80, ""},
		"few events":           {"y ~ x + g", 300, 30, 80, "rarer outcome for each"},
		"few without":          {"y ~ x + g", 300, 270, 80, "rarer outcome for each"},
		"hardly any event":     {"y ~ x", 300, 3, 0, "fewer than 5 people have the rarer outcome"},
		"a level of few":       {"y ~ x + g", 300, 120, 3, "gc"},
		"without an intercept": {"y ~ x + 0", 300, 120, 0, "with an intercept"},
		"an offset":            {"y ~ x + offset(x / 10)", 300, 120, 0, "offset()"},
	} {
		t.Run(name, func(t *testing.T) {
			x, p := people(c.n, c.events, c.few), analysis.Params{"formula": c.formula}
			r, _, err := New().Start(p, s)
			if err != nil {
				t.Fatal(err)
			}
			res := analysistest.Drive(t, New(), p, s, x)
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
