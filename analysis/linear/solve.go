package linear

import (
	"math"

	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// What must be left of a sum of squares, as a share, for sums of sixteen digits
// to give ten (of a coefficient) or eight (of the residual variance). Below it
// one more round is taken.
const (
	enoughColumn   = 1e-6
	enoughResponse = 1e-6
	enoughResidual = 1e-8
)

// solve reads the sums of the first pass: X'X, X'y, y'y. It returns the fit, or
// a refinement where that would lose digits: columns nearly dependent, or a
// response that hardly varies within its declared range.
func (r run) solve(d *formula.Design, sum []float64) (fit, *refinement) {
	p := len(d.Columns)
	tri := stat.Triangle(p)
	xy, yy := sum[tri:tri+p], sum[tri+p]
	f := fit{Solution: stat.Solve(stat.Symmetric(sum[:tri], p), xy), rss: yy, tss: yy}
	beta := make([]float64, p)
	weak := false
	for j, b := range f.Beta {
		if !f.Aliased[j] {
			beta[j] = b
			f.rss -= b * xy[j]
			weak = weak || f.Pivots[j] < enoughColumn
		}
	}
	f.rss = math.Max(f.rss, 0)
	mean := 0.0
	if d.Intercept {
		mean = xy[0] / float64(d.Rows)
		f.tss -= xy[0] * mean
	}
	if !weak && f.tss > enoughResponse*yy && f.rss > enoughResidual*yy {
		return f, nil
	}
	return f, &refinement{Beta: beta, Whiten: f.Whiten(), Mean: mean}
}
