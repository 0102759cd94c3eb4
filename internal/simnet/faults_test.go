package simnet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

// run drives the study under a rule and returns outcome and findings as JSON.
func run(t *testing.T, c *consortium, p *plan.Plan, rule simnet.Rule, dead ...string) (*receipt.Outcome, string, *simnet.Network) {
	t.Helper()
	net := c.network(p)
	net.Rule, net.Works = rule, &c.works
	for _, s := range dead {
		net.Dead[s] = true
	}
	o, err := net.Run(context.Background())
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(net.Log, "\n"))
	}
	if o == nil {
		return nil, "", net
	}
	return o, findings(t, o), net
}

// findings are those of an outcome, as JSON.
func findings(t testing.TB, o *receipt.Outcome) string {
	t.Helper()
	b, err := json.Marshal(o.Analyses)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Kill -9 of the recipient or the sender of every single message, and loss of
// acknowledgement, repetition and reordering of each: the study ends with the
// identical result (issue: "at every message"). Four sites are the fewest that
// the floor allows, so every message there is costs the fewest runs.
func TestEveryMessageFaultOnce(t *testing.T) {
	c := newConsortium(t)
	everyFault(t, c, c.plan(t, standard.Catalog(), study.Study{Sites: lungSites[:4], Verify: true, Analyses: []study.Entry{
		{Name: "ecog", Analysis: "linear", Params: map[string]any{"formula": "ph.ecog ~ age + sex"}},
		{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}},
	}}), 1)
}

// The same over all six sites and larger results, at every seventeenth message.
func TestManyMessagesFaultOnceSixSites(t *testing.T) {
	c := newConsortium(t)
	everyFault(t, c, c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses(), Verify: true}), 17)
}

func everyFault(t *testing.T, c *consortium, p *plan.Plan, step int) {
	_, want, net := run(t, c, p, nil)
	total := net.Messages()
	step *= 8 / thoroughly(8, 1)
	for name, act := range map[string]simnet.Action{"crash before": simnet.CrashBefore, "crash after": simnet.CrashAfter,
		"crash of the sender": simnet.CrashSender, "repeat": simnet.Repeat, "delay": simnet.Delay} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 0; at < total; at += step {
				once := false
				o, got, net := run(t, c, p, func(i int, m *engine.Message) simnet.Action {
					if i == at && !once {
						once = true
						return act
					}
					return simnet.Deliver
				})
				if o == nil || o.Status != receipt.Released || got != want || !once {
					t.Fatalf("at message %d: outcome %+v\n%s", at, o, strings.Join(net.Log, "\n"))
				}
			}
			t.Logf("at every %d. of %d messages", step, total)
		})
	}
}

// Every party is killed before and after every message: the whole run lives on
// its journals.
func TestEverybodyCrashesAlways(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses()})
	_, want, _ := run(t, c, p, nil)
	for _, act := range []simnet.Action{simnet.CrashBefore, simnet.CrashAfter} {
		o, got, _ := run(t, c, p, func(int, *engine.Message) simnet.Action { return act })
		if o == nil || o.Status != receipt.Released || got != want {
			t.Fatalf("action %d: outcome %+v", act, o)
		}
	}
}

// A site that never answers: with a participation rule that allows it the study
// ends with the others and names it; without, it ends with nothing.
func TestSiteThatNeverReturns(t *testing.T) {
	c := newConsortium(t)
	for _, tc := range []struct {
		minimum int
		want    receipt.Status
	}{{5, receipt.Released}, {6, receipt.Failed}} {
		p := c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses(), Participation: study.Participation{Minimum: tc.minimum}})
		gone := other(p.Sites, p.Lead)
		o, _, _ := run(t, c, p, nil, gone)
		if o == nil || o.Status != tc.want {
			t.Fatalf("minimum %d: outcome %+v", tc.minimum, o)
		}
		if len(o.Absent) != 1 || o.Absent[0].Site != gone || o.Absent[0].Kind != engine.ReasonAbsent {
			t.Errorf("minimum %d: absent %+v, want %s", tc.minimum, o.Absent, gone)
		}
		if o.Status == receipt.Released && (len(o.Contributors) != 5 || o.Receipt.Check() != nil) {
			t.Errorf("contributors %v", o.Contributors)
		}
	}
}

