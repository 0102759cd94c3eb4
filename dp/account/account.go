// Package account says what events of differential privacy cost, for ledgers,
// plans and receipts: the (epsilon, delta) of a list of events by four
// accountants, their zCDP rho, and the noise that a budget affords. It computes
// bounds only: everything is rounded to the side that claims less privacy, and
// an event that is malformed or that an accountant has no bound for is an error,
// never skipped. It draws no noise and keeps no balance.
package account

import (
	"fmt"
	"math"
	"strconv"

	"hmsp.center/hmsp/dp"
)

// An Accountant interprets events that happened to the same patients, in any
// order, each chosen with knowledge of the answers before it. Adjacency is adding
// or removing one patient. Implementations must never report less than the true
// epsilon or delta, must not depend on the order of the events, and must take
// equal events apart or as one with a Count alike.
type Accountant interface {
	// Name is what receipts call the accountant.
	Name() string
	// Epsilon is a bound on the epsilon of the events at delta, 0 <= delta < 1;
	// +Inf where there is none that is finite, as for Gaussian noise at delta 0.
	Epsilon(events []dp.Event, delta float64) (float64, error)
	// Delta is a bound, at most 1, on the delta of the events at a finite epsilon >= 0.
	Delta(events []dp.Event, epsilon float64) (float64, error)
}

// All accountants, the tightest last.
func All() []Accountant {
	return []Accountant{Basic(), ZCDP(), RDP(), PLD()}
}

// merge checks events and joins equal ones. The order of first appearance does
// not matter to any result, because callers sort or add up.
func merge(events []dp.Event) (map[dp.Event]int, error) {
	counts := make(map[dp.Event]int, len(events))
	for i, e := range events {
		if err := e.Valid(); err != nil {
			return nil, fmt.Errorf("event %d of %d: %w", i+1, len(events), err)
		}
		n := e.Times()
		e.Count = 0
		if counts[e] > math.MaxInt-n {
			return nil, fmt.Errorf("event %d of %d: more uses of %q than can be counted", i+1, len(events), e.Kind)
		}
		counts[e] += n
	}
	return counts, nil
}

func checkDelta(delta float64) error {
	if !(delta >= 0 && delta < 1) {
		return fmt.Errorf("delta %v: want at least 0 and less than 1", delta)
	}
	return nil
}

func checkEpsilon(epsilon float64) error {
	if !(epsilon >= 0) || math.IsInf(epsilon, 1) {
		return fmt.Errorf("epsilon %v: want at least 0, and finite", epsilon)
	}
	return nil
}

// Calibrate finds the smallest noise with which the events cost at most epsilon
// at delta by accountant a, to 1e-6 of itself and never below. events must cost
// less the larger the noise.
func Calibrate(a Accountant, epsilon, delta float64, events func(noise float64) []dp.Event) (float64, error) {
	if !(epsilon > 0) || math.IsInf(epsilon, 0) {
		return 0, fmt.Errorf("calibrate for epsilon %v: want more than 0, and finite", epsilon)
	}
	if err := checkDelta(delta); err != nil {
		return 0, fmt.Errorf("calibrate: %w", err)
	}
	enough := func(noise float64) (bool, error) {
		e, err := a.Epsilon(events(noise), delta)
		if err != nil {
			return false, fmt.Errorf("calibrate with noise %v: %w", noise, err)
		}
		return e <= epsilon, nil
	}
	const least, most = 1e-5, 1e9
	low, high := 1.0, 1.0
	ok, err := enough(high)
	for ; err == nil && !ok && high < most; low, high = high, high*2 {
		ok, err = enough(high * 2)
	}
	for down := ok && high == 1; err == nil && down && low > least; {
		if down, err = enough(low / 2); down {
			high = low / 2
		}
		low /= 2
	}
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("calibrate for epsilon %v at delta %v by %s: no noise up to %v is enough", epsilon, delta, a.Name(), most)
	}
	for high-low > 1e-6*high {
		middle := math.Sqrt(low * high)
		if ok, err = enough(middle); err != nil {
			return 0, err
		}
		if ok {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// Ceil rounds a cost up to six significant digits, so that machines whose last
// bits differ report the same one. What is above six digits by less than 1e-9 of it
// is the accountants' own caution, and is left off.
func Ceil(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return x
	}
	y := sixDigits(x)
	if y < x*(1-1e-9) {
		y = sixDigits(y + math.Pow(10, math.Floor(math.Log10(y))-5))
	}
	return y
}

func sixDigits(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 5, 64), 64)
	if err != nil { // above the largest number
		return math.Inf(1)
	}
	return y
}
