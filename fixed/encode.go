package fixed

import (
	"math"
	"math/bits"
)

// Decode returns the values of a vector (or of a sum of vectors) on grid g,
// correctly rounded to float64.
func Decode(g Grid, words []uint64) []float64 {
	out := make([]float64, len(g.Frac))
	for i, f := range g.Frac {
		if g.Bits == 64 {
			out[i] = math.Ldexp(float64(int64(words[i])), -f)
		} else {
			out[i] = decode(words[2*i], words[2*i+1], f)
		}
	}
	return out
}

// addQuick adds x * 2^f to the two words w where that takes no rounding: the
// usual case. It says whether it did; shift is f - 1075. A denormal has a zero
// exponent field and is never quick, since f is far below 1075.
func addQuick(w []uint64, x float64, shift int) bool {
	b := math.Float64bits(x)
	up := uint(int(b>>52&0x7ff) + shift)
	if up >= 64 {
		return false
	}
	m := b&(1<<52-1) | 1<<52
	hi, lo := bits.Mul64(m, 1<<(up&63))
	sign := uint64(int64(b) >> 63) // all ones where negative: -n = ^n + 1
	var c uint64
	w[0], c = bits.Add64(w[0], lo^sign, sign&1)
	w[1], _ = bits.Add64(w[1], hi^sign, c)
	return true
}

// addAny adds round-half-even(x * 2^f) to the two words w; shift is f - 1075.
func addAny(w []uint64, x float64, shift int) {
	if x == 0 {
		return
	}
	lo, hi := encode(x, shift+1075)
	var c uint64
	w[0], c = bits.Add64(w[0], lo, 0)
	w[1], _ = bits.Add64(w[1], hi, c)
}

// encode64 is round-half-even(x * 2^f) in two's complement; its magnitude is
// below 2^63.
func encode64(x float64, f int) uint64 {
	if f == 0 {
		if n := int64(x); float64(n) == x {
			return uint64(n)
		}
	}
	lo, _ := encode(x, f)
	return lo
}

// encode returns round-half-even(x * 2^f) in two's complement, 128 bits.
// |x| * 2^f must be below 2^127, which the callers' range checks guarantee.
func encode(x float64, f int) (lo, hi uint64) {
	b := math.Float64bits(x)
	e := int(b>>52) & 0x7ff
	m := b & (1<<52 - 1)
	if e == 0 {
		e = 1
	} else {
		m |= 1 << 52
	}
	shift := e - 1075 + f // x = m * 2^(e-1075)
	switch {
	case shift >= 64:
		lo, hi = 0, m<<(shift-64)
	case shift >= 0:
		lo, hi = m<<shift, m>>(64-shift) // Go: a shift by 64 is 0
	case shift > -54:
		s := -shift
		q, rest, half := m>>s, m&(1<<s-1), uint64(1)<<(s-1)
		if rest > half || rest == half && q&1 == 1 {
			q++
		}
		lo = q
	}
	if b>>63 == 1 {
		var c uint64
		lo, c = bits.Add64(^lo, 1, 0)
		hi = ^hi + c
	}
	return lo, hi
}

// decode returns the two's complement integer (hi, lo) times 2^-f, rounded half
// to even.
func decode(lo, hi uint64, f int) float64 {
	neg := hi>>63 == 1
	if neg {
		var c uint64
		lo, c = bits.Add64(^lo, 1, 0)
		hi = ^hi + c
	}
	var x float64
	if hi == 0 {
		x = math.Ldexp(float64(lo), -f)
	} else {
		n := bits.LeadingZeros64(hi) // move the top 64 significant bits up; the rest becomes a sticky bit
		top := hi<<n | lo>>(64-n)
		if lo<<n != 0 {
			top |= 1
		}
		x = math.Ldexp(float64(top), 64-n-f)
	}
	if neg {
		return -x
	}
	return x
}