// A site that dies on the way, at each kind of its messages in round 0 and
// round 1. In round 0 its part drops out (or is recovered) and the others go on
// when the rule allows it; once a sum was opened nothing is released without it.
func TestSiteThatDiesOnTheWay(t *testing.T) {
	c := newConsortium(t)
	p := c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses(), Participation: study.Participation{Minimum: 5}})
	gone := other(p.Sites, p.Lead)
	for _, tc := range []struct {
		kind  engine.Kind
		round int
		want  receipt.Status
		with  int
	}{
		{engine.KindKeys, 0, receipt.Released, 5},
		{engine.KindContribution, 0, receipt.Released, 5},
		{engine.KindConfirm, 0, receipt.Failed, 0}, // it is in the announced set; its later parts never come
		{engine.KindUnmask, 0, receipt.Failed, 0},
		{engine.KindContribution, 1, receipt.Failed, 0},
		{engine.KindUnmask, 1, receipt.Failed, 0},
		{engine.KindEndorse, 0, receipt.Failed, 0},
	} {
		dead := false
		o, _, net := run(t, c, p, func(i int, m *engine.Message) simnet.Action {
			if m.From == gone && m.Kind == tc.kind && m.Round == tc.round {
				dead = true
			}
			if dead && (m.From == gone || m.To == gone) {
				return simnet.Drop
			}
			return simnet.Deliver
		})
		if o == nil || o.Status != tc.want || len(o.Contributors) != tc.with && tc.want == receipt.Released {
			t.Fatalf("dies before %s of round %d: outcome %+v\n%s", tc.kind, tc.round, o, strings.Join(net.Log, "\n"))
		}
		if !dead {
			t.Fatalf("%s of round %d was never sent", tc.kind, tc.round)
		}
		named := strings.Contains(o.Reason, gone)
		for _, a := range o.Absent {
			named = named || a.Site == gone
		}
		if tc.round == 1 && !strings.Contains(o.Reason, "no word from "+gone) {
			t.Errorf("dies before %s of round %d: %s", tc.kind, tc.round, o.Reason)
		}
		if !named {
			t.Errorf("dies before %s of round %d: the outcome does not name %s: %+v", tc.kind, tc.round, gone, o)
		}
	}
}

// A late contribution, after the others went on, is never opened.
func TestLateSiteIsLeftOut(t *testing.T) {
	c := newConsortium(t)
	p := c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses(), Participation: study.Participation{Minimum: 5}})
	late := other(p.Sites, p.Lead)
	o, _, net := run(t, c, p, func(i int, m *engine.Message) simnet.Action {
		if m.From == late && m.Kind == engine.KindContribution {
			return simnet.Late
		}
		return simnet.Deliver
	})
	if o == nil || o.Status != receipt.Released || len(o.Contributors) != 5 || o.Absent[0].Site != late {
		t.Fatalf("outcome %+v\n%s", o, strings.Join(net.Log, "\n"))
	}
}

// The lead never returns: every site gives up by itself and says so.
func TestLeadThatNeverReturns(t *testing.T) {
	c := newConsortium(t)
	p := c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses()})
	o, _, net := run(t, c, p, nil, p.Lead)
	if o != nil {
		t.Fatalf("outcome %+v without a lead", o)
	}
	said := 0
	for _, m := range net.Heard {
		if m.Kind == engine.KindWithdraw {
			why, err := engine.ReadWithdrawal(m)
			if err != nil || why.Kind != engine.ReasonAbsent || !strings.Contains(why.Text, p.Lead) {
				t.Errorf("withdrawal %+v, %v", why, err)
			}
			said++
		}
	}
	if said != len(p.Sites)-1 {
		t.Errorf("%d sites said that the lead is gone, want %d", said, len(p.Sites)-1)
	}
}

func other(sites []string, lead string) string {
	for _, s := range sites {
		if s != lead {
			return s
		}
	}
	panic(fmt.Sprint("no site but the lead in ", sites))
}
