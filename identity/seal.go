package identity

import (
	"crypto/hpke"
	"errors"
	"fmt"
)

// The HPKE suite (RFC 9180, base mode), fixed for version 1 of every sealed
// message: KEM X-Wing (ML-KEM-768 with X25519), HKDF-SHA256, AES-256-GCM.
func kem() hpke.KEM   { return hpke.MLKEM768X25519() }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.AES256GCM() }

// encSize is the length in bytes of X-Wing's encapsulated key, which begins a
// sealed message: an ML-KEM-768 ciphertext and an X25519 key.
const encSize = 1088 + 32

// SealOverhead is how many bytes longer a sealed message is than its plaintext.
const SealOverhead = encSize + 16

// ErrSealed is the error of Open: the message was not sealed to this member in
// this context with this associated data, or it was altered. It says no more,
// because whoever alters messages would learn from it.
var ErrSealed = errors.New("the sealed message cannot be opened: it is for another member or purpose, or was altered")

// Seal encrypts plaintext to a member for one purpose. Aad is authenticated
// with it and not sent. The result is the encapsulated key and the ciphertext,
// SealOverhead bytes longer than plaintext. Sealing does not say who sealed.
func Seal(to Public, context Context, aad, plaintext []byte) ([]byte, error) {
	pub, err := kem().NewPublicKey([]byte(to.SealingKey.raw))
	if err != nil {
		return nil, fmt.Errorf("seal to %s: the sealing key is missing or not valid", to.Name)
	}
	enc, sender, err := hpke.NewSender(pub, kdf(), aead(), inContext(context, nil))
	if err != nil {
		return nil, fmt.Errorf("seal to %s: %w", to.Name, err)
	}
	sealed, err := sender.Seal(aad, plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal to %s: %w", to.Name, err)
	}
	return append(enc, sealed...), nil
}

// Open decrypts what was sealed to this member with the same context and aad.
// Its error is ErrSealed.
func (id *Identity) Open(context Context, aad, sealed []byte) ([]byte, error) {
	if len(sealed) < SealOverhead {
		return nil, ErrSealed
	}
	r, err := hpke.NewRecipient(sealed[:encSize], id.keys().sealing, kdf(), aead(), inContext(context, nil))
	if err != nil {
		return nil, ErrSealed
	}
	plain, err := r.Open(aad, sealed[encSize:])
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
