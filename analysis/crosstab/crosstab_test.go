package crosstab

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestConformance(t *testing.T) {
	few := analysistest.People(80, 3)                        // an exact test of a wide table is done some thirty times
	fisher := []string{"tests.statistic", "tests.parameter"} // Fisher's test has neither
	analysistest.Suite(t, New(),
		analysistest.Case{Name: "example", Rounds: 2, Absent: fisher},
		analysistest.Case{Name: "two by two", Rounds: 1, Absent: fisher, Params: analysis.Params{"rows": "sex", "columns": "smoker"}},
		analysistest.Case{Name: "three by five", Rounds: 1, Absent: fisher, Params: analysis.Params{"rows": "stage", "columns": "ph.ecog"}, People: &few},
		analysistest.Case{Name: "strata", Rounds: 1, Absent: fisher, Params: analysis.Params{"rows": "sex", "columns": "response", "strata": "stage"}},
		analysistest.Case{Name: "sites as strata", Rounds: 2, Absent: fisher, Params: analysis.Params{"rows": "sex", "columns": "smoker", "strata": "site"}},
		analysistest.Case{Name: "sites as strata of a wide table", Rounds: 2, Absent: fisher, Params: analysis.Params{"rows": "stage", "columns": "ph.ecog", "strata": "site"}, People: &few},
	)
}
