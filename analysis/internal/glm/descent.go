package glm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis/internal/moments"
)

// A descent is the public state of a private run. Theta are coefficients of the
// white coordinates z = T x.
type descent struct {
	Round     int       `json:"round"`
	P         int       `json:"p"`
	N         float64   `json:"n"`
	White     []float64 `json:"white,omitempty"`  // T, row by row
	Spread    []float64 `json:"spread,omitempty"` // second moments of z, row by row: at most 1 in any direction
	Alpha     float64   `json:"alpha"`            // intercept of the mean alone
	Start     []float64 `json:"start,omitempty"`
	Theta     []float64 `json:"theta,omitempty"`
	Weight    float64   `json:"weight"`   // curvature per patient at the mean response
	Residual  float64   `json:"residual"` // what of y - mu counts
	WeightCap float64   `json:"weightCap"`
	EtaCap    float64   `json:"etaCap"`
	Reach     float64   `json:"reach"`              // C
	SumTheta  []float64 `json:"sumTheta,omitempty"` // over the later rounds
	SumSlope  []float64 `json:"sumSlope,omitempty"` // of their gradients
	Kept      float64   `json:"kept"`               // how many
	Deviation float64   `json:"deviation"`          // of the noise of one coordinate of a gradient
}

// coefficients of the design's scaled columns: T' theta.
func (st descent) coefficients() []float64 {
	out := make([]float64, st.P)
	for j, x := range st.Theta {
		for k := range out {
			out[k] += st.White[j*st.P+k] * x
		}
	}
	return out
}

// spread scales the columns by their noisy means and standard deviations, and fits
// the mean alone.
func (v private) spread(st *descent, sum, sd []float64) error {
	st.P = len(v.design.Columns)
	if st.N = sum[0]; st.N < 3*sd[0] || st.N <= float64(st.P) {
		return fmt.Errorf("the noise hides how many patients have all values of %s (%.0f, with noise of %.2g), or they are no more than its %d coefficients: ask for more patients, fewer terms or a larger epsilon", v.design.Formula, st.N, sd[0], st.P)
	}
	largest := v.largest()
	y := math.Min(math.Max(sum[1]*largest, 0.5), st.N*largest-0.5)
	mu := math.Min(math.Max(sum[2], 0.01*st.N), st.N) * v.bounded.Mean(v.design.OffsetHi)
	st.Weight = math.Max(v.bounded.Weight(y/st.N), 1/st.N)
	st.Residual, st.WeightCap, st.EtaCap = v.bounded.Caps(y/st.N, largest)
	w := math.Max(v.bounded.Weight(mu/st.N)*st.N, 1)
	if v.design.Intercept {
		st.Alpha = v.bounded.NullStep(0, st.N, y, mu, w, len(v.design.Offsets) == 0)
	}
	st.White = moments.Scale(sum[means:], sd[means:], st.N, st.P, v.design.Intercept).T.RawMatrix().Data
	st.Reach = moments.Length(st.P, math.Inf(1), 0)
	return nil
}

// whiten turns the scaled columns into coordinates of which all that stands out from
// the noise has second moment 1, and takes the coefficients to start from there.
func (v private) whiten(st *descent, sum, sd []float64) error {
	spectrum, err := st.spectrum(sum, sd, 0, 1)
	if err != nil {
		return err
	}
	turn := spectrum.Apply(func(x float64) float64 { return math.Sqrt(st.N / x) })
	back := spectrum.Apply(func(x float64) float64 { return math.Sqrt(x / st.N) })
	var t mat.Dense
	t.Mul(turn, mat.NewDense(st.P, st.P, st.White))
	st.White = t.RawMatrix().Data
	spectrum.Lower()
	st.Spread = moments.Sandwich(turn, spectrum.Matrix(1/st.N)).RawSymmetric().Data
	for i := range st.P { // a SymDense has only its upper triangle
		for j := range i {
			st.Spread[i*st.P+j] = st.Spread[j*st.P+i]
		}
	}
	st.Start = make([]float64, st.P)
	for j := range st.Start {
		st.Start[j] = back.At(j, 0) * st.Alpha
	}
	st.Theta = append([]float64(nil), st.Start...)
	st.SumTheta, st.SumSlope = make([]float64, st.P), make([]float64, st.P)
	return nil
}

// ball is how far, in standard deviations of the covariates, coefficients may move
// from the start: beyond it there is no maximum, but separation or noise.
const ball = 6

// descend takes one step. White coordinates have about the curvature N*Weight in
// every direction; half of a Newton step leaves room for directions of twice that
// and more, and a step is shorter where noise would carry the iterates away.
func (v private) descend(st *descent, sum, sd []float64) {
	unit := st.Residual * st.Reach
	st.Deviation = sd[0] * unit
	if st.Round >= descending+(v.rounds-descending)/3 {
		for j := range st.P {
			st.SumTheta[j] += st.Theta[j]
			st.SumSlope[j] += sum[j] * unit
		}
		st.Kept++
	}
	noise := st.Deviation / (st.N * st.Weight)
	step := math.Max(math.Min(0.5, 0.2/(noise*noise)), math.Min(0.5, 1.5/float64(v.rounds)))
	move, away := mat.NewVecDense(st.P, nil), mat.NewVecDense(st.P, nil)
	for j := range st.P {
		move.SetVec(j, step*sum[j]*unit/(st.N*st.Weight))
	}
	shorten(move, 0.5*math.Sqrt(float64(st.P)))
	for j := range st.P {
		away.SetVec(j, st.Theta[j]+move.AtVec(j)-st.Start[j])
	}
	shorten(away, ball)
	for j := range st.P {
		st.Theta[j] = st.Start[j] + away.AtVec(j)
	}
}

// shorten scales v to at most the given length.
func shorten(v *mat.VecDense, most float64) {
	if n := mat.Norm(v, 2); n > most {
		v.ScaleVec(most/n, v)
	}
}
