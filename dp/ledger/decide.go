package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hmsp.center/hmsp/dp"
)

// reserve decides over a claim.
func (s *state) reserve(c *claim, study, question string, now time.Time) ([]record, Grant, error) {
	if x := s.studies[study]; x != nil {
		return nil, x.grant(x.charged), x.same(c, question)
	}
	r := record{Kind: kindReserve, At: now, Study: study, Question: question, Claim: c}
	ask := sum(c.Costs)
	if p := s.questions[question]; p != nil {
		r.Generation = p.generation
		// A question that would do something else than what was paid for has other noise.
		if p.burnt || !sameRounds(p.claim, c) {
			r.Generation++
		} else {
			ask = p.due()
		}
	}
	if err := s.allows(c, study, ask, now); err != nil {
		return nil, Grant{}, err
	}
	return []record{r}, Grant{Charged: ask > 0, Generation: r.Generation, Rho: ask.rho()}, nil
}

// due is what of a payment nobody pays for at present.
func (p *payment) due() (due amount) {
	for _, t := range p.rounds {
		if t.stage == free {
			due += t.cost
		}
	}
	return due
}

// grant is what the study was given.
func (x *study) grant(charged amount) Grant {
	return Grant{Charged: charged > 0, Generation: x.payment.generation, Rho: charged.rho()}
}

// same says whether a study reserves again what it has reserved.
func (x *study) same(c *claim, question string) error {
	switch {
	case x.settled:
		return ErrOver
	case x.payment.question != question || x.claim.Dataset != c.Dataset || !sameRounds(x.claim, c):
		return fmt.Errorf("the study %s reserved something else before", x.digest)
	}
	return nil
}

// sameRounds says whether two claims do the same, event for event.
func sameRounds(a, b *claim) bool {
	return slices.EqualFunc(a.Rounds, b.Rounds, func(x, y []dp.Event) bool { return slices.Equal(x, y) })
}

// spend decides over a round that is to leave; one that asks something else than
// what was paid for burns the question.
func (s *state) spend(study string, round int, asked string, now time.Time) ([]record, *OtherRound, error) {
	x, err := s.running(study)
	if err != nil {
		return nil, nil, err
	}
	p := x.payment
	if !p.has(round) {
		return nil, nil, fmt.Errorf("the study %s reserved %d rounds", study, len(p.rounds))
	}
	switch t := p.rounds[round]; {
	case t.stage != spent:
		return []record{{Kind: kindSpend, At: now, Study: study, Round: round, Asked: asked}}, nil, nil
	case t.asked == asked:
		return nil, nil, nil
	case p.burnt || s.questions[p.question] != p:
		return nil, &OtherRound{round}, nil
	}
	return []record{{Kind: kindBurn, At: now, Question: p.question}}, &OtherRound{round}, nil
}

func (s *state) running(digest string) (*study, error) {
	x := s.studies[digest]
	if x == nil {
		return nil, fmt.Errorf("study %s: %w", digest, ErrUnknown)
	}
	if x.settled {
		return nil, fmt.Errorf("study %s: %w", digest, ErrOver)
	}
	return x, nil
}

func (s *state) settle(study string, now time.Time) []record {
	if _, err := s.running(study); err != nil {
		return nil
	}
	return []record{{Kind: kindSettle, At: now, Study: study}}
}

func (s *state) burn(question string, now time.Time) ([]record, error) {
	p := s.questions[question]
	if p == nil {
		return nil, fmt.Errorf("question %s: %w", question, ErrUnknown)
	}
	if p.burnt {
		return nil, nil
	}
	return []record{{Kind: kindBurn, At: now, Question: question}}, nil
}

// confirm decides over the contributors of a round; another set than before burns
// the question.
func (s *state) confirm(study string, round int, contributors []string, now time.Time) ([]record, *OtherSet, error) {
	x, err := s.running(study)
	if err != nil {
		return nil, nil, err
	}
	set := slices.Compact(slices.Sorted(slices.Values(contributors)))
	p := x.payment
	switch {
	case !p.has(round):
		return nil, nil, fmt.Errorf("the study %s reserved %d rounds", study, len(p.rounds))
	case len(set) == 0:
		return nil, nil, fmt.Errorf("a set of no contributors")
	}
	before := p.rounds[round].set
	switch {
	case before == nil:
		return []record{{Kind: kindConfirm, At: now, Study: study, Round: round, Contributors: set}}, nil, nil
	case slices.Equal(before, set):
		return nil, nil, nil
	case p.burnt || s.questions[p.question] != p: // what is asked next has other noise already
		return nil, &OtherSet{before, set}, nil
	}
	return []record{{Kind: kindBurn, At: now, Question: p.question}}, &OtherSet{before, set}, nil
}

// Burns counts how often questions about a dataset were burnt. As part of what a
// site tells others of its data, it makes a question new everywhere when any one
// site had to burn it: noise must be fresh at all sites or at none.
func (l *Ledger) Burns(dataset string) (n int, err error) {
	err = l.look(func(s *state) error { n = s.burns[dataset]; return nil })
	return n, err
}

// names are the keys of a map in order.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
