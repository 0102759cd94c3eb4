package linear

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/coefficients"
	"hmsp.center/hmsp/analysis/internal/moments"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// noisyResult writes the tables of the exact form. Coefficients that are lost in
// the noise are not given.
func (v private) noisyResult(f noisyFit) *analysis.Result {
	d := v.design
	notes := []string{
		"sums of products carry noise; standard errors, intervals and tests include it",
		"so that no one counts too much, patients with far-off values can count less, as far as the noise asks for it",
		fmt.Sprintf("the number of patients (%.0f), R squared, sigma and the likelihood come from noisy sums", f.n),
	}
	if f.ridge > 0 {
		notes = append(notes, fmt.Sprintf("to stay out of the reach of the noise a ridge of %.2g%% of a column's sum of squares was added: coefficients are drawn towards 0, and the standard errors include that", 100*f.ridge/f.n))
	}
	if f.floored {
		notes = append(notes, "the residual variance is lost in the noise: its upper bound was taken")
	}
	var lost, aliased []string
	for j, c := range d.Columns {
		switch {
		case f.Aliased[j]:
			aliased = append(aliased, c.Name)
		case f.hidden[j]:
			lost = append(lost, c.Name)
		}
	}
	if lost != nil {
		notes = append(notes, fmt.Sprintf("not estimated, because too few patients differ in it for the noise, within the range that is declared: %s. Ask for more patients, narrower ranges in the dictionary, fewer or coarser factors, or a larger epsilon", strings.Join(lost, ", ")))
	}
	if aliased != nil {
		notes = append(notes, fmt.Sprintf("not estimated, because the column depends linearly on those before it: %s", strings.Join(aliased, ", ")))
	}
	scaled, cov := v.ofDesign(f)
	centre, scale := v.unit()
	df := f.n - float64(f.Rank)
	statistic, numdf := wald(scaled, cov, d.Intercept)
	beta, cov := d.Unscale(scaled, cov)
	for j := range beta {
		beta[j] *= scale
	}
	if d.Intercept {
		beta[0] += centre
	}
	cov.ScaleSym(scale*scale, cov)
	e := coefficients.Estimates{Names: d.Names(), Beta: beta, Cov: cov, DF: df, Level: v.level}
	df1 := float64(f.Rank)
	if d.Intercept {
		df1--
	}
	unit := scale * f.Deviation
	g := glance(f.n, float64(f.Rank), df1, f.rss*unit*unit, f.tss*unit*unit, d.Intercept)
	for _, c := range g.Columns {
		switch c.Name {
		case "statistic":
			c.Numbers[0] = statistic
		case "p.value":
			c.Numbers[0] = stat.FUpper(statistic, numdf, df)
		case "df":
			c.Numbers[0] = numdf
		}
	}
	res := &analysis.Result{Tables: []analysis.Table{e.Terms(), g, e.Vcov()}, Notes: notes}
	if fig, ok := e.Forest(fmt.Sprintf("Linear regression of %s", d.Response.Name), ""); ok {
		res.Figures = append(res.Figures, fig)
	}
	return res
}

// ofDesign takes the coefficients to those of the design's columns; NaN are those
// that are not given.
func (v private) ofDesign(f noisyFit) ([]float64, *mat.SymDense) {
	p := len(f.Beta)
	known, cov := mat.NewVecDense(p, nil), mat.NewSymDense(p, nil)
	for i := range p {
		if f.Aliased[i] {
			continue
		}
		known.SetVec(i, f.Beta[i]*f.Deviation)
		for j := i; j < p; j++ {
			if !f.Aliased[j] {
				cov.SetSym(i, j, f.cov.At(i, j)*f.Deviation*f.Deviation)
			}
		}
	}
	var out mat.VecDense
	out.MulVec(f.back(p), known)
	cov = moments.Sandwich(f.back(p), cov)
	beta := out.RawVector().Data
	if v.design.Intercept {
		beta[0] += f.Mean
	}
	lost := make([]bool, p)
	for j := range lost {
		lost[j] = f.Aliased[j] || f.hidden[j]
	}
	for j, l := range v.design.WithIntercept(lost) {
		if !l {
			continue
		}
		beta[j] = math.NaN()
		for k := range p {
			cov.SetSym(j, k, math.NaN())
		}
	}
	return beta, cov
}

// wald tests that all coefficients given, but the intercept, are 0: without noise
// this is the F test of the exact form.
func wald(beta []float64, cov *mat.SymDense, intercept bool) (f, df float64) {
	var used []int
	for j, b := range beta {
		if !math.IsNaN(b) && !(intercept && j == 0) {
			used = append(used, j)
		}
	}
	q := len(used)
	if q == 0 {
		return math.NaN(), math.NaN()
	}
	v, u := mat.NewSymDense(q, nil), mat.NewVecDense(q, nil)
	for a, i := range used {
		u.SetVec(a, beta[i])
		for b, j := range used {
			v.SetSym(a, b, cov.At(i, j))
		}
	}
	var chol mat.Cholesky
	var w mat.VecDense
	if !chol.Factorize(v) || chol.SolveVecTo(&w, u) != nil {
		return math.NaN(), float64(q)
	}
	return mat.Dot(u, &w) / float64(q), float64(q)
}

// Expect implements analysis.PrivateRun, for people as formula.Design.Imagine makes
// them, and a response whose standard deviation is 0.3 of half its range, of which
// the columns explain a quarter of the variance.
func (v private) Expect(sd [][]float64, people int) []analysis.Expectation {
	rows, p, n := v.design.Imagine(1000), len(v.design.Columns), float64(people)
	scaling, m := moments.Imagined(rows, v.design.Intercept)
	length, most, deviation := moments.Length(p, math.Inf(1), 0), 4.0, 0.3
	tri := stat.Triangle(p)
	noise := noises{xx: sd[1][0] * length * length, xy: sd[1][tri] * length * most}
	m.ScaleSym(n, m)
	spectrum, err := moments.Of(m, noise.xx)
	if err != nil {
		return nil
	}
	inverse := spectrum.Apply(func(x float64) float64 { return 1 / x })
	each := mat.NewSymDense(p, nil)
	for j := range p {
		each.SetSym(j, j, noise.xy*noise.xy+0.25*noise.xx*noise.xx)
	}
	_, cov := v.design.Unscale(make([]float64, p), moments.Sandwich(scaling.T.T(), moments.Sandwich(inverse, each)))
	hidden := spectrum.Hidden(scaling.T.T())
	_, scale := v.unit()
	var out []analysis.Expectation
	for j, c := range v.design.Columns {
		if j == 0 && v.design.Intercept && p > 1 {
			continue
		}
		whole := 2 * scale / c.Scale // the response from end to end over half the range
		within := math.Min(whole, 1.96*scale*deviation*math.Sqrt(cov.At(j, j)))
		if hidden[j] || math.IsNaN(within) {
			within = whole
		}
		out = append(out, analysis.Expectation{What: "coefficient of " + c.Name, Within: within})
	}
	return out
}
