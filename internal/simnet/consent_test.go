package simnet_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/receipt"
)

// A private study with sites that keep books is released, with what it cost and
// where every log stood.
func TestPrivateStudyOfSeveralRounds(t *testing.T) {
	c := newConsortium(t)
	for _, noise := range []string{"laplace", "gaussian"} {
		p := private(t, c, 3, 0, noise)
		o, err := c.booked(p, c.clerks(p)).Run(t.Context())
		if err != nil || !believed(c, o) {
			t.Fatalf("%s: %v, %+v", noise, err, o)
		}
		r := o.Receipt
		if len(r.Rounds) != 3 || len(r.Logs) != 6 || r.Privacy == nil || r.Privacy.Honest != 5 || len(r.Events()) != 3 {
			t.Errorf("%s: receipt %+v", noise, r)
		}
		for _, l := range r.Logs {
			if want := string(checkpoint(c.signers[l.Member], l.Member, 12)); l.Checkpoint != want { // of the last round
				t.Errorf("%s: log of %s\n%s\nwant\n%s", noise, l.Member, l.Checkpoint, want)
			}
		}
	}
}

// nothing demands that a study ended so, with nothing released, for a reason that
// names the site, and that all who are still there know.
func nothing(t *testing.T, net *simnet.Network, p []string, o *receipt.Outcome, want receipt.Status, site, text string) {
	t.Helper()
	if o == nil || o.Status != want || o.Receipt != nil || o.Analyses != nil || !strings.Contains(o.Reason, site) || !strings.Contains(o.Reason, text) {
		t.Fatalf("outcome %+v, want %s for %s: %s\n%s", o, want, site, text, strings.Join(net.Log, "\n"))
	}
	for _, s := range p {
		if net.Dead[s] {
			continue
		}
		got := net.Node(s).Outcome()
		if got == nil || !net.Node(s).Idle() || got.Status != want || !strings.Contains(got.Reason, text) || !strings.Contains(got.Reason, site) {
			t.Errorf("%s ends with %+v, want %s for %s: %s", s, got, want, site, text)
		}
	}
}

// A site that does not consent to a round's contributors, in the first round or a
// later one, ends the study: by a rule of its own as refused, for a fault as failed.
// The round is not opened, whatever the participation rule says: its vector is in
// the sum.
func TestSiteThatDoesNotAgree(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 3, 5, "laplace")
	for _, tc := range []struct {
		why  error
		want receipt.Status
		text string
	}{
		{engine.Reason{Kind: engine.ReasonDifference, Text: "answered before with other contributors"}, receipt.Refused, "answered before with other contributors"},
		{engine.Reason{Kind: engine.ReasonBudget, Text: "nothing is left"}, receipt.Refused, "nothing is left"},
		{errors.New("disk full at /home/patients"), receipt.Failed, "its own log says why"},
	} {
		for round := range 3 {
			for _, site := range []string{p.Lead, other(p.Sites, p.Lead)} {
				clerks := c.clerks(p)
				clerks[site].agreeing = func(r int, set []string) error {
					if !slices.Equal(set, p.Sites) {
						t.Errorf("%s is asked about %v", site, set)
					}
					if r == round {
						return tc.why
					}
					return nil
				}
				net := c.booked(p, clerks)
				net.Works = &simnet.Works{}
				net.Rule = func(_ int, m *engine.Message) simnet.Action {
					if m.Round == round && (m.Kind == engine.KindQuorum || m.Kind == engine.KindUnmask || m.Kind == engine.KindConfirm && m.From == site) || m.Round == round+1 {
						t.Errorf("%s of round %d from %s", m.Kind, m.Round, m.From)
					}
					return simnet.Deliver
				}
				o, err := net.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				nothing(t, net, p.Sites, o, tc.want, site, tc.text)
				if len(o.Absent) != 1 || o.Absent[0].Site != site || strings.Contains(o.Reason, "patients") {
					t.Errorf("absent %+v: %s", o.Absent, o.Reason)
				}
			}
		}
	}
}

