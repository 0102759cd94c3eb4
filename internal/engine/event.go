package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hmsp.center/hmsp/receipt"
)

// An Event is everything that can happen to a run at one party. A run is a
// function of its events, in order: the journal keeps them, and replaying the
// journal gives back the run, to the last bit. What is random or comes from
// data (seeds, encapsulations, the local vector) enters as an event, so that it
// is never drawn or computed a second time.
type Event struct {
	Kind EventKind `json:"event"`
	At   time.Time `json:"at"`

	Message *Message          `json:"message,omitempty"` // EventMessage
	Seed    []byte            `json:"seed,omitempty"`    // EventBegin: 32 random bytes
	Accept  bool              `json:"accept,omitempty"`  // EventDecided
	Reason  Reason            `json:"reason,omitzero"`   // EventDecided (refusal), EventFailed, EventCancel
	Enc     map[string][]byte `json:"enc,omitempty"`     // EventEncapsulated: by peer
	Secret  map[string][]byte `json:"secret,omitempty"`  // EventEncapsulated: by peer
	Epoch   int               `json:"epoch,omitempty"`   // EventEncapsulated
	Round   int               `json:"round,omitempty"`   // EventComputed, EventFailed
	Data    []byte            `json:"data,omitempty"`    // EventDecided: a tag of the data to answer from
	Log     []byte            `json:"log,omitempty"`     // EventAgreed: the site's checkpoint
	Words   []uint64          `json:"-"`                 // EventComputed: the site's vector, before masking
	Twice   bool              `json:"-"`                 // EventMessage: its sender said something else under the same name before
}

// An EventKind says what happened.
type EventKind string

const (
	EventBegin        EventKind = "begin"        // the study arrived
	EventDecided      EventKind = "decided"      // the site's decision
	EventMessage      EventKind = "message"      // a message arrived
	EventEncapsulated EventKind = "encapsulated" // secrets agreed with the peers of an epoch
	EventComputed     EventKind = "computed"     // the vector of a round
	EventAgreed       EventKind = "agreed"       // the site consents to a round's contributors
	EventFailed       EventKind = "failed"       // the vector could not be computed, or the contributors not be consented to
	EventTick         EventKind = "tick"         // a deadline passed
	EventCancel       EventKind = "cancel"       // the researcher (or the steward) stops the study
)

func (k EventKind) known() bool {
	switch k {
	case EventBegin, EventDecided, EventMessage, EventEncapsulated, EventComputed, EventAgreed, EventFailed, EventTick, EventCancel:
		return true
	}
	return false
}

// A Reason says why something did not happen: a kind that programs decide by,
// and a text for people. It crosses boundaries, so it never carries data.
type Reason struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// IsZero says whether there is no reason.
func (r Reason) IsZero() bool { return r == Reason{} }

func (r Reason) Error() string { return r.Text }

// The kinds of reasons that cross a boundary.
const (
	ReasonRefused      = "refused"      // the site decided not to take part
	ReasonAbsent       = "absent"       // not heard from within the study's patience
	ReasonFloor        = "floor"        // too few contributors for an exact release
	ReasonCheating     = "cheating"     // a party was caught; the text names it
	ReasonData         = "data"         // the site's data cannot answer the study
	ReasonCohort       = "cohort"       // the cohort is too small at this site
	ReasonBudget       = "budget"       // the site's privacy budget does not cover the study
	ReasonDifference   = "difference"   // with what was answered before, the answer would tell of too few patients
	ReasonDisclosure   = "disclosure"   // a rule of disclosure control does not permit the answer
	ReasonCancelled    = "cancelled"    // stopped by the researcher or a steward
	ReasonIncompatible = "incompatible" // versions or charters differ
	ReasonInternal     = "internal"     // a fault of the software; details stay in the site's own log
)

// status is how a study ends that cannot go on for this reason.
func (r Reason) status() receipt.Status {
	switch r.Kind {
	case ReasonRefused, ReasonBudget, ReasonDifference, ReasonDisclosure, ReasonCohort, ReasonFloor:
		return receipt.Refused // a rule was kept, and nothing went wrong
	case ReasonCancelled:
		return receipt.Cancelled
	}
	return receipt.Failed
}

// maxReason is the longest text of a reason, in bytes.
const maxReason = 500

// tidy makes a reason that came from elsewhere fit for a receipt and a terminal:
// a known kind, a text that is there, on one line, without control characters.
func (r Reason) tidy() Reason {
	switch r.Kind {
	case ReasonRefused, ReasonAbsent, ReasonFloor, ReasonCheating, ReasonData, ReasonCohort, ReasonBudget, ReasonDifference, ReasonDisclosure, ReasonCancelled, ReasonIncompatible, ReasonInternal:
	default:
		r.Kind = ReasonInternal
	}
	if r.Text = tidy(r.Text); r.Text == "" {
		r.Text = "no reason was given"
	}
	return r
}

func tidy(s string) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, s)
	for len(s) > maxReason {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}

// Encode gives the journal's bytes of an event.
func (e Event) Encode() ([]byte, error) {
	head, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	data := blob(e.Words)
	if e.Message != nil {
		data = e.Message.Blob
	}
	b := make([]byte, 0, len(eventMagic)+4+len(head)+len(data))
	b = append(b, eventMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(head)))
	return append(append(b, head...), data...), nil
}

const eventMagic = "hmsp-event2\n"

// DecodeEvent reads the journal's bytes of one event.
func DecodeEvent(b []byte) (Event, error) {
	var e Event
	rest, ok := bytes.CutPrefix(b, []byte(eventMagic))
	if !ok || len(rest) < 4 {
		return e, fmt.Errorf("decode event: not an event of this version")
	}
	n := int(binary.BigEndian.Uint32(rest))
	if rest = rest[4:]; n > len(rest) {
		return e, fmt.Errorf("decode event: header of %d bytes in %d", n, len(b))
	}
	if err := strict(rest[:n], &e); err != nil {
		return e, fmt.Errorf("decode event: %w", err)
	}
	if !e.Kind.known() || (e.Kind == EventMessage) != (e.Message != nil) {
		return e, fmt.Errorf("decode event: unknown kind, or a message where none belongs")
	}
	data := rest[n:]
	switch {
	case e.Message != nil:
		if err := e.Message.valid(); err != nil {
			return e, fmt.Errorf("decode event: %w", err)
		}
		e.Message.Blob = data
	case len(data) > 0:
		w, err := words(data, len(data)/8)
		if err != nil {
			return e, fmt.Errorf("decode event: %w", err)
		}
		e.Words = w
	}
	return e, nil
}
