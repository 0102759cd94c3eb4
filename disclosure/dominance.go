package disclosure

import (
	"iter"
	"math"
	"math/bits"
	"slices"
)

// Dominated says whether one or a few contributions make so much of a total of
// magnitudes that the total tells of them: by the (n,k) rule if the DominanceN
// largest are more than the share DominanceK of it, by the p% rule if what is
// left without the two largest is less than the share DominanceP of the largest
// (Hundepool et al., Statistical Disclosure Control, 2012, section 4.2). A
// contribution that is no number dominates. Nobody's total is not dominated. It goes
// through the contributions twice and keeps none of them, so that there may be many
// million.
func Dominated(contributions iter.Seq[float64], rules Rules) bool {
	most := max(rules.DominanceN, 2)
	largest := make([]float64, 0, most+1) // descending
	for x := range contributions {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return rules.DominanceN > 0 || rules.DominanceP > 0
		}
		if x = math.Abs(x); len(largest) == most && x <= largest[most-1] {
			continue
		}
		at, _ := slices.BinarySearchFunc(largest, x, func(a, b float64) int {
			if a >= b {
				return -1
			}
			return 1
		})
		largest = slices.Insert(largest, at, x)[:min(len(largest)+1, most)]
	}
	if len(largest) == 0 || largest[0] == 0 {
		return false
	}
	// In units of the largest, so that no sum of magnitudes overflows.
	var all, top, two shares
	for x := range contributions {
		all.add(math.Abs(x) / largest[0])
	}
	for i, x := range largest {
		if i < rules.DominanceN {
			top.add(x / largest[0])
		}
		if i < 2 {
			two.add(x / largest[0])
		}
	}
	return rules.DominanceN > 0 && top.float() > rules.DominanceK*all.float() || rules.DominanceP > 0 && all.less(two).float() < rules.DominanceP
}

// shares is a sum of numbers from 0 to 1 in steps of 2^-62, which does not depend on
// their order.
type shares struct{ high, low uint64 }

func (s *shares) add(x float64) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, uint64(x*0x1p62), 0)
	s.high += carry
}

func (s shares) less(o shares) shares {
	low, borrow := bits.Sub64(s.low, o.low, 0)
	return shares{s.high - o.high - borrow, low}
}

func (s shares) float() float64 { return float64(s.high)*4 + float64(s.low)*0x1p-62 }
