package account

import (
	"cmp"
	"math"
	"slices"

	"hmsp.center/hmsp/dp"
)

// PLD composes privacy loss distributions (Koskela, Jalko and Honkela, AISTATS
// 2020; Doroshenko et al., PoPETs 2022) in both directions, and reports the worse.
// Gaussian noise and trees alone are exact, by a closed form. It knows every kind;
// it is the accountant whose figure is reported.
func PLD() Accountant { return pld{} }

type pld struct{}

func (pld) Name() string { return "pld" }

func (pld) Epsilon(events []dp.Event, delta float64) (float64, error) {
	if err := checkDelta(delta); err != nil {
		return 0, err
	}
	counts, err := merge(events)
	if err != nil {
		return 0, err
	}
	bound := pure(counts)
	if delta == 0 || bound == 0 {
		return bound, nil
	}
	sigma, others := gaussianPart(counts)
	if len(others) == 0 {
		return gaussianEpsilon(sigma, delta), nil
	}
	if e, ok := onlyResponse(sigma, others); ok {
		return min(bound, responseEpsilon(e, delta)*(1+slack)), nil
	}
	// Where the numbers end, or the grid had to be very coarse, rho bounds it still.
	rho, err := RhoOf(events)
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for _, uses := range directions(sigma, others) {
		e, err := compose(uses, delta).epsilon(delta)
		if err != nil {
			worst = math.Inf(1)
			break
		}
		worst = max(worst, e)
	}
	return min(bound, worst, EpsilonOfRho(rho, delta)), nil
}

func (pld) Delta(events []dp.Event, epsilon float64) (float64, error) {
	if err := checkEpsilon(epsilon); err != nil {
		return 0, err
	}
	counts, err := merge(events)
	if err != nil || pure(counts) <= epsilon {
		return 0, err
	}
	sigma, others := gaussianPart(counts)
	if len(others) == 0 {
		return gaussianDelta(sigma, epsilon), nil
	}
	rho, err := RhoOf(events)
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for _, uses := range directions(sigma, others) {
		d, err := compose(uses, 1e-30).delta(epsilon)
		if err != nil {
			worst = 1
			break
		}
		worst = max(worst, d)
	}
	return min(worst, DeltaOfRho(rho, epsilon)), nil
}

// onlyResponse is the pure epsilon of one use of randomised response, where that is
// all that happened.
func onlyResponse(sigma float64, others []counted) (epsilon float64, ok bool) {
	if len(others) != 1 || others[0].n != 1 || others[0].Kind != dp.DiscreteLaplace || !math.IsInf(sigma, 1) {
		return 0, false
	}
	return 1 / others[0].Noise, true
}

// responseEpsilon is that of randomised response at delta: with p = e^e/(1+e^e) the
// probability of the true answer, delta(x) = p - e^x (1-p) (Kairouz, Oh and
// Viswanath 2015, section 3.1).
func responseEpsilon(e, delta float64) float64 {
	p := 1 / (1 + math.Exp(-e))
	if delta >= p {
		return 0
	}
	return max(0, e+math.Log1p(-delta/p))
}

// A counted event and how often it happened.
type counted struct {
	dp.Event
	n int
}

// gaussianPart composes all Gaussian noise, and that of trees, into one Gaussian
// mechanism: the squares of the sensitivities relative to the noise add up (Dong,
// Roth and Su 2022, Corollary 3.3). The others are returned in an order of their own.
func gaussianPart(counts map[dp.Event]int) (sigma float64, others []counted) {
	var squares []float64
	for e, n := range counts {
		switch e.Kind {
		case dp.Gaussian:
			squares = append(squares, float64(n)/(e.Noise*e.Noise))
		case dp.Tree:
			squares = append(squares, float64(n)*nodes(e.Steps)/(e.Noise*e.Noise))
		default:
			others = append(others, counted{e, n})
		}
	}
	slices.Sort(squares)
	sum := 0.0
	for _, s := range squares {
		sum += s
	}
	slices.SortFunc(others, func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Noise, b.Noise), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.n, b.n))
	})
	return math.Sqrt(1/sum) * (1 - 1e-16*float64(len(squares))), others
}

// directions are the uses to compose if a patient is removed and, where that
// differs, if one is added.
func directions(sigma float64, others []counted) [][]use {
	all := []direction{removal}
	if slices.ContainsFunc(others, func(o counted) bool { return !symmetric(o.Kind) }) {
		all = append(all, addition)
	}
	out := make([][]use, len(all))
	for i, d := range all {
		if !math.IsInf(sigma, 1) {
			out[i] = append(out[i], use{1, func(r resolution) law { return gaussianLaw(sigma, r) }, true})
		}
		for _, o := range others {
			out[i] = append(out[i], use{o.n, func(r resolution) law { return lawOf(o.Event, d, r) }, false})
		}
	}
	return out
}
