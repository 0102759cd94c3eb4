package mask

import (
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"io"

	"hmsp.center/hmsp/secure"
)

// Sizes of the epoch setup's messages, in bytes (X-Wing).
const (
	SeedSize   = 32   // private seed of an epoch key
	PublicSize = 1216 // public key
	EncapSize  = 1120 // one encapsulation
)

// An EpochKey is a site's key pair of one epoch: X-Wing, that is ML-KEM-768
// with X25519 (methods A8). It is made for one study's epoch and forgotten with
// it, so that masks stay secret when a long-term key is stolen later.
type EpochKey struct{ private hpke.PrivateKey }

// NewEpochKey derives the key pair from its 32-byte seed.
func NewEpochKey(seed []byte) (*EpochKey, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("epoch key from a seed of %d bytes, want %d", len(seed), SeedSize)
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, fmt.Errorf("epoch key: %w", err)
	}
	return &EpochKey{private}, nil
}

// Format hides the key.
func (*EpochKey) Format(f fmt.State, _ rune) { io.WriteString(f, "mask.EpochKey") }

// Public returns the public key, PublicSize bytes, for the site to sign and publish.
func (k *EpochKey) Public() []byte { return k.private.PublicKey().Bytes() }

// Info is what an encapsulation from one site to another is bound to.
func Info(t secure.Terms, from, to int) []byte {
	return secure.Frame("encapsulate", t.Session, t.Roster[:], secure.Number(t.Epoch),
		t.Members.Bytes(), secure.Number(from), secure.Number(to))
}

// Encapsulate makes a fresh secret for the holder of peerPublic: enc travels,
// secret stays. Its randomness is the system's, because crypto/hpke takes none;
// a site journals the result before it sends enc.
func Encapsulate(peerPublic, info []byte) (enc, secret []byte, err error) {
	public, err := hpke.MLKEM768X25519().NewPublicKey(peerPublic)
	if err != nil {
		return nil, nil, fmt.Errorf("peer's epoch key: %w", err)
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
	if err != nil {
		return nil, nil, fmt.Errorf("encapsulate: %w", err)
	}
	secret, err = sender.Export(exportContext, 32)
	return enc, secret, err
}

// Decapsulate returns the secret of an encapsulation to this key. It cannot
// tell a wrong one: ML-KEM answers with another secret, and the first sealed
// share between the two sites fails to open.
func (k *EpochKey) Decapsulate(enc, info []byte) (secret []byte, err error) {
	if len(enc) != EncapSize {
		return nil, fmt.Errorf("encapsulation of %d bytes, want %d", len(enc), EncapSize)
	}
	recipient, err := hpke.NewRecipient(enc, k.private, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
	if err != nil {
		return nil, fmt.Errorf("decapsulate: %w", err)
	}
	return recipient.Export(exportContext, 32)
}

const exportContext = secure.Version + " pair"

// A Pair is the secret s_ij that two sites share for one epoch.
type Pair [32]byte

// Format hides the bytes from every verb.
func (Pair) Format(f fmt.State, _ rune) { io.WriteString(f, "mask.Pair") }

// PairSecret returns s_ij = HKDF(ss_low→high ‖ ss_high→low ‖ roster ‖ epoch)
// at either end: sent is the secret that self encapsulated to peer, received
// the one that it decapsulated from peer. It stays secret when either site's
// randomness was good.
func PairSecret(t secure.Terms, self, peer int, sent, received []byte) (Pair, error) {
	if self == peer || len(sent) != 32 || len(received) != 32 {
		return Pair{}, fmt.Errorf("pair of site %d and site %d with secrets of %d and %d bytes, want two sites and 32 bytes each", self, peer, len(sent), len(received))
	}
	low, high := self, peer
	if peer < self {
		low, high, sent, received = peer, self, received, sent
	}
	info := secure.Frame("pair", t.Session, t.Roster[:], secure.Number(t.Epoch), t.Members.Bytes(), secure.Number(low), secure.Number(high))
	secret := append(append(make([]byte, 0, 64), sent...), received...)
	out, err := hkdf.Key(sha256.New, secret, []byte(secure.Version), string(info), 32)
	if err != nil {
		return Pair{}, err
	}
	return Pair(out), nil
}

// A Stream says what a round key is for; keys of different streams tell
// nothing about each other, so that giving a mask's key away for a lost site
// leaves the rest secret.
type Stream string

// The streams of a pair in a round.
const (
	StreamMask  Stream = "mask"  // the pairwise mask of the vector
	StreamShare Stream = "share" // sealing the shares of the self masks
	StreamCheck Stream = "check" // masks of the check's scalars, package secure/verify
)

// RoundKey returns k_ij^r = HKDF-Expand(s_ij, stream ‖ session ‖ r).
func RoundKey(p Pair, session []byte, round int, stream Stream) secure.Key {
	info := secure.Frame("round", []byte(stream), session, secure.Number(round))
	out, err := hkdf.Expand(sha256.New, p[:], string(info), len(secure.Key{}))
	if err != nil {
		panic(err) // only for lengths beyond 255 blocks
	}
	return secure.Key(out)
}
