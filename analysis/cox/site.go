package cox

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// maxRows is the most rows of a stratum for which the bounds below hold.
const maxRows = 1 << 31

// maxSpread is the largest difference of linear predictors within the declared
// ranges at which the search goes on: beyond it the information of the
// coefficients is lost in rounding.
const maxSpread = 600

// siteBounds bounds what one row can change in a site's log-likelihood, score
// and information.
//
// With |x| <= 1 and linear predictors within a spread d, a person's weight in a
// risk set of k others is at most 1/(1+k*exp(-d)). Without late entry the risk
// sets are nested, so that the weights of one person over all of them add to at
// most W = 1 + exp(d)*log(1+maxRows*exp(-d)). Taking the person away moves the
// mean of x in a risk set by at most twice the weight, the covariance by five
// times; where the person's event is tied with others, Efron's fractions l/d
// move too, by no more than another W + 2. With late entry risk sets are not
// nested, and W is the number of rows.
func (r *run) siteBounds(s state, b analysis.Bounds) (analysis.Bounds, error) {
	lo, hi := s.design.Linear(s.Search.Beta)
	spread := hi - lo
	w := 1 + math.Exp(spread)*math.Log1p(maxRows*math.Exp(-spread))
	if r.late || !(w < maxRows) {
		w = maxRows
	}
	p := len(s.design.Columns)
	b.OverSites = true
	b.Ranges = []fixed.Range{{Max: 2*spread + 2*w + 30}}
	for range p {
		b.Ranges = append(b.Ranges, fixed.Range{Max: 4*w + 8})
	}
	for range p * (p + 1) / 2 {
		b.Ranges = append(b.Ranges, fixed.Range{Max: 10*w + 20})
	}
	b.Opens = fmt.Sprintf("The pooled log partial likelihood with its first and second derivatives, at %d public coefficients.", p)
	return b, nil
}

// evaluate adds each stratum's log-likelihood and derivatives, one stratum at a
// time: the sum is then the same wherever the strata lie.
func (r *run) evaluate(t table.Table, s state, sum *fixed.Vector) error {
	strata, err := r.split(t, s)
	if err != nil {
		return err
	}
	for _, stratum := range strata {
		e := stratum.Evaluate(s.Search.Beta, r.efron)
		sum.AddSum(0, e.LogLik)
		for j, u := range e.Score {
			sum.AddSum(1+j, u)
		}
		for j, x := range e.Info {
			sum.AddSum(1+len(e.Score)+j, x)
		}
	}
	return nil
}

// unpack is evaluate's vector as an evaluation.
func unpack(sum []float64, p int) (survival.Evaluation, error) {
	if want := 1 + p + p*(p+1)/2; len(sum) != want {
		return survival.Evaluation{}, fmt.Errorf("cox: %d sums, want %d", len(sum), want)
	}
	return survival.Evaluation{LogLik: sum[0], Score: sum[1 : 1+p], Info: sum[1+p:]}, nil
}

func (r *run) countPairs(t table.Table, s state, sum *fixed.Vector) error {
	strata, err := r.split(t, s)
	if err != nil {
		return err
	}
	for _, stratum := range strata {
		p := stratum.Pairs(s.Search.Point)
		sum.AddSum(0, p.Concordant)
		sum.AddSum(1, p.Discordant)
		sum.AddSum(2, p.Tied)
	}
	return nil
}

// split makes the strata of a site's table; strata without people are left out.
func (r *run) split(t table.Table, s state) ([]*survival.Stratum, error) {
	f, err := s.design.Frame(t)
	if err != nil {
		return nil, err
	}
	p := len(s.design.Columns)
	xs := make([]float64, f.N*p)
	people := make([][]survival.Person, s.strata())
	tick := tickOf(s.design.Response.Interval)
	for i := range f.N {
		x := xs[i*p : (i+1)*p]
		f.Row(i, x)
		start, stop, event := f.Surv(i)
		k := f.Stratum(i)
		people[k] = append(people[k], survival.Person{
			Start: tick(start), Stop: tick(stop), Event: event == 1, X: x, Offset: f.Offset(i),
		})
	}
	var out []*survival.Stratum
	for _, ps := range people {
		if len(ps) > 0 {
			out = append(out, survival.NewStratum(ps))
		}
	}
	return out, nil
}

// tickOf rounds times to about 30 bits of their declared maximum, so that times
// that differ only by rounding are tied, by the same rule at every site.
func tickOf(t formula.Interval) func(float64) float64 {
	unit := math.Ldexp(1, math.Ilogb(math.Max(math.Abs(t.Lo), math.Abs(t.Hi)))-30)
	return func(x float64) float64 { return math.Round(x/unit) * unit }
}
