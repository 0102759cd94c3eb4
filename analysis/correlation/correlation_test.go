package correlation

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestConformance(t *testing.T) {
	analysistest.Suite(t, New(),
		analysistest.Case{Name: "complete", Rounds: 2, Params: analysis.Params{"variables": []any{"age", "bmi", "crp", "smoker"}}},
		analysistest.Case{Name: "ranks", Rounds: 2, Params: analysis.Params{"variables": []any{"age", "ph.ecog", "visits", "smoker"}, "method": "spearman"}},
		analysistest.Case{Name: "ranks of pairs", Rounds: 2, Params: analysis.Params{"variables": []any{"time", "ph.ecog", "ph.karno"}, "method": "spearman", "use": "pairwise"}},
	)
}
