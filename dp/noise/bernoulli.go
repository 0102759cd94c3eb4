package noise

import "math/bits"

// bernoulli is true with probability n/d, n <= d.
func (s *Source) bernoulli(n, d uint64) bool { return s.below(d) < n }

// ratio is a fraction of integers, num/den of 128 bits each, below 1.
type ratio struct{ numHi, numLo, denHi, denLo uint64 }

// exp is true with probability exp(-n/d) (CKS, Algorithm 1).
func (s *Source) exp(n, d uint64) bool {
	for ; n > d; n -= d {
		if s.err != nil || !s.expUnit(1, 1) {
			return false
		}
	}
	return s.expUnit(n, d)
}

// expUnit is true with probability exp(-n/d), n <= d: the number of successes of
// trials with probabilities n/d, n/2d, n/3d, ... is even.
func (s *Source) expUnit(n, d uint64) bool {
	k := uint64(1)
	for s.err == nil && s.bernoulli(n, d) && s.bernoulli(1, k) {
		k++
	}
	return k&1 == 1
}

// twoOverE is true with probability 2/e = 2/2! - 2/3! + 2/4! - ...: by the same
// alternation, begun at 2.
func (s *Source) twoOverE() bool {
	k := uint64(2)
	for s.err == nil && s.bernoulli(1, k+1) {
		k++
	}
	return k&1 == 0
}

// below128 is uniform on 0..n-1 for n of 128 bits, by rejection.
func (s *Source) below128(hi, lo uint64) (uint64, uint64) {
	if hi == 0 {
		return 0, s.below(lo)
	}
	mask := ^uint64(0) >> bits.LeadingZeros64(hi)
	for s.err == nil {
		h, l := s.word()&mask, s.word()
		if h < hi || h == hi && l < lo {
			return h, l
		}
	}
	return 0, 0
}

// bernoulliRatio is true with probability r.
func (s *Source) bernoulliRatio(r ratio) bool {
	h, l := s.below128(r.denHi, r.denLo)
	return h < r.numHi || h == r.numHi && l < r.numLo
}
