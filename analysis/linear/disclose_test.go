package linear

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// ward is people with an outcome, an age, a stage and a sex; so many have stage c,
// and so many of those are women.
func ward(t *testing.T, n, c, women int) table.Table {
	t.Helper()
	s := table.Schema{
		{Name: "y", Kind: table.Number, Min: -1000, Max: 1000}, {Name: "age", Kind: table.Number, Min: 0, Max: 120},
		{Name: "stage", Kind: table.Category, Levels: []table.Level{{Code: "a"}, {Code: "b"}, {Code: "c"}}},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "m"}, {Code: "f"}}},
		{Name: "smoker", Kind: table.Flag, Min: 0, Max: 1},
	}
	random := rand.New(rand.NewPCG(1, 2))
	cols := make([]table.Column, len(s))
	for i := range n {
		stage, sex := int32(i%2), int32(i/2%2)
		if i < c {
			stage, sex = 2, 0
			if i < women {
				sex = 1
			}
		}
		cols[0].Numbers = append(cols[0].Numbers, random.NormFloat64()*10)
		cols[1].Numbers = append(cols[1].Numbers, 40+20*random.Float64())
		cols[2].Codes, cols[3].Codes = append(cols[2].Codes, stage), append(cols[3].Codes, sex)
		smoker := 0.0
		if i >= n-2 {
			smoker = 1
		}
		cols[4].Numbers = append(cols[4].Numbers, smoker)
	}
	x, err := table.New(s, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func fitted(t *testing.T, p analysis.Params, x table.Table) (analysis.Run, *analysis.Result) {
	t.Helper()
	r, _, err := New().Start(p, x.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return r, analysistest.Drive(t, New(), p, x.Schema, x)
}

func TestModelsOfFewPeopleAreRefused(t *testing.T) {
	rules := disclosure.DefaultRules()
	for name, c := range map[string]struct {
		params   analysis.Params
		n, c, w  int
		rules    disclosure.Rules
		says     string
		withhold bool // the covariance
	}{
		"enough people":                   {analysis.Params{"formula": "y ~ age + stage + sex"}, 200, 40, 20, rules, "", false},
		"a level of one":                  {analysis.Params{"formula": "y ~ age + stage"}, 200, 1, 0, rules, "stagec", false},
		"a level of four":                 {analysis.Params{"formula": "y ~ age + stage"}, 200, 4, 0, rules, "stagec", false},
		"a level of five":                 {analysis.Params{"formula": "y ~ age + stage"}, 200, 5, 0, rules, "", false},
		"a pair of levels of two":         {analysis.Params{"formula": "y ~ stage + sex"}, 200, 40, 2, rules, "", true},
		"a product of levels of two":      {analysis.Params{"formula": "y ~ stage * sex"}, 200, 40, 2, rules, "stagec:sexf", false},
		"a flag of two":                   {analysis.Params{"formula": "y ~ smoker"}, 200, 40, 20, rules, "smoker", false},
		"a level of few without constant": {analysis.Params{"formula": "y ~ stage + 0"}, 200, 3, 0, rules, "stagec", false},
		"a model of ten of sixty":         {analysis.Params{"formula": "y ~ stage * sex + age + I(age^2) + smoker + age:stage"}, 60, 20, 10, rules, "people_per_parameter", false},
		"a saturated model":               {analysis.Params{"formula": "y ~ stage * sex"}, 9, 3, 1, disclosure.Rules{MinimumCell: 5}, "as many coefficients as people", false},
		"a perfect fit":                   {analysis.Params{"formula": "y ~ I(2 * y)"}, 200, 40, 20, rules, "perfectly", false},
		"other contrasts":                 {analysis.Params{"formula": "y ~ stage", "contrasts": map[string]any{"stage": "sum"}}, 200, 3, 0, rules, "treatment", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, res := fitted(t, c.params, ward(t, c.n, c.c, c.w))
			before, _ := json.Marshal(res)
			out, actions, err := disclosure.Apply(r, res, c.rules)
			if after, _ := json.Marshal(res); string(after) != string(before) {
				t.Error("the result was changed")
			}
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("error %v, want one about %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.Table("vcov"); (err != nil) != c.withhold {
				t.Errorf("covariance: %v; %v", err, actions)
			}
			if !c.withhold && out != res {
				t.Error("a result without fault was changed")
			}
		})
	}
}

func TestRoundedModel(t *testing.T) {
	r, res := fitted(t, analysis.Params{"formula": "y ~ age"}, ward(t, 203, 40, 20))
	out, _, err := disclosure.Apply(r, res, disclosure.Rules{Round: 10})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := out.Table("glance")
	for name, want := range map[string]float64{"nobs": 200, "df.residual": 198} {
		if c, _ := g.Column(name); c.Numbers[0] != want {
			t.Errorf("%s %v", name, c.Numbers[0])
		}
	}
}
