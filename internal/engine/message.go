package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// Protocol is the version of the messages between the halves of a run. It goes
// into every message's identity and every signed text.
const Protocol = "hmsp/run/v4"

// A Kind says what a message is for. The comment names who sends it to whom.
type Kind string

const (
	KindStudy        Kind = "study"        // researcher -> each site: the signed study
	KindDecision     Kind = "decision"     // site -> lead: takes part (with its epoch key) or refuses
	KindRoster       Kind = "roster"       // lead -> each: who takes part in this epoch, with their signed keys
	KindKeys         Kind = "keys"         // site -> lead: one encapsulation for each peer
	KindRound        Kind = "round"        // lead -> each: the last opened sum, and the round to compute
	KindContribution Kind = "contribution" // site -> lead: the masked vector, sealed shares of the self mask
	KindSet          Kind = "set"          // lead -> each: whose vectors arrived
	KindConfirm      Kind = "confirm"      // site -> lead: signature over the round's transcript
	KindQuorum       Kind = "quorum"       // lead -> each: the confirmations, and the shares meant for you
	KindUnmask       Kind = "unmask"       // site -> lead: shares of self masks; round keys with the lost
	KindCheck        Kind = "check"        // site -> each other contributor: masked check value of an opened sum (A7)
	KindRelease      Kind = "release"      // lead -> each: the last opened sum and the receipt to sign
	KindEndorse      Kind = "endorse"      // site -> lead: signature over the receipt
	KindOutcome      Kind = "outcome"      // lead -> sites and researcher: result and signed receipt, or why not
	KindWithdraw     Kind = "withdraw"     // site -> lead: cannot go on, with the reason
	KindProgress     Kind = "progress"     // lead -> researcher: how far each site is
	KindCancel       Kind = "cancel"       // researcher -> sites: stop
	KindInquiry      Kind = "inquiry"      // researcher -> site: what would you say to this signed study?
	KindAnswer       Kind = "answer"       // site -> researcher: what it would say to an inquiry
)

// kinds lists what a decoder accepts.
func (k Kind) known() bool {
	switch k {
	case KindStudy, KindDecision, KindRoster, KindKeys, KindRound, KindContribution, KindSet, KindConfirm, KindQuorum,
		KindUnmask, KindCheck, KindRelease, KindEndorse, KindOutcome, KindWithdraw, KindProgress, KindCancel, KindInquiry, KindAnswer:
		return true
	}
	return false
}

// A Message travels between the halves of one run. Body is the JSON of the
// kind's struct; Blob holds vectors as little-endian words.
type Message struct {
	Study string          `json:"study"` // digest of the study, hex
	Kind  Kind            `json:"kind"`
	From  string          `json:"from"`
	To    string          `json:"to"`
	Epoch int             `json:"epoch"`
	Round int             `json:"round"`
	Seq   int             `json:"seq,omitempty"` // progress only: messages of one kind in one round
	Body  json.RawMessage `json:"body,omitempty"`
	Blob  []byte          `json:"-"`
}

// ID names the message by what it is, not by what it says: a party sends one
// message of a kind to a peer in a round, so sending again is recognised.
func (m Message) ID() string {
	h := sha256.New()
	for _, s := range []string{Protocol, m.Study, string(m.Kind), m.From, m.To} {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	fmt.Fprintf(h, "%d,%d,%d", m.Epoch, m.Round, m.Seq)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// MaxMessage is the largest encoded message accepted, in bytes.
const MaxMessage = 1<<30 + 1<<20

const messageMagic = "hmsp1\n"

// Encode gives the message's bytes: a magic line, the length of the JSON
// header, the header, the blob.
func (m Message) Encode() ([]byte, error) {
	head, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode %s message: %w", m.Kind, err)
	}
	b := make([]byte, 0, len(messageMagic)+4+len(head)+len(m.Blob))
	b = append(b, messageMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(head)))
	b = append(b, head...)
	return append(b, m.Blob...), nil
}

// DecodeMessage reads the bytes of one message; unknown fields, unknown kinds,
// malformed headers and every encoding but Encode's are refused.
func DecodeMessage(b []byte) (Message, error) {
	var m Message
	if len(b) > MaxMessage {
		return m, fmt.Errorf("decode message: %d bytes, at most %d", len(b), MaxMessage)
	}
	rest, ok := bytes.CutPrefix(b, []byte(messageMagic))
	if !ok || len(rest) < 4 {
		return m, fmt.Errorf("decode message: not a message of %s", Protocol)
	}
	n := int(binary.BigEndian.Uint32(rest))
	rest = rest[4:]
	if n > len(rest) {
		return m, fmt.Errorf("decode message: header of %d bytes in a message of %d", n, len(b))
	}
	if err := strict(rest[:n], &m); err != nil {
		return m, fmt.Errorf("decode message: %w", err)
	}
	if err := m.valid(); err != nil {
		return m, fmt.Errorf("decode message: %w", err)
	}
	if again, err := json.Marshal(m); err != nil || !bytes.Equal(again, rest[:n]) {
		return m, fmt.Errorf("decode message: the header is not in the one encoding that this version writes")
	}
	m.Blob = rest[n:]
	return m, nil
}

// valid refuses what no header of a message may be.
func (m *Message) valid() error {
	if !m.Kind.known() {
		return fmt.Errorf("unknown kind")
	}
	if m.Epoch < 0 || m.Round < 0 || m.Seq < 0 || m.Study == "" || m.From == "" || m.To == "" {
		return fmt.Errorf("incomplete header")
	}
	return nil
}

// strict decodes exactly one JSON value into v, without unknown fields.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("bytes after the JSON value")
	}
	return nil
}

// sum names what a message says; two messages of one ID should have the same.
func (m Message) sum() [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s message\n%d:", Protocol, len(m.Body))
	h.Write(m.Body)
	h.Write(m.Blob)
	return [32]byte(h.Sum(nil))
}

// Words turn a blob into a vector of n words and back.
func words(blob []byte, n int) ([]uint64, error) {
	if len(blob) != 8*n {
		return nil, fmt.Errorf("vector of %d bytes, want %d", len(blob), 8*n)
	}
	w := make([]uint64, n)
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(blob[8*i:])
	}
	return w, nil
}

func blob(w []uint64) []byte {
	b := make([]byte, 8*len(w))
	for i, x := range w {
		binary.LittleEndian.PutUint64(b[8*i:], x)
	}
	return b
}
