package noise

import "math/bits"

// bernoulli is true with probability n/d, n <= d < 2^63: whether a uniform real
// number is below n/d. Both are compared bit by bit, and two bits are enough on
// average.
func (s *Source) bernoulli(n, d uint64) bool {
	if n == d {
		return true
	}
	for n != 0 && s.err == nil {
		n <<= 1
		one := n >= d // the next bit of n/d
		if one {
			n -= d
		}
		if s.bit() != one {
			return one
		}
	}
	return false // n/d ends here, and the random number is n/d or goes on
}

// A wide is an integer of 128 bits.
type wide struct{ hi, lo uint64 }

func multiply(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	return wide{hi, lo}
}

// times is a*b where it is below 2^128.
func (a wide) times(b uint64) wide {
	w := multiply(a.lo, b)
	w.hi += a.hi * b
	return w
}

func (a wide) minus(b wide) wide {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return wide{hi, lo}
}

func (a wide) twice() wide { return wide{a.hi<<1 | a.lo>>63, a.lo << 1} }

func (a wide) less(b wide) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// bernoulliWide is bernoulli for n <= d < 2^127.
func (s *Source) bernoulliWide(n, d wide) bool {
	if n == d {
		return true
	}
	for n != (wide{}) && s.err == nil {
		n = n.twice()
		one := !n.less(d)
		if one {
			n = n.minus(d)
		}
		if s.bit() != one {
			return one
		}
	}
	return false
}

// exp is true with probability exp(-n/d), d < 2^63 (CKS, Algorithm 1): a factor of
// 1/e for each whole in n/d, most of which are never asked for.
func (s *Source) exp(n, d uint64) bool {
	for ; n > d; n -= d {
		if !s.overE() {
			return false
		}
	}
	return s.alternating(func() bool { return s.bernoulli(n, d) })
}

// expWide is exp for n and d below 2^127.
func (s *Source) expWide(n, d wide) bool {
	for ; d.less(n); n = n.minus(d) {
		if !s.overE() {
			return false
		}
	}
	return s.alternating(func() bool { return s.bernoulliWide(n, d) })
}

// overE is true with probability 1/e.
func (s *Source) overE() bool { return s.alternating(func() bool { return true }) }

// alternating is true with probability exp(-g) for a trial of probability g: of
// trials with g/1, g/2, g/3, ... it counts those before the first failure, whose
// number is even with probability 1 - g + g^2/2! - g^3/3! + ... CKS draw each trial
// with probability g/k at once; here it is two, of g and of 1/k, so that k times a
// denominator cannot overflow.
func (s *Source) alternating(trial func() bool) bool {
	k := uint64(1)
	for s.err == nil && s.bernoulli(1, k) && trial() {
		k++
	}
	return s.err == nil && k&1 == 1
}

// twoOverE is true with probability 2/e = 2/2! - 2/3! + 2/4! - ...: by the same
// alternation, begun at 2.
func (s *Source) twoOverE() bool {
	k := uint64(2)
	for s.err == nil && s.bernoulli(1, k+1) {
		k++
	}
	return s.err == nil && k&1 == 0
}
