package execute

import (
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/table"
)

// The differencing guard looks at the first vector of a study: no later round may
// read a variable, or use a patient, that the first did not.
func TestLaterRoundsUseNobodyElse(t *testing.T) {
	people := analysistest.People(150, 7)
	cases := map[string][]analysis.Params{
		"describe":     {{"variables": []any{"age", "bmi", "stage", "visits", "smoker"}, "by": "sex"}},
		"correlation":  {{"variables": []any{"age", "visits", "ph.ecog"}, "method": "spearman"}, {"variables": []any{"age", "bmi", "crp"}}},
		"table":        {{"rows": "sex", "columns": "stage", "strata": "site"}, {"rows": "sex", "columns": "ph.ecog"}},
		"cox":          {{"formula": "Surv(time, status == 2) ~ age + sex"}, {"formula": "Surv(start, start + time + 1, status == 2) ~ age", "baseline": "coarsened"}},
		"kaplan-meier": {{"formula": "Surv(time, status == 2) ~ sex", "tau": 100}},
		"linear":       {{"formula": "bmi ~ age + log(crp)"}},
		"logistic":     {{"formula": "smoker ~ age + stage"}},
		"poisson":      {{"formula": "visits ~ smoker + offset(log(years))"}},
	}
	for _, a := range standard.Catalog().Analyses {
		name := a.About().Name
		if len(cases[name]) == 0 {
			t.Errorf("%s: no case", name)
		}
		for _, p := range cases[name] {
			checked, err := p.Check(a.About().Parameters)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			run, _, err := a.Start(checked, people.Schema)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			_, rounds := analysistest.Rounds(t, a, checked, people.Schema, people)
			var first table.Subset
			var columns []string
			for k, r := range rounds {
				b, err := run.Bounds(r.State)
				if err != nil {
					t.Fatal(err)
				}
				used, err := Used(t.Context(), people, run, r.State, b, r.Grid)
				if err != nil {
					t.Fatal(err)
				}
				if k == 0 {
					first, columns = used, b.Columns
				}
				for _, c := range b.Columns {
					if !slices.Contains(columns, c) {
						t.Errorf("%s, %v: round %d reads %s, the first does not", name, p, k, c)
					}
				}
				for u := range used.All() {
					if !first.Has(u) {
						t.Errorf("%s, %v: round %d uses row %d, the first does not", name, p, k, u)
						break
					}
				}
			}
			t.Logf("%s, %v: %d rounds, %d of %d rows", name, p, len(rounds), first.Len(), people.Rows())
		}
	}
}
