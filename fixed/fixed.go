// Package fixed holds the exact numbers in which sums travel: fixed-point
// integers modulo 2^64 or 2^128 (methods A2).
//
// A float64 that a person contributes is rounded once, half to even, to the
// grid of its coordinate; from then on there are only integers. A sum is
// therefore the same in every order and for every split of the people over
// blocks, cores and sites, bit for bit. A proof that a sum cannot wrap is made
// when the grid is chosen: people's declared range times their number times
// the number of sites stays below half the ring.
package fixed

import (
	"fmt"
	"math/bits"
)

// A Segment is a run of coordinates in one ring: Len integers modulo 2^Bits.
type Segment struct {
	Bits int `json:"bits"` // 64 or 128
	Len  int `json:"len"`
}

// A Layout is the shape of a vector on the wire: segments one after the other.
// A 128-bit coordinate is two words, low word first.
type Layout []Segment

// Words returns the number of 64-bit words of a vector of this layout.
func (l Layout) Words() int {
	n := 0
	for _, s := range l {
		n += s.Len * s.Bits / 64
	}
	return n
}

// Valid refuses a layout with an unknown ring or a negative or excessive length.
func (l Layout) Valid() error {
	total := 0
	for i, s := range l {
		if s.Bits != 64 && s.Bits != 128 {
			return fmt.Errorf("segment %d: ring of %d bits, want 64 or 128", i, s.Bits)
		}
		if s.Len < 0 || s.Len > MaxLen {
			return fmt.Errorf("segment %d: %d coordinates, want 0..%d", i, s.Len, MaxLen)
		}
		if total += s.Len; total > MaxLen {
			return fmt.Errorf("vector of more than %d coordinates", MaxLen)
		}
	}
	return nil
}

// MaxLen is the most coordinates that one vector may have (2^27, 1 GiB of words).
const MaxLen = 1 << 27

// AddTo adds src to dst in the ring of each coordinate. Both have l.Words() words.
func (l Layout) AddTo(dst, src []uint64) {
	at := 0
	for _, s := range l {
		n := s.Len * s.Bits / 64
		d, a := dst[at:at+n], src[at:at+n]
		if s.Bits == 64 {
			for i := range d {
				d[i] += a[i]
			}
		} else {
			for i := 0; i+1 < len(d); i += 2 {
				var c uint64
				d[i], c = bits.Add64(d[i], a[i], 0)
				d[i+1], _ = bits.Add64(d[i+1], a[i+1], c)
			}
		}
		at += n
	}
}

// SubFrom subtracts src from dst in the ring of each coordinate.
func (l Layout) SubFrom(dst, src []uint64) {
	at := 0
	for _, s := range l {
		n := s.Len * s.Bits / 64
		d, a := dst[at:at+n], src[at:at+n]
		if s.Bits == 64 {
			for i := range d {
				d[i] -= a[i]
			}
		} else {
			for i := 0; i+1 < len(d); i += 2 {
				var b uint64
				d[i], b = bits.Sub64(d[i], a[i], 0)
				d[i+1], _ = bits.Sub64(d[i+1], a[i+1], b)
			}
		}
		at += n
	}
}
