package ledger

import (
	"errors"
	"fmt"
	"time"
)

// costs checks a claim and prices its rounds.
func (l *Ledger) costs(c Claim) (*claim, error) {
	for _, f := range []struct{ name, value string }{{"study", c.Study}, {"question", c.Question}, {"dataset", c.Dataset}, {"snapshot", c.Snapshot}, {"researcher", c.Researcher}, {"purpose", c.Purpose}} {
		if f.value == "" {
			return nil, fmt.Errorf("a claim without a %s", f.name)
		}
	}
	if n := len(c.Rounds); n == 0 || n > maxRounds {
		return nil, fmt.Errorf("a claim of %d rounds: want 1 to %d", n, maxRounds)
	}
	if !(c.Delta >= 0 && c.Delta < 1) {
		return nil, fmt.Errorf("a claim at delta %v: want 0 or more, below 1", c.Delta)
	}
	out := &claim{Dataset: c.Dataset, Snapshot: c.Snapshot, Researcher: c.Researcher, Purpose: c.Purpose, Predicate: c.Predicate, OneRow: c.OneRow, Delta: c.Delta, Rounds: c.Rounds}
	for i, events := range c.Rounds {
		for _, e := range events {
			if err := e.Valid(); err != nil {
				return nil, fmt.Errorf("round %d: %w", i, err)
			}
		}
		rho, err := l.cfg.Cost(events)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", i, err)
		}
		cost, err := rhoAmount(rho)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", i, err)
		}
		out.Costs = append(out.Costs, cost)
	}
	return out, nil
}

// allows is the filter: it refuses what would make spent and reserved rho exceed a
// limit. What is paid for already costs nothing and is always allowed.
func (s *state) allows(c *claim, study string, ask amount, now time.Time) error {
	perDataset, perStudy, delta := s.limits.Of(c.Dataset)
	if c.Delta > delta {
		return &DeltaRefused{c.Delta, delta}
	}
	if ask == 0 {
		return nil
	}
	if err := within(scopeStudy, study, perStudy, ask, 0, nil); err != nil {
		return err
	}
	if err := s.datasetAllows(c, perDataset, ask, now); err != nil {
		return err
	}
	for _, l := range []struct {
		account
		limit float64
	}{{account{scopeRequester, c.Researcher}, s.limits.PerRequester}, {account{scopePurpose, c.Purpose}, s.limits.PerPurpose}} {
		a := s.of(l.account)
		if err := within(l.scope, l.name, l.limit, ask, a.reserved+a.spent(now), a); err != nil {
			return err
		}
	}
	return nil
}

// datasetAllows holds a claim against the dataset's limit: by the plain sum if that
// suffices, otherwise by what disjoint cohorts share.
func (s *state) datasetAllows(c *claim, limit float64, ask amount, now time.Time) error {
	name := s.limits.Account(c.Dataset)
	a := s.of(account{scopeDataset, name})
	used := a.reserved + a.spent(now)
	err := within(scopeDataset, name, limit, ask, used, a)
	if err == nil || s.parts == nil {
		return err
	}
	after := bound(append(s.shares(name, now, true), share{partOf(c), ask}), s.parts)
	return within(scopeDataset, name, limit, ask, after-ask, a)
}

// within refuses to ask for more than is left of a limit; 0 is no limit.
func within(scope, name string, limit float64, ask, used amount, a *spending) error {
	top, err := rhoAmount(limit)
	if err != nil || limit == 0 || ask <= top-used {
		return err
	}
	e := &Exhausted{Scope: scope, Name: name, Asked: ask.rho(), Left: max(top-used, 0).rho(), Limit: limit}
	if a != nil {
		e.Renews = a.renews(top - ask)
	}
	return e
}

// explain adds to a refusal what is left in terms that a study is written in.
func (l *Ledger) explain(err error, dataset string) error {
	if e := (*Exhausted)(nil); errors.As(err, &e) && l.cfg.Epsilon != nil && e.Left > 0 {
		_, _, e.Delta = l.cfg.Limits.Of(dataset)
		e.EpsilonLeft = l.cfg.Epsilon(e.Left, e.Delta)
	}
	return err
}
