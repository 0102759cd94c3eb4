package linear

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/moments"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/table"
)

// StartPrivate implements analysis.PrivateAnalysis by AdaSSP (Wang, Revisiting
// differentially private linear regression, UAI 2018, Algorithm 2): one round opens
// the products of all pairs of columns and of the response under noise, and a ridge
// keeps the solution out of the noise's reach.
func (l linear) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	r, err := l.read(p, s)
	if err != nil {
		return nil, nil, err
	}
	v := private{run: r}
	if v.design, err = r.model.Declared(); err != nil {
		return nil, nil, err
	}
	if len(v.design.Columns) == 0 {
		return nil, nil, analysis.Refuse("formula", "there is no term and no intercept: nothing can be estimated")
	}
	v.l1, v.l2 = v.design.Norms()
	state, err := analysis.Encode(struct{}{})
	return v, state, err
}

// A private run opens X'X (its upper triangle), then X'y and y'y and, without an
// intercept, the number of rows. Columns and response are scaled by their declared
// ranges to at most 1. Deviations from the paper: rows are bounded by the declared
// ranges and not by clipping at length 1, so nothing is cut off; the budget goes in
// halves to the two blocks, none to the smallest eigenvalue (see moments.Ridge); and
// y'y rides with X'y, whose bound it hardly raises, for the residual variance.
type private struct {
	run
	design *formula.Design
	l1, l2 float64 // norms of a row
}

// extra is what the second block has besides X'y.
func (v private) extra() int {
	if v.design.Intercept {
		return 1
	}
	return 2
}

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	p, e := len(v.design.Columns), float64(v.extra())
	outer1, outer2 := moments.Outer(v.l1, v.l2)
	return []analysis.Query{{
		Columns: v.model.Columns(),
		Opens:   "The sums, under noise, over all rows of all sites, of the products of all pairs of design columns and the response.",
		Blocks: []analysis.Block{
			{Len: stat.Triangle(p), L1: outer1, L2: outer2, Share: 0.5},
			{Len: p + v.extra(), L1: v.l1 + e, L2: math.Sqrt(v.l2*v.l2 + e), Share: 0.5},
		},
	}}
}

// Person implements analysis.PrivateRun.
func (v private) Person(t table.Table, _ analysis.State) (func(int, func(int, float64)), error) {
	f, place, err := v.design.Persons(t)
	if err != nil {
		return nil, err
	}
	p := len(v.design.Columns)
	x := make([]float64, p)
	centre, scale := v.unit()
	return func(row int, add func(int, float64)) {
		i := place[row]
		if i == formula.Nobody {
			return
		}
		f.Row(i, x)
		y := (f.Response(i) - centre) / scale
		k := 0
		for a := range x {
			for b := a; b < p; b++ {
				add(k, x[a]*x[b])
				k++
			}
		}
		for a := range x {
			add(k+a, x[a]*y)
		}
		add(k+p, y*y)
		if !v.design.Intercept {
			add(k+p+1, 1)
		}
	}, nil
}

// A noisy fit is in scaled columns and response.
type noisyFit struct {
	stat.Solution
	n, rss, tss float64
	ridge       float64
	mean        float64       // of the response, where there is an intercept
	pulled      []float64     // what the ridge pulls towards 0
	cov         *mat.SymDense // of the coefficients: sampling, noise and shrinkage
	noise       *mat.SymDense // of which noise
	hidden      []bool
	floored     bool // the residual sum of squares was lost in the noise
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, _ analysis.State) (analysis.State, *analysis.Result, error) {
	p := len(v.design.Columns)
	if want := stat.Triangle(p) + p + v.extra(); len(sum) != want || len(sd) != want {
		return nil, nil, fmt.Errorf("linear: %d sums with %d deviations, want %d", len(sum), len(sd), want)
	}
	f, err := v.fit(sum, sd)
	if err != nil {
		return nil, nil, err
	}
	return nil, v.noisyResult(f), nil
}

