package describe

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestConformance(t *testing.T) {
	analysistest.Suite(t, New(),
		analysistest.Case{Name: "every kind", Rounds: 18, Params: analysis.Params{
			"variables": []any{"age", "sex", "stage", "ph.ecog", "bmi", "crp", "smoker", "wt.loss", "time"}}},
		analysistest.Case{Name: "categories only", Rounds: 1, Params: analysis.Params{"variables": []any{"sex", "stage"}, "by": "ph.ecog"}, Absent: []string{"levels.share"}},
		analysistest.Case{Name: "small whole numbers only", Rounds: 2, Params: analysis.Params{"variables": []any{"ph.ecog", "smoker"}}},
		analysistest.Case{Name: "by site", Params: analysis.Params{"variables": []any{"bmi", "time"}, "by": "site", "quantiles": []any{0.3, 0.5}, "bins": 3}},
	)
}
