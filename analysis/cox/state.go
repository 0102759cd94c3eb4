package cox

import (
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/survival"
)

// Phases of a run: count rows, levels and events; search the maximum of the
// partial likelihood; count concordant pairs at the maximum.
const (
	counting  = "count"
	searching = "search"
	pairing   = "pairs"
)

// state is what all sites see between rounds. It holds what was opened and
// where the search stands, and nothing that a site can work out by itself: each
// makes the design from the counts.
type state struct {
	Phase  string           `json:"phase"`
	Counts []float64        `json:"counts,omitempty"` // as formula.Model counts them
	Events float64          `json:"events,omitempty"`
	Bins   *survival.Bins   `json:"bins,omitempty"` // coarsened
	Search *survival.Search `json:"search,omitempty"`

	design *formula.Design
}

// strata is the number of baselines that a state tells apart.
func (s state) strata() int { return max(1, len(s.design.StrataNames)) }

// decode reads a state and refuses one that cannot come from this run: a lead
// that lies must not bring a site down.
func (r *run) decode(encoded analysis.State) (state, error) {
	s, err := analysis.Decode[state](encoded)
	if err != nil {
		return s, err
	}
	switch s.Phase {
	case counting:
		return s, nil
	case searching, pairing:
	default:
		return s, fmt.Errorf("cox: state has unknown phase %q", s.Phase)
	}
	if err := r.checkCounts(s.Counts); err != nil {
		return s, err
	}
	if s.design, err = r.model.Settle(s.Counts); err != nil {
		return s, err
	}
	p, q := len(s.design.Columns), s.Search
	if q == nil || len(q.Beta) != p || len(q.Point) != p || len(q.Step) != p || len(q.Aliased) != p || len(q.Endless) != p ||
		len(q.At.Score) != p || len(q.At.Info) != p*(p+1)/2 {
		return s, fmt.Errorf("cox: the state's search is not one of %d coefficients", p)
	}
	if r.coarse {
		return s, r.checkBins(s.Bins)
	}
	return s, nil
}

// checkCounts holds the counts against each other: every factor's levels, and
// the strata, add to the complete rows.
func (r *run) checkCounts(counts []float64) error {
	if len(counts) != len(r.model.CountRanges()) {
		return fmt.Errorf("cox: the state has %d counts, want %d", len(counts), len(r.model.CountRanges()))
	}
	for _, c := range counts {
		if !(c >= 0 && c < 1<<53) || c != math.Trunc(c) {
			return fmt.Errorf("cox: a count of the state is no number of rows")
		}
	}
	at := 2
	agrees := func(n int) bool {
		var sum float64
		for _, c := range counts[at : at+n] {
			sum += c
		}
		at += n
		return sum == counts[0]
	}
	for _, v := range r.model.Variables {
		if v.Factor && !agrees(len(v.Levels)) {
			return fmt.Errorf("cox: the state's counts of %s do not add to the number of rows", v.Name)
		}
	}
	if n := len(counts) - at; n > 0 && !agrees(n) {
		return fmt.Errorf("cox: the state's counts of strata do not add to the number of rows")
	}
	return nil
}

// checkBins asks for intervals in order within the declared times.
func (r *run) checkBins(b *survival.Bins) error {
	if b == nil || b.Len() == 0 || len(b.Last) != b.Len() || b.Clock != r.clock {
		return fmt.Errorf("cox: the state has no bins on the grid of this study")
	}
	var points []int
	for k := range b.First {
		if b.First[k] > b.Last[k] || k > 0 && b.First[k] <= b.Last[k-1] {
			return fmt.Errorf("cox: the state's bins are not in order")
		}
		points = append(points, b.First[k], b.Last[k])
	}
	if slices.Min(points) < 0 || slices.Max(points) >= r.clock.Points() {
		return fmt.Errorf("cox: the state's bins are outside the declared times")
	}
	return nil
}
