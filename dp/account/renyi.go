package account

import (
	"math"

	"hmsp.center/hmsp/dp"
)

// renyiOnce is a bound on the Renyi divergence of order alpha > 1 of one use, in
// both directions.
func renyiOnce(e dp.Event, alpha float64) float64 {
	gaussian := alpha / (2 * e.Noise * e.Noise)
	switch e.Kind {
	case dp.Gaussian, dp.DiscreteGaussian:
		return gaussian
	case dp.Tree:
		return gaussian * nodes(e.Steps)
	case dp.Laplace:
		return renyiLaplace(alpha, 1/e.Noise)
	case dp.DiscreteLaplace:
		return renyiResponse(alpha, 1/e.Noise)
	case dp.SampledGaussian:
		return min(gaussian, renyiSampledGaussian(alpha, e.Rate, e.Noise))
	case dp.SampledLaplace:
		return min(renyiLaplace(alpha, 1/e.Noise), renyiSampledLaplace(alpha, e.Rate, 1/e.Noise))
	}
	return math.Inf(1)
}

// renyiLaplace is Mironov, CSF 2017, Proposition 6.
func renyiLaplace(alpha, eps float64) float64 {
	return logMomentLaplace(alpha, eps) / (alpha - 1)
}

// logMomentLaplace is the logarithm of E_Q[(P/Q)^alpha].
func logMomentLaplace(alpha, eps float64) float64 {
	a := alpha / (2*alpha - 1)
	return logMix(a, (alpha-1)*eps, -alpha*eps)
}

// renyiResponse is Mironov, CSF 2017, Proposition 5, of the response that tells
// the truth with odds e^eps.
func renyiResponse(alpha, eps float64) float64 {
	// E_Q[(P/Q)^alpha] = p e^{(alpha-1) eps} + (1-p) e^{-(alpha-1) eps}.
	p := 1 / (1 + math.Exp(-eps))
	return logMix(p, (alpha-1)*eps, -(alpha-1)*eps) / (alpha - 1)
}

// logMix is log(a e^x + (1-a) e^y), precise also where it is near 0, for x >= y.
func logMix(a, x, y float64) float64 {
	if x < 1 {
		return math.Log1p(a*math.Expm1(x) + (1-a)*math.Expm1(y))
	}
	return x + math.Log(a+(1-a)*math.Exp(y-x))
}

// renyiSampledGaussian is the divergence of the Poisson sampled Gaussian mechanism
// (Mironov, Talwar and Zhang 2019). Removing a patient is the direction that
// costs more (their Theorem 5).
func renyiSampledGaussian(alpha, q, sigma float64) float64 {
	pair := func(k float64) float64 { return (k*k - k) / (2 * sigma * sigma) }
	if alpha != math.Floor(alpha) {
		if l, ok := logMomentFractional(alpha, q, sigma); ok {
			return l / (alpha - 1)
		}
	}
	return betweenOrders(alpha, func(k float64) float64 { return logMomentSampled(k, q, pair) })
}

// renyiSampledLaplace is the same for Laplace noise, by the same theorem: a
// reflection exchanges the two shifted distributions.
func renyiSampledLaplace(alpha, q, eps float64) float64 {
	pair := func(k float64) float64 { return logMomentLaplace(k, eps) }
	return betweenOrders(alpha, func(k float64) float64 { return logMomentSampled(k, q, pair) })
}

// betweenOrders is the divergence at an order from the logarithms of moments at
// whole ones: they are convex in the order, so that a chord is a bound (Wang,
// Balle and Kasiviswanathan, AISTATS 2019, Corollary 10).
func betweenOrders(alpha float64, logMoment func(k float64) float64) float64 {
	low := math.Floor(alpha)
	l := 0.0 // the moment of order 1 is 1
	if low > 1 {
		l = logMoment(low)
	}
	if low < alpha {
		l += (alpha - low) * (logMoment(low+1) - l)
	}
	return l / (alpha - 1)
}

// logMomentSampled is log E_Q[((1-q) + q P/Q)^alpha] for whole alpha > 1 by the
// binomial theorem, pair(k) being log E_Q[(P/Q)^k]. The binomial weights sum to 1
// and pair is 0 at 0 and 1, so that only what exceeds 1 is added up.
func logMomentSampled(alpha, q float64, pair func(k float64) float64) float64 {
	if q == 1 {
		return pair(alpha)
	}
	logQ, logRest := math.Log(q), math.Log1p(-q)
	excess := logSum{}
	for k := 2.0; k <= alpha; k++ {
		p := pair(k)
		excess.add(logChoose(alpha, k) + k*logQ + (alpha-k)*logRest + p + math.Log(-math.Expm1(-p)))
	}
	return softplus(excess.log()) * (1 + 1e-11)
}

// logMomentFractional is the same for a fractional alpha and Gaussian noise by the
// two series of Mironov, Talwar and Zhang 2019, section 3.3. Beyond order alpha
// their terms alternate and shrink, so that the first term left out bounds what is
// missing. ok is false where the series are too slow to be of use.
func logMomentFractional(alpha, q, sigma float64) (float64, bool) {
	if q == 1 {
		return (alpha*alpha - alpha) / (2 * sigma * sigma), true
	}
	logQ, logRest := math.Log(q), math.Log1p(-q)
	z := sigma*sigma*(logRest-logQ) + 0.5
	var up, down logSum
	for i := 0.0; i < 5000; i++ {
		j := alpha - i
		logC, negative := logBinomial(alpha, i)
		a := logC + i*logQ + j*logRest + (i*i-i)/(2*sigma*sigma) + logUpper((i-z)/sigma)
		b := logC + j*logQ + i*logRest + (j*j-j)/(2*sigma*sigma) + logUpper((z-j)/sigma)
		if i > alpha && max(a, b) < -32 {
			up.add(a)
			up.add(b)
			l := up.log() + math.Log1p(-math.Exp(down.log()-up.log()))
			return max(l, 0) + 1e-13*(1+math.Exp(up.log()-l)), true
		}
		if negative {
			down.add(a)
			down.add(b)
		} else {
			up.add(a)
			up.add(b)
		}
	}
	return 0, false
}

// logSum adds up exponentials of what it is given.
type logSum struct {
	most, sum float64
	any       bool
}

func (s *logSum) add(l float64) {
	switch {
	case math.IsInf(l, -1):
	case !s.any:
		s.most, s.sum, s.any = l, 1, true
	case l > s.most:
		s.sum, s.most = s.sum*math.Exp(s.most-l)+1, l
	default:
		s.sum += math.Exp(l - s.most)
	}
}

func (s *logSum) log() float64 {
	if !s.any {
		return math.Inf(-1)
	}
	return s.most + math.Log(s.sum)
}

// softplus is log(1+e^l).
func softplus(l float64) float64 {
	if l > 30 {
		return l + math.Exp(-l)
	}
	return math.Log1p(math.Exp(l))
}

func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// logBinomial is the logarithm of the size, and the sign, of the generalised
// binomial coefficient of a fractional alpha.
func logBinomial(alpha, i float64) (float64, bool) {
	a, _ := math.Lgamma(alpha + 1)
	b, _ := math.Lgamma(i + 1)
	c, sign := math.Lgamma(alpha - i + 1)
	return a - b - c, sign < 0
}
