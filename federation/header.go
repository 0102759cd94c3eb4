package federation

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"hmsp.center/hmsp/identity"
)

// headerVersion begins every header.
const headerVersion = "envelope/v1"

// A Header is all that the hub learns of a message: who sends how much to whom,
// and when. The sender signs it with the digest of the ciphertext in it, so a
// header alone shows who vouches for which bytes.
type Header struct {
	Hmsp      string             `json:"hmsp"`
	Charter   string             `json:"charter"` // digest
	ID        string             `json:"id"`      // ValidID; given by the sender
	From      string             `json:"from"`
	To        string             `json:"to"`
	Created   int64              `json:"created"` // Unix seconds
	Expires   int64              `json:"expires"` // Unix seconds
	Size      int64              `json:"size"`    // bytes of ciphertext
	SHA256    string             `json:"sha256,omitempty"`
	Signature identity.Signature `json:"signature,omitzero"`
}

// ExpiresAt is when the hub forgets the envelope and recipients refuse it.
func (h Header) ExpiresAt() time.Time { return time.Unix(h.Expires, 0) }

// bound is what the sealing binds: every field that is known before it.
func (h Header) bound() []byte {
	h.SHA256, h.Signature = "", identity.Signature{}
	return h.json()
}

// signed is what the sender signs: every field but the signature.
func (h Header) signed() []byte {
	h.Signature = identity.Signature{}
	return h.json()
}

func (h Header) json() []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic(fmt.Sprintf("federation: header does not encode: %v", err)) // strings and numbers only
	}
	return b
}

// valid says whether every field has its form; it knows neither charter nor clock.
func (h Header) valid() bool {
	return h.Hmsp == headerVersion && validDigest(h.Charter) && ValidID(h.ID) &&
		identity.ValidName(h.From) == nil && identity.ValidName(h.To) == nil &&
		h.Created >= 0 && h.Expires > h.Created && h.Expires-h.Created <= int64(MaxTTL/time.Second) &&
		h.Size >= identity.SealOverhead && h.Size <= MaxPayload+identity.SealOverhead &&
		validDigest(h.SHA256) && !h.Signature.IsZero()
}

// Check refuses a header that is not for this charter, whose sender or
// recipient cannot send or receive under it, that has expired or comes from the
// future, or that its sender did not sign. Hub and recipient both ask it; the
// error is an *Error of kind KindMalformed, KindCharter, KindMember,
// KindExpired, KindClock or KindSignature.
func (h Header) Check(c Charter, now time.Time) error {
	if !h.valid() {
		return Refuse(KindMalformed)
	}
	if h.Charter != c.Digest() {
		return Refuse(KindCharter)
	}
	from, ok := c.Member(h.From)
	if !ok || from.Role == identity.Hub {
		return Refuse(KindMember)
	}
	if to, ok := c.Member(h.To); !ok || to.Role == identity.Hub {
		return Refuse(KindMember)
	}
	if h.Expires <= now.Unix() {
		return Refuse(KindExpired)
	}
	// Sender and recipient are each within MaxSkew of the hub.
	if time.Unix(h.Created, 0).After(now.Add(2 * MaxSkew)) {
		return Refuse(KindClock)
	}
	if identity.Verify(from, identity.ContextEnvelope, h.signed(), h.Signature.Bytes()) != nil {
		return Refuse(KindSignature)
	}
	return nil
}

func hexDigest(d [32]byte) string { return hex.EncodeToString(d[:]) }
