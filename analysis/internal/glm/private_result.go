package glm

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/coefficients"
	"hmsp.center/hmsp/analysis/internal/moments"
)

// finish makes the estimates. In the later rounds every gradient is
// g = J (theta* - theta) + noise, with J the curvature, so that theta + J^-1 g has
// the maximum theta* as its mean, and the mean over the rounds only their mean
// noise. The covariance is the sampling part J^-1 and J^-1 var J^-1 of the noise.
func (v private) finish(st descent, sum, sd []float64) (*analysis.Result, error) {
	p := st.P
	seen, rough, err := st.curvature(sum, sd)
	if err != nil {
		return nil, err
	}
	inverse := seen.Apply(func(x float64) float64 { return 1 / x })
	slope, theta := mat.NewVecDense(p, nil), mat.NewVecDense(p, nil)
	for j := range p {
		slope.SetVec(j, st.SumSlope[j]/st.Kept)
		theta.SetVec(j, st.SumTheta[j]/st.Kept)
	}
	var move, away, beta mat.VecDense
	move.MulVec(inverse, slope)
	shorten(&move, ball)
	theta.AddVec(theta, &move)
	var square mat.Dense
	square.Mul(inverse, inverse)
	noise := st.Deviation * st.Deviation / st.Kept
	cov := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			cov.SetSym(i, j, inverse.At(i, j)+noise*square.At(i, j))
		}
	}
	to := mat.NewDense(p, p, st.White).T()
	beta.MulVec(to, theta)
	away.SubVec(theta, mat.NewVecDense(p, st.Start))
	return v.noisyResult(st, beta.RawVector().Data, moments.Sandwich(to, cov), seen.Hidden(to), mat.Norm(&away, 2) > 0.8*ball, rough), nil
}

// curvature is the one opened in the last round, or, where that is too noisy,
// the second moments of the white coordinates times one mean weight for all, which
// is rough.
func (st descent) curvature(sum, sd []float64) (s moments.Spectrum, rough bool, err error) {
	s, err = st.spectrum(sum, sd, st.P, st.WeightCap)
	if err != nil || s.Radius < 0.3*st.N*st.Weight {
		return s, false, err
	}
	trace, all := 0.0, 0.0
	for j := range st.P {
		trace += s.Values[j]
		all += st.Spread[j*st.P+j]
	}
	each := math.Min(math.Max(trace/all, 0.3*st.N*st.Weight), 2*st.N*st.Weight)
	m := mat.NewSymDense(st.P, append([]float64(nil), st.Spread...))
	m.ScaleSym(each, m)
	s, err = moments.Of(m, 0)
	s.Radius = 0.5 * each // a direction is seen where half of its second moment is more than noise
	return s, true, err
}

// noisyResult writes the tables of the exact form; what would cost more budget, the
// deviances and what follows from them, is left out.
func (v private) noisyResult(st descent, scaled []float64, cov *mat.SymDense, hidden []bool, edge, rough bool) *analysis.Result {
	d := v.design
	notes := []string{
		"sums carry noise; standard errors, intervals and tests include it",
		fmt.Sprintf("the number of patients (%.0f) is a noisy sum; deviances, likelihoods and what follows from them are left out, because they would cost more of the budget", st.N),
		fmt.Sprintf("so that no one counts too much, patients with far-off covariates count less, and a patient's response less its expectation counts as %.3g at most: without noise, too, estimates differ from those of the exact form, little where the model fits", st.Residual),
	}
	if edge {
		notes = append(notes, "coefficients have run to the edge of what is searched: the outcome may be predicted without error for some (separation), or the noise is too large: do not use these estimates")
	}
	if rough {
		notes = append(notes, "the curvature at the estimates is lost in the noise: standard errors rest on one mean weight for all patients, and can be off by a quarter")
	}
	hidden = d.WithIntercept(hidden)
	var lost []string
	rank := 0
	for j, c := range d.Columns {
		if !hidden[j] {
			rank++
			continue
		}
		lost = append(lost, c.Name)
		scaled[j] = math.NaN()
		for k := range scaled {
			cov.SetSym(j, k, math.NaN())
		}
	}
	if lost != nil {
		notes = append(notes, fmt.Sprintf("not estimated, because too few patients (or too few outcomes) tell about it for the noise: %s. Ask for more patients, narrower ranges in the dictionary, fewer or coarser factors, or a larger epsilon", strings.Join(lost, ", ")))
	}
	beta, cov := d.Unscale(scaled, cov)
	e := coefficients.Estimates{Names: d.Names(), Beta: beta, Cov: cov, DF: math.Inf(1), Level: v.level, Exponentiate: v.exponentiate}
	res := &analysis.Result{Tables: []analysis.Table{e.Terms(), v.noisyGlance(st, rank, edge), e.Vcov()}, Notes: notes}
	if f, ok := e.Forest(fmt.Sprintf("%s of %s", v.title, d.Response.Name), v.family.Ratio()); ok {
		res.Figures = append(res.Figures, f)
	}
	return res
}

