package logistic_test

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/logistic"
)

func TestContract(t *testing.T) {
	analysistest.Suite(t, logistic.New(),
		analysistest.Case{Name: "category", Params: analysis.Params{"formula": "sex ~ age + smoker", "exponentiate": true}},
		analysistest.Case{Name: "comparison", Params: analysis.Params{"formula": "status == 2 ~ site + sex * age + offset(log(years))", "tolerance": 1e-8}},
		analysistest.Case{Name: "no intercept", Params: analysis.Params{"formula": "response ~ 0 + stage + offset(0.1 * bmi)"}},
	)
}
