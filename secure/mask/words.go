package mask

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
)

// AppendWords appends the vector as it travels: words of 8 bytes, little endian.
func AppendWords(b []byte, words []uint64) []byte {
	at := len(b)
	b = append(b, make([]byte, 8*len(words))...)
	for i, w := range words {
		binary.LittleEndian.PutUint64(b[at+8*i:], w)
	}
	return b
}

// ParseWords reads a vector of the layout; a byte too few or too many is refused.
func ParseWords(layout fixed.Layout, b []byte) ([]uint64, error) {
	if err := layout.Valid(); err != nil {
		return nil, err
	}
	if n := layout.Words(); len(b) != 8*n {
		return nil, fmt.Errorf("vector of %d bytes, the layout has %d", len(b), 8*n)
	}
	words := make([]uint64, len(b)/8)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return words, nil
}

// HashWords is the hash of a masked vector that contributors confirm.
func HashWords(words []uint64) [32]byte {
	h := sha256.New()
	h.Write(secure.Frame("vector", secure.Number(len(words))))
	buf := make([]byte, 0, 8*chunk)
	for len(words) > 0 {
		part := words[:min(chunk, len(words))]
		h.Write(AppendWords(buf[:0], part))
		words = words[len(part):]
	}
	return [32]byte(h.Sum(nil))
}
