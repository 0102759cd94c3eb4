package linear

import (
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/coefficients"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// A fit is a least squares solution in scaled columns and response.
type fit struct {
	stat.Solution
	rss, tss float64 // tss about the mean where there is an intercept
	lost     bool    // the response hardly differs: the fit is perfect
}

// result writes what R's summary.lm and broom's tidy and glance say.
func (r run) result(d *formula.Design, fit fit) *analysis.Result {
	n, rank := float64(d.Rows), float64(fit.Rank)
	rss, df1 := fit.rss, rank
	if d.Intercept {
		df1--
	}
	notes := slices.Concat(d.Notes, d.SolutionNotes(fit.Aliased, fit.Pivots))
	if fit.lost {
		notes = append(notes, "the fit is essentially perfect: standard errors and tests mean nothing")
	}

	centre, scale := r.unit()
	df := n - rank
	beta, cov := d.Unscale(fit.Beta, fit.Inverse)
	for j := range beta {
		beta[j] *= scale
	}
	if d.Intercept {
		beta[0] += centre
	}
	cov.ScaleSym(rss/df*scale*scale, cov)
	e := coefficients.Estimates{Names: d.Names(), Beta: beta, Cov: cov, DF: df, Level: r.level}
	res := &analysis.Result{
		Tables: []analysis.Table{e.Terms(), glance(n, rank, df1, rss*scale*scale, fit.tss*scale*scale, d.Intercept), e.Vcov()},
		Notes:  notes,
	}
	if f, ok := e.Forest(fmt.Sprintf("Linear regression of %s", d.Response.Name), ""); ok {
		res.Figures = append(res.Figures, f)
	}
	return res
}

// glance is broom's one-row summary of an lm.
func glance(n, rank, df1, rss, tss float64, intercept bool) analysis.Table {
	df := n - rank
	sigma2 := rss / df
	r2, adjusted, f, pf, numdf := 0.0, 0.0, math.NaN(), math.NaN(), math.NaN()
	if df1 > 0 {
		base := n
		if intercept {
			base = n - 1
		}
		r2 = 1 - rss/tss
		adjusted = 1 - (1-r2)*base/df
		f, numdf = (tss-rss)/df1/sigma2, df1
		pf = stat.FUpper(f, df1, df)
	}
	ll := -n / 2 * (math.Log(2*math.Pi) + math.Log(rss/n) + 1)
	return analysis.Table{Name: "glance", Title: "Model", Columns: []analysis.Column{
		analysis.Nums("r.squared", r2), analysis.Nums("adj.r.squared", adjusted), analysis.Nums("sigma", math.Sqrt(sigma2)),
		analysis.Nums("statistic", f), analysis.Nums("p.value", pf), analysis.Nums("df", numdf),
		analysis.Nums("logLik", ll), analysis.Nums("AIC", -2*ll+2*(rank+1)), analysis.Nums("BIC", -2*ll+math.Log(n)*(rank+1)),
		analysis.Nums("deviance", rss), analysis.Nums("df.residual", df), analysis.Nums("nobs", n),
	}}
}
