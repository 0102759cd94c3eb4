package simnet_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

func fiveOfSix(t testing.TB, c *consortium, verify bool) *plan.Plan {
	return c.plan(t, standard.Catalog(), study.Study{Verify: verify, Participation: study.Participation{Minimum: 5}, Analyses: []study.Entry{
		{Name: "ecog", Analysis: "linear", Params: map[string]any{"formula": "ph.ecog ~ age + sex"}}}})
}

// A site that refuses is named with its reason, also when it is the lead's own:
// coordinating asks for no data.
func TestRefusingSiteIsNamedAlsoWhereItLeads(t *testing.T) {
	c := newConsortium(t)
	p := fiveOfSix(t, c, true)
	for _, site := range []string{p.Lead, other(p.Sites, p.Lead)} {
		net := c.network(p)
		net.Refuse = map[string]engine.Reason{site: {Kind: engine.ReasonRefused, Text: "no consent for this purpose"}}
		o, err := net.Run(t.Context())
		if err != nil || !believed(c, o) {
			t.Fatalf("%v %+v", err, o)
		}
		if len(o.Absent) != 1 || o.Absent[0].Site != site || o.Absent[0].Kind != engine.ReasonRefused || o.Absent[0].Reason != "no consent for this purpose" {
			t.Errorf("absent %+v", o.Absent)
		}
		for _, s := range p.Sites {
			if got := net.Node(s).Outcome(); got == nil || got.Status != receipt.Released || !net.Node(s).Idle() {
				t.Errorf("%s ends with %+v", s, got)
			}
		}
	}
	c2 := newConsortium(t)
	p = c2.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses()})
	net := c2.network(p)
	net.Refuse = map[string]engine.Reason{p.Lead: {Kind: "nonsense", Text: "a\nb"}}
	o, err := net.Run(t.Context())
	if err != nil || o == nil || o.Status != receipt.Refused || o.Absent[0].Reason != "a b" || o.Absent[0].Kind != engine.ReasonInternal {
		t.Errorf("all are needed and one refuses: %v, %+v", err, o)
	}
}

// Who was left out, or never took part, can stop nobody: not by withdrawing, not
// by accusing, not by check values, at any point of the run.
func TestWhoIsNotAwaitedStopsNobody(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := fiveOfSix(t, c, true)
	out := other(p.Sites, p.Lead)
	_, want, base := run(t, c, p, nil, out)
	for at := 5; at < base.Messages(); at += 13 * 8 / thoroughly(8, 1) {
		for _, kind := range []engine.Kind{engine.KindWithdraw, engine.KindCheck, engine.KindContribution, engine.KindConfirm, engine.KindEndorse} {
			net := c.network(p)
			net.Works = &c.works
			net.Refuse = map[string]engine.Reason{out: {Kind: engine.ReasonRefused, Text: "not us"}}
			net.Rule = func(i int, m *engine.Message) simnet.Action {
				if i != at {
					return simnet.Deliver
				}
				for _, to := range p.Sites {
					for round := range 2 {
						bodies := map[engine.Kind]string{engine.KindWithdraw: `{"reason":{"kind":"cheating","text":"they all lie"}}`, engine.KindCheck: `{"value":"` + strings.Repeat("01", 16) + `"}`,
							engine.KindContribution: `{"shares":{}}`, engine.KindConfirm: `{"signature":"AAAA"}`, engine.KindEndorse: `{"signature":"AAAA"}`}
						if to != out {
							net.Send(engine.Message{Study: p.Digest, Kind: kind, From: out, To: to, Round: round, Body: json.RawMessage(bodies[kind])})
						}
					}
				}
				return simnet.Deliver
			}
			o, err := net.Run(t.Context())
			if err != nil || !believed(c, o) {
				t.Fatalf("%s at message %d: %v %+v\n%s", kind, at, err, o, strings.Join(net.Log, "\n"))
			}
			if got, _ := json.Marshal(o.Analyses); string(got) != want {
				t.Fatalf("%s at message %d: another result", kind, at)
			}
		}
	}
}

