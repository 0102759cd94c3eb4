// Package analysistest holds what the tests of every analysis share: a driver
// that runs an analysis over several sites without a network, and the
// conformance suite of the catalogue.
package analysistest

import (
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// Rows is the most rows that a site may have in a driven run; it decides the
// grid, as a charter's max_rows does.
const Rows = 1 << 20

// maxRounds stops a run that never ends.
const maxRounds = 100

// A Round is what one pass of a driven run opened.
type Round struct {
	State analysis.State
	Grid  fixed.Grid
	Words []uint64 // the sum over the sites, in the ring
}

// Drive runs the analysis over the sites as the engine would: per round the
// grid follows from Bounds, every site adds its rows to its own vector, and the
// integers are summed in the ring, as secure summation does. It fails the test
// on any error, on a contribution outside its declared range, and on a run that
// has not ended after 100 rounds.
func Drive(t testing.TB, a analysis.Analysis, p analysis.Params, s table.Schema, sites ...table.Table) *analysis.Result {
	t.Helper()
	r, _ := Rounds(t, a, p, s, sites...)
	return r
}

// Rounds is Drive that also returns what each round opened.
func Rounds(t testing.TB, a analysis.Analysis, p analysis.Params, s table.Schema, sites ...table.Table) (*analysis.Result, []Round) {
	t.Helper()
	return rounds(t, a, p, s, max(len(sites), 3), sites)
}

// SameWords drives the analysis over the pooled table and over the sites on the
// same grid, and fails the test unless every round opens the same integers, bit
// for bit (partition invariance). It returns the result over the sites.
func SameWords(t testing.TB, a analysis.Analysis, p analysis.Params, s table.Schema, pooled table.Table, sites ...table.Table) *analysis.Result {
	t.Helper()
	parties := max(len(sites), 3)
	_, one := rounds(t, a, p, s, parties, []table.Table{pooled})
	res, many := rounds(t, a, p, s, parties, sites)
	if len(one) != len(many) {
		t.Fatalf("%s: pooled run took %d rounds, %d sites took %d", a.About().Name, len(one), len(sites), len(many))
	}
	for i := range one {
		if !slices.Equal(one[i].State, many[i].State) {
			t.Fatalf("%s: round %d: the states of the pooled run and of %d sites differ", a.About().Name, i, len(sites))
		}
		if !slices.Equal(one[i].Words, many[i].Words) {
			t.Fatalf("%s: round %d: the sums of the pooled run and of %d sites differ", a.About().Name, i, len(sites))
		}
	}
	return res
}

func rounds(t testing.TB, a analysis.Analysis, p analysis.Params, s table.Schema, parties int, sites []table.Table) (*analysis.Result, []Round) {
	t.Helper()
	name := a.About().Name
	run, state, err := a.Start(p, s)
	if err != nil {
		t.Fatalf("%s: start: %v", name, err)
	}
	var out []Round
	for len(out) < maxRounds {
		b, err := run.Bounds(state)
		if err != nil {
			t.Fatalf("%s: round %d: bounds: %v", name, len(out), err)
		}
		g, err := fixed.NewGrid(b.Ranges, Rows, parties)
		if err != nil {
			t.Fatalf("%s: round %d: grid: %v", name, len(out), err)
		}
		total := fixed.NewVector(g)
		for i, site := range sites {
			v := fixed.NewVector(g)
			if err := run.Local(site, state, v); err != nil {
				t.Fatalf("%s: round %d: site %d: %v", name, len(out), i, err)
			}
			if err := v.Err(); err != nil {
				t.Fatalf("%s: round %d: site %d: %v", name, len(out), i, err)
			}
			g.Layout().AddTo(total.Words, v.Words)
		}
		out = append(out, Round{State: state, Grid: g, Words: total.Words})
		next, res, err := run.Next(fixed.Decode(g, total.Words), state)
		switch {
		case err != nil:
			t.Fatalf("%s: round %d: next: %v", name, len(out)-1, err)
		case (next == nil) == (res == nil):
			t.Fatalf("%s: round %d: next gave both or neither of a state and a result", name, len(out)-1)
		case res != nil:
			return res, out
		}
		state = next
	}
	t.Fatalf("%s: no result after %d rounds", name, maxRounds)
	return nil, nil
}
