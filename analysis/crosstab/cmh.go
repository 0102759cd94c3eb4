package crosstab

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/fixed"
)

// A tally is what one stratum adds to the Cochran-Mantel-Haenszel statistics,
// and the sum of that over strata (Agresti 2002, sections 6.3 and 7.5; Robins,
// Breslow and Greenland 1986). The tables of the strata cannot be read off it.
type tally struct {
	rows, columns int
	used, small   float64   // strata with two people or more; with one
	diff          []float64 // observed - expected of all rows and columns but the last, column by column
	variance      []float64 // their covariance, upper triangle row by row
	terms         []float64 // of the common odds ratio, 2x2 only: R, S, PR, PS+QR, QS
}

func newTally(g grid) tally {
	i, j := g.shape()
	df := (i - 1) * (j - 1)
	t := tally{rows: i, columns: j, diff: make([]float64, df), variance: make([]float64, stat.Triangle(df))}
	if i == 2 && j == 2 {
		t.terms = make([]float64, 5)
	}
	rows, columns, n := g.margins()
	if n < 2 {
		t.small = n
		return t
	}
	t.used = 1
	at := 0
	for a := range df {
		ra, ca := a%(i-1), a/(i-1)
		t.diff[a] = g.n[ra][ca] - rows[ra]*columns[ca]/n
		for b := a; b < df; b++ {
			rb, cb := b%(i-1), b/(i-1)
			t.variance[at] = hyper(rows, ra, rb, n) * hyper(columns, ca, cb, n) / (n - 1)
			at++
		}
	}
	if t.terms != nil {
		a, b, c, d := g.n[0][0], g.n[0][1], g.n[1][0], g.n[1][1]
		p, q, r, s := (a+d)/n, (b+c)/n, a*d/n, b*c/n
		t.terms = []float64{r, s, p * r, p*s + q*r, q * s}
	}
	return t
}

// hyper is (n*margin_a*[a=b] - margin_a*margin_b)/n.
func hyper(margin []float64, a, b int, n float64) float64 {
	if a == b {
		return margin[a] * (n - margin[a]) / n
	}
	return -margin[a] * margin[b] / n
}

func (t tally) parts() [][]float64 {
	return [][]float64{{t.used, t.small}, t.diff, t.variance, t.terms}
}

// tallyRanges says how much one person can change of each coordinate: a count
// and an expected count by one in opposite directions at most, a variance and
// the terms of R and S by less than one, the products with P and Q by two.
func tallyRanges(rows, columns int) []fixed.Range {
	t := newTally(newGrid(rows, columns))
	var out []fixed.Range
	for i, part := range t.parts() {
		for k := range part {
			r := fixed.Range{Max: 1, Integer: i == 0}
			if i == 3 && k >= 2 {
				r.Max = 2
			}
			out = append(out, r)
		}
	}
	return out
}

// addTo adds a stratum to a site's contribution.
func (t tally) addTo(sum *fixed.Vector) {
	at := 0
	for _, part := range t.parts() {
		for _, x := range part {
			sum.AddSum(at, x)
			at++
		}
	}
}

// add adds another stratum.
func (t *tally) add(o tally) {
	t.used += o.used
	t.small += o.small
	for i, x := range o.diff {
		t.diff[i] += x
	}
	for i, x := range o.variance {
		t.variance[i] += x
	}
	for i, x := range o.terms {
		t.terms[i] += x
	}
}

// readTally reads an opened sum.
func readTally(p pooled, sum []float64) *tally {
	rows, columns := p.shape()
	t := newTally(newGrid(rows, columns))
	t.used, t.small = sum[0], sum[1]
	at := 2
	for _, part := range t.parts()[1:] {
		at += copy(part, sum[at:])
	}
	return &t
}

// test is the Cochran-Mantel-Haenszel statistic, as R's mantelhaen.test: for
// 2x2 tables with the continuity correction if corrected. Degrees of freedom as
// second value.
func (t tally) test(corrected bool) (statistic, df float64) {
	df = float64(len(t.diff))
	if t.terms == nil {
		v := stat.Symmetric(t.variance, len(t.diff))
		x := mat.NewVecDense(len(t.diff), append([]float64(nil), t.diff...))
		var solved mat.VecDense
		if err := solved.SolveVec(v, x); err != nil {
			return math.NaN(), df
		}
		return mat.Dot(x, &solved), df
	}
	delta := math.Abs(t.diff[0])
	if corrected && delta >= 0.5 {
		delta -= 0.5
	}
	return delta * delta / t.variance[0], df
}

// oddsRatio is the Mantel-Haenszel common odds ratio with the interval of
// Robins, Breslow and Greenland (1986).
func (t tally) oddsRatio(level float64) estimate {
	r, s := t.terms[0], t.terms[1]
	se := math.Sqrt(t.terms[2]/(2*r*r) + t.terms[3]/(2*r*s) + t.terms[4]/(2*s*s))
	return wald(r/s, se, level)
}
