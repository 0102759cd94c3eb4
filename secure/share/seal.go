package share

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"hmsp.center/hmsp/secure"
)

// SealedSize is the length of a sealed share: nonce, value, tag.
const SealedSize = nonceSize + valueSize + 16

const nonceSize = 12

// ErrSealed says that a sealed share does not open: it was altered, or made for
// another round, pair or direction, or the two sites disagree on their key.
var ErrSealed = errors.New("sealed share does not open")

// Seal encrypts owner's share to its holder under AES-128-GCM. The key is the
// pair's for this round (mask.RoundKey with StreamShare), so that a share
// opens in its round only; owner and holder are bound, so that it cannot be
// turned round. The nonce comes from rnd: a site that makes its message again
// after a crash with other randomness is safe.
func Seal(rnd io.Reader, key secure.Key, owner int, s Share) ([]byte, error) {
	b := make([]byte, nonceSize, SealedSize)
	if _, err := io.ReadFull(rnd, b); err != nil {
		return nil, fmt.Errorf("seal share: draw a nonce: %w", err)
	}
	return gcm(key).Seal(b, b, s.value[:], direction(owner, s.Holder)), nil
}

// Open decrypts the share of owner's secret that holder was sent, or refuses
// with [ErrSealed].
func Open(key secure.Key, owner, holder int, sealed []byte) (Share, error) {
	if len(sealed) != SealedSize {
		return Share{}, fmt.Errorf("share of site %d for site %d has %d bytes, want %d: %w", owner, holder, len(sealed), SealedSize, ErrSealed)
	}
	value, err := gcm(key).Open(nil, sealed[:nonceSize], sealed[nonceSize:], direction(owner, holder))
	if err != nil {
		return Share{}, fmt.Errorf("share of site %d for site %d: %w", owner, holder, ErrSealed)
	}
	s := Share{Holder: holder, value: [valueSize]byte(value)}
	b, _ := s.MarshalBinary()
	return s, s.UnmarshalBinary(b)
}

func direction(owner, holder int) []byte {
	return secure.Frame("sealed share", secure.Number(owner), secure.Number(holder))
}

func gcm(key secure.Key) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 16 bytes are a valid key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return aead
}
