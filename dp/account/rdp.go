package account

import (
	"math"
	"sort"

	"hmsp.center/hmsp/dp"
)

// RDP adds up Renyi divergences at a list of orders and converts at the best one.
// It knows every kind.
func RDP() Accountant { return rdp{} }

type rdp struct{}

func (rdp) Name() string { return "rdp" }

// orders to account at: close together where the best order of usual budgets
// lies, and far out for very small costs.
func orders() []float64 {
	out := []float64{1.01, 1.02, 1.05}
	for i := 11; i < 110; i++ {
		out = append(out, float64(i)/10)
	}
	for i := 11; i < 64; i++ {
		out = append(out, float64(i))
	}
	return append(out, 64, 72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024)
}

func (rdp) Epsilon(events []dp.Event, delta float64) (float64, error) {
	if err := checkDelta(delta); err != nil {
		return 0, err
	}
	counts, err := merge(events)
	if err != nil || len(counts) == 0 {
		return 0, err
	}
	best := math.Inf(1)
	if delta > 0 {
		eachOrder(counts, func(alpha, divergence float64) {
			best = min(best, convert(alpha, divergence, delta))
		})
	}
	// The divergence of infinite order is the pure epsilon.
	return max(0, min(best, pure(counts))), nil
}

func (rdp) Delta(events []dp.Event, epsilon float64) (float64, error) {
	if err := checkEpsilon(epsilon); err != nil {
		return 0, err
	}
	counts, err := merge(events)
	if err != nil || pure(counts) <= epsilon {
		return 0, err
	}
	best := 0.0
	eachOrder(counts, func(alpha, divergence float64) {
		best = min(best, logDelta(alpha, divergence, epsilon))
	})
	return math.Exp(best), nil
}

// eachOrder composes: divergences of one order add up (Mironov, CSF 2017,
// Proposition 1), rounded up.
func eachOrder(counts map[dp.Event]int, visit func(alpha, divergence float64)) {
	costs := make([]float64, 0, len(counts))
	for _, alpha := range orders() {
		costs = costs[:0]
		for e, n := range counts {
			costs = append(costs, float64(n)*renyiOnce(e, alpha))
		}
		sort.Float64s(costs)
		sum := 0.0
		for _, c := range costs {
			sum += c
		}
		visit(alpha, sum*(1+slack))
	}
}

// convert is the epsilon at delta of a divergence of order alpha (Canonne, Kamath
// and Steinke 2020, Proposition 12; Balle et al., AISTATS 2020, Theorem 21).
func convert(alpha, divergence, delta float64) float64 {
	return divergence + math.Log1p(-1/alpha) - math.Log(alpha*delta)/(alpha-1)
}

// logDelta is the logarithm of the delta at epsilon, by the same inequality.
func logDelta(alpha, divergence, epsilon float64) float64 {
	return (alpha-1)*(divergence-epsilon+math.Log1p(-1/alpha)) - math.Log(alpha)
}

// pure is the epsilon at delta 0 of events together, +Inf where there is none.
func pure(counts map[dp.Event]int) float64 {
	costs := make([]float64, 0, len(counts))
	for e, n := range counts {
		costs = append(costs, float64(n)*pureOnce(e))
	}
	sort.Float64s(costs)
	sum := 0.0
	for _, c := range costs {
		sum += c
	}
	return sum * (1 + slack)
}
