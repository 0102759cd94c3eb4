package poisson

import "math"

// Caps implements glm.Bounded. Residuals count up to 1 and four standard deviations
// of a count at the mean, weights up to four times the mean; both leave room for
// rates and observation times that differ between patients, and clipping them draws
// the rate of a very skewed count down. No mean is more than e times the largest
// declared count.
func (poisson) Caps(mean, largest float64) (residual, weight, eta float64) {
	return math.Min(largest, 1+4*math.Sqrt(mean)), 4 * mean, math.Log(largest) + 1
}
