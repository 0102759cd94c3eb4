package glm

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/moments"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/table"
)

// Bounded is a family with a private form.
type Bounded interface {
	Family
	// Caps says how much of one patient counts, given a mean response and the
	// largest declared one: the magnitude of y - mu (what is beyond is clipped), its
	// weight, and the largest linear predictor.
	Caps(mean, largest float64) (residual, weight, eta float64)
}

// StartPrivate implements analysis.PrivateAnalysis by full-batch clipped gradient
// descent (Bassily, Smith and Thakurta, FOCS 2014; methods B7) in coordinates that
// are nearly white.
//
// Round 0 opens noisy histograms of the design's columns, from which their means
// and spreads follow, far narrower than the declared ranges. Round 1 opens noisy
// second moments of the columns so scaled, from which follow coordinates z = T x in
// which every direction has variance about 1, or less where noise hides it. The
// other rounds open the sum of (y - mu) z, with z shortened to length C: the length
// depends on covariates only, so that the expectation of the sum is 0 at the true
// coefficients as without it (Mallows' weights; Carroll, Ruppert and Stefanski
// 1995). The last round also opens the curvature. Deviation from plain descent:
// estimates are not the last iterate but the mean of the later ones with a Newton
// step on the mean of their gradients, in which the noise of all those rounds
// averages out and of which the error is known.
func (m model) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	family, ok := m.Family.(Bounded)
	if !ok {
		return nil, nil, analysis.Refuse("analysis", "%s has no private form", m.About().Name)
	}
	r, err := m.read(p, s)
	if err != nil {
		return nil, nil, err
	}
	v := private{run: r, bounded: family}
	if v.design, err = r.model.Declared(); err != nil {
		return nil, nil, err
	}
	if len(v.design.Columns) == 0 {
		return nil, nil, analysis.Refuse("formula", "there is no term and no intercept: nothing can be estimated")
	}
	if _, _, most := family.Caps(1, v.largest()); v.design.OffsetLo < -maxOffset || v.design.OffsetHi > most+maxOffset {
		return nil, nil, analysis.Refuse("formula", "the offset is between %.3g and %.3g by the declared ranges: rescale it, as offset(log(time / 365))", v.design.OffsetLo, v.design.OffsetHi)
	}
	state, err := analysis.Encode(descent{})
	return v, state, err
}

// maxOffset is how far a declared offset may be from what responses can be: beyond
// it one patient's mean is no number to work with.
const maxOffset = 30

type private struct {
	run
	bounded Bounded
	design  *formula.Design
}

// The rounds before the descent.
const (
	spreading = iota // histograms of the columns
	whitening        // second moments
	descending
)

// Shares of the budget.
const (
	shareSpread    = 0.1
	shareMean      = 0.05
	shareMoments   = 0.15
	shareCurvature = 0.1
	shareGradients = 1 - shareSpread - shareMean - shareMoments - shareCurvature
)

// largest is the largest declared response.
func (v private) largest() float64 { return math.Max(1, v.design.Response.Interval.Hi) }

// first is the first column that is no intercept.
func (v private) first() int {
	if v.design.Intercept {
		return 1
	}
	return 0
}

