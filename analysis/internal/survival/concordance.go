package survival

import (
	"math"
	"slices"
	"sort"
)

// Pairs counts comparable pairs of people within a stratum by whether the one
// who had the event earlier had the higher linear predictor (Harrell's C).
// Pairs with events at the same time are not comparable.
type Pairs struct{ Concordant, Discordant, Tied float64 }

// Index is the concordance: ties in the predictor count half. NaN without pairs.
func (p Pairs) Index() float64 {
	return (p.Concordant + p.Tied/2) / (p.Concordant + p.Discordant + p.Tied)
}

// Pairs compares each event with everybody at risk at that time who leaves
// later, or at the same time without the event. It takes O(n log n) steps.
// Predictors that differ by less than rounding does (2^-36) are tied.
func (s *Stratum) Pairs(beta []float64) Pairs {
	var out Pairs
	if len(s.people) == 0 {
		return out
	}
	eta := s.predictor(beta)
	for i := range eta {
		eta[i] = math.Round(eta[i] * 0x1p36)
	}
	ranks := slices.Clone(eta)
	slices.Sort(ranks)
	ranks = slices.Compact(ranks)
	rank := func(i int) int { return sort.SearchFloat64s(ranks, eta[i]) }
	tree := counter(make([]int, len(ranks)+1))
	size := 0
	move := func(i, by int) { tree.add(rank(i), by); size += by }
	s.deathTimes(
		func(i int) { move(i, 1) },
		func(i int) { move(i, -1) },
		func(from, to int) {
			for i := from; i < to; i++ {
				move(i, -1)
			}
			for i := from; i < to; i++ {
				r := rank(i)
				below, upTo := tree.sum(r), tree.sum(r+1)
				out.Concordant += float64(below)
				out.Tied += float64(upTo - below)
				out.Discordant += float64(size - upTo)
			}
			for i := from; i < to; i++ {
				move(i, 1)
			}
		})
	return out
}

// A counter counts by rank: a binary indexed tree (Fenwick 1994).
type counter []int

func (c counter) add(rank, by int) {
	for i := rank + 1; i < len(c); i += i & -i {
		c[i] += by
	}
}

// sum counts those of rank below r.
func (c counter) sum(r int) int {
	n := 0
	for i := r; i > 0; i -= i & -i {
		n += c[i]
	}
	return n
}
