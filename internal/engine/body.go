package engine

import (
	"encoding/json"
	"fmt"

	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure/verify"
)

// maxData is the longest tag of a site's data, maxLog the longest checkpoint, in
// bytes.
const (
	maxData = 64
	maxLog  = 2048
)

// The bodies of the messages, in the order of a run.

type decisionBody struct {
	Accept    bool   `json:"accept"`
	Reason    Reason `json:"reason,omitzero"`
	Key       []byte `json:"key,omitempty"`       // X-Wing encapsulation key of this study, 1216 bytes
	Data      []byte `json:"data,omitempty"`      // a tag of the data that the site answers from: see Seat
	Signature []byte `json:"signature,omitempty"` // by the site, over study, key and data
}

// A seat is one participant of an epoch, with its signed key.
type seat struct {
	Site      string `json:"site"`
	Key       []byte `json:"key"`
	Data      []byte `json:"data,omitempty"`
	Signature []byte `json:"signature"`
}

type rosterBody struct {
	Seats []seat `json:"seats"` // in the order of the sites' names
}

type keysBody struct {
	Enc map[string][]byte `json:"enc"` // by peer
}

type roundBody struct {
	State []byte            `json:"state"`         // digest of the round's public state
	Enc   map[string][]byte `json:"enc,omitempty"` // round 0: encapsulations to the recipient, by peer
}

type contributionBody struct {
	Shares map[string][]byte `json:"shares"`           // of the self mask, sealed, by holder
	Commit []byte            `json:"commit,omitempty"` // to the vector (A7)
}

// A setBody is the lead's signed statement of a round: whose vectors arrived.
type setBody struct {
	Members   []string          `json:"members"`
	Vectors   map[string][]byte `json:"vectors"`           // hashes of the masked vectors, by member
	Commits   map[string][]byte `json:"commits,omitempty"` // to the vectors under them, by member (A7)
	Signature []byte            `json:"signature"`         // by the lead, over the transcript
}

type confirmBody struct {
	Signature []byte `json:"signature"`     // over the transcript
	Log       []byte `json:"log,omitempty"` // the site's signed checkpoint of its audit log
}

type quorumBody struct {
	Confirms map[string][]byte `json:"confirms"`       // signatures, by member
	Logs     map[string][]byte `json:"logs,omitempty"` // checkpoints, by member
	Shares   map[string][]byte `json:"shares"`         // sealed to the recipient, by owner
}

type unmaskBody struct {
	Help []byte `json:"help"` // a mask.Help: shares of self masks, round keys with the lost
}

type checkBody struct {
	Value verify.Scalar `json:"value"` // the check value of an opened sum, masked
}

type releaseBody struct {
	Receipt receipt.Receipt `json:"receipt"` // without signatures
}

type endorseBody struct {
	Signature []byte `json:"signature"` // over the receipt
}

type withdrawBody struct {
	Reason   Reason   `json:"reason"`
	Evidence *setBody `json:"evidence,omitempty"` // what the lead signed, where the lead is at fault
}

// Progress is what the researcher hears while a study runs.
type Progress struct {
	Phase   string            `json:"phase"` // deciding, keys, computing, opening, signing
	Round   int               `json:"round"`
	Sites   map[string]string `json:"sites"` // state of each site in this phase
	Message string            `json:"message,omitempty"`
}

func body(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("engine: body %T does not encode: %v", v, err)) // only our own structs come here
	}
	return b
}

func read[T any](m Message) (T, error) {
	var v T
	if err := strict(m.Body, &v); err != nil {
		return v, fmt.Errorf("%s message from %s: %w", m.Kind, m.From, err)
	}
	return v, nil
}

// PhaseAbsent begins the state of a site that is missing, in a Progress.
const PhaseAbsent = "absent"

// PhaseComputed is the state of a site whose part of the present round arrived.
const PhaseComputed = "computed"
