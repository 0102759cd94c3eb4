package account

import (
	"errors"
	"math"
)

// least is the delta below which nothing is claimed.
const least = 1e-300

var errTooLarge = errors.New("the privacy loss is too large for this machine's numbers")

// A curve is the distribution of a composed loss in a window, from which delta and
// epsilon are read: delta(epsilon) = p_infinite + sum over l > epsilon of
// (1-e^{epsilon-l}) p(l). The mass at loss l is e^{log - tilt (l - centre)} times its
// weight.
type curve struct {
	frame
	weight   []float64
	log      float64
	infinite float64
}

func (c *curve) loss(j int) float64 { return float64(c.first+j) * c.h }

func (c *curve) delta(epsilon float64) float64 {
	sum := 0.0
	for j := c.n - 1; j >= 0; j-- {
		l := c.loss(j)
		if l <= epsilon {
			break
		}
		sum += c.weight[j] * math.Exp(-c.tilt*(l-c.centre)) * -math.Expm1(epsilon-l)
	}
	return min(1, c.infinite+math.Exp(c.log)*sum*(1+slack)+least)
}

// epsilon walks down the losses l until the delta at l would exceed the one asked
// for, and solves for epsilon in between; within is false if it gets to the end of
// the window, which then is a bound.
func (c *curve) epsilon(delta float64) (epsilon float64, within bool) {
	want := (delta - c.infinite) * math.Exp(-c.log) * (1 - slack)
	if !(want > 0) {
		return math.Inf(1), false
	}
	r := math.Exp(-c.h)
	mass, t := 0.0, 0.0 // weight at and above l, and sum of (1-e^{l-x}) over what lies above
	for j := c.n - 1; j >= 0; j-- {
		l := c.loss(j)
		mass += c.weight[j] * math.Exp(-c.tilt*(l-c.centre))
		// With r = e^-h, the sum one step down is (1-r) mass + r t: no cancellation.
		next := -math.Expm1(-c.h)*mass + r*t
		if next > want {
			down := -math.Log1p(-(want - t) / (mass - t))
			return max(0, l-max(0, down)*(1-slack)+1e-13*math.Abs(l)), true
		}
		t = next
	}
	return max(0, c.loss(0)), false
}
