package engine

import (
	"fmt"
	"slices"

	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/secure/verify"
)

// The check of an opened sum (A7).

// checked holds the opened sum against the check values of all contributors. At
// first sight of the sum it sends this site's value; while others' are missing,
// the message is held.
func (p *Party) checked(m Message, sum []uint64) (out []Message, done bool) {
	t := verify.Transcript{Terms: p.terms, Round: p.b.round, Set: indices(p.plan, p.set.Members), Opened: mask.HashWords(sum),
		Vectors: byIndex(p.plan, p.set.Vectors), Commitments: byIndex(p.plan, p.set.Commits)}
	coin, err := t.Coin()
	if err != nil {
		return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), false
	}
	if _, said := p.checks[p.self]; !said {
		sigma, err := coin.Inner(p.b.layout, p.x)
		if err == nil {
			sigma, err = coin.MaskScalar(sigma, p.index(p.self), t.Set, p.masks.Keys(p.b.round, mask.StreamCheck))
		}
		if err != nil {
			return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), false
		}
		p.checks[p.self] = sigma
		for _, s := range p.set.Members {
			if s != p.self {
				out = append(out, p.message(KindCheck, s, p.b.round, checkBody{sigma}, nil))
			}
		}
	}
	values := map[int]verify.Scalar{}
	for _, s := range p.set.Members {
		if v, ok := p.checks[s]; ok {
			values[p.index(s)] = v
		}
	}
	if len(values) < len(t.Set) {
		p.held = &m
		return out, false
	}
	if err := coin.Check(p.b.layout, sum, t.Set, values); err != nil {
		return append(out, p.accuse("the sum that the lead %s opened in round %d is not the sum of the parts: the lead altered it, or a contributor contradicted its own part", p.plan.Lead, p.b.round)...), false
	}
	return out, true
}

// hearCheck keeps another contributor's check value, which may come before the
// sum that it is for, and before this site knows the set.
func (p *Party) hearCheck(m Message) ([]Message, error) {
	c, err := read[checkBody](m)
	if err != nil {
		return nil, err
	}
	if !p.plan.Verify || m.From == p.self || !slices.Contains(p.members(), m.From) {
		return nil, fmt.Errorf("check value from %s, which does not contribute to a sum that is checked", m.From)
	}
	if _, said := p.checks[m.From]; said || m.Epoch != p.epoch || m.Round != p.b.round {
		return nil, errStale
	}
	p.checks[m.From] = c.Value
	if p.held == nil {
		return nil, nil
	}
	for _, s := range p.set.Members {
		if _, ok := p.checks[s]; !ok {
			return nil, nil
		}
	}
	held := *p.held
	p.held = nil
	return p.hear(held) // it was read once already, so it is usable
}
