package engine_test

import (
	"crypto/rand"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// TestCancelThatReachesTheOthersFirst: the lead may hear that sites left because
// of the researcher's word before it hears that word itself; the study was
// cancelled all the same, not refused.
func TestCancelThatReachesTheOthersFirst(t *testing.T) {
	for kind, want := range map[string]receipt.Status{engine.ReasonCancelled: receipt.Cancelled, engine.ReasonData: receipt.Refused} {
		c := membertest.New(t, table.Schema{{Name: "age", Kind: table.Integer, Min: 0, Max: 120}}, "east", "north", "south", "west")
		s, err := study.Parse("study.yaml", []byte("hmsp: study/v1\nname: ages\nquestion: How old?\npurpose: research\nlegal_basis: none\ndataset: people\nanalyses:\n  - {name: age, analysis: describe, variables: [age]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := study.Submit(s, c.Charter.Digest(), c.Member(t, "ruth").Identity, time.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p, problems := plan.New(c.Charter, signed, standard.Catalog())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		l, err := engine.NewLead(p, p.Lead, c.Member(t, p.Lead).Identity)
		if err != nil {
			t.Fatal(err)
		}
		other := "east"
		if p.Lead == other {
			other = "north"
		}
		left := engine.Refusal(p.Digest, other, p.Lead, engine.Reason{Kind: kind, Text: "stopped"})
		for _, e := range []engine.Event{{Kind: engine.EventBegin, At: time.Now(), Seed: make([]byte, 32)}, {Kind: engine.EventMessage, At: time.Now(), Message: &left}} {
			if _, err := l.Step(e); err != nil {
				t.Fatal(err)
			}
		}
		if o := l.Ended(); o == nil || o.Status != want {
			t.Errorf("%s: outcome %+v, want %s", kind, o, want)
		}
	}
}
