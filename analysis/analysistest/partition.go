package analysistest

import (
	"bytes"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// checkPartition asks that the same people over 1, 2 and 7 sites, in any order,
// open the same integers in every round, bit for bit, and give the same bytes
// as result. An analysis that is additive over sites only must keep this promise
// when whole strata move, in their own order.
func checkPartition(t testing.TB, a analysis.Analysis, c Case) {
	t.Helper()
	people := c.people()
	split := func(n int, seed uint64) []table.Table { return deal(people, n, seed) }
	if overSites(t, a, c) {
		if _, ok := people.Schema.Lookup(c.strata()); !ok {
			t.Fatalf("the analysis is additive over sites only, and the people have no variable %q to split by", c.strata())
		}
		split = func(n int, seed uint64) []table.Table { return dealStrata(people, c.strata(), n, seed) }
	}
	want, rounds := Rounds(t, a, c.Params, people.Schema, fill([]table.Table{people})...)
	run, _, err := a.Start(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	for i, r := range rounds {
		nothing := func(w uint64) bool { return w == 0 }
		if w := contribution(t, run, people.Slice(0, 0), r); !all(w, nothing) {
			t.Errorf("round %d: a site with nobody contributes something", i)
		}
	}
	for seed, n := range []int{1, 2, 2, 7, 7} {
		sites := split(n, uint64(seed))
		got, r := Rounds(t, a, c.Params, people.Schema, fill(sites)...)
		if len(r) != len(rounds) {
			t.Errorf("%d sites take %d rounds, the pooled people %d", n, len(r), len(rounds))
			continue
		}
		for i := range r {
			if !slices.Equal(r[i].State, rounds[i].State) || !slices.Equal(r[i].Words, rounds[i].Words) {
				t.Errorf("%d sites: the sum of round %d differs from the pooled people's", n, i)
				break
			}
		}
		if !bytes.Equal(encode(t, got), encode(t, want)) {
			t.Errorf("%d sites: the result differs from the pooled people's", n)
		}
	}
}

// overSites says whether any round of the run is additive over sites only.
func overSites(t testing.TB, a analysis.Analysis, c Case) bool {
	t.Helper()
	people := c.people()
	run, _, err := a.Start(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	_, rounds := Rounds(t, a, c.Params, people.Schema, people)
	for _, r := range rounds {
		if bounds(t, run, r).OverSites {
			return true
		}
	}
	return false
}

func all[T any](xs []T, ok func(T) bool) bool {
	return !slices.ContainsFunc(xs, func(x T) bool { return !ok(x) })
}

func bounds(t testing.TB, run analysis.Run, r Round) analysis.Bounds {
	t.Helper()
	b, err := run.Bounds(r.State)
	if err != nil {
		t.Fatalf("bounds: %v", err)
	}
	return b
}
