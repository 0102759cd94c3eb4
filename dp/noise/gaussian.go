package noise

import (
	"fmt"
	"math"
	"math/bits"
)

// mostSigma is the largest standard deviation of a Gaussian, mostDen the largest
// denominator of its variance.
const (
	mostSigma = 1 << 24
	mostDen   = 1 << 6
)

// A Gaussian is the discrete Gaussian with parameter sigma^2 = Num/Den: P(x) is
// proportional to exp(-x^2/(2 sigma^2)).
type Gaussian struct{ Num, Den uint64 }

// Valid implements Distribution.
func (g Gaussian) Valid() error {
	if g.Num == 0 || g.Den == 0 || g.Den > mostDen || g.Num/g.Den >= mostSigma*mostSigma {
		return fmt.Errorf("discrete Gaussian of variance %d/%d: want at least 1/%d, at most %d, with a denominator of at most %d", g.Num, g.Den, mostDen, uint64(mostSigma*mostSigma), mostDen)
	}
	return nil
}

// Variance implements Distribution. It is at most sigma^2 (CKS, Corollary 9), and
// equal to it for sigma of 1 or more to six digits; below, it is summed.
func (g Gaussian) Variance() float64 {
	v := float64(g.Num) / float64(g.Den)
	if v >= 4 {
		return v
	}
	total, second := 1.0, 0.0
	for k := 1.0; k < 60; k++ {
		p := 2 * math.Exp(-k*k/(2*v))
		total, second = total+p, second+k*k*p
	}
	return second / total
}

// Bound implements Distribution: 14 sigma are beyond 2^-128, since
// P(|X| >= t) <= 2 exp(-t^2/(2 sigma^2)).
func (g Gaussian) Bound() int64 {
	return int64(math.Ceil(14*math.Sqrt(float64(g.Num)/float64(g.Den)))) + 1
}

// Draw implements Distribution (CKS, Algorithm 3): a discrete Laplace y of scale
// t = floor(sigma)+1 is kept with probability exp(-(|y| - sigma^2/t)^2 / (2 sigma^2)).
func (g Gaussian) Draw(s *Source) (int64, error) {
	if err := g.Valid(); err != nil {
		return 0, err
	}
	t := root(g.Num/g.Den) + 1
	for s.err == nil {
		y, err := (Laplace{T: t, S: 1}).Draw(s)
		if err != nil {
			return 0, err
		}
		if s.expRatio(g.exponent(y, t)) {
			return checked(y, g, s)
		}
	}
	return 0, s.err
}

// exponent is (|y| - sigma^2/t)^2 / (2 sigma^2) = (|y| t Den - Num)^2 / (2 Num Den t^2)
// as a fraction of 128-bit integers. With t <= 2^24, Den <= 2^6 and |y| <= 96 t + 1
// the root of the numerator is below 2^62, and the denominator below 2^110.
func (g Gaussian) exponent(y int64, t uint64) ratio {
	d := int64(max(y, -y))*int64(t*g.Den) - int64(g.Num)
	d = max(d, -d)
	var r ratio
	r.numHi, r.numLo = bits.Mul64(uint64(d), uint64(d))
	h, l := bits.Mul64(2*g.Num, g.Den)
	th, tl := bits.Mul64(l, t*t)
	r.denHi, r.denLo = th+h*t*t, tl
	return r
}

// expRatio is true with probability exp(-r), for r of any size.
func (s *Source) expRatio(r ratio) bool {
	for s.err == nil && (r.numHi > r.denHi || r.numHi == r.denHi && r.numLo > r.denLo) {
		if !s.expUnit(1, 1) {
			return false
		}
		var borrow uint64
		r.numLo, borrow = bits.Sub64(r.numLo, r.denLo, 0)
		r.numHi, _ = bits.Sub64(r.numHi, r.denHi, borrow)
	}
	k := uint64(1)
	for s.err == nil && s.bernoulliRatio(r) && s.bernoulli(1, k) {
		k++
	}
	return k&1 == 1
}

// root is the integer square root.
func root(n uint64) uint64 {
	r := uint64(math.Sqrt(float64(n)))
	for r > 0 && r > n/r {
		r--
	}
	for (r + 1) <= n/(r+1) {
		r++
	}
	return r
}
