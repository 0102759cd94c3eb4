package federation

import (
	"crypto/sha256"
	"fmt"
	"time"

	"hmsp.center/hmsp/identity"
)

// An Envelope is a message on its way: a header in the clear, and a payload
// sealed to the recipient.
type Envelope struct {
	Header
	Ciphertext []byte
}

// Seal makes the envelope of payload from id to a member: sealed by HPKE with
// the header as associated data, signed with the ciphertext's digest. MsgID
// names the message (ValidID). Sealing draws fresh keys, so two envelopes of
// one message differ; their id is what makes sending again harmless.
func Seal(id *identity.Identity, to identity.Public, charterDigest, msgID string, payload []byte, created time.Time, ttl time.Duration) (Envelope, error) {
	e := Envelope{Header: Header{
		Hmsp:    headerVersion,
		Charter: charterDigest,
		ID:      msgID,
		From:    id.Name(),
		To:      to.Name,
		Created: created.Unix(),
		Expires: created.Add(ttl).Unix(),
		Size:    int64(len(payload)) + identity.SealOverhead,
	}}
	if len(payload) > MaxPayload {
		return Envelope{}, fmt.Errorf("seal message to %s: %w", to.Name, Refuse(KindTooLarge))
	}
	var err error
	e.Ciphertext, err = identity.Seal(to, identity.ContextEnvelope, e.bound(), payload)
	if err != nil {
		return Envelope{}, fmt.Errorf("seal message: %w", err)
	}
	e.SHA256 = hexDigest(sha256.Sum256(e.Ciphertext))
	e.Signature = identity.NewSignature(id.Sign(identity.ContextEnvelope, e.signed()))
	if !e.valid() {
		return Envelope{}, fmt.Errorf("seal message to %s: charter digest, message id or time to live (at most %s) is not valid", to.Name, MaxTTL)
	}
	return e, nil
}

// Open gives the payload of an envelope to the member it was sealed to. Besides
// what Header.Check refuses it refuses an envelope for another member
// (KindRecipient) and one whose bytes are not those that were sealed and signed
// (KindAltered). That an envelope is opened once only is for the caller to keep,
// by its ID.
func Open(id *identity.Identity, c Charter, e Envelope, now time.Time) ([]byte, error) {
	if err := e.Check(c, now); err != nil {
		return nil, fmt.Errorf("open message: %w", err)
	}
	if e.To != id.Name() {
		return nil, fmt.Errorf("open message: %w", Refuse(KindRecipient))
	}
	if err := e.Whole(); err != nil {
		return nil, fmt.Errorf("open message from %s: %w", e.From, err)
	}
	payload, err := id.Open(identity.ContextEnvelope, e.bound(), e.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("open message from %s: %w", e.From, Refuse(KindAltered))
	}
	return payload, nil
}

// Whole says whether the ciphertext is the one that the header names.
func (e Envelope) Whole() error {
	if int64(len(e.Ciphertext)) != e.Size || hexDigest(sha256.Sum256(e.Ciphertext)) != e.SHA256 {
		return Refuse(KindAltered)
	}
	return nil
}
