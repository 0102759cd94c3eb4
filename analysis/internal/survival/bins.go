package survival

import (
	"math"
	"slices"
	"sort"
)

// Bins are intervals of time that all sites share, on a clock's grid: bin k
// reaches from the first of its event times, First[k], to the last, Last[k].
// Within a bin all events are tied, and censorings come after them. No event
// lies between bins.
type Bins struct {
	Clock Clock `json:"clock"`
	First []int `json:"first"`
	Last  []int `json:"last"`
}

// MergeBins joins neighbouring event times of a grid, from the left, until each
// bin has at least least events; what remains at the right joins the last bin.
// There is one bin when there are fewer events than that in all, and none when
// there are no events.
func MergeBins(c Clock, events []float64, least float64) Bins {
	b := Bins{Clock: c}
	open, n := false, 0.0
	for k, e := range events {
		if e == 0 {
			continue
		}
		if !open {
			b.First, b.Last, n = append(b.First, k), append(b.Last, k), 0
		}
		b.Last[len(b.Last)-1] = k
		n += e
		open = n < least
	}
	if m := len(b.First); open && m > 1 {
		b.Last[m-2] = b.Last[m-1]
		b.First, b.Last = b.First[:m-1], b.Last[:m-1]
	}
	return b
}

// Len is the number of bins.
func (b Bins) Len() int { return len(b.First) }

// Span is where a person at risk over (start, stop] enters and leaves: at risk
// in the bins after enter up to and including exit. Enter is -1 for somebody at
// risk from the beginning (start -Inf); enter and exit are equal for somebody
// who is at risk at no event.
func (b Bins) Span(start, stop float64) (enter, exit int) {
	out := b.Clock.Exit(stop)
	enter, exit = -1, sort.SearchInts(b.First, out+1)-1
	if !math.IsInf(start, -1) {
		in := min(b.Clock.Entry(start), out-1)
		enter = sort.SearchInts(b.Last, in+1) - 1
	}
	return enter, exit
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
