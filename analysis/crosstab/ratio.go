package crosstab

import (
	"math"

	"hmsp.center/hmsp/analysis/internal/stat"
)

// An estimate has an interval at the level of the study.
type estimate struct{ value, low, high float64 }

// wald is the interval exp(log(value) +- z*se).
func wald(value, se, level float64) estimate {
	z := stat.NormalQuantile((1 + level) / 2)
	return estimate{value, value * math.Exp(-z*se), value * math.Exp(z*se)}
}

// oddsRatio is that of a 2x2 table, ad/bc, with Woolf's interval. A table with
// an empty cell has no interval.
func oddsRatio(g grid, level float64) estimate {
	a, b, c, d := g.n[0][0], g.n[0][1], g.n[1][0], g.n[1][1]
	return bounded(wald(a*d/(b*c), math.Sqrt(1/a+1/b+1/c+1/d), level))
}

// riskRatio is the risk of the second column in the second row against the
// first row, with the interval of the logarithm (Katz 1978).
func riskRatio(g grid, level float64) estimate {
	a, b, c, d := g.n[0][0], g.n[0][1], g.n[1][0], g.n[1][1]
	return bounded(wald(d/(c+d)/(b/(a+b)), math.Sqrt(1/d-1/(c+d)+1/b-1/(a+b)), level))
}

func bounded(e estimate) estimate {
	if !(e.value > 0) || math.IsInf(e.value, 0) || !(e.high < math.Inf(1)) {
		e.low, e.high = math.NaN(), math.NaN()
	}
	return e
}

// pearson is the chi-square statistic of independence with R's Yates correction
// if corrected, its degrees of freedom, and the smallest expected count.
func pearson(g grid, corrected bool) (statistic, df, expected float64) {
	rows, columns, n := g.margins()
	expected = math.Inf(1)
	yates := 0.0
	if corrected {
		yates = 0.5
		for i, row := range g.n {
			for j, x := range row {
				yates = min(yates, math.Abs(x-rows[i]*columns[j]/n))
			}
		}
	}
	for i, row := range g.n {
		for j, x := range row {
			e := rows[i] * columns[j] / n
			d := math.Abs(x-e) - yates
			statistic += d * d / e
			expected = min(expected, e)
		}
	}
	return statistic, float64((len(rows) - 1) * (len(columns) - 1)), expected
}
