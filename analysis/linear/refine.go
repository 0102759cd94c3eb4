package linear

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/fixed"
)

// A refinement is a second pass in coordinates z = T x in which the columns are
// nearly orthonormal, on the residuals of the first: what rounding took from
// the first solution comes back (CholeskyQR2 with iterative refinement; Golub
// and Van Loan, section 5.3.8).
type refinement struct {
	Beta   []float64 `json:"beta"`   // first solution, 0 where aliased
	Whiten []float64 `json:"whiten"` // T, lower triangular, row by row
	Mean   float64   `json:"mean"`   // of the scaled response, 0 without an intercept
}

func (r run) refineBounds(st state) analysis.Bounds {
	p := len(st.Design.Columns)
	tri := stat.Triangle(p)
	ranges := make([]fixed.Range, tri+p+3)
	z := make([]float64, p) // bounds of z
	for j := range z {
		for _, t := range st.Refine.Whiten[stat.Triangle(j):stat.Triangle(j+1)] {
			z[j] += math.Abs(t)
		}
	}
	lo, hi := st.Design.Linear(st.Refine.Beta)
	e := 1 + math.Max(math.Abs(lo), math.Abs(hi)) // bound of the residual
	k := 0
	for i := range z {
		for j := i; j < p; j++ {
			ranges[k].Max = z[i] * z[j]
			k++
		}
		ranges[tri+i].Max = z[i] * e
	}
	y := 1 + math.Abs(st.Refine.Mean)
	ranges[tri+p].Max, ranges[tri+p+1].Max, ranges[tri+p+2].Max = e*e, y, y*y
	return analysis.Bounds{Columns: r.model.Columns(), Ranges: ranges,
		Opens: "The same sums of products in coordinates in which the columns are nearly independent, and of the residuals of the first solution, over all rows of all sites: the digits that rounding took from it."}
}

func (r run) refineLocal(f *formula.Frame, st state, sum *fixed.Vector) error {
	p := len(st.Design.Columns)
	tri := stat.Triangle(p)
	x, z := make([]float64, p), make([]float64, p)
	centre, scale := r.unit()
	for i := range f.N {
		f.Row(i, x)
		y := (f.Response(i) - centre) / scale
		e := y
		for j := range z {
			e -= st.Refine.Beta[j] * x[j]
			z[j] = 0
			for k, t := range st.Refine.Whiten[stat.Triangle(j):stat.Triangle(j+1)] {
				z[j] += t * x[k]
			}
		}
		sum.AddOuter(0, 1, z)
		sum.AddScaled(tri, e, z)
		y -= st.Refine.Mean
		sum.Add(tri+p, e*e)
		sum.Add(tri+p+1, y)
		sum.Add(tri+p+2, y*y)
	}
	return nil
}

// fit solves Z'Z g = Z'e and goes back: beta + T'g, covariance T'(Z'Z)^-1 T.
func (q *refinement) fit(d *formula.Design, sum []float64) fit {
	p := len(d.Columns)
	tri := stat.Triangle(p)
	s := stat.Solve(stat.Symmetric(sum[:tri], p), sum[tri:tri+p])
	f := fit{Solution: s, rss: sum[tri+p], tss: sum[tri+p+2]}
	if d.Intercept {
		f.tss -= sum[tri+p+1] * sum[tri+p+1] / float64(d.Rows)
	}
	t := mat.NewDense(p, p, nil)
	f.Beta = slices.Clone(q.Beta)
	for j := range p {
		if s.Aliased[j] {
			continue
		}
		f.rss -= s.Beta[j] * sum[tri+j]
		for k, x := range q.Whiten[stat.Triangle(j):stat.Triangle(j+1)] {
			t.Set(j, k, x)
			f.Beta[k] += x * s.Beta[j]
		}
	}
	f.rss = math.Max(f.rss, 0)
	f.lost = f.rss <= 1e-24*f.tss
	inverse := mat.NewDense(p, p, nil)
	inner := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			if !s.Aliased[i] && !s.Aliased[j] {
				inner.SetSym(i, j, s.Inverse.At(i, j))
			}
		}
	}
	inverse.Mul(t.T(), inner)
	inverse.Mul(inverse, t)
	f.Inverse = mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			x := inverse.At(i, j)
			if s.Aliased[i] || s.Aliased[j] {
				x = math.NaN()
			}
			f.Inverse.SetSym(i, j, x)
		}
		if s.Aliased[i] {
			f.Beta[i] = math.NaN()
		}
	}
	return f
}
