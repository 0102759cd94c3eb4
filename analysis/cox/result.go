package cox

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/plot"
)

// An estimate is one row of the table of terms, on the log scale; NaN where a
// column was left out, infinite where it grows without end.
type estimate struct {
	term                      string
	beta, se, statistic, p    float64
	lo, hi                    float64
	leftOut, endless, hasEnds bool
}

// result makes tables and figure from the maximum. pairs is nil where pairs
// cannot be counted.
func (r *run) result(s state, pairs *survival.Pairs) (*analysis.Result, error) {
	scaled, err := s.Search.Covariance()
	if err != nil {
		return nil, fmt.Errorf("cox: %w", err)
	}
	beta, cov := s.design.Unscale(s.Search.Point, scaled)
	for j := range beta {
		if s.Search.Aliased[j] || s.Search.Endless[j] {
			beta[j] = math.NaN()
			if s.Search.Endless[j] {
				beta[j] = math.Inf(int(math.Copysign(1, s.Search.Point[j])))
			}
			for k := range beta {
				cov.SetSym(j, k, math.NaN())
			}
		}
	}
	est := r.estimates(s, beta, cov)
	res := &analysis.Result{
		Tables: []analysis.Table{r.termsTable(est), r.glance(s, pairs), vcovTable(s.design.Names(), cov)},
		Notes:  r.notes(s, est),
	}
	if pairs != nil {
		res.Tables = append(res.Tables, analysis.Table{Name: "concordance", Title: "Pairs of people whose order of events is known", Columns: []analysis.Column{
			analysis.Nums("concordant", pairs.Concordant), analysis.Nums("discordant", pairs.Discordant), analysis.Nums("tied.risk", pairs.Tied),
			analysis.Nums("concordance", pairs.Index()),
		}})
	}
	if f, ok := r.figure(est); ok {
		res.Figures = append(res.Figures, f)
	}
	return res, nil
}

func (r *run) estimates(s state, beta []float64, cov *mat.SymDense) []estimate {
	z := survival.NormalQuantile(r.params.Number("conf.level"))
	out := make([]estimate, len(beta))
	for j, name := range s.design.Names() {
		e := estimate{term: name, beta: beta[j], se: math.Sqrt(cov.At(j, j)), leftOut: s.Search.Aliased[j], endless: s.Search.Endless[j]}
		e.statistic = e.beta / e.se
		e.p = survival.TwoSided(e.statistic)
		e.lo, e.hi = e.beta-z*e.se, e.beta+z*e.se
		e.hasEnds = !math.IsNaN(e.lo) && !math.IsInf(e.lo, 0) && !math.IsInf(e.hi, 0)
		out[j] = e
	}
	return out
}

func (r *run) termsTable(est []estimate) analysis.Table {
	scale, title := func(x float64) float64 { return x }, "Log hazard ratios"
	if r.params.Bool("exponentiate") {
		scale, title = math.Exp, "Hazard ratios (std.error is of the logarithm)"
	}
	var terms []string
	var cols [6][]float64
	for _, e := range est {
		terms = append(terms, e.term)
		for i, x := range []float64{scale(e.beta), e.se, e.statistic, e.p, scale(e.lo), scale(e.hi)} {
			cols[i] = append(cols[i], x)
		}
	}
	columns := []analysis.Column{analysis.Text("term", terms...)}
	for i, name := range []string{"estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high"} {
		columns = append(columns, analysis.Nums(name, cols[i]...))
	}
	return analysis.Table{Name: "terms", Title: title, Columns: columns}
}

