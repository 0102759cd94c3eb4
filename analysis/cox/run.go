package cox

import (
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A run is one model on one schema.
type run struct {
	params   analysis.Params
	model    *formula.Model
	declared *formula.Design // as if every declared level were observed
	efron    bool
	coarse   bool
	late     bool           // people enter after time 0
	clock    survival.Clock // coarsened: the grid that bins are made of
}

func (r *run) Bounds(encoded analysis.State) (analysis.Bounds, error) {
	s, err := r.decode(encoded)
	if err != nil {
		return analysis.Bounds{}, err
	}
	b := analysis.Bounds{Columns: r.model.Columns()}
	switch s.Phase {
	case counting:
		b.Ranges = append(r.model.CountRanges(), slices.Repeat([]fixed.Range{{Max: 1, Integer: true}}, r.eventCounts())...)
		b.Opens = "Pooled numbers of rows with and without all values, of rows per factor level and stratum, and of events"
		if r.coarse {
			b.Opens += fmt.Sprintf(" in each of %d intervals of %v", r.clock.Points(), r.clock.Width)
		}
		b.Opens += "."
	case searching:
		if r.coarse {
			return r.binBounds(s, b)
		}
		return r.siteBounds(s, b)
	case pairing:
		b.OverSites = true
		b.Ranges = slices.Repeat([]fixed.Range{{Max: maxRows, Integer: true}}, 3)
		b.Opens = "Pooled numbers of pairs of people of one site and stratum in whom the estimated risk agrees with the order of events, disagrees, or is tied."
	}
	return b, nil
}

// eventCounts is the number of coordinates for events in the counting round.
func (r *run) eventCounts() int {
	if r.coarse {
		return r.clock.Points()
	}
	return 1
}

func (r *run) Local(t table.Table, encoded analysis.State, sum *fixed.Vector) error {
	s, err := r.decode(encoded)
	switch {
	case err != nil:
		return err
	case s.Phase == counting:
		return r.count(t, sum)
	case s.Phase == pairing:
		return r.countPairs(t, s, sum)
	case r.coarse:
		return r.sumBins(t, s, sum)
	}
	return r.evaluate(t, s, sum)
}

func (r *run) count(t table.Table, sum *fixed.Vector) error {
	if err := r.model.Count(t, sum, 0); err != nil {
		return err
	}
	f, err := r.declared.Frame(t)
	if err != nil {
		return err
	}
	at := len(r.model.CountRanges())
	for i := range f.N {
		if _, stop, event := f.Surv(i); event == 1 {
			k := 0
			if r.coarse {
				k = r.clock.Exit(stop)
			}
			sum.Add(at+k, 1)
		}
	}
	return nil
}

func (r *run) Next(sum []float64, encoded analysis.State) (analysis.State, *analysis.Result, error) {
	s, err := r.decode(encoded)
	if err != nil {
		return nil, nil, err
	}
	switch s.Phase {
	case counting:
		err = r.settle(sum, &s)
	case searching:
		var done bool
		if done, err = r.search(sum, &s); err == nil && done {
			if r.coarse {
				res, err := r.result(s, nil)
				return nil, res, err
			}
			s.Phase = pairing
		}
	case pairing:
		if len(sum) != 3 {
			return nil, nil, fmt.Errorf("cox: %d sums, want 3", len(sum))
		}
		res, err := r.result(s, &survival.Pairs{Concordant: sum[0], Discordant: sum[1], Tied: sum[2]})
		return nil, res, err
	}
	if err != nil {
		return nil, nil, err
	}
	next, err := analysis.Encode(s)
	return next, nil, err
}

// settle makes the design from the counts, and the bins from the events.
func (r *run) settle(sum []float64, s *state) error {
	at := len(r.model.CountRanges())
	if want := at + r.eventCounts(); len(sum) != want {
		return fmt.Errorf("cox: %d sums, want %d", len(sum), want)
	}
	s.Counts = sum[:at]
	var err error
	if s.design, err = r.model.Settle(s.Counts); err != nil {
		return err
	}
	for _, e := range sum[at:] {
		s.Events += e
	}
	if s.Events == 0 {
		return fmt.Errorf("none of the %d complete rows has the event (%s): a hazard cannot be estimated", s.design.Rows, s.design.Response.Event)
	}
	search := survival.NewSearch(len(s.design.Columns))
	s.Phase, s.Search = searching, &search
	if r.coarse {
		bins := survival.MergeBins(r.clock, sum[at:], r.params.Number("min_events"))
		s.Bins = &bins
		if n := r.binSums(*s) * bins.Len() * s.strata(); n > maxSums {
			return fmt.Errorf("%d bins, %d strata and %d columns need %d sums a round, more than %d: take a larger width or min_events", bins.Len(), s.strata(), len(s.design.Columns), n, maxSums)
		}
	}
	return r.checkSpread(*s)
}

// search takes one evaluation in.
func (r *run) search(sum []float64, s *state) (done bool, err error) {
	var e survival.Evaluation
	if r.coarse {
		e, err = r.evaluateBins(sum, *s)
	} else {
		e, err = unpack(sum, len(s.design.Columns))
	}
	if err != nil {
		return false, err
	}
	if done, err = s.Search.Take(e, r.params.Number("tolerance")); err != nil {
		return false, fmt.Errorf("cox, evaluation %d: %w", s.Search.Steps, err)
	}
	if !done && s.Search.Steps >= r.params.Int("max_iter") {
		return false, fmt.Errorf("cox: the search has not ended after %d evaluations: raise max_iter, or take out covariates that follow from others", s.Search.Steps)
	}
	if !done {
		err = r.checkSpread(*s)
	}
	return done, err
}

// checkSpread refuses coefficients at which hazards differ too much within the
// declared ranges for the sums to keep their digits.
func (r *run) checkSpread(s state) error {
	most := maxSpread
	if r.coarse {
		most = maxCoarseSpread
	}
	if lo, hi := s.design.Linear(s.Search.Beta); !(hi-lo <= float64(most)) {
		return fmt.Errorf("cox: hazards would differ by more than a factor of e^%d between people within the declared ranges; %s: narrow the ranges in the dictionary, or take out a covariate that separates the events", most, r.largest(s))
	}
	return nil
}

// largest names the column with the largest scaled coefficient.
func (r *run) largest(s state) string {
	at := 0
	for j, b := range s.Search.Beta {
		if math.Abs(b) > math.Abs(s.Search.Beta[at]) {
			at = j
		}
	}
	return "the largest part is that of " + s.design.Columns[at].Name
}
