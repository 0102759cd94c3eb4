package stat

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// AliasTolerance is the share of a column's squared length that must remain
// after the columns before it are taken out. It stands well above the rounding
// of sums in double precision (1e-15) and far below what data with a declared
// range show. R's qr works on the columns themselves and uses 1e-7 of the
// length, 1e-14 of its square, which sums in double precision cannot resolve.
const AliasTolerance = 1e-12

// Triangle is the number of entries of the upper triangle of a p by p matrix.
func Triangle(p int) int { return p * (p + 1) / 2 }

// Symmetric reads an upper triangle, row by row.
func Symmetric(upper []float64, p int) *mat.SymDense {
	a := mat.NewSymDense(p, nil)
	k := 0
	for i := range p {
		for j := i; j < p; j++ {
			a.SetSym(i, j, upper[k])
			k++
		}
	}
	return a
}

// A Solution of normal equations A b = v. Aliased columns, which depend
// linearly on those before them, have NaN coefficients and NaN covariance, and
// are left out, as R's lm and glm do.
type Solution struct {
	Beta    []float64
	Inverse *mat.SymDense // of A over the columns kept
	Aliased []bool
	Pivots  []float64 // share of each column's squared length that is left after those before it
	Rank    int

	lower [][]float64 // L over the columns kept
	kept  []int
}

// Whiten returns T = L^-1, lower triangular, row by row (row i has i+1
// entries): the rows T x have A = T' T inverted, so that their own cross-products
// are the identity but for what rounding lost. A second solution in these
// coordinates gives the digits back (CholeskyQR2: Yamamoto et al., ETNA
// 2015;44:306-326). Rows of aliased columns are 0.
func (s Solution) Whiten() []float64 {
	p := len(s.Beta)
	t := make([]float64, Triangle(p))
	row := func(i int) []float64 { return t[Triangle(i):Triangle(i+1)] }
	for n, i := range s.kept {
		out := row(i)
		out[i] = 1
		for _, k := range s.kept[:n] {
			for c, x := range row(k) {
				out[c] -= s.lower[i][k] * x
			}
		}
		for c := range out {
			out[c] /= s.lower[i][i]
		}
	}
	return t
}

// ResolvedPivot is the share below which less than eight digits of a coefficient
// can be trusted, because sums carry sixteen.
const ResolvedPivot = 1e-8

// Solve is a Cholesky decomposition A = L L' in the given order of columns,
// leaving out each column whose pivot is no more than AliasTolerance of its
// diagonal entry (Golub and Van Loan, Matrix Computations, 4.2; the rule of
// leaving out as in R's dqrdc2).
func Solve(a *mat.SymDense, v []float64) Solution {
	p := a.SymmetricDim()
	s := Solution{Beta: make([]float64, p), Inverse: mat.NewSymDense(max(p, 1), nil), Aliased: make([]bool, p), Pivots: make([]float64, p)}
	l := make([][]float64, p)
	var kept []int
	for i := range p {
		l[i] = make([]float64, p)
		pivot := a.At(i, i)
		for _, k := range kept {
			x := a.At(i, k)
			for _, m := range kept {
				if m >= k {
					break
				}
				x -= l[i][m] * l[k][m]
			}
			l[i][k] = x / l[k][k]
			pivot -= l[i][k] * l[i][k]
		}
		if a.At(i, i) > 0 {
			s.Pivots[i] = max(pivot/a.At(i, i), 0)
		}
		if !(s.Pivots[i] > AliasTolerance) {
			s.Aliased[i] = true
			continue
		}
		l[i][i] = math.Sqrt(pivot)
		kept = append(kept, i)
	}
	s.Rank, s.lower, s.kept = len(kept), l, kept
	b := substitute(l, kept, v)
	unit := make([]float64, p)
	for i := range p {
		if s.Aliased[i] {
			s.Beta[i] = math.NaN()
			for j := range p {
				s.Inverse.SetSym(i, j, math.NaN())
			}
			continue
		}
		s.Beta[i] = b[i]
		unit[i] = 1
		column := substitute(l, kept, unit)
		unit[i] = 0
		for _, j := range kept {
			if j >= i {
				s.Inverse.SetSym(i, j, column[j])
			}
		}
	}
	return s
}

// substitute solves L L' x = v over the columns kept.
func substitute(l [][]float64, kept []int, v []float64) []float64 {
	x := make([]float64, len(l))
	for n, i := range kept {
		y := v[i]
		for _, k := range kept[:n] {
			y -= l[i][k] * x[k]
		}
		x[i] = y / l[i][i]
	}
	for n := len(kept) - 1; n >= 0; n-- {
		i := kept[n]
		y := x[i]
		for _, k := range kept[n+1:] {
			y -= l[k][i] * x[k]
		}
		x[i] = y / l[i][i]
	}
	return x
}
