package engine

import (
	"fmt"
	"slices"
	"time"

	"hmsp.center/hmsp/receipt"
)

// Deciding.

func (l *Lead) hearDecision(at time.Time, m Message) ([]Message, error) {
	d, err := read[decisionBody](m)
	if err != nil {
		return nil, err
	}
	if _, twice := l.decisions[m.From]; twice || l.phase != leadDeciding {
		return nil, errStale
	}
	if d.Accept {
		if err := verifySeat(l.plan, seat{m.From, d.Key, d.Data, d.Signature}); err != nil {
			d = decisionBody{Reason: Reason{ReasonIncompatible, "its key for the study cannot be used"}}
		}
	}
	if !d.Accept {
		l.miss(m.From, d.Reason, at)
	}
	l.decisions[m.From], l.progress = d, at
	return l.decided(at), nil
}

// decided goes on when all have decided, and stops when too few are left.
func (l *Lead) decided(at time.Time) []Message {
	switch {
	case len(l.plan.Sites)-len(l.absent) < least(l.plan):
		return append(l.report(""), l.fail(receipt.Refused, l.tooFew())...)
	case len(l.decisions) == len(l.plan.Sites):
		return append(l.report(""), l.form(at)...)
	}
	return l.report("")
}

// form opens an epoch with those who accepted and are still there, or ends the
// run if they are too few.
func (l *Lead) form(at time.Time) []Message {
	l.seats = nil
	for _, s := range l.plan.Sites {
		if d, ok := l.decisions[s]; ok && d.Accept && !l.isAbsent(s) {
			l.seats = append(l.seats, seat{s, d.Key, d.Data, d.Signature})
		}
	}
	if len(l.seats) < least(l.plan) {
		return l.fail(receipt.Failed, l.tooFew())
	}
	if err := l.plan.Floor(len(l.seats)); err != nil {
		return l.fail(receipt.Refused, Reason{ReasonFloor, err.Error()})
	}
	l.phase, l.keys, l.progress = leadKeys, map[string]keysBody{}, at
	return append(l.toAll(l.roster(), KindRoster, 0, rosterBody{l.seats}, nil), l.report("agreeing on keys")...)
}

// regroup opens a new epoch with those who are still there. No vector has been
// sent yet, so no two sums can be compared.
func (l *Lead) regroup(at time.Time) []Message {
	l.epoch++
	return l.form(at)
}

// Keys.

func (l *Lead) hearKeys(at time.Time, m Message) ([]Message, error) {
	k, err := read[keysBody](m)
	if err != nil {
		return nil, err
	}
	if _, twice := l.keys[m.From]; twice || l.phase != leadKeys || m.Epoch != l.epoch || !slices.Contains(l.awaited(), m.From) {
		return nil, errStale
	}
	if err := l.checkKeys(m.From, k); err != nil {
		return l.leave(at, m.From, Reason{ReasonIncompatible, "sent keys that cannot be used: " + err.Error()}), nil
	}
	l.keys[m.From], l.progress = k, at
	if len(l.keys) < len(l.seats) {
		return nil, nil
	}
	return l.openRound(nil), nil
}

// checkKeys refuses a set of encapsulations with which a peer could not go on:
// that would cost the peer its place, not the one who sent them.
func (l *Lead) checkKeys(from string, k keysBody) error {
	for _, s := range l.roster() {
		if s == from {
			continue
		}
		if err := verifyEnc(k.Enc[s]); err != nil {
			return fmt.Errorf("for %s: %w", s, err)
		}
	}
	if len(k.Enc) != len(l.seats)-1 {
		return fmt.Errorf("%d encapsulations for %d peers", len(k.Enc), len(l.seats)-1)
	}
	return nil
}
