package survival

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// TwoSided is the probability that a standard normal value is at least |z| from
// 0, with its digits kept far in the tail.
func TwoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// ChiSquaredTail is the probability that a chi-squared value on df degrees of
// freedom exceeds x; NaN without degrees of freedom.
func ChiSquaredTail(x float64, df int) float64 {
	if df < 1 || math.IsNaN(x) {
		return math.NaN()
	}
	return distuv.ChiSquared{K: float64(df)}.Survival(math.Max(0, x))
}

// NormalQuantile is the half-width, in standard errors, of an interval of the
// given level.
func NormalQuantile(level float64) float64 { return distuv.UnitNormal.Quantile((1 + level) / 2) }
