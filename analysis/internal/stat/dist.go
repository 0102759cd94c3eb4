// Package stat holds the numerics that several analyses share: tail
// probabilities and quantiles that keep their relative accuracy far out, and
// the solution of normal equations with R's treatment of aliased columns.
package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// NormalTwoSided is P(|Z| >= |z|) for a standard normal Z; NaN for NaN.
func NormalTwoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// NormalQuantile is the p quantile of the standard normal distribution.
func NormalQuantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return distuv.UnitNormal.Quantile(p)
}

// manyDF is where Student's t is taken from its expansion about the normal:
// the beta function of gonum loses digits there to its logarithms, while the
// expansion is exact to double precision.
const manyDF = 1e4

// TTwoSided is P(|T| >= |t|) for Student's t with df degrees of freedom: the
// regularised incomplete beta function at df/(df+t^2) (Abramowitz and Stegun
// 26.7.1), which loses nothing in the tail; from 10,000 degrees on the normal
// tail at Hill's transformation of t (Comm. ACM 1970;13:617-619, algorithm 395).
func TTwoSided(t, df float64) float64 {
	switch {
	case !(df > 0) || t != t:
		return math.NaN()
	case math.IsInf(t, 0):
		return 0
	case df >= manyDF:
		a := df - 0.5
		b := 48 * a * a
		y := a * math.Log1p(t*t/df)
		z := math.Sqrt(y) * (1 + (y+3-(0.4*y*y*y+3.3*y*y+24*y+85.5)/(0.8*y*y+100+b))/b)
		return NormalTwoSided(z)
	}
	return mathext.RegIncBeta(df/2, 0.5, df/(df+t*t))
}

// TQuantile is the p quantile of Student's t with df degrees of freedom:
// gonum's inverse, or the normal quantile for many degrees, polished by Newton
// steps on TTwoSided.
func TQuantile(p, df float64) float64 {
	switch {
	case !(df > 0) || !(p >= 0 && p <= 1):
		return math.NaN()
	case p < 0.5:
		return -TQuantile(1-p, df)
	case p == 0.5:
		return 0
	}
	d := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	x := NormalQuantile(p)
	if df < manyDF {
		x = d.Quantile(p)
	}
	for range 3 {
		density := d.Prob(x)
		if !(density > 0) || math.IsInf(x, 0) {
			break
		}
		x += (TTwoSided(x, df)/2 - (1 - p)) / density
	}
	return x
}

// ChiSquareUpper is P(X >= x) for chi-square with df degrees of freedom.
func ChiSquareUpper(x, df float64) float64 {
	if !(df > 0) || x != x {
		return math.NaN()
	}
	if x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// FUpper is P(X >= x) for F with d1 and d2 degrees of freedom (Abramowitz and
// Stegun 26.6.2), to about 1e-9 relative at a million degrees, 1e-13 at few.
func FUpper(x, d1, d2 float64) float64 {
	if !(d1 > 0) || !(d2 > 0) || x != x {
		return math.NaN()
	}
	if x <= 0 {
		return 1
	}
	return mathext.RegIncBeta(d2/2, d1/2, d2/(d2+d1*x))
}

// LogFactorial is log(k!).
func LogFactorial(k float64) float64 {
	y, _ := math.Lgamma(k + 1)
	return y
}
