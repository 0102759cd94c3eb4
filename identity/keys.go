package identity

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// A SigningKey is an Ed25519 public key (RFC 8032). It is comparable; its text
// is "ed25519:" and 32 bytes of standard base64. The zero value is no key.
type SigningKey struct{ raw string }

// A SealingKey is an X-Wing public key (ML-KEM-768 with X25519, HPKE KEM
// 0x647a), 1216 bytes. It is comparable; its text is "x-wing:" and standard
// base64. The zero value is no key.
type SealingKey struct{ raw string }

const (
	signingPrefix = "ed25519:"
	sealingPrefix = "x-wing:"
	sealingSize   = 1216
)

// NewSigningKey takes 32 bytes. It refuses points of small order, for which
// signatures can be made that fit any message, and second encodings of a point.
func NewSigningKey(b []byte) (SigningKey, error) {
	if len(b) != ed25519.PublicKeySize {
		return SigningKey{}, fmt.Errorf("an Ed25519 key has %d bytes, got %d", ed25519.PublicKeySize, len(b))
	}
	if !canonicalPoint(b) {
		return SigningKey{}, fmt.Errorf("the Ed25519 key is not in its canonical encoding")
	}
	if smallOrder(b) {
		return SigningKey{}, fmt.Errorf("the Ed25519 key is of small order")
	}
	return SigningKey{string(b)}, nil
}

// NewSealingKey takes the bytes of an X-Wing public key.
func NewSealingKey(b []byte) (SealingKey, error) {
	if len(b) != sealingSize {
		return SealingKey{}, fmt.Errorf("an X-Wing key has %d bytes, got %d", sealingSize, len(b))
	}
	if _, err := kem().NewPublicKey(b); err != nil {
		return SealingKey{}, fmt.Errorf("the X-Wing key is not valid: %w", err)
	}
	return SealingKey{string(b)}, nil
}

// Bytes returns a copy of the key's bytes.
func (k SigningKey) Bytes() []byte { return []byte(k.raw) }

// Bytes returns a copy of the key's bytes.
func (k SealingKey) Bytes() []byte { return []byte(k.raw) }

// IsZero says that there is no key.
func (k SigningKey) IsZero() bool { return k.raw == "" }

// IsZero says that there is no key.
func (k SealingKey) IsZero() bool { return k.raw == "" }

// String is the key's text; that of the zero value is "".
func (k SigningKey) String() string { return encodeKey(signingPrefix, k.raw) }

// String is the key's text; that of the zero value is "".
func (k SealingKey) String() string { return encodeKey(sealingPrefix, k.raw) }

// MarshalText is String.
func (k SigningKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalText is String.
func (k SealingKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String wrote; it accepts no other encoding of a key.
func (k *SigningKey) UnmarshalText(text []byte) error {
	b, err := decodeKey(signingPrefix, string(text))
	if err != nil {
		return err
	}
	*k, err = NewSigningKey(b)
	return err
}

// UnmarshalText reads what String wrote; it accepts no other encoding of a key.
func (k *SealingKey) UnmarshalText(text []byte) error {
	b, err := decodeKey(sealingPrefix, string(text))
	if err != nil {
		return err
	}
	*k, err = NewSealingKey(b)
	return err
}

func encodeKey(prefix, raw string) string {
	if raw == "" {
		return ""
	}
	return prefix + base64.StdEncoding.EncodeToString([]byte(raw))
}

func decodeKey(prefix, text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return nil, fmt.Errorf("a key here begins with %q", prefix)
	}
	b, err := decodeBase64(rest)
	if err != nil {
		return nil, fmt.Errorf("the key after %q %w", prefix, err)
	}
	return b, nil
}

// decodeBase64 reads standard base64 with padding. The decoder of the standard
// library skips line breaks even when strict, so they are refused here.
func decodeBase64(text string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("is not standard base64 with padding")
	}
	return b, nil
}

// canonicalPoint says whether the y coordinate of an encoded point is below
// 2^255-19 and the sign of x = 0 is positive (RFC 8032, 5.1.3).
func canonicalPoint(b []byte) bool {
	y := slices.Clone(b)
	sign := y[31] >> 7
	y[31] &= 0x7f
	high := y[31] == 0x7f
	for _, v := range y[1:31] {
		high = high && v == 0xff
	}
	if high && y[0] >= 0xed {
		return false
	}
	// x is 0 for y = 1 and y = -1 only.
	one := y[0] == 1 && !slices.ContainsFunc(y[1:], func(v byte) bool { return v != 0 })
	minusOne := high && y[0] == 0xec
	return sign == 0 || !one && !minusOne
}

// smallOrder says whether a canonically encoded point has order 1, 2, 4 or 8:
// the eight points of the curve's torsion subgroup.
func smallOrder(b []byte) bool {
	y := slices.Clone(b)
	y[31] &= 0x7f
	for _, t := range torsion() {
		if string(y) == t {
			return true
		}
	}
	return false
}

// torsion lists the y coordinates of the points of small order, little-endian:
// 1 (order 1), -1 (order 2), 0 (order 4), and the two of order 8.
func torsion() []string {
	return []string{
		"\x01" + strings.Repeat("\x00", 31),
		"\xec" + strings.Repeat("\xff", 30) + "\x7f",
		strings.Repeat("\x00", 32),
		"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
		"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
	}
}
