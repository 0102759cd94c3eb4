package account

import (
	"cmp"
	"math"
	"slices"
)

// Connecting the dots (Doroshenko, Ghazi, Kamath, Kumar and Manurangsi, PoPETs
// 2022, section 4): a law is replaced by one on chosen losses that costs no less at
// any epsilon. The hockey-stick divergence is convex in e^epsilon; drawing it as a
// chord between neighbouring losses is to divide the mass of the cell between them
// such that its mass under P and the one under Q both stay what they are. Here the
// division is computed cell by cell, where it loses no digits, and not from
// differences of the curve.

// rounding is what a cell's masses may be wrong by, relative to themselves. So much
// goes to the upper loss in addition, which errs to the side of less privacy.
const rounding = 1e-12

// connect divides the mass of a law among the losses at. What lies below the first
// goes to it; what lies above the last counts as an infinite loss.
func (l law) connect(at []float64) (mass []float64, infinite float64) {
	mass = make([]float64, len(at))
	mass[0], _ = l.masses(math.Inf(-1), at[0])
	for i := 1; i < len(at); i++ {
		a, b := at[i-1], at[i]
		p, q := l.masses(a, b)
		if !(p > 0) {
			continue
		}
		up := p
		if a < 700 && q > 0 { // beyond, Q is too small for this machine's numbers
			// up + down = p and up e^-b + down e^-a = q.
			if share := (p - q*math.Exp(a) + rounding*p) / -math.Expm1(a-b); share < p {
				up = max(share, 0)
			}
		}
		mass[i-1] += p - up
		mass[i] += up
	}
	infinite, _ = l.masses(at[len(at)-1], math.Inf(1))
	return mass, infinite + l.tail
}

// exact are the cuts and atoms themselves as losses to connect.
func (l law) exact() []float64 {
	at := append(slices.Clone(l.cuts), l.atoms...)
	slices.Sort(at)
	at = slices.Compact(at)
	top := &at[len(at)-1]
	*top += 1e-12*math.Abs(*top) + 1e-300 // an atom there must not fall beyond it by rounding
	return at
}

// grid are the multiples of h nearest to the cuts, and those about each atom; or, as
// far as that is affordable, all of them.
func (l law) grid(h float64, all bool) []int {
	last := len(l.cuts) - 1
	first, end := int(math.Floor(l.cuts[0]/h)), int(math.Ceil((l.cuts[last]+1e-12*math.Abs(l.cuts[last]))/h))
	if all && end-first < 1<<17 {
		at := make([]int, end-first+1)
		for i := range at {
			at[i] = first + i
		}
		return at
	}
	at := make([]int, 0, len(l.cuts)+2*len(l.atoms)+2)
	for _, x := range l.cuts {
		at = append(at, int(math.Round(x/h)))
	}
	for _, x := range l.atoms {
		at = append(at, int(math.Floor(x/h)), int(math.Ceil(x/h)))
	}
	at = append(at, first, end)
	slices.Sort(at)
	return slices.Compact(at)
}

// A sketch is a coarse connection of dots, to find out where to look.
type sketch struct {
	loss, log []float64 // losses, and the logarithms of their masses
	count     float64
	infinite  float64 // mass of one use at no finite loss
}

func sketchOf(l law, count int) sketch {
	at := l.exact()
	mass, infinite := l.connect(at)
	s := sketch{count: float64(count), infinite: infinite}
	for i, m := range mass {
		if m > 0 {
			s.loss, s.log = append(s.loss, at[i]), append(s.log, math.Log(m))
		}
	}
	return s
}

// A cumulant is K(x) = log E[e^{xL}] of a composed loss L, and its derivatives.
type cumulant struct{ value, mean, variance float64 }

// cumulant of all uses at x. K(x) is x times the Renyi divergence of order x+1.
func (s sketch) cumulant(x float64) cumulant {
	most := math.Inf(-1)
	for i, l := range s.loss {
		most = max(most, s.log[i]+x*l)
	}
	var sum, first float64
	weights := make([]float64, len(s.loss))
	for i, l := range s.loss {
		weights[i] = math.Exp(s.log[i] + x*l - most)
		sum += weights[i]
		first += weights[i] * l
	}
	mean, second := first/sum, 0.0
	for i, l := range s.loss {
		second += weights[i] * (l - mean) * (l - mean)
	}
	return cumulant{s.count * (most + math.Log(sum)), s.count * mean, s.count * second / sum}
}

