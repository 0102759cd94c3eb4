package engine

import (
	"bytes"
	"fmt"
	"slices"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/secure"
)

// Set and confirmation.

func (p *Party) hearSet(m Message) ([]Message, error) {
	s, err := read[setBody](m)
	if err != nil {
		return nil, err
	}
	if m.Epoch != p.epoch || m.Round != p.b.round || p.phase != partyWaiting {
		return nil, errStale // a second, different one is caught by its name: contradicted
	}
	if why := p.checkSet(s); why != "" {
		return p.accuseWith(&s, "the lead %s announced a set %s", p.plan.Lead, why), nil
	}
	if n := len(s.Members); n < least(p.plan) {
		return p.withdraw(Reason{ReasonFloor, fmt.Sprintf("the lead %s announced a set of %d sites, this study needs %d", p.plan.Lead, n, least(p.plan))}, &s), nil
	}
	tr, err := transcript(p.plan, p.terms, p.b, s)
	if err != nil {
		return p.withdraw(Reason{ReasonFloor, err.Error()}, &s), nil
	}
	if err := p.plan.Verifies(p.plan.Lead, identity.ContextSet, tr, s.Signature); err != nil {
		return p.accuse("the lead %s announced a set that it did not sign", p.plan.Lead), nil
	}
	if err := p.guard.Agree(p.terms, p.index(p.self), p.b.round, indices(p.plan, s.Members)); err != nil {
		return p.accuseWith(&s, "the lead %s: %v", p.plan.Lead, err), nil
	}
	p.set, p.signed, p.phase = s, tr, partyAgreeing
	p.work = &Work{Agree: s.Members, Epoch: p.epoch, Round: p.b.round}
	return nil, nil
}

// agreed confirms the set once the site's own history permits it.
func (p *Party) agreed(e Event) ([]Message, error) {
	if p.phase != partyAgreeing || e.Round != p.b.round {
		return nil, errStale
	}
	if len(e.Log) > maxLog {
		return nil, fmt.Errorf("a checkpoint of %d bytes, at most %d", len(e.Log), maxLog)
	}
	p.work, p.log, p.phase = nil, e.Log, partyConfirmed
	c := confirmBody{Signature: p.sign.Sign(identity.ContextConfirm, p.signed), Log: e.Log}
	return []Message{p.message(KindConfirm, p.plan.Lead, p.b.round, c, nil)}, nil
}

// checkSet says what is wrong with a set, in words that follow "a set".
func (p *Party) checkSet(s setBody) string {
	if !slices.IsSorted(s.Members) || len(slices.Compact(slices.Clone(s.Members))) != len(s.Members) {
		return "that is not in order"
	}
	members := p.members()
	for _, name := range s.Members {
		if !slices.Contains(members, name) {
			return fmt.Sprintf("with %q, which has no seat in this round", tidy(name))
		}
		if len(s.Vectors[name]) != 32 || p.plan.Verify && len(s.Commits[name]) != 32 {
			return fmt.Sprintf("without the part of %s", name)
		}
	}
	if !slices.Contains(s.Members, p.self) {
		return fmt.Sprintf("without %s itself", p.self)
	}
	if p.fixed != nil && !slices.Equal(s.Members, p.fixed) {
		return "that differs from the one already opened"
	}
	commits := 0
	if p.plan.Verify {
		commits = len(s.Members)
	}
	if len(s.Vectors) != len(s.Members) || len(s.Commits) != commits {
		return "with parts of others"
	}
	if !bytes.Equal(s.Vectors[p.self], p.vector[:]) || !bytes.Equal(s.Commits[p.self], p.commit) {
		return fmt.Sprintf("in which the part of %s was altered", p.self)
	}
	return ""
}

// checkLogs says what is wrong with the contributors' checkpoints, in words that
// follow "checkpoints". Each site vouches for its own, which is there wherever its
// confirmation is.
func (p *Party) checkLogs(q quorumBody) string {
	for name, log := range q.Logs {
		if !slices.Contains(p.set.Members, name) || len(log) == 0 || len(log) > maxLog {
			return "of others than contribute, or of no size that one has"
		}
	}
	got, shown := q.Logs[p.self]
	if shown && !bytes.Equal(got, p.log) {
		return "of which the one of " + p.self + " was altered"
	}
	if _, confirmed := q.Confirms[p.self]; confirmed && !shown && len(p.log) > 0 {
		return "without the one of " + p.self
	}
	return ""
}

// Quorum and unmasking.

func (p *Party) hearQuorum(m Message) ([]Message, error) {
	q, err := read[quorumBody](m)
	if err != nil {
		return nil, err
	}
	if p.phase != partyConfirmed || m.Epoch != p.epoch || m.Round != p.b.round {
		return nil, errStale
	}
	agreed, need := 0, p.plan.Quorum()
	for _, s := range p.set.Members {
		if agreed == need {
			break // one more tells nothing more
		}
		if sig, ok := q.Confirms[s]; ok && p.plan.Verifies(s, identity.ContextConfirm, p.signed, sig) == nil {
			agreed++
		}
	}
	if agreed < need {
		return p.accuseWith(&p.set, "the lead %s showed %d confirmations of the set, opening needs %d: it may have told others another set", p.plan.Lead, agreed, need), nil
	}
	if why := p.checkLogs(q); why != "" {
		return p.accuse("the lead %s showed checkpoints %s", p.plan.Lead, why), nil
	}
	p.logs = q.Logs
	sealed := map[int][]byte{p.index(p.self): p.kept}
	for owner, sh := range q.Shares {
		if slices.Contains(p.set.Members, owner) && owner != p.self {
			sealed[p.index(owner)] = sh
		}
	}
	round := secure.Round{Number: p.b.round, Question: p.b.digest()}
	help, err := p.masks.Help(round, indices(p.plan, p.set.Members), sealed)
	if err != nil {
		return p.accuseWith(&p.set, "the lead %s: %v", p.plan.Lead, err), nil
	}
	p.fixed, p.phase = p.set.Members, partyUnmasked
	return []Message{p.message(KindUnmask, p.plan.Lead, p.b.round, unmaskBody{Help: help}, nil)}, nil
}