func (v private) fit(sum, sd []float64) (noisyFit, error) {
	p := len(v.design.Columns)
	tri := stat.Triangle(p)
	xx, xy, yy := stat.Symmetric(sum[:tri], p), sum[tri:tri+p], sum[tri+p]
	f := noisyFit{n: sum[0]}
	nSD := sd[0]
	if !v.design.Intercept {
		f.n, nSD = sum[tri+p+1], sd[tri+p+1]
	}
	if f.n < 3*nSD || f.n <= float64(p) {
		return f, fmt.Errorf("the noise hides how many patients have all values of %s (%.0f, with noise of %.2g), or they are no more than its %d coefficients: ask for more patients, fewer terms or a larger epsilon", v.design.Formula, f.n, nSD, p)
	}
	spectrum, err := moments.Of(xx, sd[0])
	if err != nil {
		return f, err
	}
	f.ridge = spectrum.Ridge()
	m := mat.NewSymDense(p, nil)
	m.CopySym(xx)
	for j := range p {
		m.SetSym(j, j, m.At(j, j)+f.ridge)
	}
	f.solve(m, xx, xy, v.design.Intercept)
	f.hidden = v.design.WithIntercept(spectrum.Hidden(moments.Identity(p)))
	f.residuals(xx, xy, yy, v.design.Intercept, sd[0], sd[tri])
	f.spread(sd[0], sd[tri], spectrum.Apply(func(x float64) float64 { return 1 / x }))
	return f, nil
}

// solve takes the mean of the response out before the ridge pulls, so that it pulls
// towards the model of the mean alone and not towards 0, which is only the middle
// of the declared range.
func (f *noisyFit) solve(m, xx *mat.SymDense, xy []float64, intercept bool) {
	if intercept {
		f.mean = xy[0] / f.n
	}
	about := make([]float64, len(xy))
	for j := range about {
		about[j] = xy[j] - f.mean*xx.At(0, j)
	}
	f.Solution = stat.Solve(m, about)
	f.pulled = slices.Clone(f.Beta)
	if intercept {
		f.Beta[0] += f.mean
	}
}

// residuals takes y'y - 2 b'X'y + b'X'X b, which is at least the standard deviation
// that noise gives it.
func (f *noisyFit) residuals(xx *mat.SymDense, xy []float64, yy float64, intercept bool, sdX, sdY float64) {
	f.rss, f.tss = yy, yy
	if intercept {
		f.tss -= xy[0] * xy[0] / f.n
	}
	squares, fourth := 0.0, 0.0
	for i, b := range f.Beta {
		if f.Aliased[i] {
			continue
		}
		f.rss -= 2 * b * xy[i]
		squares, fourth = squares+b*b, fourth+b*b*b*b
		for j, c := range f.Beta {
			if !f.Aliased[j] {
				f.rss += b * c * xx.At(i, j)
			}
		}
	}
	least := math.Sqrt(sdY*sdY*(1+4*squares) + sdX*sdX*(2*squares*squares-fourth))
	if f.rss < least {
		f.rss, f.floored = least, true
	}
	f.rss = math.Max(f.rss, 0)
	f.tss = math.Max(f.tss, f.rss)
}

// spread is the covariance of the coefficients b = M^-1 X'y, M = X'X + ridge:
// sampling (residual variance times M^-1, which is at least M^-1 X'X M^-1); noise,
// M^-1 (e - E b) for the noise e of X'y and E of X'X; and the square of the bias of
// the ridge, ridge (X'X)^-1 b.
func (f *noisyFit) spread(sdX, sdY float64, lifted *mat.SymDense) {
	p := len(f.Beta)
	beta, pulled, squares := make([]float64, p), make([]float64, p), 0.0
	for j, b := range f.Beta {
		if !f.Aliased[j] {
			beta[j], pulled[j] = b, f.pulled[j]
			squares += b * b
		}
	}
	inner := mat.NewSymDense(p, nil) // covariance of e - E b
	for i := range p {
		inner.SetSym(i, i, sdY*sdY+sdX*sdX*squares)
		for j := i + 1; j < p; j++ {
			inner.SetSym(i, j, sdX*sdX*beta[i]*beta[j])
		}
	}
	inverse := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			if !f.Aliased[i] && !f.Aliased[j] {
				inverse.SetSym(i, j, f.Inverse.At(i, j))
			}
		}
	}
	f.noise = moments.Sandwich(inverse, inner)
	var bias mat.VecDense
	bias.MulVec(lifted, mat.NewVecDense(p, pulled))
	s2 := f.rss / (f.n - float64(f.Rank))
	f.cov = mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			x := s2*inverse.At(i, j) + f.noise.At(i, j) + f.ridge*f.ridge*bias.AtVec(i)*bias.AtVec(j)
			if f.Aliased[i] || f.Aliased[j] {
				x = math.NaN()
			}
			f.cov.SetSym(i, j, x)
		}
	}
}
