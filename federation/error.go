package federation

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// An Error is a kind with the numbers that belong to it: what crosses a
// boundary in place of a Go error. It holds no data of a message.
type Error struct {
	Kind       Kind
	Offset     int64         // KindOffset: bytes that the hub has
	HubTime    time.Time     // KindClock: the hub's clock
	Skew       time.Duration // KindClock: the member's clock less the hub's
	RetryAfter time.Duration // kinds that pass: when to try again; 0 leaves it open
}

// Refuse is the error of a kind without numbers.
func Refuse(k Kind) *Error { return &Error{Kind: k} }

// Error is what happened and how to mend it.
func (e *Error) Error() string {
	text := e.Kind.Text()
	switch e.Kind {
	case KindClock:
		if e.HubTime.IsZero() {
			break
		}
		way := "ahead of"
		skew := e.Skew
		if skew < 0 {
			way, skew = "behind", -skew
		}
		text = fmt.Sprintf("this machine's clock is %s %s the hub's, which says %s",
			skew.Round(time.Second), way, e.HubTime.UTC().Format(time.RFC3339))
	case KindOffset:
		text = fmt.Sprintf("%s (%d)", text, e.Offset)
	}
	return text + ": " + e.Kind.Mend()
}

// Is lets errors.Is compare by kind: errors.Is(err, Refuse(KindExpired)).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind
}

// KindOf is the kind of the Error in err's chain, or "" where there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// wireError is an Error as JSON. Text and mend are for people who look at the
// wire; a program takes them from its own catalogue.
type wireError struct {
	Kind       Kind   `json:"kind"`
	Text       string `json:"text"`
	Mend       string `json:"mend"`
	Offset     *int64 `json:"offset,omitempty"`      // bytes
	HubTime    int64  `json:"hub_time,omitempty"`    // Unix seconds
	Skew       int64  `json:"skew,omitempty"`        // seconds
	RetryAfter int64  `json:"retry_after,omitempty"` // seconds
}

// MaxError is the longest encoded error, in bytes.
const MaxError = 4 << 10

// Encode gives the JSON that the error travels as.
func (e *Error) Encode() []byte {
	w := wireError{Kind: e.Kind, Text: e.Kind.Text(), Mend: e.Kind.Mend()}
	switch e.Kind {
	case KindOffset:
		w.Offset = &e.Offset
	case KindClock:
		if !e.HubTime.IsZero() {
			w.HubTime, w.Skew = e.HubTime.Unix(), int64(e.Skew/time.Second)
		}
	}
	w.RetryAfter = int64((e.RetryAfter + time.Second - 1) / time.Second)
	b, err := json.Marshal(w)
	if err != nil {
		panic(fmt.Sprintf("federation: error does not encode: %v", err)) // only our own struct comes here
	}
	return b
}

// DecodeError reads what Encode wrote. A kind of a later version reads as
// KindInternal; anything else that is not an encoded error is KindForeign.
func DecodeError(b []byte) *Error {
	var w wireError
	if len(b) > MaxError || strict(b, &w) != nil || w.Kind == "" || !sane(w) {
		return Refuse(KindForeign)
	}
	e := &Error{Kind: w.Kind, RetryAfter: time.Duration(w.RetryAfter) * time.Second}
	if w.Kind.entry() == KindInternal.entry() {
		e.Kind = KindInternal
	}
	switch e.Kind {
	case KindOffset:
		if w.Offset == nil {
			return Refuse(KindForeign)
		}
		e.Offset = *w.Offset
	case KindClock:
		e.HubTime, e.Skew = time.Unix(w.HubTime, 0).UTC(), time.Duration(w.Skew)*time.Second
	}
	return e
}

// sane keeps the numbers in ranges in which they cannot overflow.
func sane(w wireError) bool {
	const century = 100 * 366 * 24 * 3600
	return w.RetryAfter >= 0 && w.RetryAfter <= century && w.Skew >= -2*century && w.Skew <= 2*century &&
		w.HubTime >= 0 && w.HubTime <= 200*century && (w.Offset == nil || *w.Offset >= 0)
}
