package poisson_test

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/poisson"
)

func TestContract(t *testing.T) {
	analysistest.Suite(t, poisson.New(),
		analysistest.Case{Name: "factors", Params: analysis.Params{"formula": "visits ~ site + stage * smoker", "exponentiate": true}},
		analysistest.Case{Name: "no intercept", Params: analysis.Params{"formula": "visits ~ 0 + sex + I(age/10) + offset(log(years))"}},
	)
}
