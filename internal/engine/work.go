package engine

import (
	"context"
	"errors"
	"time"

	"hmsp.center/hmsp/secure/mask"
)

// A Computer computes the vectors of a round: a site's one door to its data. It
// returns the words of all tasks, one after the other. An error that is a
// [Reason] crosses the site's boundary with its text; of any other only the
// kind does.
type Computer interface {
	Compute(ctx context.Context, study string, round int, tasks []Task) ([]uint64, error)
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
	words, err := c.Compute(ctx, study, w.Round, w.Tasks)
	if ctx.Err() != nil {
		return Event{}, ctx.Err() // stopped, not failed: the work is done again after a restart
	}
	if err != nil {
		var r Reason
		if !errors.As(err, &r) {
			r = Reason{ReasonInternal, "the site could not compute its part; its own log says why"}
		}
		return Event{Kind: EventFailed, At: now(), Round: w.Round, Reason: r}, nil
	}
	return Event{Kind: EventComputed, At: now(), Round: w.Round, Words: words}, nil
}
