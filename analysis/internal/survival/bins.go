package survival

import (
	"math"
	"slices"
	"sort"
)

// Bins are intervals of time that all sites share, made of points of a clock's
// grid: bin k holds the points after Edges[k-1] up to and including Edges[k],
// bin 0 everything up to Edges[0]. Within a bin all events are tied, and
// censorings come after them.
type Bins struct {
	Clock Clock `json:"clock"`
	Edges []int `json:"edges"`
}

// MergeBins joins neighbouring points of a grid, from the left, until each bin
// has at least least events; what remains at the right joins the last bin. It
// makes one bin when there are fewer events than that in all.
func MergeBins(c Clock, events []float64, least float64) Bins {
	var edges []int
	var n float64
	for k, e := range events {
		if n += e; n >= math.Max(least, 1) {
			edges, n = append(edges, k), 0
		}
	}
	if len(edges) == 0 {
		edges = []int{0}
	}
	edges[len(edges)-1] = len(events) - 1
	return Bins{Clock: c, Edges: edges}
}

// Time is the time at which bin k ends.
func (b Bins) Time(k int) float64 { return b.Clock.Time(b.Edges[k]) }

// Span is where a person at risk over (start, stop] enters and leaves: at risk
// in the bins after enter up to and including exit; enter is -1 for somebody
// at risk from the beginning (start -Inf). An exit of len(Edges) or more means
// that stop is beyond the grid.
func (b Bins) Span(start, stop float64) (enter, exit int) {
	enter, exit = -1, sort.SearchInts(b.Edges, b.Clock.Exit(stop))
	if !math.IsInf(start, -1) {
		enter = sort.SearchInts(b.Edges, b.Clock.Entry(start)+1) - 1
	}
	return min(enter, exit-1), exit
}

// A BinSum is what the people of one stratum add to one bin: Net is the
// moments of those who leave in it less those who enter after it, Dead the
// moments of those with the event in it, Events their number, Eta and X the
// sums of their linear predictors and covariates.
type BinSum struct {
	Events, Eta float64
	X           []float64
	Net, Dead   Moments
}

// EvaluateBins is the partial likelihood of a stratum from its bins, in order
// of time. Who is at risk in a bin are those who leave in it or later.
func EvaluateBins(p int, bins []BinSum, efron bool) Evaluation {
	out, risk := NewEvaluation(p), NewMoments(p)
	for _, b := range slices.Backward(bins) {
		risk.S0 += b.Net.S0
		for i := range risk.S1 {
			risk.S1[i] += b.Net.S1[i]
		}
		for i := range risk.S2 {
			risk.S2[i] += b.Net.S2[i]
		}
		if d := int(math.Round(b.Events)); d > 0 {
			out.AddEventTime(d, b.Eta, b.X, risk, b.Dead, efron)
		}
	}
	return out
}
