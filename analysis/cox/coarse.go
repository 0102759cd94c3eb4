package cox

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// maxCoarseSpread is the largest difference of linear predictors within the
// declared ranges for which sums of exp() keep 10 digits for everybody: the
// grid has about 100 fraction bits.
const maxCoarseSpread = 45

// binSums is the number of coordinates of one bin in one stratum: events, sum
// of offsets and of covariates over the events, then the moments of those who
// leave (less those who enter) and of those with the event.
func (r *run) binSums(s state) int {
	p := len(s.design.Columns)
	return 2 + p + 2*(1+p+p*(p+1)/2)
}

// binBounds bounds what one row adds: with hazards relative to the largest possible one, exp(x'beta-hi)
// is at most 1, and so is each product with covariates.
func (r *run) binBounds(s state, b analysis.Bounds) (analysis.Bounds, error) {
	one := make([]fixed.Range, r.binSums(s))
	for i := range one {
		one[i] = fixed.Range{Max: 1}
	}
	one[0] = fixed.Range{Max: 1, Integer: true}
	one[1] = fixed.Range{Max: math.Max(math.Abs(s.design.OffsetLo), math.Abs(s.design.OffsetHi))}
	for range s.Bins.Len() * s.strata() {
		b.Ranges = append(b.Ranges, one...)
	}
	b.Opens = fmt.Sprintf("Pooled sums of relative hazards, covariates and their products over the people who leave, enter or have the event in each of %d bins of time, joined to hold %d events each, at public coefficients.",
		s.Bins.Len(), r.params.Int("min_events"))
	return b, nil
}

func (r *run) sumBins(t table.Table, s state, sum *fixed.Vector) error {
	f, err := s.design.Frame(t)
	if err != nil {
		return err
	}
	_, hi := s.design.Linear(s.Search.Beta)
	p, size := len(s.design.Columns), r.binSums(s)
	x := make([]float64, p)
	net, dead := 2+p, 2+p+1+p+p*(p+1)/2 // where the moments lie within a bin
	moments := func(at int, h float64) {
		sum.Add(at, h)
		sum.AddScaled(at+1, h, x)
		q := at + 1 + p
		for i, xi := range x {
			sum.AddScaled(q, h*xi, x[:i+1])
			q += i + 1
		}
	}
	for i := range f.N {
		f.Row(i, x)
		start, stop, event := f.Surv(i)
		eta := f.Offset(i)
		for j, b := range s.Search.Beta {
			eta += b * x[j]
		}
		h := math.Min(1, math.Exp(eta-hi))
		enter, exit := s.Bins.Span(start, stop)
		if enter == exit {
			continue
		}
		bin := func(k int) int { return (f.Stratum(i)*s.Bins.Len() + k) * size }
		moments(bin(exit)+net, h)
		if enter >= 0 {
			moments(bin(enter)+net, -h)
		}
		if event != 1 {
			continue
		}
		at := bin(exit)
		sum.Add(at, 1)
		sum.Add(at+1, f.Offset(i))
		for j := range x {
			sum.Add(at+2+j, x[j])
		}
		moments(at+dead, h)
	}
	return nil
}

// evaluateBins is the partial likelihood from the opened sums.
func (r *run) evaluateBins(sum []float64, s state) (survival.Evaluation, error) {
	p, size, bins := len(s.design.Columns), r.binSums(s), s.Bins.Len()
	if want := size * bins * s.strata(); len(sum) != want {
		return survival.Evaluation{}, fmt.Errorf("cox: %d sums, want %d", len(sum), want)
	}
	_, hi := s.design.Linear(s.Search.Beta)
	out := survival.NewEvaluation(p)
	for k := range s.strata() {
		parts := make([]survival.BinSum, bins)
		for j := range parts {
			at := sum[(k*bins+j)*size:][:size]
			b := survival.BinSum{Events: at[0], X: at[2 : 2+p]}
			b.Net, b.Dead = momentsOf(at[2+p:], p), momentsOf(at[2+p+1+p+p*(p+1)/2:], p)
			b.Eta = at[1] - hi*at[0]
			for i, x := range b.X {
				b.Eta += s.Search.Beta[i] * x
			}
			parts[j] = b
		}
		e := survival.EvaluateBins(p, parts, r.efron)
		out.LogLik += e.LogLik
		for i := range e.Score {
			out.Score[i] += e.Score[i]
		}
		for i := range e.Info {
			out.Info[i] += e.Info[i]
		}
	}
	return out, nil
}

func momentsOf(xs []float64, p int) survival.Moments {
	return survival.Moments{S0: xs[0], S1: xs[1 : 1+p], S2: xs[1+p : 1+p+p*(p+1)/2]}
}
