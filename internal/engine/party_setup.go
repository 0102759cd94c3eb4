package engine

import (
	"bytes"
	"fmt"
	"slices"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/secure/mask"
)

// Decision.

func (p *Party) begin(e Event) ([]Message, error) {
	if p.phase != partyNew {
		return nil, errStale
	}
	if len(e.Seed) < 32 {
		return nil, fmt.Errorf("begin: a seed of %d bytes, want 32", len(e.Seed))
	}
	key, err := mask.NewEpochKey(draw(stream(e.Seed, "epoch key", 0), mask.SeedSize))
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	p.seed, p.key, p.phase, p.heard = e.Seed, key, partyDeciding, e.At
	return nil, nil
}

func (p *Party) decide(e Event) ([]Message, error) {
	if p.phase != partyDeciding {
		return nil, errStale
	}
	p.heard = e.At
	if !e.Accept {
		d := decisionBody{Reason: e.Reason.tidy()}
		p.phase = partyBystanding
		return []Message{p.message(KindDecision, p.plan.Lead, 0, d, nil)}, nil
	}
	pub := p.key.Public()
	if len(e.Data) > maxData {
		return nil, fmt.Errorf("a tag of the data of %d bytes, at most %d", len(e.Data), maxData)
	}
	d := decisionBody{Accept: true, Key: pub, Data: e.Data, Signature: p.sign.Sign(identity.ContextEpochKey, epochKeyBytes(p.plan, pub, e.Data))}
	p.data = e.Data
	p.phase = partyAccepted
	return []Message{p.message(KindDecision, p.plan.Lead, 0, d, nil)}, nil
}

// Roster.

func (p *Party) hearRoster(m Message) ([]Message, error) {
	r, err := read[rosterBody](m)
	if err != nil {
		return nil, err
	}
	// The lead regroups with fewer, and only before any vector was sent. Epochs
	// are therefore not more than sites.
	again := p.phase == partyKeys && m.Epoch > p.epoch && m.Epoch <= len(p.plan.Sites)
	first := p.phase == partyAccepted && m.Epoch <= len(p.plan.Sites)
	if !first && !again {
		return nil, errStale
	}
	if why := p.checkRoster(r.Seats); why != "" {
		return p.accuse("the lead %s sent a roster in which %s", p.plan.Lead, why), nil
	}
	if again && len(r.Seats) >= len(p.seats) {
		return p.accuse("the lead %s sent another roster that is no smaller", p.plan.Lead), nil
	}
	if n := len(r.Seats); n < least(p.plan) {
		return p.withdraw(Reason{ReasonFloor, fmt.Sprintf("the roster has %d sites, this study needs %d", n, least(p.plan))}, nil), nil
	}
	if err := p.plan.Floor(len(r.Seats)); err != nil {
		return p.withdraw(Reason{ReasonFloor, err.Error()}, nil), nil
	}
	p.phase, p.epoch, p.seats = partyKeys, m.Epoch, r.Seats
	p.terms = terms(p.plan, p.epoch, p.seats, nil)
	w := &Work{Encapsulate: map[string][]byte{}, Infos: map[string][]byte{}, Epoch: p.epoch}
	for _, s := range p.seats {
		if s.Site != p.self {
			w.Encapsulate[s.Site] = s.Key
			w.Infos[s.Site] = mask.Info(p.terms, p.index(p.self), p.index(s.Site))
		}
	}
	p.work = w
	return nil, nil
}

// checkRoster says what is wrong with a roster, in words that follow "in which".
func (p *Party) checkRoster(seats []seat) string {
	mine := false
	for i, s := range seats {
		if !slices.Contains(p.plan.Sites, s.Site) {
			return fmt.Sprintf("%q is not a site of the study", tidy(s.Site))
		}
		if i > 0 && seats[i-1].Site >= s.Site {
			return fmt.Sprintf("%s is out of order or listed twice", s.Site)
		}
		if err := verifySeat(p.plan, s); err != nil {
			return fmt.Sprintf("the key of %s cannot be used, or is not signed by it", s.Site)
		}
		if s.Site == p.self {
			mine = bytes.Equal(s.Key, p.key.Public()) && bytes.Equal(s.Data, p.data)
		}
	}
	if !mine {
		return fmt.Sprintf("%s itself is missing", p.self)
	}
	return ""
}

// Keys.

func (p *Party) encapsulated(e Event) ([]Message, error) {
	if p.phase != partyKeys || e.Epoch != p.epoch || p.work == nil {
		return nil, errStale
	}
	p.work, p.sent = nil, e.Secret
	return []Message{p.message(KindKeys, p.plan.Lead, 0, keysBody{Enc: e.Enc}, nil)}, nil
}

// agree completes the secrets with the peers of the epoch.
func (p *Party) agree(enc map[string][]byte) error {
	p.got = map[string][]byte{}
	for _, s := range p.seats {
		if s.Site == p.self {
			continue
		}
		secret, err := p.key.Decapsulate(enc[s.Site], mask.Info(p.terms, p.index(s.Site), p.index(p.self)))
		if err != nil {
			return fmt.Errorf("encapsulation from %s: %w", s.Site, err)
		}
		p.got[s.Site] = secret
	}
	return p.pair()
}

// pair derives the masks' keys for the present terms.
func (p *Party) pair() error {
	pairs := map[int]mask.Pair{}
	for _, j := range p.terms.Members {
		if peer := p.plan.Sites[j]; peer != p.self {
			var err error
			if pairs[j], err = mask.PairSecret(p.terms, p.index(p.self), j, p.sent[peer], p.got[peer]); err != nil {
				return err
			}
		}
	}
	var err error
	p.masks, err = mask.NewParty(p.terms, p.index(p.self), pairs, &p.guard)
	return err
}
