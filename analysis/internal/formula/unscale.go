package formula

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Unscale takes coefficients and covariance of the scaled columns back to the
// variables' own units: b_j = beta_j / Scale_j, and the intercept gives back
// what centring took. NaN coefficients (aliased) count as 0 for the intercept
// and stay NaN; cov may be nil.
func (d *Design) Unscale(beta []float64, cov *mat.SymDense) ([]float64, *mat.SymDense) {
	p := len(d.Columns)
	out := make([]float64, p)
	for j, c := range d.Columns {
		out[j] = beta[j] / c.Scale
		if d.Intercept && j > 0 && beta[j] == beta[j] {
			out[0] -= c.Centre * out[j]
		}
	}
	if cov == nil || p == 0 {
		return out, cov
	}
	// With B = T beta, cov(B) = T cov T'. T is diagonal but for its first row.
	value := func(i, j int) float64 {
		if x := cov.At(i, j); x == x {
			return x
		}
		return 0
	}
	v := mat.NewSymDense(p, nil)
	first := make([]float64, p) // first row of T
	for j, c := range d.Columns {
		first[j] = -c.Centre / c.Scale
	}
	first[0] = 1
	for i, a := range d.Columns {
		for j := i; j < p; j++ {
			b := d.Columns[j]
			switch {
			case !d.Intercept || i > 0:
				v.SetSym(i, j, cov.At(i, j)/a.Scale/b.Scale)
			case j > 0:
				s := 0.0
				for k := range p {
					s += first[k] * value(k, j)
				}
				v.SetSym(0, j, s/b.Scale+0*cov.At(j, j))
			default:
				s := 0.0
				for k := range p {
					for l := range p {
						s += first[k] * first[l] * value(k, l)
					}
				}
				v.SetSym(0, 0, s)
			}
		}
	}
	return out, v
}

// Linear bounds the linear predictor X beta + offset over everybody within the
// declared ranges. Columns of one factor alone exclude each other, which is
// used; everything else is bounded column by column. NaN counts as 0.
func (d *Design) Linear(beta []float64) (lo, hi float64) {
	lo, hi = d.OffsetLo, d.OffsetHi
	for j := 0; j < len(d.Columns); {
		c := d.Columns[j]
		last := j
		for last < len(d.Columns) && d.Columns[last].Term == c.Term {
			last++
		}
		if len(c.Parts) == 1 && c.Parts[0].Values != nil {
			min, max := math.Inf(1), math.Inf(-1)
			for l := range c.Parts[0].Values {
				s := 0.0
				for k := j; k < last; k++ {
					if beta[k] == beta[k] {
						s += beta[k] * d.Columns[k].Parts[0].Values[l] / d.Columns[k].Scale
					}
				}
				min, max = math.Min(min, s), math.Max(max, s)
			}
			lo, hi = lo+min, hi+max
		} else {
			for k := j; k < last; k++ {
				switch b := beta[k]; {
				case b != b:
				case len(d.Columns[k].Parts) == 0:
					lo, hi = lo+b, hi+b
				default:
					lo, hi = lo-math.Abs(b), hi+math.Abs(b)
				}
			}
		}
		j = last
	}
	return lo, hi
}
