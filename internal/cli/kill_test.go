package cli_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/receipt"
)

const killed = `verify: true
analyses:
  - {name: age, analysis: describe, variables: [age, wt.loss]}
  - {name: by-sex, analysis: kaplan-meier, formula: "Surv(time, status == 2) ~ sex"}
  - {name: hazards, analysis: cox, formula: "Surv(time, status == 2) ~ age + sex"}
`

// TestKillNine: hub, lead, sites and researcher are killed with signal 9 at
// moments drawn for each seed and started again at once; the study ends
// with the result of an undisturbed run, to the last bit. That a node survives a
// crash at every single message is shown on the simulated network; here the
// processes, files, sockets and the operating system are real.
func TestKillNine(t *testing.T) {
	f := newFederation(t)
	f.startAll()
	f.hmsp("study", "submit", f.write("undisturbed", "{minimum: 6, patience: 10m}", killed), "--home", "ruth")
	want := f.watch("undisturbed")
	if want.Status != receipt.Released {
		t.Fatalf("undisturbed: %s: %s", want.Status, want.Reason)
	}
	seeds, kills := 4, 16
	if testing.Short() {
		seeds, kills = 1, 6
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) { f.disturb(t, uint64(seed+1), kills, want) })
	}
}

// disturb runs the study while processes die, and holds its result against an
// undisturbed one.
func (f *federation) disturb(t *testing.T, seed uint64, kills int, want receipt.Outcome) {
	f.t = t
	rng := rand.New(rand.NewPCG(seed, 9))
	name := fmt.Sprint("disturbed-", seed)
	path := f.write(name, "{minimum: 6, patience: 10m}", killed)
	submitted := make(chan error, 1)
	go func() { submitted <- f.command(t.Context(), "study", "submit", path, "--home", "ruth").Run() }()

	// Gaps between kills grow from seed to seed, so that some come before the
	// decisions and some in the last round.
	gap := 20*time.Millisecond + time.Duration(seed)*40*time.Millisecond
	var done []string
	over := func() bool {
		if len(done) < 4 {
			return false // the record may not be there yet
		}
		return f.record(name).Outcome != nil
	}
	for i := 0; i < kills && !over(); i++ {
		time.Sleep(gap/2 + rand.N(gap))
		victim := "hub"
		switch i % 4 {
		case 3:
			if i > 3 { // who watches dies too; what it took from the hub is in the record
				ctx, cancel := context.WithTimeout(t.Context(), gap/2+rand.N(gap))
				f.command(ctx, "study", "watch", name, "--home", "ruth").Run()
				cancel()
				done = append(done, "ruth")
				continue
			}
		case 1:
			victim = demo.Sites()[rng.IntN(6)]
		case 2:
			if i > 3 {
				victim = f.record(name).Lead
			}
		}
		if !f.kill(victim) {
			t.Fatalf("%s had ended by itself:\n%s", victim, tail(f.dir+"/"+victim+".log"))
		}
		f.start(victim)
		done = append(done, victim)
	}
	if err := <-submitted; err != nil {
		t.Fatalf("submit: %v", err)
	}
	got := f.watch(name)
	t.Logf("killed %s", strings.Join(done, ", "))
	f.healthy()
	if got.Status != receipt.Released {
		t.Fatalf("%s: %s", got.Status, got.Reason)
	}
	if !slices.Equal(got.Contributors, want.Contributors) || got.Receipt.Result != want.Receipt.Result {
		t.Errorf("result %s of %v, undisturbed %s of %v", got.Receipt.Result, got.Contributors, want.Receipt.Result, want.Contributors)
	}
	if len(got.Receipt.Rounds) != len(want.Receipt.Rounds) {
		t.Errorf("%d rounds, undisturbed %d", len(got.Receipt.Rounds), len(want.Receipt.Rounds))
	}
}

const simple = "analyses:\n  - {name: age, analysis: describe, variables: [age]}\n"

// TestSiteNeverReturns: with a minimum the study ends without the site and names
// it; without one it ends without a result and names it; where the site leads,
// the others leave and the researcher hears why.
func TestSiteNeverReturns(t *testing.T) {
	f := newFederation(t)
	f.start("hub")
	submit := func(name, participation string) (lead, other string) {
		f.hmsp("study", "submit", f.write(name, participation, simple), "--home", "ruth")
		lead = f.record(name).Lead
		i := slices.Index(demo.Sites(), lead)
		return lead, demo.Sites()[(i+1)%6]
	}
	_, gone := submit("minimum", "{minimum: 5, patience: 6s}")
	for _, s := range demo.Sites() {
		if s != gone {
			f.start(s)
		}
	}
	o := f.watch("minimum")
	if o.Status != receipt.Released || len(o.Contributors) != 5 || slices.Contains(o.Contributors, gone) {
		t.Fatalf("%s with %v: %s", o.Status, o.Contributors, o.Reason)
	}
	if len(o.Absent) != 1 || o.Absent[0].Site != gone || o.Absent[0].Kind != "absent" {
		t.Errorf("absent %+v, want %s", o.Absent, gone)
	}
	if text := f.hmsp("study", "result", "minimum", "--home", "ruth"); !strings.Contains(text, gone) {
		t.Errorf("the result does not name %s", gone)
	}
	if testing.Short() {
		return
	}

	// Everybody is asked for, and one does not come.
	f.start(gone)
	_, other := submit("everybody", "{patience: 6s}")
	f.kill(other)
	if o = f.watch("everybody"); o.Status == receipt.Released || !strings.Contains(o.Reason, other) {
		t.Errorf("%s: %s, want no result for %s", o.Status, o.Reason, other)
	}
	f.start(other)

	// The lead itself does not come.
	f.kill("hub") // so that no site decides before its lead is gone
	for _, s := range demo.Sites() {
		f.kill(s)
	}
	f.start("hub")
	lead, _ := submit("leaderless", "{patience: 2s}")
	for _, s := range demo.Sites() {
		if s != lead {
			f.start(s)
		}
	}
	if o = f.watch("leaderless"); o.Status != receipt.Failed || !strings.Contains(o.Reason, lead+", which leads") {
		t.Errorf("%s: %s, want that %s was not heard from", o.Status, o.Reason, lead)
	}
	f.healthy()
}
