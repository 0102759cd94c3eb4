package account

import (
	"math"
	"slices"

	"hmsp.center/hmsp/dp"
)

// A law is the distribution of the privacy loss log(P(y)/Q(y)) of one use, y drawn
// from P: P and Q are what is released with and without a patient, or the other
// way about. Masses are relatively precise to some 1e-13 between neighbouring cuts.
type law struct {
	// cuts, increasing, follow the law closely enough to be where cells end; what
	// lies above the last one has a P-mass of at most tail.
	cuts []float64
	tail float64
	// atoms, increasing, are losses that carry mass by themselves.
	atoms []float64
	// masses are those under P and under Q of the losses above a, up to b.
	masses func(a, b float64) (p, q float64)
}

// resolution says how finely a law is cut: step is the distance of cuts relative
// to the spread of the noise, tail the P-mass that may be left out above.
type resolution struct{ step, tail float64 }

// reach is the number of standard deviations that a normal exceeds with a
// probability of at most tail.
func (r resolution) reach() float64 { return math.Sqrt(-2 * math.Log(r.tail)) }

// A direction is whether Q lacks the patient or has one more.
type direction int

const (
	removal direction = iota
	addition
)

// symmetric says whether both directions of a kind have the same law: a
// reflection exchanges the two distributions.
func symmetric(k dp.Kind) bool { return k != dp.SampledGaussian && k != dp.SampledLaplace }

// lawOf is the law of one use of an event that [gaussianLike] does not cover.
func lawOf(e dp.Event, d direction, r resolution) law {
	switch e.Kind {
	case dp.DiscreteGaussian:
		return discreteGaussianLaw(e.Noise, r)
	case dp.DiscreteLaplace:
		return responseLaw(1 / e.Noise)
	case dp.SampledGaussian:
		return sampled(gaussianLaw(e.Noise, r), e.Rate, d)
	case dp.SampledLaplace:
		return sampled(laplaceLaw(1/e.Noise, r), e.Rate, d)
	default:
		return laplaceLaw(1/e.Noise, r)
	}
}

// gaussianLaw compares N(1, sigma^2) with N(0, sigma^2): at x the loss is
// (2x-1)/(2 sigma^2).
func gaussianLaw(sigma float64, r resolution) law {
	at := func(loss float64) float64 { return loss*sigma + 0.5/sigma }
	loss := func(z float64) float64 { return (z - 0.5/sigma) / sigma }
	l := law{tail: r.tail, masses: func(a, b float64) (float64, float64) {
		a, b = at(a), at(b)
		return normalBetween(a-1/sigma, b-1/sigma), normalBetween(a, b)
	}}
	low, high, reach := 0.0, 1/sigma, r.reach()
	if low+reach >= high-reach {
		l.cuts = spaced(nil, loss, low-reach, high+reach, r.step)
	} else { // far apart: nothing lies between
		l.cuts = spaced(nil, loss, low-reach, low+reach, r.step)
		l.cuts = spaced(l.cuts, loss, high-reach, high+reach, r.step)
	}
	return l
}

// spaced appends the losses at points from low to high, at most step apart.
func spaced(out []float64, loss func(float64) float64, low, high, step float64) []float64 {
	n := math.Ceil((high - low) / step)
	for i := 0.0; i <= n; i++ {
		out = append(out, loss(low+(high-low)*i/n))
	}
	return out
}

// normalBetween is the probability that a standard normal lies in (a, b].
func normalBetween(a, b float64) float64 {
	switch {
	case a > 0.5:
		return upper(a) - upper(b)
	case b < -0.5:
		return upper(-b) - upper(-a)
	}
	return 0.5 * (math.Erf(b/math.Sqrt2) - math.Erf(a/math.Sqrt2))
}

// laplaceLaw compares Laplace(1, b) with Laplace(0, b), eps = 1/b. At x the loss is
// (|x|-|x-1|)/b: half of P at eps, half of Q at -eps, and in between densities
// e^{(t-eps)/2}/4 and e^{-(t+eps)/2}/4.
func laplaceLaw(eps float64, r resolution) law {
	l := law{tail: r.tail, atoms: []float64{-eps, eps}}
	l.masses = func(a, b float64) (p, q float64) {
		if u, v := max(a, -eps), min(b, eps); u < v {
			p = 0.5 * math.Exp((v-eps)/2) * -math.Expm1((u-v)/2)
			q = 0.5 * math.Exp(-(u+eps)/2) * -math.Expm1((u-v)/2)
		}
		if a < eps && eps <= b {
			p, q = p+0.5, q+0.5*math.Exp(-eps)
		}
		if a < -eps && -eps <= b {
			p, q = p+0.5*math.Exp(-eps), q+0.5
		}
		return p, q
	}
	same := func(t float64) float64 { return t }
	width, depth := r.step*min(eps, 4), -2*math.Log(r.tail)
	if depth >= eps {
		l.cuts = spaced(nil, same, -eps, eps, width)
	} else { // further in from both ends next to nothing lies
		l.cuts = spaced(nil, same, -eps, -eps+depth, width)
		l.cuts = spaced(l.cuts, same, eps-depth, eps, width)
	}
	return l
}

