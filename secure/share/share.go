// Package share splits a secret of 16 bytes among sites so that any threshold
// of them give it back and fewer learn nothing (A. Shamir, "How to share a
// secret", CACM 1979), and seals a share for its holder.
//
// It serves package secure/mask, where the secret is the self mask b_i of one
// round. Arithmetic is that of circl's ristretto255 scalars (constant time, RFC
// 9496) and its polynomials; only the encoding is ours. What is shared is not
// the secret alone but b ‖ H(b), 16 and 15 bytes in one scalar: whoever changes
// a share moves the sum by an amount that he cannot fit to the hash without
// knowing b, so a wrong share is noticed with certainty up to 2^-120, and where
// there are shares beyond the threshold its holder is named.
//
// circl's secretsharing.New draws ristretto255 coefficients from the system and
// ignores the reader it is given, so that no vector could be replayed; we
// therefore call the polynomials beneath it.
package share

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/math/polynomial"

	"hmsp.center/hmsp/secure"
)

// Size is the length of an encoded share: the holder's index, then the value.
const Size = 2 + valueSize

const (
	valueSize = 32
	tagSize   = 15 // 16+15 bytes stay below the group's order, 2^252 + ...
)

// A Share is what one site holds of another's secret. It prints as its type.
type Share struct {
	Holder int // the site's index in the roster; the polynomial is evaluated at Holder+1
	value  [valueSize]byte
}

// Split shares the secret among holders so that any t of them recover it.
// Shares come in the order of holders. Every coefficient is drawn uniformly
// from rnd by rejection.
func Split(secret secure.Key, t int, holders secure.Sites, rnd io.Reader) ([]Share, error) {
	if err := holders.Valid(); err != nil {
		return nil, fmt.Errorf("split: holders: %w", err)
	}
	if t < 1 || t > len(holders) {
		return nil, fmt.Errorf("split: threshold %d of %d holders", t, len(holders))
	}
	c := make([]group.Scalar, t)
	c[0] = seal(secret)
	for i := 1; i < t; i++ {
		var err error
		if c[i], err = draw(rnd); err != nil {
			return nil, fmt.Errorf("split: %w", err)
		}
	}
	p := polynomial.New(c)
	shares := make([]Share, len(holders))
	for i, h := range holders {
		b, err := p.Evaluate(point(h)).MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("split: %w", err)
		}
		shares[i] = Share{Holder: h, value: [valueSize]byte(b)}
	}
	return shares, nil
}

// point is where the polynomial is evaluated for a holder, never zero.
func point(holder int) group.Scalar {
	return group.Ristretto255.NewScalar().SetUint64(uint64(holder) + 1)
}

// draw returns a uniform scalar: 253 bits, drawn again when not below the order.
func draw(rnd io.Reader) (group.Scalar, error) {
	s := group.Ristretto255.NewScalar()
	for {
		var b [valueSize]byte
		if _, err := io.ReadFull(rnd, b[:]); err != nil {
			return nil, fmt.Errorf("draw a coefficient: %w", err)
		}
		b[31] &= 0x1f
		if s.UnmarshalBinary(b[:]) == nil {
			return s, nil
		}
	}
}

func tag(secret secure.Key) [tagSize]byte {
	h := sha256.Sum256(secure.Frame("shared secret", secret[:]))
	return [tagSize]byte(h[:])
}

// seal returns the scalar b ‖ H(b).
func seal(secret secure.Key) group.Scalar {
	var b [valueSize]byte
	copy(b[:], secret[:])
	t := tag(secret)
	copy(b[len(secret):], t[:])
	s := group.Ristretto255.NewScalar()
	if err := s.UnmarshalBinary(b[:]); err != nil {
		panic(err) // 31 bytes are below the order
	}
	return s
}

// unseal returns b where the scalar is b ‖ H(b).
func unseal(s group.Scalar) (secure.Key, bool) {
	b, err := s.MarshalBinary()
	if err != nil || len(b) != valueSize {
		return secure.Key{}, false
	}
	secret := secure.Key(b[:16])
	return secret, seal(secret).IsEqual(s)
}

// Format hides the value from every verb.
func (s Share) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "share.Share of site %d", s.Holder) }

// MarshalBinary returns the holder's index and the value, Size bytes.
func (s Share) MarshalBinary() ([]byte, error) {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, Size), uint16(s.Holder))
	return append(b, s.value[:]...), nil
}

// UnmarshalBinary accepts the one encoding of a share: an index of the roster
// and a value below the group's order.
func (s *Share) UnmarshalBinary(b []byte) error {
	if len(b) != Size {
		return fmt.Errorf("share of %d bytes, want %d", len(b), Size)
	}
	holder := int(binary.BigEndian.Uint16(b))
	if holder >= secure.MaxSites {
		return fmt.Errorf("share of site %d, outside the roster", holder)
	}
	if group.Ristretto255.NewScalar().UnmarshalBinary(b[2:]) != nil {
		return fmt.Errorf("share of site %d is not below the group's order", holder)
	}
	*s = Share{Holder: holder, value: [valueSize]byte(b[2:])}
	return nil
}

// MarshalText returns the encoding in lower-case hexadecimal, for messages.
func (s Share) MarshalText() ([]byte, error) {
	b, _ := s.MarshalBinary()
	return hex.AppendEncode(nil, b), nil
}

// UnmarshalText accepts the one text of a share.
func (s *Share) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || string(hex.AppendEncode(nil, b)) != string(text) {
		return fmt.Errorf("share is not %d lower-case hexadecimal digits", 2*Size)
	}
	return s.UnmarshalBinary(b)
}
