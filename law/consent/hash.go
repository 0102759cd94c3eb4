package consent

import (
	"encoding/hex"
	"errors"
)

// A Hash is a SHA-256 hash; as text it is 64 lower-case hexadecimal digits, the form
// of a digest in the audit log.
type Hash [32]byte

// String is the hash as text.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote, and no other spelling.
func (h *Hash) UnmarshalText(text []byte) error {
	var out Hash
	if len(text) != 64 {
		return errors.New("want 64 hexadecimal digits")
	}
	if _, err := hex.Decode(out[:], text); err != nil || out.String() != string(text) {
		return errors.New("want 64 lower-case hexadecimal digits")
	}
	*h = out
	return nil
}