// responseLaw is that of randomised response: the loss is eps or -eps. Discrete
// Laplace noise against a shift by one is equivalent to it, and it dominates
// whatever else has this pure epsilon (Kairouz, Oh and Viswanath, ICML 2015).
func responseLaw(eps float64) law {
	more := 1 / (1 + math.Exp(-eps))
	less := math.Exp(-eps) * more
	return law{atoms: []float64{-eps, eps}, cuts: []float64{-eps, eps}, masses: func(a, b float64) (p, q float64) {
		if a < eps && eps <= b {
			p, q = p+more, q+less
		}
		if a < -eps && -eps <= b {
			p, q = p+less, q+more
		}
		return p, q
	}}
}

// discreteGaussianLaw compares N_Z(0, sigma^2) with N_Z(1, sigma^2): at k the loss is
// (1-2k)/(2 sigma^2) (Canonne, Kamath and Steinke 2020, Theorem 7).
func discreteGaussianLaw(sigma float64, r resolution) law {
	reach := math.Ceil(r.reach()*sigma) + 1
	loss := func(k float64) float64 { return (1 - 2*k) / (2 * sigma * sigma) }
	sum := discreteGaussian(sigma)
	l := law{tail: r.tail, masses: func(a, b float64) (float64, float64) {
		first := max(math.Ceil(0.5-b*sigma*sigma), -reach)
		last := min(math.Ceil(0.5-a*sigma*sigma)-1, reach)
		if first > last {
			return 0, 0
		}
		return sum(first, last), sum(first-1, last-1)
	}}
	stride := max(1, math.Floor(sigma*r.step))
	for k := reach; k >= -reach; k -= stride {
		l.cuts = append(l.cuts, loss(k))
	}
	if end := loss(-reach); l.cuts[len(l.cuts)-1] < end {
		l.cuts = append(l.cuts, end)
	}
	if stride == 1 {
		l.atoms = l.cuts
	}
	return l
}

// sampled is the law after Poisson sampling with rate q: a mixture in place of the
// distribution with the patient. l compares with against without, t being its
// loss: the loss is log(1-q+q e^t) if the patient is removed, minus that if added.
func sampled(l law, q float64, d direction) law {
	if q == 1 {
		return l
	}
	if d == removal {
		forth := func(t float64) float64 { return amplified(t, q) }
		back := func(loss float64) float64 { return diluted(loss, q) }
		return law{cuts: transform(l.cuts, forth), atoms: transform(l.atoms, forth), tail: l.tail,
			masses: func(a, b float64) (float64, float64) {
				with, without := l.masses(back(a), back(b))
				return q*with + (1-q)*without, without
			}}
	}
	forth := func(t float64) float64 { return -amplified(t, q) }
	back := func(loss float64) float64 { return diluted(-loss, q) }
	return law{cuts: transform(l.cuts, forth), atoms: transform(l.atoms, forth), tail: l.tail,
		masses: func(a, b float64) (float64, float64) {
			with, without := l.masses(back(b), back(a))
			return without, q*with + (1-q)*without
		}}
}

// diluted is the inverse of [amplified]: the t with log(1-q+q e^t) = loss, -Inf
// where the loss is below every one that there is.
func diluted(loss, q float64) float64 {
	if loss > 40 {
		return loss - math.Log(q) + math.Log1p(-(1-q)*math.Exp(-loss))
	}
	x := math.Expm1(loss) / q
	if x <= -1 {
		return math.Inf(-1)
	}
	return math.Log1p(x)
}

// transform maps losses by a monotone function, and has them increasing.
func transform(in []float64, f func(float64) float64) []float64 {
	out := make([]float64, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	if len(out) > 1 && out[0] > out[len(out)-1] {
		slices.Reverse(out)
	}
	return out
}

// discreteGaussian sums the probabilities of N_Z(0, sigma^2) from first to last.
func discreteGaussian(sigma float64) func(first, last float64) float64 {
	weight := func(k float64) float64 { return math.Exp(-k * k / (2 * sigma * sigma)) }
	add := func(first, last float64) float64 {
		s := 0.0
		for k := first; k <= last; k++ {
			s += weight(k)
		}
		return s
	}
	// By Poisson summation the whole is sigma sqrt(2 pi) (1 + 2 exp(-2 pi^2 sigma^2) + ...).
	total := sigma * math.Sqrt(2*math.Pi)
	if sigma < 2 {
		total = add(-100, 100)
	}
	if sigma < 200 {
		return func(first, last float64) float64 { return add(first, last) / total }
	}
	// Euler and Maclaurin's midpoint rule: the term left out is some z^6/(3e4 sigma^6)
	// of the whole, z standard deviations out.
	edge := func(x float64) float64 {
		z := x / sigma
		slope, third := -z/sigma, (3*z-z*z*z)/(sigma*sigma*sigma)
		return weight(x) / total * (slope/24 - 7*third/5760)
	}
	return func(first, last float64) float64 {
		a, b := first-0.5, last+0.5
		return max(0, normalBetween(a/sigma, b/sigma)-(edge(b)-edge(a)))
	}
}
