package describe

import (
	"math"

	"hmsp.center/hmsp/analysis/internal/noisy"
)

// A scale cuts the declared range of a number in leaves, so many to each bar of its
// histogram.
type scale struct {
	number
	shape noisy.Shape
	bars  int
	per   int     // leaves to a bar
	bar   float64 // values of whole numbers to a bar
	width float64 // values of whole numbers to a leaf
}

// newScale has at most so many leaves. A number whose values are counted has one for
// each of them.
func newScale(n number, bins, most, values int) (scale, error) {
	s := scale{number: n, bars: min(bins, most)}
	switch {
	case values > 0:
		s.bars, s.per, s.bar, s.width = values, 1, 1, 1
	case n.whole:
		count := n.hi - n.lo + 1
		s.bar = math.Ceil(count / float64(s.bars))
		s.bars = int(math.Ceil(count / s.bar))
		s.per = int(math.Min(s.bar, float64(max(1, most/s.bars))))
		s.width = math.Ceil(s.bar / float64(s.per))
		s.per = int(math.Ceil(s.bar / s.width))
	default:
		s.per = most / s.bars
	}
	var err error
	s.shape, err = noisy.NewShape(s.bars * s.per)
	return s, err
}

// leaf is the index of the leaf of a value of the range.
func (s scale) leaf(x float64) int {
	if s.whole {
		bar := math.Floor((x - s.lo) / s.bar)
		return int(bar)*s.per + int((x-s.lo-bar*s.bar)/s.width)
	}
	u := (x/2 - s.lo/2) / (s.hi/2 - s.lo/2)
	return min(max(int(u*float64(s.shape.Leaves)), 0), s.shape.Leaves-1)
}

// value is the value at a place within a leaf.
func (s scale) value(leaf int, within float64) float64 {
	if s.whole {
		x := s.lo + float64(leaf/s.per)*s.bar + float64(leaf%s.per)*s.width
		return math.Min(x+math.Min(math.Floor(within*s.width), s.width-1), s.hi)
	}
	u := (float64(leaf) + within) / float64(s.shape.Leaves)
	return s.lo + u*s.hi - u*s.lo
}

// limits are the smallest and largest value of the leaves from..to-1.
func (s scale) limits(from, to int) (low, high float64) {
	return s.value(from, 0), s.value(to-1, 1)
}
