package researcher_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

var sites = []string{"east", "north", "south", "west"}

func dictionary() table.Schema {
	return table.Schema{{Name: "age", Kind: table.Integer, Min: 0, Max: 120}}
}

type rig struct {
	*membertest.Consortium
	t      *testing.T
	r      *researcher.Researcher
	digest string
	lead   string
}

func open(t *testing.T, c *membertest.Consortium, cut func(string) error) *researcher.Researcher {
	t.Helper()
	line := c.Hub.Of("ruth")
	line.Cut = cut
	r, err := researcher.Open(c.Home("ruth"), standard.Catalog(), time.Now, line, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const question = `hmsp: study/v1
name: ages
question: How old are they?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: people
analyses:
  - {name: age, analysis: describe, variables: [age]}
`

// submitted is a researcher whose study every site was sent.
func submitted(t *testing.T) *rig {
	t.Helper()
	g := &rig{Consortium: membertest.New(t, dictionary(), sites...), t: t}
	g.r = open(t, g.Consortium, nil)
	g.submit(nil)
	return g
}

func (g *rig) submit(want error) {
	g.t.Helper()
	s, err := study.Parse("study.yaml", []byte(question))
	if err != nil {
		g.t.Fatal(err)
	}
	p, signed, problems, err := g.r.Plan(s)
	if err != nil || len(problems) > 0 {
		g.t.Fatal(err, problems)
	}
	g.digest, g.lead = p.Digest, p.Lead
	if err := g.r.Submit(g.t.Context(), p, signed); !errors.Is(err, want) {
		g.t.Fatalf("submit: %v, want %v", err, want)
	}
}

// say brings a message from a site to the researcher's inbox.
func (g *rig) say(m engine.Message) {
	g.t.Helper()
	m.Study, m.To = g.digest, "ruth"
	b, err := m.Encode()
	if err != nil {
		g.t.Fatal(err)
	}
	e, err := g.Member(g.t, m.From).Seal("ruth", m.ID(), b, time.Now())
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.Hub.Of(m.From).Send(g.t.Context(), e); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) progress(from string, seq int, phase string, round int, sites map[string]string) {
	g.t.Helper()
	b, err := json.Marshal(engine.Progress{Phase: phase, Round: round, Sites: sites})
	if err != nil {
		g.t.Fatal(err)
	}
	g.say(engine.Message{Kind: engine.KindProgress, From: from, Seq: seq, Round: round, Body: b})
}

func (g *rig) withdraw(from, kind, text string) {
	g.t.Helper()
	g.say(engine.Refusal(g.digest, from, "ruth", engine.Reason{Kind: kind, Text: text}))
}

func (g *rig) outcome(from string, o receipt.Outcome) {
	g.t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		g.t.Fatal(err)
	}
	g.say(engine.Message{Kind: engine.KindOutcome, From: from, Body: b})
}

func (g *rig) poll() researcher.Record {
	g.t.Helper()
	if _, err := g.r.Poll(g.t.Context(), 0); err != nil {
		g.t.Fatal(err)
	}
	r, err := g.r.Get(g.digest)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

func (g *rig) other() string {
	for _, s := range sites {
		if s != g.lead {
			return s
		}
	}
	return ""
}

// kinds counts what waits for a member, by kind.
func (g *rig) kinds(name string) map[engine.Kind]int {
	g.t.Helper()
	out := map[engine.Kind]int{}
	m := g.Member(g.t, name)
	for _, e := range g.Hub.Mail(name) {
		b, err := federation.Open(m.Identity, m.Charter, e, time.Now())
		if err != nil {
			g.t.Fatal(err)
		}
		x, err := engine.DecodeMessage(b)
		if err != nil {
			g.t.Fatal(err)
		}
		out[x.Kind]++
	}
	return out
}

func TestSubmissionGoesOnAfterACut(t *testing.T) {
	cut := errors.New("the line is cut")
	n := 0
	g := &rig{Consortium: membertest.New(t, dictionary(), sites...), t: t}
	g.r = open(t, g.Consortium, func(what string) error {
		if n++; what == "send" && n > 2 {
			return cut
		}
		return nil
	})
	g.submit(cut)
	if rec, err := g.r.Get(g.digest); err != nil || rec.Sent {
		t.Fatalf("sent %v, %v", rec.Sent, err)
	}
	g.r = open(t, g.Consortium, nil) // another process, later
	for range 2 {
		if err := g.r.Resend(t.Context(), g.digest); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sites {
		if k := g.kinds(s); k[engine.KindStudy] != 1 || len(k) != 1 {
			t.Errorf("%s has %v, want one study", s, k)
		}
	}
}

func TestLeadThatCannotPlanEndsTheStudy(t *testing.T) {
	g := submitted(t)
	g.withdraw(g.lead, engine.ReasonIncompatible, `no analysis "describe" here`)
	rec := g.poll()
	if rec.Outcome == nil || rec.Outcome.Status != receipt.Failed || !strings.Contains(rec.Outcome.Reason, g.lead) || !strings.Contains(rec.Outcome.Reason, "no analysis") {
		t.Fatalf("outcome %+v", rec.Outcome)
	}
	if err := rec.Outcome.Check(); err != nil {
		t.Error(err)
	}
	if k := g.kinds(g.other()); k[engine.KindCancel] != 1 {
		t.Errorf("%s was sent %v, want to be told to stop", g.other(), k)
	}
}

func TestOneWithdrawalIsNotTheEnd(t *testing.T) {
	g := submitted(t)
	g.withdraw(g.other(), engine.ReasonIncompatible, "no such analysis")
	g.withdraw(g.lead, engine.ReasonData, "no data")
	rec := g.poll()
	if rec.Outcome != nil || rec.Left[g.other()].Text != "no such analysis" || rec.Left[g.lead].Text != "no data" {
		t.Fatalf("%+v, left %v", rec.Outcome, rec.Left)
	}
}

func TestLostLead(t *testing.T) {
	for kind, want := range map[string]receipt.Status{engine.ReasonAbsent: receipt.Failed, engine.ReasonCancelled: receipt.Cancelled} {
		g := submitted(t)
		for _, s := range sites {
			if s != g.lead {
				if rec := g.poll(); rec.Outcome != nil {
					t.Fatalf("over before everybody has left: %+v", rec.Outcome)
				}
				g.withdraw(s, kind, "gone")
			}
		}
		if rec := g.poll(); rec.Outcome == nil || rec.Outcome.Status != want || !strings.Contains(rec.Outcome.Reason, g.lead) {
			t.Errorf("%s: outcome %+v", kind, rec.Outcome)
		}
	}
}

func TestProgressIsTheLatestOfEachRound(t *testing.T) {
	g := submitted(t)
	g.progress(g.other(), 1, "computing", 0, nil) // who does not lead has nothing to tell
	g.progress(g.lead, 1, "deciding", 0, map[string]string{"east": "accepted", "<b>nobody</b>": "x"})
	g.progress(g.lead, 3, "computing", 0, map[string]string{"east": "computed"})
	g.progress(g.lead, 2, "computing", 0, map[string]string{"east": "computing"}) // overtaken
	g.progress(g.lead, 4, "computing", 0, map[string]string{"east": "computed", "north": "computed"})
	rec := g.poll()
	if len(rec.Progress) != 2 || rec.Progress[0].Phase != "deciding" || len(rec.Progress[0].Sites) != 1 || len(rec.Progress[1].Sites) != 2 {
		t.Fatalf("%+v", rec.Progress)
	}
	for i := range 510 {
		g.progress(g.lead, 10+i, "computing", i, nil)
	}
	if rec = g.poll(); len(rec.Progress) > 500 || rec.Progress[len(rec.Progress)-1].Round != 509 {
		t.Errorf("%d reports kept, the last of round %d", len(rec.Progress), rec.Progress[len(rec.Progress)-1].Round)
	}
}

// TestOutcomeThatNobodySigned: a lead cannot pass off numbers of its own.
func TestOutcomeThatNobodySigned(t *testing.T) {
	g := submitted(t)
	g.outcome(g.other(), receipt.Outcome{HMSP: receipt.OutcomeVersion, Status: receipt.Failed, Reason: "not the lead's"})
	if rec := g.poll(); rec.Outcome != nil {
		t.Fatal("an outcome of a site that does not lead counts")
	}
	g.outcome(g.lead, receipt.Outcome{HMSP: receipt.OutcomeVersion, Status: receipt.Released, Lead: g.lead, Contributors: sites, Study: receipt.Study{Name: "ages", Digest: g.digest}})
	if rec := g.poll(); rec.Outcome == nil || rec.Outcome.Status != receipt.Failed || !strings.Contains(rec.Outcome.Reason, g.lead) {
		t.Fatalf("outcome %+v", rec.Outcome)
	}
}

// TestAnotherAnswer: a receipt that all have signed must also answer the study
// that was submitted, by its rule of participation.
func TestAnotherAnswer(t *testing.T) {
	g := submitted(t)
	rec := g.poll()
	good := func() *receipt.Outcome {
		s := rec.Study.Study
		about := receipt.Study{Name: s.Name, Question: s.Question, Digest: g.digest}
		return &receipt.Outcome{Study: about, Contributors: rec.Sites,
			Receipt: &receipt.Receipt{Study: about, Researcher: rec.Study.Researcher, Lead: rec.Lead, Verified: s.Verify, Contributors: rec.Sites}}
	}
	if err := rec.AnsweredBy(good()); err != nil {
		t.Fatalf("the right answer: %v", err)
	}
	for name, change := range map[string]func(*receipt.Outcome){
		"another researcher": func(o *receipt.Outcome) { o.Receipt.Researcher = "rob" },
		"another lead":       func(o *receipt.Outcome) { o.Receipt.Lead = "nobody" },
		"another question":   func(o *receipt.Outcome) { o.Receipt.Study.Question += "?" },
		"noise unasked for": func(o *receipt.Outcome) {
			o.Receipt.Privacy = &receipt.Privacy{Epsilon: 1, Delta: 1e-6, Unit: "patient"}
		},
		"not verified":       func(o *receipt.Outcome) { o.Receipt.Verified = !o.Receipt.Verified },
		"a site unaccounted": func(o *receipt.Outcome) { o.Contributors = o.Contributors[1:] },
		"fewer than asked for": func(o *receipt.Outcome) {
			o.Absent = []receipt.Absent{{Site: o.Contributors[0], Reason: "late"}}
			o.Contributors = o.Contributors[1:]
		},
	} {
		o := good()
		if change(o); rec.AnsweredBy(o) == nil {
			t.Errorf("%s: believed", name)
		}
	}
	rec.Study.Study.Privacy = &study.Privacy{Epsilon: 1, Delta: 1e-6, Unit: "patient"}
	for name, c := range map[string]struct {
		told     *receipt.Privacy
		believed bool
	}{
		"as asked for":   {&receipt.Privacy{Epsilon: 1, Delta: 1e-6, Unit: "patient"}, true},
		"no noise":       {nil, false},
		"little noise":   {&receipt.Privacy{Epsilon: 50, Delta: 1e-6, Unit: "patient"}, false},
		"a larger delta": {&receipt.Privacy{Epsilon: 1, Delta: 1e-3, Unit: "patient"}, false},
	} {
		o := good()
		o.Receipt.Privacy = c.told
		if got := rec.AnsweredBy(o) == nil; got != c.believed {
			t.Errorf("%s: believed %v", name, got)
		}
	}
}

// TestProcessesInOneHome: the page, watch and cancel work at once, and no word of
// any site is lost between them.
func TestProcessesInOneHome(t *testing.T) {
	g := submitted(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			r := open(t, g.Consortium, nil)
			for range 40 {
				if _, err := r.Poll(t.Context(), 2*time.Millisecond); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		if err := open(t, g.Consortium, nil).Cancel(t.Context(), g.digest); err != nil {
			t.Error(err)
		}
	})
	for i := range 20 {
		g.progress(g.lead, i+1, fmt.Sprint("phase ", i), 0, nil)
	}
	g.withdraw("east", engine.ReasonData, "a")
	g.withdraw("north", engine.ReasonData, "b")
	all.Wait()
	rec := g.poll()
	if rec.Progress[len(rec.Progress)-1].Seq != 20 || len(rec.Left) != 2 || !rec.Cancelled {
		t.Errorf("%d reports, left %v, cancelled %v", len(rec.Progress), rec.Left, rec.Cancelled)
	}
}
