package person

import (
	"math"
	"testing"
)

// fit is maximum likelihood by Newton's method: least squares, logistic regression,
// or, for a Weibull hazard of known shape, Poisson regression with an offset.
func fit(t *testing.T, k Kind, x [][]float64, y, offset []float64) (beta, se []float64) {
	t.Helper()
	n := len(x[0])
	beta = make([]float64, n)
	if k == Weibull {
		beta[0] = -5
	}
	var inverse [][]float64
	rss := 0.0
	for range 40 {
		h, g := make([][]float64, n), make([]float64, n)
		for i := range h {
			h[i] = make([]float64, n)
		}
		rss = 0
		for r, row := range x {
			lp := offset[r]
			for i, v := range row {
				lp += beta[i] * v
			}
			mu, w := lp, 1.0
			switch k {
			case Logistic:
				mu = 1 / (1 + math.Exp(-lp))
				w = mu * (1 - mu)
			case Weibull:
				mu = math.Exp(lp)
				w = mu
			}
			rss += (y[r] - mu) * (y[r] - mu)
			for i := range row {
				g[i] += row[i] * (y[r] - mu)
				for j := range row {
					h[i][j] += w * row[i] * row[j]
				}
			}
		}
		inverse = invert(h)
		size := 0.0
		for i := range beta {
			d := 0.0
			for j := range g {
				d += inverse[i][j] * g[j]
			}
			if k == Weibull {
				d = math.Max(-2, math.Min(2, d)) // the first steps would overflow
			}
			beta[i] += d
			size += math.Abs(d)
		}
		if size < 1e-9 {
			break
		}
	}
	scale := 1.0
	if k == Linear {
		scale = rss / float64(len(x)-n)
	}
	for i := range n {
		se = append(se, math.Sqrt(inverse[i][i]*scale))
	}
	return beta, se
}

// invert is Gauss and Jordan's elimination.
func invert(a [][]float64) [][]float64 {
	n := len(a)
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n)
		out[i][i] = 1
	}
	for i := range n {
		p := i
		for j := i + 1; j < n; j++ {
			if math.Abs(a[j][i]) > math.Abs(a[p][i]) {
				p = j
			}
		}
		a[i], a[p], out[i], out[p] = a[p], a[i], out[p], out[i]
		d := a[i][i]
		for j := range n {
			a[i][j] /= d
			out[i][j] /= d
		}
		for j := range n {
			if f := a[j][i]; j != i && f != 0 {
				for k := range n {
					a[j][k] -= f * a[i][k]
					out[j][k] -= f * out[i][k]
				}
			}
		}
	}
	return out
}
