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
// differentially private linear regression, UAI 2018, Algorithm 2): noisy sums of
// the products of all pairs of columns and of the response, and a ridge that keeps
// the solution out of the noise's reach.
//
// Deviations from the paper. A round before opens noisy histograms of columns and
// response: rows are scaled by the means and spreads that follow from them, not by
// declared ranges several times as wide, and shortened to length C (the paper's
// clipping of rows to length 1, but as a weight of the whole row, which leaves least
// squares unbiased); C is as large as the noise allows, so that without noise nothing
// is shortened. The budget of the sums goes in halves to X'X and X'y, none to the
// smallest eigenvalue (see moments.Spectrum.Ridge). y'y rides with X'y, for the
// residual variance. The ridge pulls towards the mean of the response, not towards 0.
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
	state, err := analysis.Encode(scales{})
	return v, state, err
}

type private struct {
	run
	design *formula.Design
}

// Shares of the budget.
const (
	shareCount  = 0.03
	shareSpread = 0.12
	shareXX     = 0.425
	shareXY     = 0.425
)

// Scales are the public state: nothing before the histograms, then how rows and
// response are scaled. The response is Mean + Deviation times a number of magnitude
// Most at most, in units of its declared range.
type scales struct {
	N         float64   `json:"n"`
	T         []float64 `json:"t,omitempty"` // of the design's rows, row by row
	Length    float64   `json:"length"`      // C
	Mean      float64   `json:"mean"`
	Deviation float64   `json:"deviation"`
	Most      float64   `json:"most"`
}

// first is the first column that is no intercept.
func (v private) first() int {
	if v.design.Intercept {
		return 1
	}
	return 0
}

// histograms is how many there are: of the columns but the intercept, and of the
// response, which is the last.
func (v private) histograms() int { return len(v.design.Columns) - v.first() + 1 }

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	p, k := len(v.design.Columns), v.histograms()
	return []analysis.Query{{
		Columns: v.model.Columns(),
		Opens:   "How many rows there are in all, and a histogram of every design column and of the response, under noise, over all sites.",
		Blocks: []analysis.Block{
			{Len: 1, L1: 1, L2: 1, Integer: true, Share: shareCount},
			{Len: k * moments.Bins, L1: float64(k), L2: math.Sqrt(float64(k)), Support: k, Integer: true, Share: shareSpread},
		},
	}, {
		Columns: v.model.Columns(),
		Opens:   "The sums, under noise, over all rows of all sites, of the products of all pairs of scaled design columns and the response.",
		Blocks: []analysis.Block{
			{Len: stat.Triangle(p), L1: (1 + float64(p)) / 2, L2: 1, Share: shareXX},
			{Len: p + 1, L1: 1 + math.Sqrt(float64(p)), L2: math.Sqrt2, Share: shareXY},
		},
	}}
}

// Person implements analysis.PrivateRun.
func (v private) Person(t table.Table, s analysis.State) (func(int, func(int, float64)), error) {
	st, err := analysis.Decode[scales](s)
	if err != nil {
		return nil, err
	}
	f, place, err := v.design.Persons(t)
	if err != nil {
		return nil, err
	}
	p := len(v.design.Columns)
	x, z := make([]float64, p), moments.White{T: st.T, Length: st.Length}
	centre, scale := v.unit()
	return func(row int, add func(int, float64)) {
		i := place[row]
		if i == formula.Nobody {
			return
		}
		f.Row(i, x)
		y := (f.Response(i) - centre) / scale
		if st.T == nil {
			add(0, 1)
			for j, value := range append(x[v.first():p:p], y) {
				add(1+j*moments.Bins+moments.Bin(value), 1)
			}
			return
		}
		z.Row(x)
		y = math.Min(math.Max((y-st.Mean)/st.Deviation/st.Most, -1), 1) * z.Factor
		z.AddOuter(0, 1, add)
		z.AddTo(stat.Triangle(p), y, add)
		add(stat.Triangle(p)+p, y*y)
	}, nil
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := analysis.Decode[scales](s)
	if err != nil {
		return nil, nil, err
	}
	query := v.Queries()[0]
	if st.T != nil {
		query = v.Queries()[1]
	}
	want := 0
	for _, b := range query.Blocks {
		want += b.Len
	}
	if len(sum) != want || len(sd) != want {
		return nil, nil, fmt.Errorf("linear: %d sums with %d deviations, want %d", len(sum), len(sd), want)
	}
	if st.T != nil {
		f, err := v.fit(st, sum, sd)
		if err != nil {
			return nil, nil, err
		}
		return nil, v.noisyResult(f), nil
	}
	if st, err = v.scales(sum, sd); err != nil {
		return nil, nil, err
	}
	next, err := analysis.Encode(st)
	return next, nil, err
}