// The researcher cancels: whenever that is, every site stops, nothing is
// released, and the outcome says so.
func TestCancelAtAnyPoint(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, false, lungSites[:4]...)
	_, _, base := run(t, c, p, nil)
	for at := 0; at < base.Messages()-5; at += 3 { // the last ones are the outcome
		net := c.network(p)
		net.Works = &c.works
		released := false
		net.Rule = func(i int, m *engine.Message) simnet.Action {
			released = released || i <= at && m.Kind == engine.KindOutcome
			if i == at {
				for _, s := range p.Sites {
					net.Send(engine.Message{Study: p.Digest, Kind: engine.KindCancel, From: p.Researcher, To: s})
					net.Send(engine.Message{Study: p.Digest, Kind: engine.KindCancel, From: p.Sites[0], To: s}) // no one else can
				}
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil || o == nil || o.Status != receipt.Cancelled && !released {
			t.Fatalf("at message %d: %v %+v", at, err, o)
		}
		for _, s := range p.Sites {
			if n := net.Node(s); !n.Idle() || n.Outcome().Status != receipt.Cancelled && !released {
				t.Errorf("at message %d: %s ends with %+v", at, s, n.Outcome())
			}
		}
	}
}

// A site that sees the lead say two things under one name stops and names it;
// the second of two things that a site says to the lead is not heard.
func TestTwoThingsUnderOneName(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, false, lungSites[:4]...)
	_, want, _ := run(t, c, p, nil)
	for _, kind := range []engine.Kind{engine.KindRoster, engine.KindRound, engine.KindSet, engine.KindQuorum, engine.KindRelease, engine.KindKeys, engine.KindContribution, engine.KindUnmask} {
		net := c.network(p)
		net.Works = &c.works
		done := false
		net.Rule = func(_ int, m *engine.Message) simnet.Action {
			if m.Kind == kind && !done {
				done = true
				first := *m
				m.Body = append(append(json.RawMessage(nil), m.Body...), ' ') // never the same
				net.Send(*m)
				net.Send(first)
				return simnet.Drop
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fromLead := kind != engine.KindKeys && kind != engine.KindContribution && kind != engine.KindUnmask
		if !fromLead {
			if got, _ := json.Marshal(o.Analyses); !believed(c, o) || string(got) != want {
				t.Errorf("%s: %+v", kind, o)
			}
			continue
		}
		said := false
		for _, m := range net.Heard {
			if why, err := engine.ReadWithdrawal(m); m.Kind == engine.KindWithdraw && err == nil {
				said = said || strings.Contains(why.Text, p.Lead+" sent two different "+string(kind)+" messages")
			}
		}
		if believed(c, o) || !said {
			t.Errorf("%s: said %v, outcome %+v", kind, said, o)
		}
	}
}

// A sum that is right in spite of a wrong share carries a remark, which the
// researcher hears, and the sites with it.
func TestRemarksReachResearcherAndSites(t *testing.T) {
	c := newConsortium(t)
	p := fiveOfSix(t, c, false)
	crook := other(p.Sites, p.Lead)
	o, _, net := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
		if m.From == crook && m.Kind == engine.KindUnmask && m.Round == 0 {
			wrongShare(t)(m)
		}
		return simnet.Deliver
	})
	if !believed(c, o) || len(o.Remarks) != 1 || !strings.HasPrefix(o.Remarks[0], "round 0: "+crook+" gave a wrong share of the self mask of ") {
		t.Fatalf("remarks %q", o.Remarks)
	}
	for _, s := range p.Sites {
		if got := net.Node(s).Outcome().Remarks; len(got) != 1 || got[0] != o.Remarks[0] {
			t.Errorf("%s has remarks %q", s, got)
		}
	}
}

// A site goes on to the next round only when it has seen for itself that a
// quorum confirmed the set: a lead that keeps the confirmations from one site
// gets nothing more of it. So no two sites go on with different sets.
func TestNoRoundWithoutItsQuorum(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, false, lungSites...)
	victim := other(p.Sites, p.Lead)
	o, _, net := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
		if m.Kind == engine.KindQuorum && m.Round == 0 && m.To == victim {
			return simnet.Drop
		}
		if m.From == victim && m.Round == 1 && (m.Kind == engine.KindContribution || m.Kind == engine.KindConfirm || m.Kind == engine.KindEndorse) {
			t.Errorf("%s sends %s of round 1", victim, m.Kind)
		}
		return simnet.Deliver
	})
	if believed(c, o) || !strings.Contains(o.Reason, victim) {
		t.Errorf("outcome %+v\n%s", o, strings.Join(net.Log, "\n"))
	}
}

// Epochs are fewer than sites, as each has a smaller roster: another number is
// no epoch of this study.
func TestRosterOfAnEpochThatCannotBe(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, false, lungSites[:4]...)
	victim := other(p.Sites, p.Lead)
	for _, epoch := range []int{5, 1 << 62} {
		o, _, _ := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
			if m.Kind == engine.KindRoster && m.To == victim {
				m.Epoch = epoch
			}
			if m.From == victim && m.Kind == engine.KindKeys {
				t.Errorf("%s sends keys for epoch %d", victim, m.Epoch)
			}
			return simnet.Deliver
		})
		if believed(c, o) {
			t.Errorf("outcome %+v", o)
		}
	}
}

