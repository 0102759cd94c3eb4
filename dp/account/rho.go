package account

import (
	"fmt"
	"math"
	"math/bits"
	"sort"

	"hmsp.center/hmsp/dp"
)

// Rho is the zCDP cost (Bun and Steinke, TCC 2016) of all uses of an event: the
// least rho with D_alpha <= rho alpha at every order alpha > 1. It is tight, up to
// rounding, for every kind but sampled Laplace, and trees of a number of steps that
// is no power of two.
func Rho(e dp.Event) (float64, error) {
	if err := e.Valid(); err != nil {
		return 0, err
	}
	one, err := rhoOnce(e)
	if err != nil {
		return 0, err
	}
	return one * float64(e.Times()), nil
}

func rhoOnce(e dp.Event) (float64, error) {
	gaussian := 1 / (2 * e.Noise * e.Noise)
	switch e.Kind {
	case dp.Gaussian, dp.DiscreteGaussian: // Canonne, Kamath and Steinke 2020, Theorem 4
		return gaussian, nil
	case dp.SampledGaussian:
		// Sampling does not help at orders beyond any bound: D_alpha/alpha tends to
		// that of the whole.
		return gaussian, nil
	case dp.Tree:
		return gaussian * paddedNodes(e.Steps), nil
	case dp.Laplace:
		return rhoLaplace(1 / e.Noise), nil
	case dp.DiscreteLaplace:
		return rhoResponse(1 / e.Noise), nil
	case dp.SampledLaplace:
		// A bound: that of the randomised response of the same pure epsilon, which
		// dominates everything of that epsilon (Kairouz, Oh and Viswanath, ICML 2015).
		return min(rhoLaplace(1/e.Noise), rhoResponse(pureOnce(e))), nil
	}
	return 0, fmt.Errorf("no rho is known for events of kind %q", e.Kind)
}

// nodes is how many nodes of a tree of so many steps hold one participation: a node
// of 2^k leaves is noised and used once all of them have happened, so that k goes
// from 0 to floor(log2 steps).
func nodes(steps int) float64 { return float64(bits.Len(uint(steps))) }

// paddedNodes is the number for a tree that is filled up to a whole one,
// ceil(log2 steps) + 1, which methods B7 charges in rho: at most one more.
func paddedNodes(steps int) float64 { return float64(bits.Len(uint(steps-1)) + 1) }

// RhoOf is the zCDP cost of events together.
func RhoOf(events []dp.Event) (float64, error) {
	costs := make([]float64, len(events))
	for i, e := range events {
		rho, err := Rho(e)
		if err != nil {
			return 0, fmt.Errorf("event %d of %d: %w", i+1, len(events), err)
		}
		costs[i] = rho
	}
	sort.Float64s(costs) // the sum must not depend on the order
	sum := 0.0
	for _, c := range costs {
		sum += c
	}
	return sum * (1 + 1e-15*float64(len(events))), nil
}

// rhoLaplace is the largest D_alpha/alpha of Laplace noise of pure epsilon eps.
func rhoLaplace(eps float64) float64 {
	return steepest(eps, func(alpha float64) float64 { return renyiLaplace(alpha, eps) }, eps+math.Expm1(-eps))
}

// rhoResponse is the same of randomised response, which discrete Laplace noise is
// equivalent to.
func rhoResponse(eps float64) float64 {
	return steepest(eps, func(alpha float64) float64 { return renyiResponse(alpha, eps) }, eps*math.Tanh(eps/2))
}

// steepest is the largest D_alpha/alpha over alpha >= 1 for a mechanism of pure
// epsilon eps; divergence is D_1. Any such mechanism has at most eps^2/2 (Bun and
// Steinke, Proposition 3.3), which is what very small eps are charged.
func steepest(eps float64, renyi func(alpha float64) float64, divergence float64) float64 {
	if eps < 1e-3 {
		return eps * eps / 2
	}
	ratio := func(u float64) float64 { alpha := 1 + math.Exp(u); return renyi(alpha) / alpha }
	best, at := divergence, math.Inf(-1)
	low, high := math.Log(1e-3/(1+eps)), math.Log(10+10/eps)
	const step = 0.25
	for u := low; u < high; u += step {
		if r := ratio(u); r > best {
			best, at = r, u
		}
	}
	if !math.IsInf(at, 0) {
		best = max(best, ratio(goldenSection(at-step, at+step, func(u float64) float64 { return -ratio(u) })))
	}
	return min(best*(1+1e-9), eps*eps/2)
}

