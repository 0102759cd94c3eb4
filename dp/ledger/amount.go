package ledger

import (
	"fmt"
	"math"
)

// An amount is rho in units of 1e-12, so that what is added and taken away again is
// exact, in any order.
type amount int64

const (
	unit      = 1e-12
	maxAmount = amount((maxLimit + 1) / unit) // more than any limit
	maxRounds = 10_000                        // of a study; their amounts cannot overflow
)

// rhoAmount rounds rho up to an amount; what is within 1e-15 of an amount is that
// amount, so that 0.3 is the same as a limit and as a cost. More than any limit is
// maxAmount.
func rhoAmount(rho float64) (amount, error) {
	if !(rho >= 0) {
		return 0, fmt.Errorf("rho is %v: want 0 or more", rho)
	}
	units := rho / unit
	if units >= float64(maxAmount) {
		return maxAmount, nil
	}
	if near := math.Round(units); math.Abs(units-near) < 1e-3 {
		return amount(near), nil
	}
	return amount(math.Ceil(units)), nil
}

// rho is the amount for people.
func (a amount) rho() float64 { return float64(a) / 1e12 }

func sum(as []amount) (total amount) {
	for _, a := range as {
		total += a
	}
	return total
}
