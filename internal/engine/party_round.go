package engine

import (
	"bytes"

	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/secure/verify"
)

// Round.

func (p *Party) hearRound(m Message) ([]Message, error) {
	r, err := read[roundBody](m)
	if err != nil {
		return nil, err
	}
	var out []Message
	switch {
	case m.Epoch != p.epoch:
		return nil, errStale
	case p.phase == partyKeys && m.Round == 0 && p.work == nil:
		if err := p.agree(r.Enc); err != nil {
			return p.accuse("the lead %s handed on keys that cannot be used: %v", p.plan.Lead, err), nil
		}
	case p.phase == partyUnmasked && m.Round == p.b.round+1:
		var done bool
		if out, done = p.advance(m); !done {
			return out, nil
		}
		if p.b.Done() {
			return append(out, p.accuse("the lead %s asks for round %d of a study that is finished", p.plan.Lead, m.Round)...), nil
		}
	default:
		return nil, errStale
	}
	if d := p.b.digest(); !bytes.Equal(d[:], r.State) {
		return append(out, p.accuse("the lead %s asks for round %d with a state that does not follow from the opened sums", p.plan.Lead, m.Round)...), nil
	}
	p.phase, p.x = partyComputing, nil
	p.work = &Work{Tasks: p.b.Tasks(), Seats: seatsOf(p.seats), Epoch: p.epoch, Round: p.b.round}
	return out, nil
}

// advance takes the opened sum of the round behind us into the public state.
// done is false when the run stopped here, or waits for the others' check. It is
// called only after this site helped to open the sum: it has then seen that a
// quorum confirmed the set, and no two sites go on with different sets.
func (p *Party) advance(m Message) (out []Message, done bool) {
	sum, err := words(m.Blob, p.b.layout.Words())
	if err != nil {
		return p.accuse("the lead %s opened a vector of the wrong length", p.plan.Lead), false
	}
	if p.plan.Verify {
		if out, done = p.checked(m, sum); !done {
			return out, false
		}
	}
	p.rounds = append(p.rounds, Opening(p.plan, p.epoch, p.b, p.set.Members))
	if err := p.b.Advance(sum); err != nil {
		return append(out, p.accuse("the lead %s opened a sum that cannot be: %v", p.plan.Lead, err)...), false
	}
	p.held, p.checks = nil, map[string]verify.Scalar{}
	if t := terms(p.plan, p.epoch, p.seats, p.fixed); t.Epoch != p.terms.Epoch {
		p.terms = t
		if err := p.pair(); err != nil {
			return append(out, p.withdraw(Reason{ReasonInternal, err.Error()}, nil)...), false
		}
	}
	return out, true
}

// computed masks the round's vector. The vector came through the site's one
// door; from here on it is only ever seen masked.
func (p *Party) computed(e Event) ([]Message, error) {
	if p.phase != partyComputing || e.Round != p.b.round {
		return nil, errStale
	}
	if len(e.Words) != p.b.layout.Words() {
		return p.withdraw(Reason{ReasonInternal, "the local vector has the wrong length"}, nil), nil
	}
	p.work, p.x = nil, e.Words
	round := secure.Round{Number: p.b.round, Question: p.b.digest()}
	parcel, err := p.masks.Send(round, p.b.layout, p.x, stream(p.seed, "mask", p.b.round))
	if err != nil {
		return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), nil
	}
	c := contributionBody{Shares: map[string][]byte{}}
	for j, sealed := range parcel.Sealed {
		c.Shares[p.plan.Sites[j]] = sealed
	}
	if p.plan.Verify {
		rho := [32]byte(draw(stream(p.seed, "commitment", p.b.round), 32))
		commit := verify.Commit(p.terms, p.b.round, p.index(p.self), p.b.layout, p.x, rho)
		c.Commit = commit[:]
	}
	p.vector, p.commit, p.kept, p.phase = mask.HashWords(parcel.Vector), c.Commit, parcel.Kept, partyWaiting
	return []Message{p.message(KindContribution, p.plan.Lead, p.b.round, c, blob(parcel.Vector))}, nil
}
