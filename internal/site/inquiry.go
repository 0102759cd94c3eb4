package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/quality"
)

// Inquiries that one researcher may make in an hour. Beyond them the site says so
// and looks nothing up.
const inquiriesPerHour = 60

// Rules of answers that no rule of the policy gave.
const (
	ruleTooMany  = "too-many-inquiries"
	ruleNoPlan   = "no-plan"
	ruleNoRecord = "no-dataset"
)

// inquired answers what this site would say to a study, and does nothing else: it
// runs nothing, reads no data, and reserves nothing. Every inquiry that it looks at
// stands in the audit log before its answer leaves.
func (s *Site) inquired(m engine.Message) error {
	drop := func(err error) error {
		s.log.Warn("inquiry dropped", "from", m.From, "study", m.Study, "error", err.Error())
		return nil
	}
	signed, err := s.signed(m)
	if err != nil {
		return drop(err)
	}
	if !s.mayAsk(m.From) {
		return s.reply(m, no(ruleTooMany, fmt.Sprintf("more than %d inquiries in an hour: ask again later", inquiriesPerHour)))
	}
	p, problems := plan.New(s.member.Charter, signed, s.cfg.Catalog)
	switch {
	case len(problems) > 0:
		a := no(ruleNoPlan, problems[0].Error())
		if err := s.bookInquiry(m, signed.Study.Dataset, a); err != nil {
			return err
		}
		return s.reply(m, a)
	case !slices.Contains(p.Sites, s.Name()):
		return drop(errors.New("the study does not ask this site"))
	}
	a, err := s.answer(p)
	if err != nil {
		return err
	}
	if err := s.bookInquiry(m, p.Study.Dataset, a); err != nil {
		return err
	}
	return s.reply(m, a)
}

// answer is what the policy, the ledger and the list of datasets say to a plan.
func (s *Site) answer(p *plan.Plan) (engine.Answer, error) {
	names, err := Registry{Home: s.cfg.Home}.List()
	if err != nil {
		return engine.Answer{}, err
	}
	j := s.judge(p)
	a := engine.Answer{Verdict: j.Verdict, Reasons: j.Reasons, Dataset: slices.Contains(names, p.Study.Dataset), Left: j.left, Repeat: j.repeat}
	if p.Budget != nil {
		a.Rho = p.Budget.Rho
	}
	reads := p.Reads()
	for _, name := range p.Study.Datasets() {
		if q, ok := s.published(name); ok && a.Verdict != law.Refuse {
			q.Variables = slices.DeleteFunc(q.Variables, func(v quality.PublicVariable) bool { return !slices.Contains(reads, v.Name) })
			a.Quality = append(a.Quality, q)
		}
	}
	if len(p.Study.Link) > 0 && a.Verdict != law.Refuse {
		if q, ok := s.inAll(p.Study.Datasets()); ok {
			a.Quality = append(a.Quality, q)
		}
	}
	if missing := (law.Reason{Rule: ruleNoRecord, Text: "no dataset of that name is registered"}); !a.Dataset && a.Verdict == law.Permit {
		a.Reasons = []law.Reason{missing} // the study would fail here
	} else if !a.Dataset && a.Verdict == law.Ask {
		a.Reasons = append(a.Reasons, missing)
	}
	return a, nil
}

// inAll is about how many patients are in all of some datasets, as the site publishes
// numbers of patients.
func (s *Site) inAll(names []string) (quality.Public, bool) {
	ctx := context.Background()
	var kept []*dataset.Kept
	for _, name := range names {
		k, err := s.registry().Open(ctx, name, s.member.Charter.Dictionary)
		if err != nil {
			return quality.Public{}, false // what is wrong is said when the study comes
		}
		defer k.Close()
		kept = append(kept, k)
	}
	shares, err := dataset.Overlap(ctx, kept)
	if err != nil {
		return quality.Public{}, false
	}
	all := quality.Profile{Hmsp: quality.Version, Dataset: strings.Join(names, "+")}
	if len(shares) > 0 && len(shares[0].Datasets) == len(names) {
		all.People = shares[0].Patients
	}
	return quality.Published(all, s.member.Charter.Rules.DisclosureRules()), true
}

// no is an answer that refuses without the policy.
func no(rule, text string) engine.Answer {
	return engine.Answer{Verdict: law.Refuse, Reasons: []law.Reason{{Rule: rule, Text: text}}}
}

// mayAsk counts an inquiry of a researcher, and says whether it is one too many.
func (s *Site) mayAsk(who string) bool {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := slices.DeleteFunc(s.asks[who], func(t time.Time) bool { return now.Sub(t) >= time.Hour })
	if s.asks[who] = recent; len(recent) >= inquiriesPerHour {
		return false
	}
	s.asks[who] = append(recent, now)
	return true
}

func (s *Site) bookInquiry(m engine.Message, dataset string, a engine.Answer) error {
	facts := map[string]string{"decision": string(a.Verdict), "dataset": audit.FormatLabel(dataset)}
	if len(a.Reasons) > 0 {
		facts["rule"] = audit.FormatLabel(a.Reasons[0].Rule)
	}
	return s.book(audit.InquiryAnswered, m.Study, m.From, facts)
}

// reply queues the answer to an inquiry.
func (s *Site) reply(m engine.Message, a engine.Answer) error {
	parcels, err := s.seal([]engine.Message{engine.ReplyTo(m, a)})
	if err != nil {
		return err
	}
	if err := s.store.Queue(parcels); err != nil {
		return err
	}
	s.poke()
	return nil
}
