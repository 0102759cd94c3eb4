package analysistest

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// checkBounds asks that in every round no person can do more than declared:
// one row alone contributes at most Max to a coordinate, whole numbers where
// Integer; taking a random row away moves each coordinate by at most Max, and
// changing it by at most twice that. Half of the rows stand at the edges of the
// declared ranges.
func checkBounds(t testing.TB, a analysis.Analysis, c Case) {
	t.Helper()
	people := c.people()
	run, _, err := a.Start(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	_, rounds := Rounds(t, a, c.Params, people.Schema, people)
	edge := corners(people.Schema, 60, 3)
	rng := rand.New(rand.NewPCG(11, 13))
	for i, r := range rounds {
		b := bounds(t, run, r)
		if len(b.Ranges) == 0 {
			t.Errorf("round %d: a vector of no coordinates", i)
			continue
		}
		m := meter{run: run, state: r.State, bounds: b, grid: fine(t, b)}
		for _, rows := range []table.Table{edge, people.Slice(0, min(60, people.Rows()))} {
			for k := range rows.Rows() {
				m.within(t, i, "one row alone", m.local(t, i, rows.Slice(k, k+1)), 1)
			}
		}
		base := join(people, edge.Slice(0, 20))
		whole := m.local(t, i, base)
		for range 6 {
			k := rng.IntN(base.Rows())
			without := join(base.Slice(0, k), base.Slice(k+1, base.Rows()))
			rest := m.local(t, i, without)
			m.within(t, i, "a row taken away", m.minus(whole, rest), 1)
			other := m.local(t, i, join(without, edge.Slice(40+k%20, 41+k%20)))
			m.within(t, i, "a row changed", m.minus(whole, other), 2)
		}
	}
}

// A meter measures contributions to one round on a grid with fraction bits
// throughout, so that a part of a declared whole number shows.
type meter struct {
	run    analysis.Run
	state  analysis.State
	bounds analysis.Bounds
	grid   fixed.Grid
}

func fine(t testing.TB, b analysis.Bounds) fixed.Grid {
	t.Helper()
	ranges := make([]fixed.Range, len(b.Ranges))
	for i, r := range b.Ranges {
		ranges[i] = fixed.Range{Max: r.Max}
	}
	g, err := fixed.NewGrid(ranges, Rows, parties)
	if err != nil {
		t.Fatalf("grid: %v", err)
	}
	return g
}

// local is a site's contribution, or nil where the analysis refuses the rows.
func (m meter) local(t testing.TB, round int, rows table.Table) []uint64 {
	t.Helper()
	v := fixed.NewVector(m.grid)
	if err := m.run.Local(rows, m.state, v); err != nil {
		if strings.Contains(err.Error(), "outside the declared range") {
			t.Errorf("round %d: rows within their ranges are refused: %v", round, err)
		}
		return nil
	}
	if err := v.Err(); err != nil {
		t.Errorf("round %d: rows within their ranges break the declared bound: %v", round, err)
		return nil
	}
	return v.Words
}

func (m meter) minus(a, b []uint64) []uint64 {
	if a == nil || b == nil {
		return nil
	}
	d := append([]uint64(nil), a...)
	m.grid.Layout().SubFrom(d, b)
	return d
}

func (m meter) within(t testing.TB, round int, what string, words []uint64, times float64) {
	t.Helper()
	if words == nil {
		return
	}
	for i, x := range fixed.Decode(m.grid, words) {
		r := m.bounds.Ranges[i]
		if slack := 1e-9 * r.Max; math.Abs(x) > times*r.Max+slack {
			t.Errorf("round %d: %s moves coordinate %d by %g times what is declared", round, what, i, math.Abs(x)/r.Max)
			return
		}
		if r.Integer && x != math.Trunc(x) {
			t.Errorf("round %d: %s moves coordinate %d, declared a whole number, by a fraction", round, what, i)
			return
		}
	}
}
