// Package chance gives each simulated person streams of random numbers of their
// own, and the distributions that the model draws from.
//
// It serves the packages below simulate. The numbers are predictable by design and
// must never become a key, a share or noise.
package chance

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// A Key names a person, or anything else that has streams.
type Key struct{ hi, lo uint64 }

// NewKey derives a key from a seed and names: different names, unrelated streams.
func NewKey(seed uint64, names ...string) Key {
	h := sha256.New()
	h.Write([]byte("hmsp simulate v1"))
	var b [8]byte
	put := func(x uint64) {
		binary.LittleEndian.PutUint64(b[:], x)
		h.Write(b[:])
	}
	put(seed)
	for _, n := range names {
		put(uint64(len(n)))
		h.Write([]byte(n))
	}
	s := h.Sum(nil)
	return Key{binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])}
}

// Item is the key of the i-th thing under k.
func (k Key) Item(i uint64) Key { return Key{mix(k.hi ^ mix(i+1)), mix(k.lo + mix(i^salt))} }

// Stream begins the stream of a purpose. The same key and purpose begin the same
// stream again.
func (k Key) Stream(purpose string) *Stream {
	s := &Stream{}
	s.rng = rand.New(&s.pcg)
	s.Restart(k.purpose(purpose))
	return s
}

// Under is the key of a purpose, for streams by Item.
func (k Key) Under(purpose string) Key { return k.purpose(purpose) }

func (k Key) purpose(name string) Key {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return k.Item(h)
}

const salt = 0x9e3779b97f4a7c15

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += salt
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A Stream is PCG-DXSM and what is drawn from it.
type Stream struct {
	pcg rand.PCG
	rng *rand.Rand
}

// Restart begins the stream of k in place of the one it was.
func (s *Stream) Restart(k Key) { s.pcg.Seed(k.hi, k.lo) }

// Uniform is in [0, 1).
func (s *Stream) Uniform() float64 { return s.rng.Float64() }

// Between is uniform from lo to hi.
func (s *Stream) Between(lo, hi float64) float64 { return lo + (hi-lo)*s.rng.Float64() }

// Below is a whole number from 0 to n-1.
func (s *Stream) Below(n int) int { return s.rng.IntN(n) }

// Chance is true with probability p.
func (s *Stream) Chance(p float64) bool { return s.rng.Float64() < p }

// Normal is standard normal.
func (s *Stream) Normal() float64 { return s.rng.NormFloat64() }

// Cut is where Residual ends, in standard deviations.
const Cut = 3

// Residual is a normal number of mean 0 and that standard deviation, cut off
// symmetrically at Cut of them: its variance is 0.9733 of the normal's.
func (s *Stream) Residual(sd float64) float64 {
	for {
		if z := s.rng.NormFloat64(); math.Abs(z) <= Cut {
			return z * sd
		}
	}
}

// Exponential has mean 1.
func (s *Stream) Exponential() float64 { return s.rng.ExpFloat64() }

// Weibull is a time whose cumulative hazard is rate*t^shape.
func (s *Stream) Weibull(shape, rate float64) float64 {
	return math.Pow(s.rng.ExpFloat64()/rate, 1/shape)
}

// Gamma has that shape and scale 1 (Marsaglia and Tsang 2000).
func (s *Stream) Gamma(shape float64) float64 {
	if shape < 1 {
		return s.Gamma(shape+1) * math.Pow(s.rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := s.rng.Float64(); math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// Beta has parameters a and b.
func (s *Stream) Beta(a, b float64) float64 {
	x, y := s.Gamma(a), s.Gamma(b)
	if x+y == 0 {
		return 0.5
	}
	return x / (x + y)
}

// Dirichlet fills out with shares that have the parameters alpha.
func (s *Stream) Dirichlet(out, alpha []float64) {
	sum := 0.0
	for i, a := range alpha {
		out[i] = s.Gamma(a)
		sum += out[i]
	}
	for i := range out {
		if sum == 0 {
			out[i] = 1 / float64(len(out))
			continue
		}
		out[i] /= sum
	}
}

// Poisson has that mean, at most some hundreds (Knuth).
func (s *Stream) Poisson(mean float64) int {
	limit, n := math.Exp(-mean), 0
	for p := s.rng.Float64(); p > limit; p *= s.rng.Float64() {
		n++
	}
	return n
}

// Pick is an index, with the chances given by shares that sum to 1.
func (s *Stream) Pick(shares []float64) int {
	u := s.rng.Float64()
	for i, p := range shares {
		if u -= p; u < 0 {
			return i
		}
	}
	return len(shares) - 1
}

// Expit is the logistic function.
func Expit(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Quantile is the standard normal's.
func Quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
