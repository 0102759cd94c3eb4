package researcher

import (
	"context"
	"errors"
	"fmt"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
)

// Submit sends a planned study to every site it asks. The record is kept first:
// sending that was cut goes on with Resend.
func (r *Researcher) Submit(ctx context.Context, p *plan.Plan, signed *study.Signed) error {
	rec := Record{Study: signed, Sites: p.Sites, Lead: p.Lead, Submitted: r.now()}
	if err := r.keep(p.Digest, rec); err != nil {
		return err
	}
	return r.Resend(ctx, p.Digest)
}

// Resend sends a study to its sites unless the hub has it for all of them.
func (r *Researcher) Resend(ctx context.Context, digest string) error {
	rec, err := r.Get(digest)
	if err != nil || rec.Sent || rec.Outcome != nil {
		return err
	}
	body, err := rec.Study.Encode()
	if err != nil {
		return err
	}
	if err := r.toSites(ctx, digest, rec, engine.KindStudy, body); err != nil {
		return fmt.Errorf("%w (the study is kept: `hmsp study watch` sends the rest)", err)
	}
	return r.change(digest, func(rec *Record) (bool, error) {
		rec.Sent = true
		return true, nil
	})
}

// Cancel asks every site to stop. It may be asked again.
func (r *Researcher) Cancel(ctx context.Context, digest string) error {
	rec, err := r.Get(digest)
	if err != nil {
		return err
	}
	if rec.Outcome != nil {
		return fmt.Errorf("study %s is over: it was %s", rec.Study.Study.Name, rec.Outcome.Status)
	}
	if err := r.toSites(ctx, digest, rec, engine.KindCancel, nil); err != nil {
		return err
	}
	return r.change(digest, func(rec *Record) (bool, error) {
		rec.Cancelled = true
		return true, nil
	})
}

func (r *Researcher) toSites(ctx context.Context, digest string, rec Record, k engine.Kind, body []byte) error {
	for _, s := range rec.Sites {
		m := engine.Message{Study: digest, Kind: k, From: r.member.Identity.Name(), To: s, Blob: body}
		payload, err := m.Encode()
		if err != nil {
			return err
		}
		e, err := r.member.Seal(s, m.ID(), payload, r.now())
		if err != nil {
			return err
		}
		err = r.hub.Send(ctx, e)
		if e := (*federation.Error)(nil); errors.As(err, &e) && e.Kind == federation.KindExists {
			err = nil // it has the message already
		}
		if err != nil {
			return fmt.Errorf("send to %s: %w", s, err)
		}
	}
	return nil
}