// scales reads the histograms.
func (v private) scales(sum, sd []float64) (scales, error) {
	p := len(v.design.Columns)
	st := scales{N: sum[0]}
	if st.N < 3*sd[0] || st.N <= float64(p) {
		return st, fmt.Errorf("the noise hides how many patients have all values of %s (%.0f, with noise of %.2g), or they are no more than its %d coefficients: ask for more patients, fewer terms or a larger epsilon", v.design.Formula, st.N, sd[0], p)
	}
	scaling := moments.Scale(sum[1:], sd[1:], st.N, p, v.design.Intercept)
	last := len(sum) - moments.Bins
	y := moments.SpreadOf(sum[last:], sd[last], st.N, v.design.Intercept)
	st.T, st.Mean, st.Deviation = scaling.T.RawMatrix().Data, y.Mean, y.Deviation
	// The noise of X'y, of which that of the histograms tells, would be Little of the
	// sampling error for C times Most of limit; that of X'X for C^2.
	limit := moments.Little * math.Sqrt(shareXX*st.N*float64(v.histograms())/shareSpread) / math.Max(sd[1], 1e-100)
	st.Most = math.Min(y.Reach, math.Max(4, limit/moments.Length(p, scaling.Room, 0)))
	st.Length = moments.Length(p, scaling.Room, math.Min(limit/st.Most, math.Sqrt(limit)))
	return st, nil
}

// A noisyFit is in the coordinates of the scales.
type noisyFit struct {
	stat.Solution
	scales
	n, rss, tss float64
	weight      float64 // of all rows: n, less what shortening took
	ridge       float64
	mean        float64       // of the response, where there is an intercept
	pulled      []float64     // what the ridge pulls towards 0
	cov         *mat.SymDense // of the coefficients: sampling, noise and shrinkage
	noise       *mat.SymDense // of which noise
	hidden      []bool
	floored     bool // the residual sum of squares was lost in the noise
}

func (v private) fit(st scales, sum, sd []float64) (noisyFit, error) {
	p := len(v.design.Columns)
	tri := stat.Triangle(p)
	f := noisyFit{scales: st, n: st.N, weight: st.N}
	xx, xy, yy := stat.Symmetric(sum[:tri], p), make([]float64, p), sum[tri+p]*st.Most*st.Most
	xx.ScaleSym(st.Length*st.Length, xx)
	for j := range xy {
		xy[j] = sum[tri+j] * st.Length * st.Most
	}
	noise := noises{xx: sd[0] * st.Length * st.Length, xy: sd[tri] * st.Length * st.Most, yy: sd[tri+p] * st.Most * st.Most}
	if v.design.Intercept {
		f.weight = math.Min(math.Max(xx.At(0, 0), st.N/2), st.N)
	}
	spectrum, err := moments.Of(xx, noise.xx)
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
	f.hidden = v.design.WithIntercept(spectrum.Hidden(f.back(p)))
	f.residuals(xx, xy, yy, v.design.Intercept, noise)
	f.spread(noise, spectrum.Apply(func(x float64) float64 { return 1 / x }))
	return f, nil
}

// noises are the standard deviations of the noise of the three kinds of sums.
type noises struct{ xx, xy, yy float64 }

// back takes coefficients of the scaled rows to those of the design: T'.
func (st scales) back(p int) mat.Matrix { return mat.NewDense(p, p, st.T).T() }

// solve takes the mean of the response out before the ridge pulls, so that it pulls
// towards the model of the mean alone and not towards 0, which is only the middle
// of the declared range.
func (f *noisyFit) solve(m, xx *mat.SymDense, xy []float64, intercept bool) {
	if intercept {
		f.mean = xy[0] / f.weight
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
func (f *noisyFit) residuals(xx *mat.SymDense, xy []float64, yy float64, intercept bool, noise noises) {
	f.rss, f.tss = yy, yy
	if intercept {
		f.tss -= xy[0] * xy[0] / f.weight
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
	least := math.Sqrt(noise.yy*noise.yy + 4*squares*noise.xy*noise.xy + (2*squares*squares-fourth)*noise.xx*noise.xx)
	if f.rss < least {
		f.rss, f.floored = least, true
	}
	f.rss = math.Max(f.rss, 0) * f.n / f.weight
	f.tss = math.Max(f.tss*f.n/f.weight, f.rss)
}

// spread is the covariance of the coefficients b = M^-1 X'y, M = X'X + ridge:
// sampling (residual variance times M^-1, which is at least M^-1 X'X M^-1); noise,
// M^-1 (e - E b) for the noise e of X'y and E of X'X; and the square of the bias of
// the ridge, ridge (X'X)^-1 b.
func (f *noisyFit) spread(sd noises, lifted *mat.SymDense) {
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
		inner.SetSym(i, i, sd.xy*sd.xy+sd.xx*sd.xx*squares)
		for j := i + 1; j < p; j++ {
			inner.SetSym(i, j, sd.xx*sd.xx*beta[i]*beta[j])
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
