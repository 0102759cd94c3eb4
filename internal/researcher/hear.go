package researcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/receipt"
)

// Poll takes what waits at the hub, waiting up to wait for something to come.
func (r *Researcher) Poll(ctx context.Context, wait time.Duration) (changed []string, err error) {
	notices, err := r.hub.Inbox(ctx, wait)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		env, err := r.hub.Fetch(ctx, n)
		if e := (*federation.Error)(nil); errors.As(err, &e) && e.Kind == federation.KindNotFound {
			continue // another command took it meanwhile
		}
		if err != nil {
			return changed, err
		}
		study, err := r.take(ctx, env)
		if err != nil {
			return changed, err
		}
		if study != "" {
			changed = append(changed, study)
		}
		if err := r.hub.Ack(ctx, n); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// take opens one envelope and notes what it tells. What is not for a study of
// this researcher, or tells nothing new, is ignored.
func (r *Researcher) take(ctx context.Context, env federation.Envelope) (digest string, err error) {
	payload, err := federation.Open(r.member.Identity, r.member.Charter, env, r.now())
	if err != nil {
		return "", nil
	}
	m, err := engine.DecodeMessage(payload)
	if err != nil || m.From != env.From || m.To != r.member.Identity.Name() || m.ID() != env.ID {
		return "", nil
	}
	if m.Kind == engine.KindAnswer {
		return "", r.answered(m)
	}
	err = r.change(m.Study, func(rec *Record) (bool, error) {
		if rec.Outcome != nil || !slices.Contains(rec.Sites, m.From) {
			return false, nil
		}
		news, err := r.hear(ctx, rec, m)
		if news {
			rec.Heard, digest = r.now(), m.Study
		}
		return news, err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return digest, err
}

// hear notes a message of one of the study's sites; news says that it changed
// the record.
func (r *Researcher) hear(ctx context.Context, rec *Record, m engine.Message) (news bool, err error) {
	switch m.Kind {
	case engine.KindProgress:
		p, err := engine.ReadProgress(m)
		return err == nil && m.From == rec.Lead && rec.progress(Report{m.Seq, p}), nil
	case engine.KindWithdraw:
		why, err := engine.ReadWithdrawal(m)
		if err != nil || !rec.Left[m.From].IsZero() {
			return false, nil
		}
		if rec.Left == nil {
			rec.Left = map[string]engine.Reason{}
		}
		rec.Left[m.From] = why
		return true, r.gone(ctx, rec)
	case engine.KindOutcome:
		if m.From != rec.Lead {
			return false, nil
		}
		o, err := engine.ReadOutcome(m)
		if err == nil {
			err = r.Verify(*rec, o)
		}
		if err != nil {
			o = failed(*rec, fmt.Sprintf("the lead %s sent a result that does not hold: %v", rec.Lead, err))
		}
		rec.Outcome = o
		return true, nil
	}
	return false, nil
}

// progress keeps a report, the latest of its phase and round; false for one that
// a later one has overtaken.
func (rec *Record) progress(p Report) bool {
	for s := range p.Sites {
		if !slices.Contains(rec.Sites, s) {
			delete(p.Sites, s)
		}
	}
	if n := len(rec.Progress); n > 0 {
		last := rec.Progress[n-1]
		if p.Seq <= last.Seq {
			return false
		}
		if p.Phase == last.Phase && p.Round == last.Round {
			rec.Progress[n-1] = p
			return true
		}
	}
	rec.Progress = append(rec.Progress, p)
	if n := len(rec.Progress); n > maxReports {
		rec.Progress = slices.Delete(rec.Progress, 0, n-maxReports)
	}
	return true
}

// gone ends a study at the researcher when its lead will not tell the outcome:
// it cannot even plan the study, or the others have waited for it in vain.
func (r *Researcher) gone(ctx context.Context, rec *Record) error {
	lead := rec.Left[rec.Lead]
	if lead.Kind == engine.ReasonIncompatible {
		rec.Outcome = failed(*rec, fmt.Sprintf("%s, which leads this study, cannot run it: %s; submit it again, and another site may lead", rec.Lead, lead.Text))
		return r.toSites(ctx, rec.Study.Digest(), *rec, engine.KindCancel, nil) // the others would wait for the lead
	}
	kinds := map[string]int{}
	for _, s := range rec.Sites {
		if s != rec.Lead && !rec.Left[s].IsZero() {
			kinds[rec.Left[s].Kind]++
			kinds[""]++
		}
	}
	switch others := len(rec.Sites) - 1; {
	case kinds[""] < others || others == 0:
	case kinds[engine.ReasonCancelled] == others:
		rec.Outcome = failed(*rec, "cancelled; the lead "+rec.Lead+" has not answered yet")
		rec.Outcome.Status = receipt.Cancelled
	case kinds[engine.ReasonAbsent] > 0:
		rec.Outcome = failed(*rec, fmt.Sprintf("%s, which leads this study, was not heard from, and the others have left", rec.Lead))
	}
	return nil
}

func failed(rec Record, reason string) *receipt.Outcome {
	s := rec.Study.Study
	return &receipt.Outcome{HMSP: receipt.OutcomeVersion, Status: receipt.Failed, Lead: rec.Lead, Reason: reason,
		Study: receipt.Study{Name: s.Name, Digest: rec.Study.Digest(), Question: s.Question, Purpose: s.Purpose, LegalBasis: s.LegalBasis}}
}
