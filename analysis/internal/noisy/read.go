package noisy

import "math"

// Below is the number of people in the leaves before a place, which may lie within
// a leaf (people are spread evenly over one). It is never below 0 and only grows.
func (t *Tree) Below(place float64) float64 {
	leaf := int(math.Min(math.Max(place, 0), float64(t.Leaves)))
	sum := 0.0
	if leaf < t.Leaves {
		sum = t.within[len(t.levels)-1][leaf] * (place - float64(leaf))
	}
	for l := range t.levels {
		end := t.levels[l]
		if leaf < t.Leaves {
			end = t.Node(l, leaf)
		} else if l > 0 {
			break
		}
		for i := end; i > 0 && (l == 0 || i%Ways != 0); i-- { // earlier parents are counted above
			sum += t.within[l][i-1]
		}
	}
	return sum
}

// Place is where so many people are below: the leaf, and how far within it. It
// grows with rank.
func (t *Tree) Place(rank float64) (leaf int, within float64) {
	i := 0
	for l := range t.levels {
		from, to := t.children(l-1, i)
		last := from // the last part that has people
		for i = from; i < to; i++ {
			n := t.within[l][i]
			if n > 0 {
				last = i
			}
			if n > 0 && rank <= n {
				break
			}
			rank -= n
		}
		if i == to {
			i, rank = last, t.within[l][last]
		}
	}
	if n := t.within[len(t.levels)-1][i]; n > 0 {
		within = math.Min(math.Max(rank/n, 0), 1)
	}
	return i, within
}

// Range is the number of people in the leaves from..to-1, as the least squares fit
// has it (it can be below 0), with the standard deviation of its noise.
func (t *Tree) Range(from, to int) Count {
	n := 0.0
	for leaf := from; leaf < to; {
		l, i, size := t.largest(leaf, to)
		n += t.counts[l][i]
		leaf += size
	}
	c := contrast{from: from, to: to, inside: 1}
	return Count{n, math.Sqrt(t.spread(c))}
}

// largest is the largest node that begins at the leaf and ends by to.
func (t *Tree) largest(leaf, to int) (level, node, size int) {
	level, node, size = len(t.levels)-1, leaf, 1
	for level > 0 && node%Ways == 0 {
		end := min((node/Ways+1)*Ways*size, t.Leaves)
		if end > to {
			break
		}
		level, node, size = level-1, node/Ways, size*Ways
	}
	return level, node, min(size, t.Leaves-leaf)
}

// RankNoise is the standard deviation that noise gives the number of people up to
// and including a leaf, less the share prob of all people: how far off, in people,
// a quantile is that is read at the leaf.
func (t *Tree) RankNoise(leaf int, prob float64) float64 {
	return math.Sqrt(t.spread(contrast{from: 0, to: leaf + 1, inside: 1 - prob, outside: -prob}))
}

// A contrast weighs the leaves from..to-1 by inside and all others by outside.
type contrast struct {
	from, to        int
	inside, outside float64
}

// spread is the variance of a contrast. Given a node's count, its parts are what
// their own counts say, less the variance-weighted share of what these miss; so the
// contrast within a node is slope times the node's count plus a rest that is
// independent of it.
func (t *Tree) spread(c contrast) float64 {
	slope, rest := t.regress(-1, 0, 0, t.Leaves, c)
	return slope*slope*t.total.SD*t.total.SD + rest
}

// regress returns slope and variance of the rest for the node that covers the
// leaves lo..hi-1.
func (t *Tree) regress(level, node, lo, hi int, c contrast) (slope, rest float64) {
	switch {
	case lo >= c.from && hi <= c.to:
		return c.inside, 0
	case hi <= c.from || lo >= c.to:
		return c.outside, 0
	}
	from, to := t.children(level, node)
	size := 1
	for range len(t.levels) - 2 - level {
		size *= Ways
	}
	var a, aa, all float64
	for k := from; k < to; k++ {
		s, r := t.regress(level+1, k, k*size, min((k+1)*size, t.Leaves), c)
		v := t.variance[level+1][k]
		a, aa, all, rest = a+s*v, aa+s*s*v, all+v, rest+r
	}
	return a / all, rest + math.Max(0, aa-a*a/all)
}

// Reach is a part of the leaves, from..to-1, outside which nearly nobody is: on each
// side of the median, twice as far as where more people are beyond than the noise
// can hide. Without noise it holds everybody; where the noise hides the median, it
// is everything.
func (t *Tree) Reach() (from, to int) {
	middle, _ := t.Place(t.total.N / 2)
	hidden := 2 * t.Range(0, middle+1).SD
	if hidden >= t.total.N/2 {
		return 0, t.Leaves
	}
	low, _ := t.Place(hidden)
	high, _ := t.Place(t.total.N - hidden)
	return max(0, middle-2*(middle-low)), min(t.Leaves, middle+1+2*(high-middle))
}