// means of a round 0: the number of rows, the sum of the response, and of the means
// at coefficients 0.
const means = 3

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	p := len(v.design.Columns)
	columns, root := v.model.Columns(), math.Sqrt(float64(p))
	matrix := analysis.Block{Len: stat.Triangle(p), L1: (1 + float64(p)) / 2, L2: 1}
	zero := analysis.Query{Columns: columns,
		Opens:  "How many rows there are in all, the sum of the response, and a histogram of every design column, under noise, over all sites.",
		Blocks: []analysis.Block{{Len: means, L1: means, L2: math.Sqrt(means), Share: shareMean}}}
	if k := p - v.first(); k > 0 {
		zero.Blocks = append(zero.Blocks, analysis.Block{Len: k * moments.Bins, L1: float64(k), L2: math.Sqrt(float64(k)), Support: k, Integer: true, Share: shareSpread})
	}
	one := analysis.Query{Columns: columns, Opens: "The sums, under noise, over all rows of all sites, of the products of all pairs of scaled design columns.",
		Blocks: []analysis.Block{matrix}}
	one.Blocks[0].Share = shareMoments
	out := []analysis.Query{zero, one}
	each := shareGradients / float64(v.rounds-descending)
	for range v.rounds - descending {
		out = append(out, analysis.Query{
			Columns: columns,
			Opens:   "The gradient, under noise, over all rows of all sites, at the shared coefficients.",
			Blocks:  []analysis.Block{{Len: p, L1: root, L2: 1, Share: each}},
		})
	}
	last := &out[len(out)-1]
	last.Opens = "The gradient and the curvature, under noise, over all rows of all sites, at the shared coefficients."
	matrix.Share = shareCurvature
	last.Blocks = append(last.Blocks, matrix)
	return out
}

// Person implements analysis.PrivateRun.
func (v private) Person(t table.Table, s analysis.State) (func(int, func(int, float64)), error) {
	st, err := analysis.Decode[descent](s)
	if err != nil {
		return nil, err
	}
	f, place, err := v.design.Persons(t)
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(v.design.Columns))
	z := moments.White{T: st.White, Length: st.Reach}
	beta := st.coefficients()
	return func(row int, add func(int, float64)) {
		i := place[row]
		if i == formula.Nobody {
			return
		}
		f.Row(i, x)
		if st.Round == spreading {
			v.addSpread(x, f.Response(i), f.Offset(i), add)
			return
		}
		z.Row(x)
		if st.Round == whitening {
			z.AddOuter(0, 1, add)
			return
		}
		eta := f.Offset(i)
		for j := range x {
			eta += beta[j] * x[j]
		}
		mu := v.bounded.Mean(math.Min(eta, st.EtaCap))
		z.AddTo(0, (f.Response(i)-mu)/st.Residual, add)
		if st.Round == v.rounds-1 { // the derivative of what is added: one z is shortened
			z.AddOuter(len(x), v.bounded.Weight(mu)/st.WeightCap/z.Factor, add)
		}
	}, nil
}

func (v private) addSpread(x []float64, y, offset float64, add func(int, float64)) {
	add(0, 1)
	add(1, y/v.largest())
	add(2, v.bounded.Mean(offset)/v.bounded.Mean(v.design.OffsetHi))
	for j := v.first(); j < len(x); j++ {
		add(means+(j-v.first())*moments.Bins+moments.Bin(x[j]), 1)
	}
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := analysis.Decode[descent](s)
	if err != nil {
		return nil, nil, err
	}
	queries := v.Queries()
	if st.Round < 0 || st.Round >= len(queries) {
		return nil, nil, fmt.Errorf("round %d of %d", st.Round, len(queries))
	}
	want := 0
	for _, b := range queries[st.Round].Blocks {
		want += b.Len
	}
	if len(sum) != want || len(sd) != want {
		return nil, nil, fmt.Errorf("round %d: %d sums with %d deviations, want %d", st.Round, len(sum), len(sd), want)
	}
	switch st.Round {
	case spreading:
		err = v.spread(&st, sum, sd)
	case whitening:
		err = v.whiten(&st, sum, sd)
	default:
		v.descend(&st, sum, sd)
	}
	if err != nil {
		return nil, nil, err
	}
	if st.Round == v.rounds-1 {
		res, err := v.finish(st, sum, sd)
		return nil, res, err
	}
	st.Round++
	next, err := analysis.Encode(st)
	return next, nil, err
}

// spectrum of a matrix that a round opened from coordinate at on, in units of one
// patient.
func (st descent) spectrum(sum, sd []float64, at int, unit float64) (moments.Spectrum, error) {
	a := stat.Symmetric(sum[at:], st.P)
	a.ScaleSym(unit*st.Reach*st.Reach, a)
	return moments.Of(a, sd[at]*unit*st.Reach*st.Reach)
}
