package noise

import (
	"fmt"
	"math"
)

// mostScale is the largest scale of a Laplace, and mostPart the largest T and S.
const (
	mostScale = 1 << 44
	mostPart  = 1 << 50
)

// A Laplace is the discrete Laplace of scale T/S: P(x) is proportional to
// exp(-|x| S/T).
type Laplace struct{ T, S uint64 }

// Valid implements Distribution.
func (l Laplace) Valid() error {
	if l.T == 0 || l.S == 0 || l.T > mostPart || l.S > mostPart || l.T/l.S > mostScale {
		return fmt.Errorf("discrete Laplace of scale %d/%d: want numbers from 1 to %d, and a scale of at most %d", l.T, l.S, uint64(mostPart), uint64(mostScale))
	}
	return nil
}

// Variance implements Distribution: 2q/(1-q)^2 with q = exp(-S/T).
func (l Laplace) Variance() float64 {
	x := float64(l.S) / float64(l.T)
	return 2 * math.Exp(-x) / (math.Expm1(-x) * math.Expm1(-x))
}

// Bound implements Distribution: P(|X| > b) <= 2 exp(-b S/T), which for 96 scales
// is below 2^-137.
func (l Laplace) Bound() int64 { return int64(96*l.T/l.S) + 1 }

// Draw implements Distribution (CKS, Algorithm 2).
func (l Laplace) Draw(s *Source) (int64, error) {
	if err := l.Valid(); err != nil {
		return 0, err
	}
	for s.err == nil {
		u := s.below(l.T)
		if !s.exp(u, l.T) {
			continue
		}
		v := uint64(0)
		for v < 1<<12 && s.overE() { // 2^12 successes have a probability below 2^-5000
			v++
		}
		y, negative := (u+l.T*v)/l.S, s.bit()
		if y == 0 && negative {
			continue // else 0 would count twice
		}
		if negative {
			return checked(-int64(y), l.Bound(), s)
		}
		return checked(int64(y), l.Bound(), s)
	}
	return 0, s.err
}

// A LaplaceShare is one party's share of a Laplace: the difference of two Polya
// variables (negative binomials with the fractional parameter 1/Honest). The sum of
// Honest shares is distributed exactly as the Laplace, since the negative binomial
// is closed under summation and with parameter 1 is the geometric, and a discrete
// Laplace is the difference of two of these (Goryczka and Xiong, IEEE TDSC 2017;
// Kotz, Kozubowski and Podgorski 2001). Further shares add further noise.
type LaplaceShare struct {
	Laplace
	Honest int
}

// Valid implements Distribution.
func (l LaplaceShare) Valid() error {
	if l.Honest < 1 || l.Honest > 1<<16 {
		return fmt.Errorf("share of a discrete Laplace for %d parties: want 1 to 65536", l.Honest)
	}
	return l.Laplace.Valid()
}

// Variance implements Distribution.
func (l LaplaceShare) Variance() float64 { return l.Laplace.Variance() / float64(l.Honest) }

// Draw implements Distribution.
func (l LaplaceShare) Draw(s *Source) (int64, error) {
	if err := l.Valid(); err != nil {
		return 0, err
	}
	plus, minus := l.polya(s), l.polya(s)
	return checked(plus-minus, l.Bound(), s)
}

// polya draws a negative binomial with parameter r = 1/Honest and q = exp(-S/T). It
// is compound Poisson: a sum of j times a Poisson of rate r q^j/j over j = 1, 2, ...
// (logarithmic series; Johnson, Kemp and Kotz, section 5.13).
//
// The j below 2^K, the least power of two that is at least T/S, arrive octave by
// octave: in each, proposals j uniform in 2^k..2^(k+1)-1 come as a Poisson process
// of rate 1/Honest, and are kept with probability q^j 2^k/j. The others come at the
// rate 2/Honest as j = 2^K (1+v) + u, with u uniform below 2^K and v geometric with
// parameter 1/2, and are kept with probability q^j 2^v 2^K/j, which is at most 1
// since q^(2^K) <= 1/e. What is kept of any j has the rate q^j/(j Honest).
func (l LaplaceShare) polya(s *Source) int64 {
	var sum uint64
	top := uint64(1)
	for ; top < (l.T+l.S-1)/l.S; top *= 2 {
		for range s.poisson(1, uint64(l.Honest)) {
			if j := top + s.below(top); s.bernoulli(top, j) && s.exp(j*l.S, l.T) {
				sum += j
			}
		}
	}
	for range s.poisson(2, uint64(l.Honest)) {
		u, v := s.below(top), uint64(0)
		for v < 1<<12 && s.bit() {
			v++
		}
		if j := top*(1+v) + u; s.err == nil && s.bernoulli(top, j) && l.keep(s, top, u, v) {
			sum += j
		}
	}
	return int64(sum)
}

// keep is true with probability q^(top+u) (2 q^top)^v, where 2 q^top is 2/e times
// exp(-(top S - T)/T).
func (l LaplaceShare) keep(s *Source, top, u, v uint64) bool {
	for range v {
		if !s.twoOverE() || !s.exp(top*l.S-l.T, l.T) {
			return false
		}
	}
	return s.exp((top+u)*l.S, l.T)
}

// poisson draws a Poisson variable of rate n/d: n/d in whole units and a rest.
func (s *Source) poisson(n, d uint64) uint64 {
	var sum uint64
	for ; n >= d && s.err == nil; n -= d {
		sum += s.poissonUnit()
	}
	if n == 0 {
		return sum
	}
	for range s.poissonUnit() { // thinned: each arrival stays with probability n/d
		if s.bernoulli(n, d) {
			sum++
		}
	}
	return sum
}

// poissonUnit draws a Poisson variable of rate 1: k is proposed with probability
// 2^-(k+1) and kept with 2^(k-1)/k!, which is at most 1.
func (s *Source) poissonUnit() uint64 {
	for s.err == nil {
		k := uint64(0)
		for k < 64 && s.bit() {
			k++
		}
		if k == 0 {
			if s.bit() {
				return 0
			}
			continue
		}
		kept := true // 2^(k-1)/k! is the product of 2/i over i = 3..k
		for i := uint64(3); i <= k && kept; i++ {
			kept = s.bernoulli(2, i)
		}
		if kept {
			return k
		}
	}
	return 0
}
