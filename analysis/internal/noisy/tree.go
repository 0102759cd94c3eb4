// Package noisy turns opened sums that carry noise into what can be shown: a
// histogram whose levels agree with each other, quantiles and numbers of people
// with the standard deviation of their noise, a matrix of second moments that
// could be one, draws of noise from a fixed seed. It serves the private forms of
// analyses; all of it is post-processing of opened sums and costs no budget.
package noisy

import (
	"fmt"
	"math"
	"slices"
)

// Ways is how many parts an inner node of a tree has: with 16, four levels
// resolve 65536 leaves (methods B6).
const Ways = 16

// MostLeaves is the most leaves of a tree.
const MostLeaves = 1 << 16

// A Shape is a hierarchy over leaves 0..Leaves-1: the root covers all, each level
// below cuts every node in 16, the last of a level may have fewer.
type Shape struct {
	Leaves int
	levels []int // number of nodes of each level below the root; the last are the leaves
}

// NewShape is the hierarchy over so many leaves, 1 to MostLeaves.
func NewShape(leaves int) (Shape, error) {
	if leaves < 1 || leaves > MostLeaves {
		return Shape{}, fmt.Errorf("a hierarchy over %d leaves: want 1 to %d", leaves, MostLeaves)
	}
	s := Shape{Leaves: leaves, levels: []int{leaves}}
	for n := leaves; n > Ways; {
		n = (n + Ways - 1) / Ways
		s.levels = append(s.levels, n)
	}
	slices.Reverse(s.levels)
	return s, nil
}

// Levels lists the number of nodes of each level below the root.
func (s Shape) Levels() []int { return slices.Clone(s.levels) }

// Node is the index, within its level, of the node that covers the leaf.
func (s Shape) Node(level, leaf int) int {
	for range len(s.levels) - 1 - level {
		leaf /= Ways
	}
	return leaf
}

// children are the nodes from..to-1 of the next level that make up node i of a
// level; level -1 is the root.
func (s Shape) children(level, i int) (from, to int) {
	return i * Ways, min((i+1)*Ways, s.levels[level+1])
}

// A Count is a number of people with the standard deviation of its noise.
type Count struct {
	N  float64 `json:"n"`
	SD float64 `json:"sd"`
}

// Unknown is the count of what was not counted.
func Unknown() Count { return Count{SD: math.Inf(1)} }

// A Tree is a histogram whose levels agree: every node is the sum of its parts.
// It is the weighted least squares fit to the noisy counts of all levels (Hay,
// Rastogi, Miklau and Suciu, PVLDB 2010;3:1021-1032, section 4.2, with a variance
// for each level).
type Tree struct {
	Shape
	total    Count
	counts   [][]float64 // by level and node; sum up exactly
	variance [][]float64 // of each node from what is counted in and below it
	within   [][]float64 // as counts, none below 0
}

// Settle fits a tree to the noisy count of the root and of every node, by level,
// with the standard deviation of each level's noise, which must be above 0. The root
// may be Unknown.
func (s Shape) Settle(root Count, counts [][]float64, sd []float64) *Tree {
	t := &Tree{Shape: s, counts: make([][]float64, len(s.levels)), variance: make([][]float64, len(s.levels))}
	for l := len(s.levels) - 1; l >= 0; l-- { // from the leaves up: the best of what is below
		t.counts[l], t.variance[l] = slices.Clone(counts[l]), make([]float64, s.levels[l])
		for i := range t.counts[l] {
			own := sd[l] * sd[l]
			t.variance[l][i] = own
			if l+1 < len(s.levels) {
				below, v := t.parts(l, i)
				t.counts[l][i], t.variance[l][i] = merge(t.counts[l][i], own, below, v)
			}
		}
	}
	below, v := t.parts(-1, 0)
	t.total.N, v = merge(root.N, root.SD*root.SD, below, v)
	t.total.SD = math.Sqrt(v)
	t.share(-1, 0, t.total.N)
	for l := range len(s.levels) - 1 { // from the root down: parts sum up
		for i, n := range t.counts[l] {
			t.share(l, i, n)
		}
	}
	t.within = t.positive()
	return t
}

// parts are the sum of a node's parts and its variance.
func (t *Tree) parts(level, i int) (sum, variance float64) {
	from, to := t.children(level, i)
	for k := from; k < to; k++ {
		sum, variance = sum+t.counts[level+1][k], variance+t.variance[level+1][k]
	}
	return sum, variance
}

// merge weighs two estimates of one number by their precision.
func merge(a, va, b, vb float64) (x, v float64) {
	if math.IsInf(va, 1) {
		return b, vb
	}
	w := vb / (va + vb) // of a
	return w*a + (1-w)*b, va * w
}

// share divides what the parts of a node lack to n among them by their variances.
func (t *Tree) share(level, i int, n float64) {
	from, to := t.children(level, i)
	sum, variance := t.parts(level, i)
	for k := from; k < to; k++ {
		t.counts[level+1][k] += (n - sum) * t.variance[level+1][k] / variance
	}
}

// positive is the tree with no count below 0: from the root down the parts of
// each node are the nearest ones that sum up to it (a projection on a simplex).
func (t *Tree) positive() [][]float64 {
	out := make([][]float64, len(t.levels))
	for l, n := range t.levels {
		out[l] = make([]float64, n)
		for i := 0; i*Ways < n; i++ {
			whole := math.Max(0, t.total.N)
			if l > 0 {
				whole = out[l-1][i]
			}
			from, to := t.children(l-1, i)
			copy(out[l][from:to], t.counts[l][from:to])
			Simplex(out[l][from:to], whole)
		}
	}
	return out
}

// Simplex moves xs to the nearest numbers that sum to total and are not below 0
// (Duchi, Shalev-Shwartz, Singer and Chandra, ICML 2008, Figure 1).
func Simplex(xs []float64, total float64) {
	if total <= 0 {
		clear(xs)
		return
	}
	sorted := slices.Clone(xs)
	slices.Sort(sorted)
	sum, cut := 0.0, math.Inf(-1)
	for i := len(sorted) - 1; i >= 0; i-- {
		sum += sorted[i]
		c := (sum - total) / float64(len(sorted)-i)
		if sorted[i] <= c {
			break
		}
		cut = c
	}
	for i, x := range xs {
		xs[i] = math.Max(0, x-cut)
	}
}

// Total is how many people there are in all.
func (t *Tree) Total() Count { return t.total }
