package account

import (
	"math"
	"sort"

	"hmsp.center/hmsp/dp"
)

// Basic adds up the epsilons of single uses and divides delta evenly among those
// that need one (Dwork and Roth 2014, Theorem 3.16). It is loose, and easy to
// follow by hand.
func Basic() Accountant { return basic{} }

type basic struct{}

func (basic) Name() string { return "basic" }

func (basic) Epsilon(events []dp.Event, delta float64) (float64, error) {
	if err := checkDelta(delta); err != nil {
		return 0, err
	}
	counts, err := merge(events)
	if err != nil {
		return 0, err
	}
	return basicEpsilon(counts, delta), nil
}

func basicEpsilon(counts map[dp.Event]int, delta float64) float64 {
	shares := 0.0
	for e, n := range counts {
		if math.IsInf(pureOnce(e), 1) {
			shares += float64(n)
		}
	}
	costs := make([]float64, 0, len(counts))
	for e, n := range counts {
		costs = append(costs, float64(n)*approximateOnce(e, delta/shares))
	}
	sort.Float64s(costs)
	sum := 0.0
	for _, c := range costs {
		sum += c
	}
	return sum * (1 + slack)
}

func (basic) Delta(events []dp.Event, epsilon float64) (float64, error) {
	if err := checkEpsilon(epsilon); err != nil {
		return 0, err
	}
	counts, err := merge(events)
	if err != nil || basicEpsilon(counts, 0) <= epsilon {
		return 0, err
	}
	// Epsilon falls as delta grows; the logarithm makes small deltas precise.
	log := bisect(-700, 0, func(l float64) bool { return l == 0 || basicEpsilon(counts, math.Exp(l)) <= epsilon })
	return math.Exp(log), nil
}

// pureOnce is the epsilon at delta 0 of one use, +Inf for kinds without one.
func pureOnce(e dp.Event) float64 {
	switch e.Kind {
	case dp.Laplace, dp.DiscreteLaplace:
		return 1 / e.Noise
	case dp.SampledLaplace:
		return amplified(1/e.Noise, e.Rate)
	}
	return math.Inf(1)
}

// amplified is log(1+q(e^eps-1)), the epsilon after Poisson sampling with rate q
// (Balle, Barthe and Gaboardi, NeurIPS 2018, Theorem 8).
func amplified(eps, q float64) float64 {
	if eps > 40 {
		return eps + math.Log(q) + math.Log1p((1-q)/q*math.Exp(-eps))
	}
	return math.Log1p(q * math.Expm1(eps))
}

// approximateOnce is the epsilon at delta of one use.
func approximateOnce(e dp.Event, delta float64) float64 {
	switch e.Kind {
	case dp.Gaussian:
		return gaussianEpsilon(e.Noise, delta)
	case dp.Tree:
		return gaussianEpsilon(e.Noise/math.Sqrt(nodes(e.Steps)), delta)
	case dp.SampledGaussian:
		if delta >= e.Rate { // such a use may even publish whom it sampled
			return 0
		}
		return amplified(gaussianEpsilon(e.Noise, delta/e.Rate), e.Rate)
	case dp.DiscreteGaussian:
		return EpsilonOfRho(1/(2*e.Noise*e.Noise), delta)
	}
	return pureOnce(e)
}
