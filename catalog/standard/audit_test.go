package standard_test

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dp/mechanism"
	"hmsp.center/hmsp/dp/onerun"
)

// What every audit here tests, and how: an analysis that keeps its claim fails with
// a probability of at most 1e-4. Seeds are fixed, so it was drawn once for each.
const (
	canaries, guesses = 400, 100
	confidence        = 1 - 1e-4
	sites             = 2
	background        = 60  // patients who are always there
	candidates        = 400 // records of which the most exposed become canaries
)

// budget is the claim.
func budget() mechanism.Budget { return mechanism.Budget{Epsilon: 1, Delta: 1e-6} }

// A fault is what was done to the mechanism, by factors.
type fault struct {
	quiet int64   // noise is this much smaller
	loud  int64   // what a canary adds is this much larger, as if nothing clipped it
	lies  float64 // the analysis adds this much more than it declares, and the mechanism clips it
}

// faults are what is tried, and whether the audit must see it. Those that it sees
// are large, because the canaries of some examples take up a part of the budget
// only; package onerun's own tests show that it sees half the noise.
func faults() map[string]struct {
	fault
	seen bool
} {
	return map[string]struct {
		fault
		seen bool
	}{
		"as it is":                      {fault{1, 1, 1}, false},
		"more than declared":            {fault{1, 1, 16}, false},
		"a sixteenth of the noise":      {fault{16, 1, 1}, true},
		"a canary that was not clipped": {fault{1, 16, 1}, true},
	}
}

// Every private analysis of the catalogue is audited from end to end on the example
// of its About: canaries with extreme records, the mechanism's own clipping, grid
// and noise, and an attacker who sees what is opened in every round and knows all
// other patients. A new private analysis needs no new test.
func TestEveryPrivateAnalysisKeepsItsClaim(t *testing.T) {
	for _, a := range standard.Catalog().Analyses {
		private, ok := a.(analysis.PrivateAnalysis)
		if !ok {
			continue
		}
		t.Run(a.About().Name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, private)
			if testing.Short() && c.together() > 1 {
				t.Skip("long: it opens very many numbers")
			}
			t.Logf("a canary stands out by %.2f standard deviations of the noise", c.exposed)
			for name, f := range faults() {
				if testing.Short() && f.lies*float64(f.loud) > 1 {
					continue
				}
				r, err := onerun.Audit(canaries, c.play(f.fault), guesses, budget().Delta, confidence, stream(99))
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: %v", name, r)
				if r.Refutes(budget().Epsilon) != f.seen {
					t.Errorf("%s: epsilon %v refuted: %v, want %v: %v", name, budget().Epsilon, !f.seen, f.seen, r)
				}
			}
		})
	}
}
