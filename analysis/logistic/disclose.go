package logistic

import (
	"math"
	"sort"
)

// Rarer reads the number of people with the rarer outcome from the deviance of the
// model with an intercept only, -2 (k log(k/n) + (n-k) log((n-k)/n)), which rises
// with k up to n/2. It is not told by a deviance that is none of these.
func (binomial) Rarer(n, nullDeviance float64) (people float64, ok bool) {
	deviance := func(k float64) float64 {
		if k == 0 {
			return 0
		}
		return -2 * (k*math.Log(k/n) + (n-k)*math.Log((n-k)/n))
	}
	half := int(n / 2)
	k := sort.Search(half, func(k int) bool { return deviance(float64(k)) >= nullDeviance-1e-9*(1+nullDeviance) })
	return float64(k), math.Abs(deviance(float64(k))-nullDeviance) <= 1e-9*(1+nullDeviance)
}
