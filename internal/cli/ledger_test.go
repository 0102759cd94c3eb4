package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/store"
)

var updateLedger = flag.Bool("update-ledger", false, "rewrite the outputs of hmsp ledger")

// ledgerDay is when the steward looks.
func ledgerDay() time.Time { return time.Date(2026, 11, 24, 10, 20, 0, 0, time.UTC) }

// steward runs a command at ledgerDay.
func steward(args ...string) (string, int) {
	var out bytes.Buffer
	a := &app{catalog: catalog.Catalog{}, in: strings.NewReader(""), out: &out, err: &out, now: ledgerDay}
	code := a.run(context.Background(), args)
	return out.String(), code
}

// siteWithLedger makes the home of a site that was asked: a year of studies, one of
// them sticky, one running, cohorts that are disjoint, another dataset.
func siteWithLedger(t *testing.T, home string) (*ledger.Ledger, *store.Ledger) {
	t.Helper()
	kept, err := store.OpenLedger(filepath.Join(home, store.LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	limits, err := ledger.ReadLimits(home)
	if err != nil {
		t.Fatal(err)
	}
	now := ledgerDay()
	l, err := ledger.Open(ledger.Config{Store: kept, Limits: limits, Cost: account.RhoOf, Parts: cohort.Disjoint, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	laplace := []dp.Event{{Kind: dp.DiscreteLaplace, Noise: 6, Count: 2}}
	gauss := []dp.Event{{Kind: dp.DiscreteGaussian, Noise: 5}}
	for _, c := range []struct {
		study, question, dataset, predicate string
		days                                int
		rounds                              [][]dp.Event
		spend                               int
		over                                bool
	}{
		{"a1", "q1", "lung", "", 300, [][]dp.Event{laplace}, 1, true},
		{"b2", "q2", "lung", "", 120, [][]dp.Event{gauss, gauss, gauss}, 3, true},
		{"c3", "q3", "lung", "age < 50", 60, [][]dp.Event{laplace, gauss}, 1, true},
		{"d4", "q4", "lung", "age >= 50", 30, [][]dp.Event{laplace}, 1, true},
		{"e5", "q1", "lung", "", 10, [][]dp.Event{laplace}, 1, true},
		{"f6", "q6", "heart", "", 1, [][]dp.Event{{{Kind: dp.SampledGaussian, Noise: 20, Rate: 0.25}}, {{Kind: dp.Tree, Noise: 30, Steps: 16}}}, 1, false},
	} {
		now = ledgerDay().AddDate(0, 0, -c.days)
		study := strings.Repeat(c.study, 32)
		must(t, func() error {
			_, err := l.Reserve(ledger.Claim{Study: study, Question: c.question, Dataset: c.dataset, Snapshot: "snap", OneRow: true,
				Researcher: "ruth", Purpose: "research", Predicate: c.predicate, Rounds: c.rounds, Delta: 1e-6})
			return err
		})
		for i := range c.spend {
			must(t, func() error { return l.Spend(study, i) })
			must(t, func() error { return l.ConfirmRound(study, i, []string{"east", "north"}) })
		}
		if c.over {
			must(t, func() error { return l.Settle(study) })
		}
	}
	now = ledgerDay()
	return l, kept
}

func must(t *testing.T, do func() error) {
	t.Helper()
	if err := do(); err != nil {
		t.Fatal(err)
	}
}

func newSite(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "north")
	if _, err := member.Init(home, "north", identity.Site); err != nil {
		t.Fatal(err)
	}
	must(t, func() error {
		return os.WriteFile(filepath.Join(home, ledger.File), []byte("hmsp: budget/v1\nper_dataset: 0.5\nper_requester: 0.4\n"), 0o600)
	})
	return home
}

// TestLedgerCommands types what a steward types, over a prepared home, and compares
// with testdata/ledger.
func TestLedgerCommands(t *testing.T) {
	home := newSite(t)
	out, code := steward("ledger", "show", "--home", home)
	if code != exitOK || !strings.Contains(out, "no study was paid for yet") {
		t.Fatalf("exit %d before any study:\n%s", code, out)
	}
	_, kept := siteWithLedger(t, home)
	must(t, kept.Close)
	svg := filepath.Join(t.TempDir(), "lung.svg")
	for name, args := range map[string][]string{
		"show":      {"show"},
		"lung":      {"show", "--dataset", "lung", "--svg", svg},
		"explain-b": {"explain", "b2b2b2"},
		"explain-c": {"explain", "c3c3c3"},
		"explain-e": {"explain", "e5e5e5"},
		"explain-f": {"explain", "f6f6f6"},
	} {
		out, code := steward(append([]string{"ledger"}, append(args, "--home", home)...)...)
		if code != exitOK {
			t.Errorf("%v: exit %d: %s", args, code, out)
		}
		compare(t, name+".txt", []byte(out))
	}
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "lung.svg", picture)
	for want, args := range map[string][]string{
		"it has heart, lung": {"show", "--dataset", "lungs"},
		"name one with":      {"show", "--svg", svg},
		"has no study":       {"explain", "nothing"},
		"takes a study":      {"explain"},
	} {
		out, code := steward(append([]string{"ledger"}, append(args, "--home", home)...)...)
		if code != exitInput || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d, want %q in %s", args, code, want, out)
		}
	}
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "ledger", name)
	if *updateLedger {
		must(t, func() error { return os.MkdirAll(filepath.Dir(path), 0o755) })
		must(t, func() error { return os.WriteFile(path, got, 0o644) })
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; look at it, and rewrite with -update-ledger. Got\n%s", path, got)
	}
}

