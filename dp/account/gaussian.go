package account

import (
	"fmt"
	"math"
)

// slack covers the rounding of the closed forms, relative to their value.
const slack = 1e-12

// gaussianDelta is the delta at epsilon of the Gaussian mechanism with noise
// sigma in units of the sensitivity (Balle and Wang, ICML 2018, Theorem 8):
// Phi(-a) - e^epsilon Phi(-b) with a, b = epsilon sigma -+ 1/(2 sigma).
func gaussianDelta(sigma, epsilon float64) float64 {
	if math.IsInf(sigma, 1) {
		return 0
	}
	a, b := epsilon*sigma-1/(2*sigma), epsilon*sigma+1/(2*sigma)
	var d float64
	if width := 1 / sigma; width > 0.1 {
		d = upper(a) - math.Exp(epsilon+logUpper(b))
		if a > 1 {
			d = density(a) * (mills(a) - mills(b))
		}
	} else {
		// phi(a) = e^epsilon phi(b), so that delta = phi(a) (R(a)-R(b)) with Mills'
		// ratio R, whose derivative is xR-1: no difference of near equals.
		d = density(a) * gaussLegendre(a, b, func(x float64) float64 { return 1 - x*mills(x) })
	}
	return min(1, max(least, d*(1+slack)))
}

// gaussianEpsilon is the epsilon at delta of the same mechanism.
func gaussianEpsilon(sigma, delta float64) float64 {
	switch {
	case math.IsInf(sigma, 1) || gaussianDelta(sigma, 0) <= delta:
		return 0
	case delta == 0:
		return math.Inf(1)
	}
	high := 1.0
	for gaussianDelta(sigma, high) > delta {
		if high *= 2; math.IsInf(high, 1) {
			return high
		}
	}
	return bisect(0, high, func(e float64) bool { return gaussianDelta(sigma, e) <= delta })
}

// GaussianNoise is the smallest standard deviation, in units of the L2
// sensitivity, of Gaussian noise that is (epsilon, delta)-private (the analytic
// Gaussian mechanism), rounded up. epsilon is more than 0, delta between 0 and 1.
func GaussianNoise(epsilon, delta float64) (float64, error) {
	if !(epsilon > 0) || math.IsInf(epsilon, 0) || !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("analytic Gaussian noise for epsilon %v, delta %v: want epsilon more than 0, delta between 0 and 1", epsilon, delta)
	}
	enough := func(sigma float64) bool { return gaussianDelta(sigma, epsilon) <= delta }
	high := 1.0
	for !enough(high) {
		if high *= 2; high > 1e150 {
			return 0, fmt.Errorf("analytic Gaussian noise for epsilon %v, delta %v: the noise is too large for this machine's numbers", epsilon, delta)
		}
	}
	low := high
	for enough(low) && low > 1e-150 {
		low /= 2
	}
	return bisect(low, high, enough) * (1 + slack), nil
}

// bisect narrows where ok begins to hold, as far as numbers go; it returns the
// upper end, for which ok holds. ok(high) must.
func bisect(low, high float64, ok func(float64) bool) float64 {
	for range 200 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		if ok(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// upper is the probability that a standard normal exceeds x.
func upper(x float64) float64 { return 0.5 * math.Erfc(x/math.Sqrt2) }

func density(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }

// logUpper is log(upper(x)), also where upper(x) is no number any more.
func logUpper(x float64) float64 {
	if x < 20 {
		return math.Log(upper(x))
	}
	return -x*x/2 - 0.5*math.Log(2*math.Pi) + math.Log(mills(x))
}

// mills is Mills' ratio upper(x)/density(x).
func mills(x float64) float64 {
	if x < 10 {
		return upper(x) / density(x)
	}
	// Laplace's continued fraction 1/(x+1/(x+2/(x+...))), from the far end.
	f := x
	for k := 60; k > 0; k-- {
		f = x + float64(k)/f
	}
	return 1 / f
}

// gaussLegendre integrates a smooth function with the rule of five points.
func gaussLegendre(a, b float64, f func(float64) float64) float64 {
	nodes := [3]float64{0, 0.5384693101056830910, 0.9061798459386639928}
	weights := [3]float64{0.5688888888888888889, 0.4786286704993664680, 0.2369268850561890875}
	m, r := (a+b)/2, (b-a)/2
	sum := weights[0] * f(m)
	for i := 1; i < 3; i++ {
		sum += weights[i] * (f(m-r*nodes[i]) + f(m+r*nodes[i]))
	}
	return sum * r
}
