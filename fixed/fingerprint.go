package fixed

import "math/bits"

// prime is 2^61-1; in its field 2^64 is 8.
const prime = 1<<61 - 1

// A fingerprint is the sum, over what was added, of integers on the grid times a
// pseudorandom number of the coordinate, in the field of prime: linear as the vector
// is, and the same for two different vectors with a chance of about 2^-61 (Carter and
// Wegman, 1979), where nobody who chooses them knows the key.
type fingerprint struct{ key, sum uint64 }

// NewFingerprint returns a vector on the grid that keeps, in the place of sums, a
// fingerprint of what is added to it. It tells two contributions apart in time that
// does not grow with the length of the vector. The range of each value is checked,
// that of totals is not.
func NewFingerprint(g Grid, key uint64) *Vector {
	return &Vector{Grid: g, print: &fingerprint{key: key}}
}

// Fingerprint returns the fingerprint of what was added since the last call.
func (v *Vector) Fingerprint() uint64 {
	sum := v.print.sum
	v.print.sum = 0
	return sum
}

func (p *fingerprint) add(i int, lo, hi uint64) {
	negative := hi>>63 == 1
	if negative {
		var c uint64
		lo, c = bits.Add64(^lo, 1, 0)
		hi = ^hi + c
	}
	n := modulo(0, modulo(0, lo)+modulo(0, modulo(0, hi)<<3))
	const gamma = 0x9e3779b97f4a7c15
	n = modulo(bits.Mul64(n, modulo(0, mix(p.key+uint64(i+1)*gamma))))
	if negative {
		n = prime - n
	}
	p.sum = modulo(0, p.sum+n)
}

// modulo is hi*2^64+lo in the field, for hi below 2^58.
func modulo(hi, lo uint64) uint64 {
	n := lo&prime + lo>>61 + hi<<3
	n = n&prime + n>>61
	if n >= prime {
		n -= prime
	}
	return n
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