// TestLedgerWhileTheSiteRuns: the command reads the published copy, and says so;
// both say the same.
func TestLedgerWhileTheSiteRuns(t *testing.T) {
	home := newSite(t)
	l, kept := siteWithLedger(t, home)
	out, code := steward("ledger", "show", "--home", home)
	if code != exitFailed || !strings.Contains(out, "has not published it yet") {
		t.Errorf("before it is published: exit %d: %s", code, out)
	}
	p, err := ledger.NewPublisher(l, home, nil)
	if err != nil {
		t.Fatal(err)
	}
	must(t, func() error { return p.Publish(ledgerDay()) })
	running := ledgerJSON(t, home)
	if running["live"] != false {
		t.Error("the copy calls itself live")
	}
	if out, _ := steward("ledger", "show", "--home", home); !strings.Contains(out, "the site is running") {
		t.Errorf("does not say that it is a copy:\n%s", out)
	}
	key, err := l.NoiseKey()
	must(t, func() error { return err })
	must(t, kept.Close)
	stopped := ledgerJSON(t, home)
	running["live"] = true
	if a, b := fmt.Sprint(running), fmt.Sprint(stopped); a != b || stopped["site"] != "north" {
		t.Errorf("the copy differs from the ledger:\n%s\n%s", a, b)
	}
	if strings.Contains(fmt.Sprint(stopped), fmt.Sprintf("%x", key)) {
		t.Error("the noise key is shown")
	}
}

func ledgerJSON(t *testing.T, home string) map[string]any {
	t.Helper()
	out, code := steward("ledger", "show", "--home", home, "--json")
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != exitOK {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	return v
}

// TestLedgerThatIsTorn: the error is clear and has the exit code of a failure.
func TestLedgerThatIsTorn(t *testing.T) {
	home := newSite(t)
	_, kept := siteWithLedger(t, home)
	must(t, kept.Close)
	path := filepath.Join(home, store.LedgerFile)
	info, err := os.Stat(path)
	must(t, func() error { return err })
	must(t, func() error { return os.Truncate(path, info.Size()/2) })
	out, code := steward("ledger", "show", "--home", home)
	if code != exitFailed || !strings.Contains(out, "torn") && !strings.Contains(out, "damaged") {
		t.Errorf("exit %d: %s", code, out)
	}
}
