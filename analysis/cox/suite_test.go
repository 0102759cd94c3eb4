package cox

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

// oneSite is the suite's people of its first site, in their order.
func oneSite() table.Table {
	people := analysistest.People(400, 3)
	var rows []int
	for i, c := range people.Codes("site") {
		if c == 0 {
			rows = append(rows, i)
		}
	}
	return people.Take(rows)
}

func TestContract(t *testing.T) {
	one := oneSite()
	analysistest.Suite(t, New(),
		// The example names no strata: each site is one by itself, so that people
		// pooled into one table are another model. Its people are of one site; the
		// strata below hold the arithmetic to the pooled one.
		analysistest.Case{Name: "example", People: &one, Rounds: 12},
		analysistest.Case{Name: "strata and interaction", Params: analysis.Params{"formula": "Surv(time, status == 2) ~ age * sex + log(crp) + strata(site, stage)", "ties": "breslow"}, Rounds: 12},
		analysistest.Case{Name: "late entry", Params: analysis.Params{"formula": "Surv(start, time, status == 2) ~ age + stage + offset(bmi / 100) + strata(site)", "exponentiate": true}, Rounds: 12},
		analysistest.Case{Name: "coarsened", Params: analysis.Params{"formula": "Surv(time, status == 2) ~ age + sex + ph.ecog", "baseline": "coarsened"}, Absent: []string{"glance.concordance"}, Rounds: 12},
		analysistest.Case{Name: "coarsened, late entry", Params: analysis.Params{"formula": "Surv(start, time, status == 2) ~ age + stage + offset(bmi / 100) + strata(sex)", "baseline": "coarsened", "width": 30.0, "min_events": 3.0}, Absent: []string{"glance.concordance"}, Rounds: 12},
		analysistest.Case{Name: "real times", Params: analysis.Params{"formula": "Surv(years, response) ~ age + sex", "baseline": "coarsened", "width": 0.1}, Absent: []string{"glance.concordance"}, Rounds: 12},
	)
}