// goldenSection finds where a function of one valley is least, to about 1e-8.
func goldenSection(low, high float64, f func(float64) float64) float64 {
	const r = 0.6180339887498949
	x, y := high-r*(high-low), low+r*(high-low)
	fx, fy := f(x), f(y)
	for high-low > 1e-9*(1+math.Abs(low)+math.Abs(high)) {
		if fx <= fy {
			high, y, fy = y, x, fx
			x = high - r*(high-low)
			fx = f(x)
		} else {
			low, x, fx = x, y, fy
			y = low + r*(high-low)
			fy = f(y)
		}
	}
	if fx <= fy {
		return x
	}
	return y
}

// EpsilonOfRho is the epsilon at delta that rho-zCDP implies: the least over alpha
// of alpha rho + log(1-1/alpha) - log(alpha delta)/(alpha-1) (Canonne, Kamath and
// Steinke 2020, Proposition 12 and Corollary 13). Every order gives a bound, so
// that it never understates.
func EpsilonOfRho(rho, delta float64) float64 {
	switch {
	case rho <= 0 || delta >= 1:
		return 0
	case !(delta > 0) || math.IsInf(rho, 0) || math.IsNaN(rho):
		return math.Inf(1)
	}
	eps := func(u float64) float64 { return convert(1+math.Exp(u), (1+math.Exp(u))*rho, delta) }
	// The best order is near 1 + sqrt(log(1/delta)/rho).
	centre := 0.5 * math.Log(max(-math.Log(delta), 1e-3)/rho)
	return max(0, eps(goldenSection(centre-8, centre+4, eps))*(1+1e-14))
}

// DeltaOfRho is the delta at epsilon that rho-zCDP implies: methods B4,
// min over alpha of exp((alpha-1)(alpha rho - epsilon)) (1-1/alpha)^alpha/(alpha-1).
func DeltaOfRho(rho, epsilon float64) float64 {
	switch {
	case rho <= 0:
		return 0
	case math.IsInf(rho, 0) || math.IsNaN(rho):
		return 1
	}
	log := func(u float64) float64 { return logDelta(1+math.Exp(u), (1+math.Exp(u))*rho, epsilon) }
	centre := math.Log(max(epsilon-rho, math.Sqrt(rho)) / (2 * rho))
	return min(1, math.Exp(log(goldenSection(centre-8, centre+8, log)))*(1+slack))
}

// RhoFor is the largest rho whose EpsilonOfRho at delta is at most epsilon,
// rounded down; 0 where there is none.
func RhoFor(epsilon, delta float64) float64 {
	if !(epsilon > 0) || !(delta > 0) {
		return 0
	}
	if math.IsInf(epsilon, 0) || delta >= 1 {
		return math.Inf(1)
	}
	low, high := 0.0, 1.0
	for EpsilonOfRho(high, delta) <= epsilon {
		low, high = high, 2*high
	}
	for range 200 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		if EpsilonOfRho(middle, delta) <= epsilon {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// ZCDP adds up rho and converts at the end. It knows every kind.
func ZCDP() Accountant { return zcdp{} }

type zcdp struct{}

func (zcdp) Name() string { return "zcdp" }

func (zcdp) Epsilon(events []dp.Event, delta float64) (float64, error) {
	if err := checkDelta(delta); err != nil {
		return 0, err
	}
	rho, err := RhoOf(events)
	if err != nil {
		return 0, err
	}
	return EpsilonOfRho(rho, delta), nil
}

func (zcdp) Delta(events []dp.Event, epsilon float64) (float64, error) {
	if err := checkEpsilon(epsilon); err != nil {
		return 0, err
	}
	rho, err := RhoOf(events)
	if err != nil {
		return 0, err
	}
	return DeltaOfRho(rho, epsilon), nil
}