// The next round, or the release, overtakes the quorum of the one before on its
// way to one site: it waits there, and the result is the same.
func TestRoundOvertakesItsQuorum(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, true, lungSites...)
	_, want, _ := run(t, c, p, nil)
	victim := other(p.Sites, p.Lead)
	for _, overtaker := range []engine.Kind{engine.KindRound, engine.KindRelease} {
		var quorum *engine.Message
		overtaken := false
		net := c.network(p)
		net.Works = &c.works
		net.Rule = func(_ int, m *engine.Message) simnet.Action {
			switch {
			case m.To == victim && m.Kind == engine.KindQuorum && (quorum == nil || overtaker == engine.KindRelease && !overtaken):
				if quorum != nil && m.ID() == quorum.ID() {
					return simnet.Deliver
				}
				held := *m
				quorum = &held
				return simnet.Drop
			case m.To == victim && m.Round == quorumRound(quorum)+1 && (m.Kind == engine.KindRound || m.Kind == engine.KindRelease):
				overtaken = overtaken || m.Kind == overtaker
				held := *quorum
				net.Send(held)
				return simnet.Deliver
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil || !believed(c, o) || !overtaken {
			t.Fatalf("%s: %v, overtaken %v, %+v\n%s", overtaker, err, overtaken, o, strings.Join(net.Log, "\n"))
		}
		if got, _ := json.Marshal(o.Analyses); string(got) != want {
			t.Errorf("%s: another result", overtaker)
		}
	}
}

func quorumRound(m *engine.Message) int {
	if m == nil {
		return -2
	}
	return m.Round
}

// What the lead says is heard from the lead only, and what the researcher says
// from the researcher: the same from another member changes nothing.
func TestOnlyTheLeadLeads(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, true, lungSites...)
	_, want, _ := run(t, c, p, nil)
	usurper, victim := other(p.Sites, p.Lead), other(p.Sites[3:], p.Lead)
	for _, kind := range []engine.Kind{engine.KindRoster, engine.KindRound, engine.KindSet, engine.KindQuorum, engine.KindRelease, engine.KindOutcome, engine.KindCancel} {
		net := c.network(p)
		net.Works = &c.works
		sent := false
		net.Rule = func(_ int, m *engine.Message) simnet.Action {
			if m.From == p.Lead && m.To == victim && (m.Kind == kind || kind == engine.KindCancel && m.Kind == engine.KindSet) {
				said := *m
				said.From, said.Kind = usurper, kind
				if kind == engine.KindRound && len(said.Blob) > 0 {
					bump(nil, &said, "")
				}
				held := *m
				net.Send(held)
				net.Send(said)
				sent, net.Rule = true, nil
				return simnet.Drop
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil || !believed(c, o) || !sent {
			t.Fatalf("%s: %v, sent %v, %+v", kind, err, sent, o)
		}
		if got, _ := json.Marshal(o.Analyses); string(got) != want {
			t.Errorf("%s: another result", kind)
		}
		dropped := false
		for _, line := range net.Log {
			dropped = dropped || strings.Contains(line, victim+" dropped it")
		}
		if !dropped {
			t.Errorf("%s of %s was not refused\n%s", kind, usurper, strings.Join(net.Log, "\n"))
		}
	}
}

// A contributor that withdraws before the set is announced takes its vector with
// it: as it is in the sum already, the run ends, also where the rule would allow
// to go on.
func TestWithdrawalAfterTheContribution(t *testing.T) {
	c := newConsortium(t)
	p := fiveOfSix(t, c, false)
	site := other(p.Sites, p.Lead)
	last := other(p.Sites[4:], p.Lead)
	var waiting *engine.Message
	net := c.network(p)
	net.Rule = func(_ int, m *engine.Message) simnet.Action {
		switch {
		case m.Kind == engine.KindContribution && m.From == last && waiting == nil: // so that the set is not announced yet
			held := *m
			waiting = &held
			net.Send(engine.Message{Study: p.Digest, Kind: engine.KindWithdraw, From: site, To: p.Lead, Body: json.RawMessage(`{"reason":{"kind":"cancelled","text":"the steward stopped it"}}`)})
			return simnet.Delay
		}
		return simnet.Deliver
	}
	o, err := net.Run(t.Context())
	if err != nil || o == nil || o.Status != receipt.Cancelled || o.Reason != site+": the steward stopped it" {
		t.Fatalf("%v %+v\n%s", err, o, strings.Join(net.Log, "\n"))
	}
}

// A confirmation that is lost for good is not waited for longer than the
// study's patience, if a quorum confirmed: its site contributed, and goes on.
func TestLostConfirmation(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, true, lungSites...)
	_, want, _ := run(t, c, p, nil)
	site := other(p.Sites, p.Lead)
	o, got, net := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
		if m.Kind == engine.KindConfirm && m.From == site {
			return simnet.Drop
		}
		return simnet.Deliver
	})
	if !believed(c, o) || got != want || len(o.Contributors) != 6 {
		t.Fatalf("%+v\n%s", o, strings.Join(net.Log, "\n"))
	}
}
