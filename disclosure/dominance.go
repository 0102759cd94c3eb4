package disclosure

import (
	"math"
	"slices"
)

// Dominated says whether one or a few contributions make so much of a total of
// magnitudes that the total tells of them: by the (n,k) rule if the DominanceN
// largest are more than the share DominanceK of it, by the p% rule if what is
// left without the two largest is less than the share DominanceP of the largest
// (Hundepool et al., Statistical Disclosure Control, 2012, section 4.2). A
// contribution that is no number dominates. Nobody's total is not dominated.
func Dominated(contributions []float64, rules Rules) bool {
	sizes := make([]float64, len(contributions))
	for i, x := range contributions {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return rules.DominanceN > 0 || rules.DominanceP > 0
		}
		sizes[i] = math.Abs(x)
	}
	slices.SortFunc(sizes, func(a, b float64) int { // largest first
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	if len(sizes) == 0 || sizes[0] == 0 {
		return false
	}
	// In units of the largest: no sum of magnitudes overflows.
	var total, top, rest float64
	for i := len(sizes) - 1; i >= 0; i-- { // smallest first
		s := sizes[i] / sizes[0]
		total += s
		if i < rules.DominanceN {
			top += s
		}
		if i > 1 {
			rest += s
		}
	}
	return rules.DominanceN > 0 && top > rules.DominanceK*total || rules.DominanceP > 0 && rest < rules.DominanceP
}