func (v private) noisyGlance(st descent, rank int, edge bool) analysis.Table {
	converged, dfNull := 1.0, st.N
	if v.design.Intercept {
		dfNull--
	}
	if edge {
		converged = 0
	}
	return analysis.Table{Name: "glance", Title: "Model", Columns: []analysis.Column{
		analysis.Nums("df.null", dfNull), analysis.Nums("df.residual", st.N-float64(rank)), analysis.Nums("nobs", st.N),
		analysis.Nums("iterations", float64(v.rounds-descending)), analysis.Nums("converged", converged),
	}}
}

// Expect implements analysis.PrivateRun, for people as formula.Design.Imagine makes
// them, and outcomes of which the weight of a patient is two thirds of the weight
// at the middle of the scale (logistic) or at a mean of 1 (Poisson).
func (v private) Expect(sd [][]float64, people int) []analysis.Expectation {
	p, n := len(v.design.Columns), math.Max(float64(people), 1)
	scaling, m := moments.Imagined(v.design.Imagine(1000), v.design.Intercept)
	c2 := math.Pow(moments.Length(p, math.Inf(1), 0), 2)
	mean := v.bounded.Mean(0)
	each := n * v.bounded.Weight(mean) * 2 / 3
	residual, _, _ := v.bounded.Caps(mean, v.largest())
	spread, err := moments.Of(m, sd[whitening][0]*c2/n)
	if err != nil {
		return nil
	}
	turn := spectrumRoot(spread)
	var white mat.Dense
	white.Mul(turn, scaling.T)
	curvature := moments.Sandwich(turn, spread.Matrix(each))
	seen, err := moments.Of(curvature, 0)
	if err != nil {
		return nil
	}
	seen.Radius = 0.5 * each
	deviation := sd[descending][0] * residual * math.Sqrt(c2)
	kept := float64(v.rounds - descending - (v.rounds-descending)/3)
	noise := seen.Apply(func(x float64) float64 { return deviation * deviation / kept / (x * x) })
	_, cov := v.design.Unscale(make([]float64, p), moments.Sandwich(white.T(), noise))
	hidden := seen.Hidden(white.T())
	var out []analysis.Expectation
	for j, column := range v.design.Columns {
		if j == 0 && v.design.Intercept && p > 1 {
			continue
		}
		most := ball * scaling.T.At(j, j) / column.Scale
		within := math.Min(most, 1.96*math.Sqrt(cov.At(j, j)))
		if hidden[j] {
			within = most
		}
		out = append(out, analysis.Expectation{What: "coefficient of " + column.Name, Within: within, Unit: "on the log scale"})
	}
	return out
}

func spectrumRoot(s moments.Spectrum) *mat.SymDense {
	return s.Apply(func(x float64) float64 { return 1 / math.Sqrt(x) })
}
