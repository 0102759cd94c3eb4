package secure

import (
	"encoding/hex"
	"fmt"
	"io"
)

// A Key is 16 secret bytes: the seed of one mask, or the key of one sealed
// share. It prints as its type; MarshalText is for sealed messages and the
// site's own journal.
type Key [16]byte

// NewKey draws a key from rnd.
func NewKey(rnd io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(rnd, k[:]); err != nil {
		return Key{}, fmt.Errorf("draw a key: %w", err)
	}
	return k, nil
}

// Format hides the bytes from every verb.
func (Key) Format(f fmt.State, _ rune) { io.WriteString(f, "secure.Key") }

// MarshalText returns 32 lower-case hexadecimal digits.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText takes 32 lower-case hexadecimal digits and nothing else.
func (k *Key) UnmarshalText(text []byte) error {
	return unhex(k[:], text, "key")
}

// unhex decodes exactly len(dst) bytes of lower-case hexadecimal.
func unhex(dst, text []byte, what string) error {
	if len(text) != 2*len(dst) {
		return fmt.Errorf("%s of %d characters, want %d hexadecimal digits", what, len(text), 2*len(dst))
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("%s with a character that is no lower-case hexadecimal digit", what)
		}
	}
	_, err := hex.Decode(dst, text)
	return err
}
