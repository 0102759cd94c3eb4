package engine

import (
	"context"
	"errors"
	"time"

	"hmsp.center/hmsp/secure/mask"
)

// A Computer is a site's one door to its data. An error of its methods that is a
// [Reason] crosses the site's boundary with its text; of any other only the kind
// does.
type Computer interface {
	// Compute returns the words of all tasks of a round, one after the other.
	Compute(ctx context.Context, q Question) ([]uint64, error)
	// Agree is asked before the site helps to open a round's sum over these
	// contributors. It returns the signed checkpoint of the site's audit log, or nil
	// where it keeps none.
	Agree(ctx context.Context, study string, round int, contributors []string) (log []byte, err error)
}

// A Question is what a site is asked to compute in a round.
type Question struct {
	Study string
	Round int
	Seats []Seat // who takes part
	Tasks []Task
}

// A Seat is a participant, and a tag of the data that it answers from. Equal tags
// of a site mean the same data; they tell nothing else.
type Seat struct {
	Site string
	Data []byte
}

// Do performs a party's work and returns the event that answers it.
func (w *Work) Do(ctx context.Context, study string, c Computer, now func() time.Time) (Event, error) {
	if w.Encapsulate != nil {
		e := Event{Kind: EventEncapsulated, Epoch: w.Epoch, Enc: map[string][]byte{}, Secret: map[string][]byte{}}
		for peer, key := range w.Encapsulate {
			var err error
			if e.Enc[peer], e.Secret[peer], err = mask.Encapsulate(key, w.Infos[peer]); err != nil {
				return Event{Kind: EventFailed, At: now(), Epoch: w.Epoch, Reason: Reason{ReasonIncompatible, "the epoch key of " + peer + " cannot be used"}}, nil
			}
		}
		e.At = now()
		return e, nil
	}
	e := Event{Kind: EventComputed, Round: w.Round}
	var err error
	if w.Agree != nil {
		e.Kind = EventAgreed
		e.Log, err = c.Agree(ctx, study, w.Round, w.Agree)
	} else {
		e.Words, err = c.Compute(ctx, Question{study, w.Round, w.Seats, w.Tasks})
	}
	if ctx.Err() != nil {
		return Event{}, ctx.Err() // stopped, not failed: the work is done again after a restart
	}
	if err != nil {
		var r Reason
		if !errors.As(err, &r) {
			r = Reason{ReasonInternal, "the site could not compute its part; its own log says why"}
		}
		return Event{Kind: EventFailed, At: now(), Epoch: w.Epoch, Round: w.Round, Reason: r}, nil
	}
	e.At = now()
	return e, nil
}
