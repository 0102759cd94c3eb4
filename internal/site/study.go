package site

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

// handle takes one opened message. keep says that it comes before its study.
func (s *Site) handle(ctx context.Context, m engine.Message) (keep bool, err error) {
	s.mu.Lock()
	x, over := s.runs[m.Study], s.done[m.Study]
	s.mu.Unlock()
	switch {
	case m.Kind == engine.KindInquiry:
		return false, s.inquired(m)
	case m.Kind == engine.KindAnswer:
		return false, nil // for researchers
	case m.Kind == engine.KindStudy:
		if x != nil || over {
			return false, nil
		}
		return false, s.asked(m)
	case over:
		return false, nil
	case x == nil:
		return true, nil
	}
	return false, x.deliver(engine.Event{Kind: engine.EventMessage, At: s.cfg.Now(), Message: &m})
}

// asked takes a new study: verified, planned, recorded, and put to decision.
func (s *Site) asked(m engine.Message) error {
	drop := func(err error) error {
		s.log.Warn("study refused", "from", m.From, "study", m.Study, "error", err.Error())
		return nil
	}
	signed, err := s.signed(m)
	if err != nil {
		return drop(err)
	}
	p, problems := plan.New(s.member.Charter, signed, s.cfg.Catalog)
	r := Record{Study: signed, Received: s.cfg.Now(), State: statePending}
	if len(problems) > 0 {
		return s.giveUp(m.Study, r, receipt.Refused, problems[0].Error())
	}
	if !slices.Contains(p.Sites, s.Name()) {
		return drop(errors.New("the study does not ask this site"))
	}
	r.Lead = p.Lead
	if err := s.book(audit.StudyReceived, m.Study, m.From, map[string]string{"dataset": p.Study.Dataset, "lead": p.Lead}); err != nil {
		return err
	}
	if err := s.keep(m.Study, r); err != nil {
		return err
	}
	s.mu.Lock()
	err = s.open(m.Study, r)
	x := s.runs[m.Study]
	if err == nil && s.workers != nil {
		s.workers(x)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.log.Info("study", "name", signed.Study.Name, "study", m.Study, "from", m.From, "decide", s.member.Config.Decide)
	return x.policy()
}

// signed is the study in a message of its researcher, verified.
func (s *Site) signed(m engine.Message) (*study.Signed, error) {
	signed, err := study.Decode(m.Blob) // canonical bytes, which a JSON body would not keep
	if err != nil {
		return nil, err
	}
	who, ok := s.member.Charter.Member(m.From)
	if !ok || who.Role != identity.Researcher {
		return nil, fmt.Errorf("%s is not a researcher of the charter", m.From)
	}
	if err := signed.Verify(s.member.Charter.Digest(), who); err != nil {
		return nil, err
	}
	if signed.Digest() != m.Study || signed.Researcher != m.From {
		return nil, errors.New("the study has another digest or researcher than its message")
	}
	return signed, nil
}

// giveUp ends a study that this site cannot even plan. Who leads it is not known
// then, so all its sites hear of it, as does the researcher; those who do not
// lead drop the message. A crash before the record is kept lets all of this
// happen again, which changes nothing.
func (s *Site) giveUp(digest string, r Record, status receipt.Status, reason string) error {
	to := slices.Clone(r.Study.Study.Sites)
	if len(to) == 0 {
		to = s.member.Charter.SiteNames()
	}
	var ms []engine.Message
	for _, name := range append(to, r.Study.Researcher) {
		if _, ok := s.member.Charter.Member(name); ok && name != s.Name() {
			ms = append(ms, engine.Refusal(digest, s.Name(), name, engine.Reason{Kind: engine.ReasonIncompatible, Text: reason}))
		}
	}
	parcels, err := s.seal(ms)
	if err != nil {
		return err
	}
	if err := s.store.Queue(parcels); err != nil {
		return err
	}
	s.poke()
	r.State, r.Reason = string(status), reason
	r.Outcome = &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: receipt.Study{Name: r.Study.Study.Name, Digest: digest}, Status: status, Reason: reason}
	if err := s.keep(digest, r); err != nil {
		return err
	}
	s.log.Warn("study cannot be run", "study", digest, "name", r.Study.Study.Name, "reason", reason)
	s.mu.Lock()
	s.done[digest] = true
	s.mu.Unlock()
	return s.store.Forget(digest)
}
