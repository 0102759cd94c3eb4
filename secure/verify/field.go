package verify

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// A Scalar is an element of F_p, p = 2^127 - 1, always below p.
type Scalar struct{ lo, hi uint64 }

const (
	low63 = 1<<63 - 1
	pLo   = ^uint64(0)
	pHi   = uint64(low63)
)

// ScalarSize is the length of an encoded scalar.
const ScalarSize = 16

// Add returns s + t.
func (s Scalar) Add(t Scalar) Scalar {
	lo, c := bits.Add64(s.lo, t.lo, 0)
	hi, _ := bits.Add64(s.hi, t.hi, c) // below 2^128
	return reduce(lo, hi)
}

// Sub returns s - t.
func (s Scalar) Sub(t Scalar) Scalar {
	lo, b := bits.Sub64(pLo, t.lo, 0) // p - t, in 0..p
	hi, _ := bits.Sub64(pHi, t.hi, b)
	return s.Add(reduce(lo, hi))
}

// Mul returns s * t: the product of 254 bits is h*2^127 + l, and 2^127 = 1.
func (s Scalar) Mul(t Scalar) Scalar {
	h00, l00 := bits.Mul64(s.lo, t.lo)
	h01, l01 := bits.Mul64(s.lo, t.hi)
	h10, l10 := bits.Mul64(s.hi, t.lo)
	h11, l11 := bits.Mul64(s.hi, t.hi)
	r0 := l00
	r1, c1 := bits.Add64(h00, l01, 0)
	r2, c2 := bits.Add64(h01, l11, c1)
	r3 := h11 + c2
	r1, c1 = bits.Add64(r1, l10, 0)
	r2, c2 = bits.Add64(r2, h10, c1)
	r3 += c2
	low := reduce(r0, r1&low63)
	high := reduce(r1>>63|r2<<1, r2>>63|r3<<1)
	return low.Add(high)
}

// reduce returns (hi, lo) mod p for any 128 bits.
func reduce(lo, hi uint64) Scalar {
	lo, c := bits.Add64(lo, hi>>63, 0)
	hi, _ = bits.Add64(hi&low63, 0, c) // at most 2^127
	// Subtract p where the value is p or 2^127: add 1 and look at bit 127.
	l, c := bits.Add64(lo, 1, 0)
	h, _ := bits.Add64(hi, 0, c)
	over := -(h >> 63) // all ones when value+1 >= 2^127
	return Scalar{lo&^over | l&over, hi&^over | (h&low63)&over}
}

// lift returns the signed 128-bit integer (hi, lo) mod p:
// U - 2^128 = U - 2 for a negative one, as 2^127 = 1.
func lift(lo, hi uint64) Scalar {
	return reduce(lo, hi&low63).Sub(Scalar{lo: hi >> 63}) // U = low + sign*2^127; low + s - 2s
}

// lift64 returns the signed 64-bit integer mod p.
func lift64(w uint64) Scalar { return lift(w, uint64(int64(w)>>63)) }

// MarshalBinary returns 16 bytes, little endian.
func (s Scalar) MarshalBinary() ([]byte, error) {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, ScalarSize), s.lo)
	return binary.LittleEndian.AppendUint64(b, s.hi), nil
}

// UnmarshalBinary accepts 16 bytes below p.
func (s *Scalar) UnmarshalBinary(b []byte) error {
	if len(b) != ScalarSize {
		return fmt.Errorf("scalar of %d bytes, want %d", len(b), ScalarSize)
	}
	lo, hi := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if hi > pHi || hi == pHi && lo == pLo {
		return fmt.Errorf("scalar is not below 2^127-1")
	}
	*s = Scalar{lo, hi}
	return nil
}

// MarshalText returns 32 lower-case hexadecimal digits, for messages.
func (s Scalar) MarshalText() ([]byte, error) {
	b, _ := s.MarshalBinary()
	return hex.AppendEncode(nil, b), nil
}

// UnmarshalText accepts the one text of a scalar.
func (s *Scalar) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || hex.EncodeToString(b) != string(text) {
		return fmt.Errorf("scalar is not %d lower-case hexadecimal digits", 2*ScalarSize)
	}
	return s.UnmarshalBinary(b)
}
