package identity

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrSignature is what Verify's error wraps when a signature does not fit.
var ErrSignature = errors.New("the signature does not fit")

// Sign signs message for one purpose: Ed25519 over the length-prefixed context
// and message. The signature has 64 bytes. It panics on an empty context.
func (id *Identity) Sign(context Context, message []byte) []byte {
	return ed25519.Sign(id.keys().signing, inContext(context, message))
}

// Verify checks that the member p signed message for this purpose. The error
// names the member and the purpose, and wraps ErrSignature.
func Verify(p Public, context Context, message, signature []byte) error {
	if p.SigningKey.IsZero() || len(signature) != ed25519.SignatureSize ||
		!ed25519.Verify(ed25519.PublicKey(p.SigningKey.raw), inContext(context, message), signature) {
		return fmt.Errorf("%s of %s: %w", context, p.Name, ErrSignature)
	}
	return nil
}

// A Signature is the 64 bytes of a signature in a file or message; its text is
// standard base64. It is comparable, and the zero value is none.
type Signature struct{ raw string }

// NewSignature keeps the bytes that Sign gave.
func NewSignature(b []byte) Signature { return Signature{string(b)} }

// Bytes returns a copy of the signature's bytes.
func (s Signature) Bytes() []byte { return []byte(s.raw) }

// IsZero says that there is no signature.
func (s Signature) IsZero() bool { return s.raw == "" }

// String is the signature's text; that of the zero value is "".
func (s Signature) String() string { return base64.StdEncoding.EncodeToString([]byte(s.raw)) }

// MarshalText is String.
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String wrote and accepts no other encoding.
func (s *Signature) UnmarshalText(text []byte) error {
	b, err := decodeBase64(string(text))
	if err != nil {
		return fmt.Errorf("the signature %w", err)
	}
	if len(b) != ed25519.SignatureSize {
		return fmt.Errorf("a signature has %d bytes, got %d", ed25519.SignatureSize, len(b))
	}
	s.raw = string(b)
	return nil
}
