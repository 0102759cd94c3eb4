package researcher_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/study"
)

// An inquiry reaches every site of the study as a study that its researcher signed,
// and comes back with what they answered: the first answer of each, of sites that
// were asked, also where another command takes it from the hub. Nothing is kept.
func TestInquire(t *testing.T) {
	g := &rig{Consortium: membertest.New(t, dictionary(), append(sites, "lakes")...), t: t}
	g.r = open(t, g.Consortium, nil)
	s, err := study.Parse("study.yaml", []byte(question+"sites: [east, north, south, west]\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, signed, problems, err := g.r.Plan(s)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	g.digest = p.Digest
	reply := func(site string, v law.Verdict) {
		g.say(engine.ReplyTo(engine.Message{Study: p.Digest, From: "ruth", To: site}, engine.Answer{Verdict: v, Dataset: true}))
	}
	other := open(t, g.Consortium, nil)
	var sender sync.WaitGroup
	defer sender.Wait()
	sender.Go(func() {
		for _, site := range sites {
			for len(g.Hub.Mail(site)) == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		reply("lakes", law.Permit) // was not asked
		g.say(engine.Message{Kind: engine.KindAnswer, From: "south", Body: []byte(`{"verdict":"perhaps","dataset":true}`)})
		reply("east", law.Permit)
		if _, err := other.Poll(t.Context(), 0); err != nil {
			t.Error(err)
		}
		reply("east", law.Refuse) // changed its mind: the same name, and the first counts
		reply("north", law.Ask)
	})
	most := 0
	answers, err := g.r.Inquire(t.Context(), p, signed, 3*time.Second, func(n int) { most = n })
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != 2 || most != 2 || answers["east"].Verdict != law.Permit || answers["north"].Verdict != law.Ask {
		t.Errorf("answers %+v", answers)
	}
	for _, site := range sites {
		mail := g.Hub.Mail(site)
		if len(mail) != 1 {
			t.Fatalf("%s has %d messages", site, len(mail))
		}
		m := g.Member(t, site)
		b, err := federation.Open(m.Identity, m.Charter, mail[0], time.Now())
		if err != nil {
			t.Fatal(err)
		}
		x, err := engine.DecodeMessage(b)
		if err != nil || x.Kind != engine.KindInquiry {
			t.Fatalf("%s got %s (%v)", site, x.Kind, err)
		}
		back, err := study.Decode(x.Blob)
		if err != nil || back.Digest() != p.Digest {
			t.Errorf("%s was asked about another study (%v)", site, err)
		}
	}
	for _, dir := range []string{"inquiries", "studies"} {
		files, _ := filepath.Glob(filepath.Join(g.Home("ruth"), dir, "*.json"))
		if len(files) > 0 {
			t.Errorf("left behind: %v", files)
		}
	}
	late := filepath.Join(g.Home("ruth"), "inquiries", "old.json")
	if err := os.WriteFile(late, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(late, old, old); err != nil {
		t.Fatal(err)
	}
	if answers, err := g.r.Inquire(t.Context(), p, signed, 0, nil); err != nil || len(answers) != 0 {
		t.Errorf("nobody answered, but %v (%v)", answers, err)
	}
	if _, err := os.Stat(late); err == nil {
		t.Error("an inquiry of yesterday is still there")
	}
	reply("west", law.Ask) // too late
	if _, err := g.r.Poll(t.Context(), 0); err != nil {
		t.Error(err)
	}
}
