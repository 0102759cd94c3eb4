package site_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/internal/store"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

var sites = []string{"east", "north", "south", "west"}

type rig struct {
	*membertest.Consortium
	t      *testing.T
	self   string // the site under test
	signed *study.Signed
	plan   *plan.Plan
}

// asked makes a consortium and a study that the site under test does not lead.
func asked(t *testing.T) *rig {
	t.Helper()
	g := &rig{Consortium: membertest.New(t, table.Schema{{Name: "age", Kind: table.Integer, Min: 0, Max: 120}}, sites...), t: t}
	s, err := study.Parse("study.yaml", []byte(`hmsp: study/v1
name: ages
question: How old are they?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: people
analyses:
  - {name: age, analysis: describe, variables: [age]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if g.signed, err = study.Submit(s, g.Charter.Digest(), g.Member(t, "ruth").Identity, time.Now(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	var problems []plan.Problem
	if g.plan, problems = plan.New(g.Charter, g.signed, standard.Catalog()); len(problems) > 0 {
		t.Fatal(problems)
	}
	if g.self = "east"; g.plan.Lead == g.self {
		g.self = "north"
	}
	return g
}

// send brings a message to the site's inbox.
func (g *rig) send(m engine.Message) {
	g.t.Helper()
	m.Study, m.To = g.plan.Digest, g.self
	b, err := m.Encode()
	if err != nil {
		g.t.Fatal(err)
	}
	e, err := g.Member(g.t, m.From).Seal(g.self, m.ID(), b, time.Now())
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.Hub.Of(m.From).Send(g.t.Context(), e); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) sendStudy() {
	b, err := g.signed.Encode()
	if err != nil {
		g.t.Fatal(err)
	}
	g.send(engine.Message{Kind: engine.KindStudy, From: "ruth", Blob: b})
}

// serve runs the site until stop, which fails the test if the site failed.
func (g *rig) serve(cat catalog.Catalog, cut func(string) error) (stop func()) {
	g.t.Helper()
	line := g.Hub.Of(g.self)
	line.Cut = cut
	s, err := site.New(site.Config{Home: g.Home(g.self), Catalog: cat, Now: time.Now, Hub: line})
	if err != nil {
		g.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(g.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	return func() {
		g.t.Helper()
		cancel()
		if err := <-done; err != nil {
			g.t.Fatal(err)
		}
	}
}

// until waits for something that happens by itself; the time bounds a hang.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("did not come: " + what)
		}
	}
}

func (g *rig) record() site.Record {
	records, _, err := site.Studies(g.Home(g.self))
	if err != nil {
		g.t.Fatal(err)
	}
	return records[g.plan.Digest]
}

// mail opens what waits for a member.
func (g *rig) mail(name string) (out []engine.Message) {
	g.t.Helper()
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
		out = append(out, x)
	}
	return out
}

func (g *rig) state(do func(*store.Site)) {
	g.t.Helper()
	s, err := store.OpenSite(filepath.Join(g.Home(g.self), "state.db"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer s.Close()
	do(s)
}

// TestStudyThatCannotBePlanned: the researcher and the other sites hear why, and
// it stays so after a restart.
func TestStudyThatCannotBePlanned(t *testing.T) {
	g := asked(t)
	old := standard.Catalog()
	old.Analyses = old.Analyses[:0:0] // a build without the analysis
	g.sendStudy()
	stop := g.serve(old, nil)
	for _, name := range append([]string{"ruth"}, sites...) {
		if name == g.self {
			continue
		}
		until(t, "word at "+name, func() bool { return len(g.mail(name)) == 1 })
		m := g.mail(name)[0]
		if why, err := engine.ReadWithdrawal(m); err != nil || m.Kind != engine.KindWithdraw || why.Kind != engine.ReasonIncompatible || !strings.Contains(why.Text, "describe") {
			t.Errorf("%s hears %s %+v %v", name, m.Kind, why, err)
		}
	}
	until(t, "the acknowledgement", func() bool { return len(g.Hub.Mail(g.self)) == 0 })
	stop()
	if r := g.record(); r.State != "refused" || r.Outcome == nil {
		t.Errorf("record %+v", r)
	}
	g.sendStudy()
	stop = g.serve(standard.Catalog(), nil)
	until(t, "the acknowledgement", func() bool { return len(g.Hub.Mail(g.self)) == 0 })
	stop()
	if r := g.record(); r.State != "refused" {
		t.Errorf("state %s after a restart, want refused", r.State)
	}
}

// TestStudyOfAnotherCatalogueEnds: a site that comes back with a build that lacks
// an analysis gives that study up and serves on.
func TestStudyOfAnotherCatalogueEnds(t *testing.T) {
	g := asked(t)
	g.sendStudy()
	stop := g.serve(standard.Catalog(), nil)
	until(t, "the study", func() bool { return g.record().State == "pending" })
	stop()
	old := standard.Catalog()
	old.Analyses = old.Analyses[:0:0]
	stop = g.serve(old, nil)
	until(t, "word at the researcher", func() bool { return len(g.mail("ruth")) == 1 })
	stop()
	if r := g.record(); r.State != "failed" || r.Outcome == nil || r.Reason == "" {
		t.Errorf("record %+v", r)
	}
	g.state(func(s *store.Site) {
		if events, err := s.Replay(g.plan.Digest); err != nil || len(events) > 0 {
			t.Errorf("%d events are left, %v", len(events), err)
		}
	})
}

// TestMessageBeforeItsStudy waits at the hub, is fetched once for as long as
// nothing changes, and is used when its study comes.
func TestMessageBeforeItsStudy(t *testing.T) {
	g := asked(t)
	g.send(engine.Message{Kind: engine.KindCancel, From: "ruth"})
	var fetched, listed atomic.Int32
	stop := g.serve(standard.Catalog(), func(what string) error {
		switch what {
		case "fetch":
			fetched.Add(1)
		case "inbox":
			listed.Add(1)
		}
		return nil
	})
	until(t, "three looks at the inbox", func() bool { return listed.Load() >= 3 })
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	if len(g.Hub.Mail(g.self)) != 1 {
		t.Error("acknowledged before its study came")
	}
	g.sendStudy()
	until(t, "the end", func() bool { return g.record().Outcome != nil })
	until(t, "the acknowledgements", func() bool { return len(g.Hub.Mail(g.self)) == 0 })
	stop()
	if r := g.record(); !strings.Contains(r.Reason, "cancelled") {
		t.Errorf("record %+v", r)
	}
}

// TestCrashBetweenSteps takes back, one by one, the steps that follow the last
// event of a study, as a crash before them would, and starts the site again.
func TestCrashBetweenSteps(t *testing.T) {
	g := asked(t)
	g.sendStudy()
	stop := g.serve(standard.Catalog(), nil)
	until(t, "the study", func() bool { return g.record().State == "pending" })
	stop()
	var begun, over []byte
	var events [][]byte
	g.state(func(s *store.Site) {
		all, err := s.Studies()
		if err != nil {
			t.Fatal(err)
		}
		begun = all[g.plan.Digest]
		if events, err = s.Replay(g.plan.Digest); err != nil {
			t.Fatal(err)
		}
	})
	g.send(engine.Message{Kind: engine.KindCancel, From: "ruth"})
	stop = g.serve(standard.Catalog(), nil)
	until(t, "the end", func() bool { return g.record().Outcome != nil })
	until(t, "word at the researcher", func() bool { return len(g.mail("ruth")) == 1 })
	stop()
	cancelled, err := engine.Event{Kind: engine.EventMessage, At: time.Now(), Message: &engine.Message{Study: g.plan.Digest, Kind: engine.KindCancel, From: "ruth", To: g.self}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	events = append(events, cancelled)
	path := filepath.Join(g.Home(g.self), "studies", g.plan.Digest+".json")
	if over, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	restore := func(record []byte, journal bool, file []byte) {
		g.state(func(s *store.Site) {
			if err := s.PutStudy(g.plan.Digest, record); err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if err := s.Append(g.plan.Digest, e, nil); journal && err != nil {
					t.Fatal(err)
				}
			}
		})
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, crash := range []struct {
		name   string
		record []byte
		file   []byte
	}{
		{"after the journal, before the record", begun, begun},
		{"after the record in the store, before its file", over, begun},
		{"after the record, before the secrets are forgotten", over, over},
	} {
		t.Run(crash.name, func(t *testing.T) {
			restore(crash.record, true, crash.file)
			stop := g.serve(standard.Catalog(), nil)
			until(t, "the end", func() bool { return g.record().Outcome != nil })
			stop()
			if r := g.record(); !strings.Contains(r.Reason, "cancelled") {
				t.Errorf("record %+v", r)
			}
			g.state(func(s *store.Site) {
				if left, err := s.Replay(g.plan.Digest); err != nil || len(left) > 0 {
					t.Errorf("%d events are left, %v", len(left), err)
				}
			})
		})
	}
}

// TestDecisionWhileDown: a steward's word given while the site is down is carried
// out when it is up, and one that cannot be read is waited out.
func TestDecisionWhileDown(t *testing.T) {
	g := asked(t)
	g.sendStudy()
	stop := g.serve(standard.Catalog(), nil)
	until(t, "the study", func() bool { return g.record().State == "pending" })
	stop()
	garbled := filepath.Join(g.Home(g.self), "studies", g.plan.Digest+".decision.json")
	if err := os.WriteFile(garbled, []byte(`{"approve": tr`), 0o600); err != nil {
		t.Fatal(err)
	}
	stop = g.serve(standard.Catalog(), nil)
	if _, err := site.Decide(g.Home(g.self), "ages", site.Decision{By: "steward", Reason: "not now", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	until(t, "the decision at the lead", func() bool { return len(g.mail(g.plan.Lead)) == 1 })
	stop()
	if accept, why, err := engine.ReadDecision(g.mail(g.plan.Lead)[0]); err != nil || accept || !strings.Contains(why.Text, "not now") {
		t.Errorf("decision %v %+v %v", accept, why, err)
	}
	if r := g.record(); r.By != "steward" || r.State != "refused" {
		t.Errorf("record %+v", r)
	}
	if _, err := site.Decide(g.Home(g.self), "ages", site.Decision{Approve: true}); err == nil {
		t.Error("a refused study was approved")
	}
}

// TestServeStopsWhole: when the context ends, so do all goroutines of the site,
// also those in the middle of sending.
func TestServeStopsWhole(t *testing.T) {
	g := asked(t)
	before := runtime.NumGoroutine()
	for range 3 {
		if err := member.SetDecide(g.Home(g.self), "approve"); err != nil {
			t.Fatal(err)
		}
		g.sendStudy()
		var once sync.Once
		busy := make(chan struct{})
		stop := g.serve(standard.Catalog(), func(what string) error {
			if what == "send" {
				once.Do(func() { close(busy) })
			}
			return nil
		})
		select {
		case <-busy:
		case <-time.After(200 * time.Millisecond): // nothing is left to send the second time
		}
		stop()
	}
	until(t, "the end of the goroutines", func() bool { return runtime.NumGoroutine() <= before })
}

// TestRegistryKeepsToItsFolder: names of datasets reach nothing outside.
func TestRegistryKeepsToItsFolder(t *testing.T) {
	r := site.Registry{Home: t.TempDir(), Loader: dataset.Loader{Formats: standard.Catalog().Formats, MaxRows: 100}}
	for _, name := range []string{"", "../x", "a/b", "..", ".x", "X", "a b", strings.Repeat("a", 41), "ä"} {
		if _, err := r.Get(name); err == nil || !strings.Contains(err.Error(), "dataset name") {
			t.Errorf("Get(%q): %v", name, err)
		}
		if err := r.Remove(t.Context(), name); err == nil {
			t.Errorf("Remove(%q) is accepted", name)
		}
		if _, err := r.Add(t.Context(), dataset.File(name, "x.csv"), nil, false, dataset.Build{}); err == nil || !strings.Contains(err.Error(), "dataset name") {
			t.Errorf("Add(%q): %v", name, err)
		}
	}
}

// FuzzRecord: a record's file that something has damaged is an error that names
// the file, never a panic.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"state":"pending"}`))
	f.Add([]byte(`{"study":{"study":{"name":"x"}},"state":"pending"}`))
	f.Add([]byte(`nonsense`))
	f.Fuzz(func(t *testing.T, b []byte) {
		home := t.TempDir()
		if err := os.MkdirAll(filepath.Join(home, "studies"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, "studies", "aaaaaaaa.json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := site.Find(home, "x"); err != nil && json.Valid(b) == false && !strings.Contains(err.Error(), "aaaaaaaa") {
			t.Errorf("%v does not name the file", err)
		}
	})
}
