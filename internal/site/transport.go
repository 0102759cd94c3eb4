package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/store"
)

// journal is the durable memory of one run: events and sealed outgoing messages
// go to the site's file in one step.
type journal struct {
	s     *Site
	study string
}

func (j journal) Append(e engine.Event, send []engine.Message) error {
	event, err := e.Encode()
	if err != nil {
		return err
	}
	parcels, err := j.s.seal(send)
	if err != nil {
		return err
	}
	own := send
	if e.Message != nil {
		own = append(own[:len(own):len(own)], *e.Message) // the lead's own part goes no further than its journal
	}
	for _, m := range own {
		if err := j.s.bookContribution(m); err != nil {
			return err
		}
	}
	if err := j.s.store.Append(j.study, event, parcels); err != nil {
		return err
	}
	if len(parcels) > 0 {
		j.s.poke()
	}
	return nil
}

func (j journal) Replay() ([]engine.Event, error) {
	raw, err := j.s.store.Replay(j.study)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Event, len(raw))
	for i, b := range raw {
		if out[i], err = engine.DecodeEvent(b); err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
	}
	return out, nil
}

// seal seals messages to their recipients; the sealed bytes are what is sent,
// however often.
func (s *Site) seal(ms []engine.Message) ([]store.Parcel, error) {
	var out []store.Parcel
	for _, m := range ms {
		payload, err := m.Encode()
		if err != nil {
			return nil, err
		}
		e, err := s.member.Seal(m.To, m.ID(), payload, s.cfg.Now())
		if err != nil {
			return nil, err
		}
		out = append(out, store.Parcel{To: m.To, Data: append(federation.EncodeHeader(e.Header), e.Ciphertext...)})
	}
	return out, nil
}

// receive polls the inbox. A message is acknowledged when its run has kept it,
// or when it is of no use; one that comes before its study waits at the hub.
func (s *Site) receive(ctx context.Context) error {
	early := map[string]bool{} // messages whose study has not come
	for {
		notices, err := s.hub.Inbox(ctx, federation.MaxWait)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("poll the hub: %w", err)
		}
		known, waiting := s.studies(), map[string]bool{}
		for _, n := range notices {
			key := n.From + "/" + n.ID
			keep := early[key]
			if !keep {
				if keep, err = s.take(ctx, n); err != nil {
					return err
				}
			}
			if keep {
				waiting[key] = true
				continue
			}
			if err := s.hub.Ack(ctx, n); err != nil {
				return fmt.Errorf("acknowledge a message: %w", err)
			}
		}
		early = waiting
		if s.studies() > known {
			clear(early) // theirs, perhaps
		} else if len(waiting) > 0 && len(waiting) == len(notices) {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(500 * time.Millisecond):
			}
		}
	}
}

// studies is how many studies this site knows of since it runs.
func (s *Site) studies() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.runs) + len(s.done)
}

// take fetches, opens and handles one message; keep says that it must wait.
func (s *Site) take(ctx context.Context, n federation.Notice) (keep bool, err error) {
	env, err := s.hub.Fetch(ctx, n)
	if err != nil {
		// It is gone, or not what its sender signed. Where it is this site that the
		// hub refuses, it refuses the acknowledgement too, and keeps the message.
		if e := (*federation.Error)(nil); errors.As(err, &e) && ctx.Err() == nil {
			s.log.Warn("message dropped", "from", n.From, "id", n.ID, "error", err.Error())
			return false, nil
		}
		return false, fmt.Errorf("fetch a message: %w", err)
	}
	payload, err := federation.Open(s.member.Identity, s.member.Charter, env, s.cfg.Now())
	if err != nil {
		s.log.Warn("message dropped", "from", n.From, "id", n.ID, "error", err.Error())
		return false, nil
	}
	m, err := engine.DecodeMessage(payload)
	if err == nil && (m.From != env.From || m.To != s.Name() || m.ID() != env.ID) {
		err = errors.New("the message names another sender, recipient or id than its envelope")
	}
	if err != nil {
		s.log.Warn("message dropped", "from", n.From, "id", n.ID, "error", err.Error())
		return false, nil
	}
	return s.handle(ctx, m)
}

// send sends what is queued, one sender per recipient, so that one who is held
// back by the hub's quota does not hold up the others.
func (s *Site) send(ctx context.Context, g *errgroup.Group) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
		to, err := s.store.Waiting()
		if err != nil {
			return err
		}
		for _, r := range to {
			s.mu.Lock()
			busy := s.sending[r]
			s.sending[r] = true
			s.mu.Unlock()
			if !busy {
				g.Go(func() error { return s.drain(ctx, r) })
			}
		}
	}
}

func (s *Site) drain(ctx context.Context, to string) error {
	for {
		key, data, ok, err := s.store.Next(to)
		if err != nil {
			return err
		}
		if !ok {
			s.mu.Lock()
			s.sending[to] = false
			s.mu.Unlock()
			// One that was queued meanwhile found this sender still busy.
			if _, _, again, err := s.store.Next(to); err == nil && again {
				s.poke()
			}
			return nil
		}
		r := bytes.NewReader(data)
		head, err := federation.ReadHeader(r)
		if err != nil {
			return fmt.Errorf("queued message to %s: %w", to, err)
		}
		sealed, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if head.Charter != s.member.Charter.Digest() {
			err = federation.Refuse(federation.KindCharter)
		} else if err = s.hub.Send(ctx, federation.Envelope{Header: head, Ciphertext: sealed}); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			switch federation.KindOf(err) {
			case federation.KindExpired, federation.KindTooLarge, federation.KindRecipient:
			default: // something is wrong with this site, not with the message, which stays
				return fmt.Errorf("send to %s: %w", to, err)
			}
		}
		if err != nil {
			s.log.Warn("message given up", "to", to, "id", head.ID, "error", err.Error())
		}
		if err := s.store.Sent(key); err != nil {
			return err
		}
	}
}
