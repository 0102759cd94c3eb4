package logistic

import "math"

// Caps implements glm.Bounded: a residual is at most 1 and its weight at most 1/4;
// where the outcome is rare, weights count up to four times that of the mean.
// Beyond 700 a linear predictor changes nothing (and its mean is no number).
func (b binomial) Caps(mean, _ float64) (residual, weight, eta float64) {
	return 1, math.Min(0.25, 4*b.Weight(mean)), 700
}