// glance has the columns of broom's glance for coxph, with the null
// log-likelihood and the degrees of freedom of the three tests.
func (r *run) glance(s state, pairs *survival.Pairs) analysis.Table {
	search := s.Search
	df, logLik := float64(search.Free()), search.At.LogLik
	chi := func(x float64) float64 { return survival.ChiSquaredTail(x, search.Free()) }
	lr, wald, c := 2*(logLik-search.Null), search.Wald(), math.NaN()
	for _, endless := range search.Endless {
		if endless { // a Wald test of an infinite coefficient says nothing
			wald = math.NaN()
		}
	}
	if pairs != nil {
		c = pairs.Index()
	}
	t := analysis.Table{Name: "glance", Title: "The model as a whole"}
	add := func(name string, x float64) { t.Columns = append(t.Columns, analysis.Nums(name, x)) }
	add("n", float64(s.design.Rows))
	add("nevent", s.Events)
	add("statistic.log", lr)
	add("p.value.log", chi(lr))
	add("statistic.sc", search.Test)
	add("p.value.sc", chi(search.Test))
	add("statistic.wald", wald)
	add("p.value.wald", chi(wald))
	add("df", df)
	add("concordance", c)
	add("logLik.null", search.Null)
	add("logLik", logLik)
	add("AIC", 2*df-2*logLik)
	add("BIC", math.Log(s.Events)*df-2*logLik)
	add("nobs", s.Events)
	return t
}

func vcovTable(names []string, cov *mat.SymDense) analysis.Table {
	t := analysis.Table{Name: "vcov", Title: "Covariance of the log hazard ratios", Columns: []analysis.Column{analysis.Text("term", names...)}}
	for j, name := range names {
		col := make([]float64, len(names))
		for i := range names {
			col[i] = cov.At(i, j)
		}
		t.Columns = append(t.Columns, analysis.Nums(name, col...))
	}
	return t
}

func (r *run) notes(s state, est []estimate) []string {
	out := append([]string(nil), s.design.Notes...)
	var aliased, endless []string
	for _, e := range est {
		if e.leftOut {
			aliased = append(aliased, e.term)
		}
		if e.endless {
			endless = append(endless, e.term)
		}
	}
	if len(aliased) > 0 {
		out = append(out, fmt.Sprintf("left out, because they follow from earlier terms or do not vary within any baseline: %s", strings.Join(aliased, ", ")))
	}
	if len(endless) > 0 {
		out = append(out, fmt.Sprintf("the likelihood grows without end in %s (monotone likelihood: among the people at risk it separates those with the event from the others): the estimate is infinite and has no standard error; judge it by the likelihood-ratio test", strings.Join(endless, ", ")))
	}
	if r.coarse {
		out = append(out, fmt.Sprintf("one baseline hazard on %d bins of time, from intervals of %v with at least %d events a bin: events within a bin count as tied, which biases estimates a little (on the lung cancer trial by up to 0.2 standard errors with the defaults)",
			s.Bins.Len(), s.Bins.Clock.Width, r.params.Int("min_events")),
			"concordance is not given: with baseline coarsened, pairs of people at different sites cannot be compared")
	} else {
		out = append(out, "every site has a baseline hazard of its own, as with strata(site); effects of anything that is the same for all people of a site cannot be estimated")
	}
	if n := s.strata(); n > 1 {
		out = append(out, fmt.Sprintf("%d strata: %s", n, strings.Join(s.design.StrataNames[:min(n, 40)], "; ")))
	}
	return out
}

// figure is the forest of hazard ratios; none where there is nothing to draw.
func (r *run) figure(est []estimate) (plot.Figure, bool) {
	var s plot.Series
	var said []string
	for _, e := range est {
		hr, lo, hi := math.Exp(e.beta), math.Exp(e.lo), math.Exp(e.hi)
		if !e.hasEnds || !(lo > 0) || math.IsInf(hi, 0) {
			continue
		}
		s.Labels = append(s.Labels, e.term)
		s.X, s.Lo, s.Hi = append(s.X, hr), append(s.Lo, lo), append(s.Hi, hi)
		said = append(said, fmt.Sprintf("%s %.3g (%.3g to %.3g)", e.term, hr, lo, hi))
	}
	f := plot.Figure{
		Name: "hazard-ratios", Kind: plot.Forest, Title: "Hazard ratios, " + r.model.Formula,
		X:      plot.Axis{Label: "hazard ratio", Log: true},
		Series: []plot.Series{s},
		Caption: fmt.Sprintf("Hazard ratio of each term with its %.3g%% confidence interval, on a logarithmic axis; 1 means no difference, above 1 a higher hazard per unit of the term. %s.",
			100*r.params.Number("conf.level"), strings.Join(said, "; ")),
	}
	return f, len(s.Labels) > 0
}
