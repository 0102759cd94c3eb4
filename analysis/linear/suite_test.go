package linear_test

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/linear"
)

func TestContract(t *testing.T) {
	analysistest.Suite(t, linear.New(),
		analysistest.Case{Name: "interactions", Rounds: 2, Params: analysis.Params{"formula": "log(crp) ~ (stage + smoker + age)^2 + site", "conf.level": 0.9}},
		analysistest.Case{Name: "no intercept", Rounds: 2, Params: analysis.Params{"formula": "wt.loss ~ 0 + stage:sex + bmi"}},
		analysistest.Case{Name: "contrasts", Rounds: 2, Params: analysis.Params{"formula": "bmi ~ stage * factor(ph.ecog)", "contrasts": map[string]any{"stage": "sum", "factor(ph.ecog)": "helmert"}}},
		analysistest.Case{Name: "intercept only", Rounds: 2, Params: analysis.Params{"formula": "bmi ~ 1"}, Absent: []string{"glance.statistic", "glance.p.value", "glance.df"}},
	)
}
