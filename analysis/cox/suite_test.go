package cox

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestContract(t *testing.T) {
	analysistest.Suite(t, New(),
		analysistest.Case{Name: "strata and interaction", Params: analysis.Params{"formula": "Surv(time, status == 2) ~ age * sex + log(crp) + strata(site, stage)", "ties": "breslow"}, Rounds: 12},
		analysistest.Case{Name: "late entry", Params: analysis.Params{"formula": "Surv(start, time, status == 2) ~ age + stage + offset(bmi / 100) + strata(site)", "exponentiate": true}, Rounds: 12},
		analysistest.Case{Name: "coarsened", Params: analysis.Params{"formula": "Surv(time, status == 2) ~ age + sex + ph.ecog", "baseline": "coarsened"}, Absent: []string{"glance.concordance"}, Rounds: 12},
		analysistest.Case{Name: "coarsened, late entry", Params: analysis.Params{"formula": "Surv(start, time, status == 2) ~ age + stage + offset(bmi / 100) + strata(sex)", "baseline": "coarsened", "width": 30.0, "min_events": 3.0}, Absent: []string{"glance.concordance"}, Rounds: 12},
		analysistest.Case{Name: "real times", Params: analysis.Params{"formula": "Surv(years, response) ~ age + sex", "baseline": "coarsened", "width": 0.1}, Absent: []string{"glance.concordance"}, Rounds: 12},
	)
}
