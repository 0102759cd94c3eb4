package crosstab

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"hmsp.center/hmsp/analysis/internal/noisy"
)

// drawn is how many tables a test makes: a p-value of 0.05 is then known to within
// 0.014 (95%). A wide table has fewer, so that no test takes long.
func drawn(cells int) int { return min(999, max(199, 2_000_000/cells)) }

// independence tests a table under noise by Monte Carlo: tables are drawn in which
// rows and columns are independent with the margins that were opened, noise is added
// to each, and the p-value is the share of tables that are as far from independence
// (Gaboardi, Lim, Rogers and Vadhan, ICML 2016, Algorithm 1, MCIndep). The statistic
// is Pearson's with the variance of the noise beside that of the counts, and is
// Pearson's without noise.
func independence(g grid, sd float64, draws int) (statistic, p float64) {
	statistic, expected := distance(g, sd)
	if math.IsNaN(statistic) {
		return statistic, math.NaN()
	}
	_, _, n := g.margins()
	i, j := g.shape()
	r, again, beyond := noisy.Dice(20160616), newGrid(i, j), 0
	for range draws {
		scatter(r, again, expected, math.Round(n))
		for _, row := range again.n {
			for j := range row {
				row[j] += noisy.Laplace(r, sd)
			}
		}
		if s, _ := distance(again, sd); s >= statistic || math.IsNaN(s) { // a table without margins decides nothing
			beyond++
		}
	}
	return statistic, float64(1+beyond) / float64(1+draws)
}

// distance of a table from independence, and the table that is expected: that of the
// margins of the nearest table without counts below 0. NaN where nobody is left.
func distance(g grid, sd float64) (statistic float64, expected grid) {
	i, j := g.shape()
	cells := make([]float64, 0, i*j)
	for _, row := range g.n {
		cells = append(cells, row...)
	}
	_, _, n := g.margins()
	noisy.Simplex(cells, n)
	near := newGrid(i, j)
	for k := range near.n {
		copy(near.n[k], cells[k*j:])
	}
	rows, columns, total := near.margins()
	expected = newGrid(i, j)
	if !(total > 0) {
		return math.NaN(), expected
	}
	for a, row := range expected.n {
		for b := range row {
			e := rows[a] * columns[b] / total
			row[b] = e
			if v := e + sd*sd; v > 0 {
				statistic += (g.n[a][b] - e) * (g.n[a][b] - e) / v
			}
		}
	}
	return statistic, expected
}

// scatter draws n people over the cells in proportion to expected: cell by cell, a
// binomial share of those who are left.
func scatter(r *rand.Rand, into, expected grid, n float64) {
	_, _, left := expected.margins()
	for i, row := range expected.n {
		for j, e := range row {
			x := 0.0
			switch {
			case n > 0 && e >= left*(1-1e-12):
				x = n
			case n > 0 && e > 0:
				x = distuv.Binomial{N: n, P: e / left, Src: r}.Rand()
			}
			into.n[i][j] = x
			n, left = n-x, left-e
		}
	}
}

// ratios of a two by two table, with intervals that include sampling (as in the exact
// form) and, by the delta method, the noise. ok is false where a cell does not stand
// out from the noise.
func ratios(g grid, sd, level float64) (odds, risk estimate, ok bool) {
	a, b, c, d := g.n[0][0], g.n[0][1], g.n[1][0], g.n[1][1]
	for _, x := range []float64{a, b, c, d} {
		if !(x > 2*sd && x > 0.5) {
			return odds, risk, false
		}
	}
	squares := func(xs ...float64) (s float64) {
		for _, x := range xs {
			s += x * x
		}
		return s
	}
	noise := sd * sd * squares(1/a, 1/b, 1/c, 1/d)
	odds = wald(a*d/(b*c), math.Sqrt(1/a+1/b+1/c+1/d+noise), level)
	noise = sd * sd * squares(1/d-1/(c+d), 1/(c+d), 1/b-1/(a+b), 1/(a+b))
	risk = wald(d/(c+d)/(b/(a+b)), math.Sqrt(1/d-1/(c+d)+1/b-1/(a+b)+noise), level)
	return odds, risk, true
}
