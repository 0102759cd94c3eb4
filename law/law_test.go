package law_test

import (
	"testing"

	"hmsp.center/hmsp/law"
)

// What nobody decided is not allowed.
func TestZeroRefuses(t *testing.T) {
	var d law.Decision
	if d.Allowed() || d.Verdict.Known() || d.Rule() != "" {
		t.Errorf("%+v", d)
	}
	for v, allowed := range map[law.Verdict]bool{law.Permit: true, law.Ask: false, law.Refuse: false, "": false, "PERMIT": false} {
		if got := (law.Decision{Verdict: v}).Allowed(); got != allowed {
			t.Errorf("%q allows: %v", v, got)
		}
	}
}

func TestDecisionsRead(t *testing.T) {
	for want, d := range map[string]law.Decision{
		"permit":                                {Verdict: law.Permit},
		"ask: rule a":                           {Verdict: law.Ask, Reasons: []law.Reason{{Rule: "a"}}},
		"refuse: not here (rule a); b (rule c)": {Verdict: law.Refuse, Reasons: []law.Reason{{Rule: "a", Text: "not here"}, {Rule: "c", Text: "b"}}},
	} {
		if got := d.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