// sketches of everything that is composed; independent losses add up.
type sketches []sketch

func (s sketches) cumulant(x float64) cumulant {
	parts := make([]cumulant, chunks)
	inChunks(len(s), func(c, i int) { parts[c].add(s[i].cumulant(x)) })
	var all cumulant
	for _, p := range parts {
		all.add(p)
	}
	return all
}

func (c *cumulant) add(d cumulant) {
	c.value += d.value
	c.mean += d.mean
	c.variance += d.variance
}

// span is the least and the largest composed loss.
func (s sketches) span() (low, high float64) {
	for _, k := range s {
		low += k.count * k.loss[0]
		high += k.count * k.loss[len(k.loss)-1]
	}
	return low, high
}

// infinite is the mass of infinite loss.
func (s sketches) infinite() float64 {
	sum := 0.0
	for _, k := range s {
		sum += k.count * k.infinite
	}
	return sum
}

// widestFirst orders uses by the variance of their losses under a tilt, after those
// that are smooth.
func (s sketches) widestFirst(uses []use, tilt float64) []use {
	order, width := make([]int, len(s)), make([]float64, len(s))
	inChunks(len(s), func(_, i int) {
		if order[i], width[i] = i, s[i].cumulant(tilt).variance; uses[i].smooth {
			width[i] = math.Inf(1)
		}
	})
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(width[b], width[a]) })
	out := make([]use, len(uses))
	for i, j := range order {
		out[i] = uses[j]
	}
	return out
}

// tiltFor finds where (K(x)-log delta)/x is least: the Chernoff bound of the epsilon
// at delta, and at that x the tilted loss has this mean. It need not be precise.
func tiltFor(k func(x float64) cumulant, logDelta float64) float64 {
	sd := math.Sqrt(k(0).variance)
	return newton(math.Sqrt(-2*logDelta)/sd, furthest/sd, func(x float64) (float64, float64) {
		c := k(x)
		if c.settled(x, sd) {
			return 1, 0
		}
		return x*c.mean - c.value + logDelta, x * c.variance
	})
}

// tiltAt finds where K'(x) is epsilon: the Chernoff bound of the delta at epsilon;
// 0 if the mean loss is above epsilon.
func tiltAt(k func(x float64) cumulant, epsilon float64) float64 {
	start := k(0)
	if start.mean >= epsilon {
		return 0
	}
	sd := math.Sqrt(start.variance)
	return newton((epsilon-start.mean)/start.variance, furthest/sd, func(x float64) (float64, float64) {
		c := k(x)
		if c.settled(x, sd) {
			return 1, 0
		}
		return c.mean - epsilon, c.variance
	})
}

// settled says that the tilt x has left nothing but an atom at the largest loss, so
// that more of it changes nothing. sd is the deviation without a tilt.
func (c cumulant) settled(x, sd float64) bool { return x*sd > 1 && x*x*c.variance < 0.05 }

// furthest is as far as a tilt is sought, in units of 1/sd.
const furthest = 1e6

// newton finds the zero of an increasing function on (0, limit) to a hundredth of
// itself, or the limit.
func newton(x, limit float64, f func(x float64) (value, slope float64)) float64 {
	low, high := 0.0, limit
	if !(x > 0 && x < limit) {
		x = limit / 2
	}
	for range 60 {
		v, slope := f(x)
		if v < 0 {
			low = x
		} else {
			high = x
		}
		next := x - v/slope
		if !(next > low && next < high) {
			if next = (low + high) / 2; low > 0 {
				next = math.Sqrt(low * high)
			}
		}
		if math.Abs(next-x) < 0.01*x {
			return next
		}
		x = next
	}
	return x
}

func (c cumulant) minus(value float64) cumulant {
	c.value -= value
	return c
}

// mirrored is that of -L.
func (c cumulant) mirrored() cumulant {
	c.mean = -c.mean
	return c
}
