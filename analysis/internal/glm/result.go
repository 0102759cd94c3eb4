package glm

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/coefficients"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// result writes what R's summary.glm and broom's tidy and glance say.
func (r run) result(st state) *analysis.Result {
	d := st.Design
	p := len(d.Columns)
	notes := slices.Concat(d.Notes, d.SolutionNotes(st.Aliased, st.Pivots))

	scaled := slices.Clone(st.Beta)
	inverse := stat.Symmetric(st.Inverse, p)
	rank := 0
	for j, aliased := range st.Aliased {
		if !aliased {
			rank++
			continue
		}
		scaled[j] = math.NaN()
		for k := range p {
			inverse.SetSym(j, k, math.NaN())
		}
	}
	beta, cov := d.Unscale(scaled, inverse)
	switch st.End {
	case separation:
		notes = append(notes, r.separate(st, beta, cov))
	case exhausted, stuck:
		notes = append(notes, fmt.Sprintf("the iteration did not converge (%s after %d steps): do not use these estimates; look for sparse factor levels or very different scales", st.End, st.Step))
	}
	e := coefficients.Estimates{Names: d.Names(), Beta: beta, Cov: cov, DF: math.Inf(1), Level: r.level, Exponentiate: r.exponentiate}
	res := &analysis.Result{Tables: []analysis.Table{e.Terms(), r.glance(st, rank), e.Vcov()}, Notes: notes}
	if f, ok := e.Forest(fmt.Sprintf("%s of %s", r.title, d.Response.Name), r.family.Ratio()); ok {
		res.Figures = append(res.Figures, f)
	}
	return res
}

// separate puts infinities where the likelihood has no maximum: the
// coefficients that still run. It returns the note.
func (r run) separate(st state, beta []float64, cov *mat.SymDense) string {
	d := st.Design
	delta := make([]float64, len(beta))
	most := 0.0
	for j := range delta {
		delta[j] = st.Beta[j] - st.Previous[j]
		most = math.Max(most, math.Abs(delta[j]))
	}
	own, _ := d.Unscale(delta, nil)
	var names []string
	for j, c := range d.Columns {
		move := delta[j]
		if j == 0 && d.Intercept {
			move = own[0]
		}
		if st.Aliased[j] || math.Abs(move) <= 0.05*most {
			continue
		}
		names = append(names, c.Name)
		beta[j] = math.Inf(1)
		if move < 0 {
			beta[j] = math.Inf(-1)
		}
		for k := range beta {
			cov.SetSym(j, k, math.NaN())
		}
	}
	return fmt.Sprintf("separation: %s. The estimates of %s have no finite value and are given as infinite, without standard error; R would print large numbers here. "+
		"Mends: Firth's penalised likelihood, merging sparse levels, or leaving the term out", r.family.Separated(), strings.Join(names, ", "))
}

func (r run) glance(st state, rank int) analysis.Table {
	n, k := float64(st.Design.Rows), float64(rank)
	ll := st.Saturated - st.Final/2
	dfNull := n
	if st.Design.Intercept {
		dfNull--
	}
	ok := 0.0
	if st.End == converged {
		ok = 1
	}
	return analysis.Table{Name: "glance", Title: "Model", Columns: []analysis.Column{
		analysis.Nums("null.deviance", st.NullDeviance), analysis.Nums("df.null", dfNull),
		analysis.Nums("logLik", ll), analysis.Nums("AIC", -2*ll+2*k), analysis.Nums("BIC", -2*ll+math.Log(n)*k),
		analysis.Nums("deviance", st.Final), analysis.Nums("df.residual", n-k), analysis.Nums("nobs", n),
		analysis.Nums("iterations", float64(st.Step)), analysis.Nums("converged", ok),
	}}
}
