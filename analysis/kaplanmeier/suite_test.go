package kaplanmeier

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestContract(t *testing.T) {
	unreached := []string{"glance.median", "glance.conf.low", "glance.conf.high", "curve.std.error", "curve.conf.low", "curve.conf.high"}
	analysistest.Suite(t, New(),
		analysistest.Case{Name: "strata", Params: analysis.Params{"formula": "Surv(time, status == 2) ~ stage + strata(sex, ph.ecog)", "rho": 1.0, "conf.type": "log-log"}, Absent: unreached, Rounds: 1},
		analysistest.Case{Name: "late entry", Params: analysis.Params{"formula": "Surv(start, time, status == 2) ~ smoker", "width": 7.0}, Absent: unreached, Rounds: 1},
		analysistest.Case{Name: "real times", Params: analysis.Params{"formula": "Surv(years, response) ~ 1", "width": 0.25, "tau": 4.0}, Absent: unreached, Rounds: 1},
	)
}
