package cox

import (
	"errors"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestPrivateStudiesAreToldWhatToUseInstead(t *testing.T) {
	_, _, err := New().(analysis.PrivateAnalysis).StartPrivate(analysis.Params{"formula": "Surv(time, status == 2) ~ age"}, analysistest.Schema())
	var r *analysis.Refusal
	if !errors.As(err, &r) || r.Param != "analysis" {
		t.Fatalf("got %v, want a refusal of the analysis", err)
	}
	for _, other := range []string{"kaplan-meier", "log-rank", "poisson", "offset(log(time))"} {
		if !strings.Contains(r.Text, other) {
			t.Errorf("the refusal does not name %s: %s", other, r.Text)
		}
	}
}
