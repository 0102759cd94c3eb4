package quality

import "math"

// A sketch counts values in buckets of the upper 19 bits of a float64, sign, exponent
// and 7 bits of the fraction: quantiles are right to 1/128 of their value, whole
// numbers below 256 exactly, in 2 MiB whatever the number of values. Sketches of
// parts add up, and the order of values does not matter.
type sketch struct {
	count    []uint32
	lo, hi   int // the buckets in use
	n        int
	min, max float64
}

const (
	keyBits = 19
	keys    = 1 << keyBits
)

func newSketch() *sketch { return &sketch{count: make([]uint32, keys), lo: keys, hi: -1} }

func (s *sketch) reset() {
	if s.hi >= s.lo {
		clear(s.count[s.lo : s.hi+1])
	}
	s.lo, s.hi, s.n = keys, -1, 0
	s.min, s.max = math.Inf(1), math.Inf(-1)
}

// key is the bucket of a value; larger values have no smaller keys.
func key(x float64) int {
	b := math.Float64bits(x + 0) // -0 is 0
	if b>>63 == 1 {
		b = ^b
	} else {
		b |= 1 << 63
	}
	return int(b >> (64 - keyBits))
}

// floor is the smallest value of a bucket.
func floor(k int) float64 {
	b := uint64(k) << (64 - keyBits)
	if b>>63 == 1 {
		b &^= 1 << 63
	} else {
		b = ^b
		b &^= 1<<(64-keyBits) - 1 // the end of the bucket that is nearer to zero
	}
	return math.Float64frombits(b)
}

func (s *sketch) add(x float64) {
	k := key(x)
	s.count[k]++
	s.n++
	s.lo, s.hi = min(s.lo, k), max(s.hi, k)
	s.min, s.max = min(s.min, x), max(s.max, x)
}

// quantiles are the values below which the shares ps of the values lie; ps ascend.
// With skipZero the values that are 0 do not count. Without values they are NaN.
func (s *sketch) quantiles(skipZero bool, ps ...float64) []float64 {
	out := make([]float64, len(ps))
	zero, n := key(0), s.n
	if skipZero && s.n > 0 {
		n -= int(s.count[zero])
	}
	for i := range out {
		out[i] = math.NaN()
	}
	if n == 0 {
		return out
	}
	seen, i := 0, 0
	for k := s.lo; k <= s.hi && i < len(ps); k++ {
		c := int(s.count[k])
		if c == 0 || skipZero && k == zero {
			continue
		}
		for i < len(ps) && float64(seen+c) >= ps[i]*float64(n) {
			out[i] = min(max(floor(k), s.min), s.max)
			i++
		}
		seen += c
	}
	for ; i < len(ps); i++ {
		out[i] = s.max
	}
	return out
}

// cut divides the buckets into parts of about equal counts and returns the part of
// each bucket in use, and how many there are. Values of one bucket stay together.
func (s *sketch) cut(parts int, part []uint8) int {
	if s.n == 0 {
		return 0
	}
	seen, at, last := 0, 0, -1
	for k := s.lo; k <= s.hi; k++ {
		if s.count[k] > 0 {
			// The part in which the middle of the bucket lies.
			want := min((2*seen+int(s.count[k]))*parts/(2*s.n), parts-1)
			if last < 0 {
				at = 0
			} else if want > last {
				at++
			}
			last = want
			seen += int(s.count[k])
		}
		part[k] = uint8(at)
	}
	return at + 1
}