// The refusal of one site is lost on its way: the others' quorum may open the sum
// among themselves, but nothing is released, and the outcome names the site.
func TestRefusalThatIsLost(t *testing.T) {
	c := newConsortium(t)
	for _, rounds := range []int{1, 3} {
		p := private(t, c, rounds, 5, "laplace")
		clerks := c.clerks(p)
		site := other(p.Sites, p.Lead)
		clerks[site].agreeing = func(int, []string) error {
			return engine.Reason{Kind: engine.ReasonDifference, Text: "not with these"}
		}
		net := c.booked(p, clerks)
		net.Rule = func(_ int, m *engine.Message) simnet.Action {
			if m.Kind == engine.KindWithdraw && m.From == site && m.To == p.Lead {
				return simnet.Drop
			}
			if m.From == site && (m.Kind == engine.KindConfirm || m.Kind == engine.KindUnmask || m.Kind == engine.KindEndorse) {
				t.Errorf("%s sends %s", site, m.Kind)
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil || o == nil || o.Status != receipt.Failed || o.Receipt != nil || o.Analyses != nil || !strings.Contains(o.Reason, site) {
			t.Errorf("%d rounds: %v, outcome %+v", rounds, err, o)
		}
		if got := net.Node(site).Outcome(); got.Status != receipt.Refused || !strings.Contains(got.Reason, "not with these") {
			t.Errorf("%s ends with %+v", site, got)
		}
	}
}

// A site whose budget does not cover the study is left out where the participation
// rule allows it, and named; where not, the study is refused. Once a sum was opened
// no site is left out.
func TestSiteWhoseBudgetIsSpent(t *testing.T) {
	c := newConsortium(t)
	spent := engine.Reason{Kind: engine.ReasonBudget, Text: "rho 0.3 is asked, 0.1 is left"}
	for _, tc := range []struct {
		name    string
		minimum int
		round   int
		refuse  func(site, lead, other string) bool
		dead    bool // one more site never answers
		want    receipt.Status
	}{
		{"one, of whom five are enough", 5, 0, func(s, _, o string) bool { return s == o }, false, receipt.Released},
		{"the lead's own, of whom five are enough", 5, 0, func(s, l, _ string) bool { return s == l }, false, receipt.Released},
		{"one, all are needed", 6, 0, func(s, _, o string) bool { return s == o }, false, receipt.Refused},
		{"one, in a later round", 5, 1, func(s, _, o string) bool { return s == o }, false, receipt.Refused},
		{"all", 5, 0, func(string, string, string) bool { return true }, false, receipt.Refused},
		{"all, in a later round", 5, 1, func(string, string, string) bool { return true }, false, receipt.Refused},
		{"one, while another does not answer", 5, 0, func(s, _, o string) bool { return s == o }, true, receipt.Failed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := private(t, c, 2, tc.minimum, "laplace")
			clerks, site := c.clerks(p), other(p.Sites, p.Lead)
			first := ""
			for s, k := range clerks {
				if tc.refuse(s, p.Lead, site) {
					first = min(first+s, s)
					k.computing = func(q engine.Question) error {
						if q.Round == tc.round {
							return spent
						}
						return nil
					}
				}
			}
			net := c.booked(p, clerks)
			gone := other(slices.DeleteFunc(slices.Clone(p.Sites), func(s string) bool { return s == site }), p.Lead)
			net.Dead[gone] = tc.dead
			o, err := net.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tc.want != receipt.Released {
				if o == nil || o.Status != tc.want || o.Receipt != nil || o.Analyses != nil || !strings.Contains(o.Reason, spent.Text) {
					t.Fatalf("outcome %+v\n%s", o, strings.Join(net.Log, "\n"))
				}
				for s, k := range clerks {
					if got := net.Node(s).Outcome(); k.computing != nil && (got.Status != receipt.Refused || !strings.Contains(got.Reason, spent.Text)) {
						t.Errorf("%s ends with %+v", s, got)
					} else if !net.Dead[s] && (got == nil || !net.Node(s).Idle()) {
						t.Errorf("%s goes on", s)
					}
				}
				return
			}
			if !believed(c, o) || len(o.Contributors) != 5 || slices.Contains(o.Contributors, first) || o.Receipt.Privacy.Honest != 4 {
				t.Fatalf("outcome %+v\n%s", o, strings.Join(net.Log, "\n"))
			}
			if a := o.Absent; len(a) != 1 || a[0].Site != first || a[0].Kind != engine.ReasonBudget || a[0].Reason != spent.Text {
				t.Errorf("absent %+v", a)
			}
		})
	}
}

// A site that dies while it is asked whether it agrees: the confirmations of the
// others may open that round, but no further one, and nothing is released. One whose
// answer, or whose question, is only late goes on with all.
func TestSiteThatDiesOrIsLateWhileAgreeing(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 2, 5, "gaussian")
	site, want := other(p.Sites, p.Lead), ""
	for round := range 2 {
		net := c.booked(p, c.clerks(p))
		net.Rule = func(_ int, m *engine.Message) simnet.Action {
			if m.Kind == engine.KindSet && m.To == site && m.Round == round {
				net.Dead[site] = true
			}
			if m.Kind == engine.KindSet && m.Round > round {
				t.Errorf("a set of round %d is announced without %s", m.Round, site)
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		nothing(t, net, p.Sites, o, receipt.Failed, site, "no word from "+site)
		for _, kind := range []engine.Kind{engine.KindSet, engine.KindConfirm} {
			held := false
			net := c.booked(p, c.clerks(p))
			net.Rule = func(_ int, m *engine.Message) simnet.Action {
				if m.Kind == kind && m.Round == round && (m.To == site || m.From == site) && !held {
					held = true
					return simnet.Late
				}
				return simnet.Deliver
			}
			o, err := net.Run(t.Context())
			if err != nil || !held || !believed(c, o) || len(o.Contributors) != 6 {
				t.Fatalf("late %s of round %d: held %v, %v, %+v\n%s", kind, round, held, err, o, strings.Join(net.Log, "\n"))
			}
			if got := findings(t, o); want != "" && got != want {
				t.Errorf("late %s of round %d: another result", kind, round)
			} else {
				want = got
			}
			lacks := !slices.ContainsFunc(o.Receipt.Logs, func(l receipt.Log) bool { return l.Member == site })
			if late := round == 1; lacks != late { // the others' quorum was shown before it came
				t.Errorf("late %s of round %d: logs %+v", kind, round, o.Receipt.Logs)
			}
		}
	}
}
