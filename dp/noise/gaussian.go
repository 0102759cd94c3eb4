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
		return fmt.Errorf("discrete Gaussian of variance %d/%d: want at least 1/%d, less than %d, with a denominator of at most %d", g.Num, g.Den, mostDen, uint64(mostSigma*mostSigma), mostDen)
	}
	return nil
}

// Variance implements Distribution. It is at most sigma^2 (CKS, Corollary 9), and
// equal to it to more digits than a float64 has where that is 4 or more; below, it
// is summed.
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

// Bound implements Distribution: P(|X| > b) <= exp(-b^2/(2 sigma^2)) (CKS,
// Proposition 25), which for 14 sigma is below 2^-141.
func (g Gaussian) Bound() int64 { return int64(14 * (root(g.Num/g.Den) + 1)) }

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
		if s.expWide(g.exponent(y, t)) {
			return checked(y, g.Bound(), s)
		}
	}
	return 0, s.err
}

// exponent is (|y| - sigma^2/t)^2 / (2 sigma^2) = (|y| t Den - Num)^2 / (2 Num Den t^2).
// With t <= 2^24, Den <= 2^6, Num < 2^54 and |y| <= 97 t the root of the numerator
// is below 2^61, and the denominator below 2^110.
func (g Gaussian) exponent(y int64, t uint64) (n, d wide) {
	e := max(y, -y)*int64(t*g.Den) - int64(g.Num)
	e = max(e, -e)
	return multiply(uint64(e), uint64(e)), multiply(2*g.Num, g.Den).times(t * t)
}

// root is the integer square root, by Newton's method from above.
func root(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	for r := uint64(1) << ((bits.Len64(n) + 1) / 2); ; {
		next := (r + n/r) / 2
		if next >= r {
			return r
		}
		r = next
	}
}

// Gap bounds what the difference between a sum of h discrete Gaussians, each of
// that variance, and one Gaussian costs: an event of epsilon-squared-over-two zCDP
// has at most that much more epsilon when so many coordinates are released.
// Kairouz, Liu and Steinke, The Distributed Discrete Gaussian Mechanism, ICML 2021,
// Theorem 1: tau sqrt(d), where tau = 10 sum_{k=1}^{h-1} exp(-2 pi^2 variance k/(k+1)).
func Gap(h int, variance float64, dims int) float64 {
	tau := 0.0
	for k := 1.0; k < float64(h); k++ {
		tau += 10 * math.Exp(-2*math.Pi*math.Pi*variance*k/(k+1))
	}
	return tau * math.Sqrt(float64(dims))
}
