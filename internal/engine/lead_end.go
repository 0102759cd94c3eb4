package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/receipt"
)

// Endorsing.

// askRelease asks the contributors to sign the receipt of the finished run.
func (l *Lead) askRelease(at time.Time, round int, sum []uint64) []Message {
	var err error
	l.phase, l.endorsed = leadEndorsing, map[string][]byte{}
	if l.receipt, err = DrawReceipt(l.plan, l.fixed, l.absences(), l.rounds, seatsOf(l.seats), l.logs, l.b, l.started, at); err != nil {
		return l.fail(receipt.Failed, Reason{ReasonInternal, err.Error()})
	}
	return append(l.toAll(l.fixed, KindRelease, round+1, releaseBody{l.receipt}, blob(sum)), l.report("signing the receipt")...)
}

func (l *Lead) hearEndorse(at time.Time, m Message) ([]Message, error) {
	e, err := read[endorseBody](m)
	if err != nil {
		return nil, err
	}
	if l.phase != leadEndorsing || m.Epoch != l.epoch || !slices.Contains(l.fixed, m.From) {
		return nil, errStale
	}
	digest, err := l.receipt.Digest()
	if err != nil {
		return l.fail(receipt.Failed, Reason{ReasonInternal, err.Error()}), nil
	}
	if err := l.plan.Verifies(m.From, identity.ContextReceipt, digest[:], e.Signature); err != nil {
		return l.leave(at, m.From, Reason{ReasonCheating, "signed another receipt"}), nil
	}
	l.endorsed[m.From], l.progress = e.Signature, at
	if len(l.endorsed) < len(l.fixed) {
		return nil, nil
	}
	for _, s := range l.fixed {
		l.receipt.Signatures = append(l.receipt.Signatures, receipt.Signature{Member: s, Signature: l.endorsed[s]})
	}
	return l.end(&receipt.Outcome{Status: receipt.Released, Receipt: &l.receipt, Analyses: l.b.Findings(), Remarks: l.remarks}), nil
}

// Withdrawal, lateness, failure.

func (l *Lead) hearWithdraw(at time.Time, m Message) ([]Message, error) {
	w, err := read[withdrawBody](m)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(l.awaited(), m.From) {
		return nil, errStale // it was left out before; the others go on
	}
	return l.leave(at, m.From, w.Reason), nil
}

// leave goes on without a site that is awaited, where no one has seen its vector
// and nobody was caught; else it ends the run.
func (l *Lead) leave(at time.Time, site string, why Reason) []Message {
	l.miss(site, why, at)
	l.progress = at
	why = l.absent[site].Reason
	_, sent := l.arrived[site]
	switch {
	case why.Kind == ReasonCheating:
	case l.phase == leadDeciding:
		l.decisions[site] = decisionBody{Reason: why}
		return l.decided(at)
	case l.phase == leadKeys:
		return l.regroup(at)
	case l.phase == leadCollecting && l.fixed == nil && !sent:
		return append(l.report(""), l.collected()...)
	}
	return l.fail(why.status(), Reason{why.Kind, site + ": " + why.Text})
}

// late acts when nothing has moved for the study's patience.
func (l *Lead) late(at time.Time) []Message {
	has := map[leadPhase]func(string) bool{
		leadDeciding:   func(s string) bool { return l.decisions[s].Accept || l.isAbsent(s) },
		leadKeys:       func(s string) bool { _, ok := l.keys[s]; return ok },
		leadCollecting: func(s string) bool { _, ok := l.arrived[s]; return ok },
		leadConfirming: func(s string) bool { return l.confirms[s] != nil },
		leadUnmasking:  func(s string) bool { _, ok := l.helps[slices.Index(l.plan.Sites, s)]; return ok },
		leadEndorsing:  func(s string) bool { return l.endorsed[s] != nil },
	}[l.phase]
	var gone []string
	for _, s := range l.awaited() {
		if !has(s) {
			gone = append(gone, s)
		}
	}
	if l.phase == leadConfirming && len(l.confirms) >= l.plan.Quorum() {
		l.progress = at
		return l.quorum() // the others contributed; only their word is missing
	}
	for _, s := range gone {
		l.miss(s, Reason{ReasonAbsent, fmt.Sprintf("not heard from within %s, in the phase %s of round %d", l.plan.Patience, l.phase, l.b.round)}, at)
	}
	l.progress = at
	switch {
	case l.phase == leadDeciding:
		return l.form(at)
	case l.phase == leadKeys:
		return l.regroup(at)
	case l.phase == leadCollecting && l.fixed == nil:
		return l.announce()
	}
	return l.fail(receipt.Failed, Reason{ReasonAbsent, fmt.Sprintf("no word from %s; going on without would let the difference of two sums show its part, so nothing is released", strings.Join(gone, ", "))})
}

func (l *Lead) miss(site string, why Reason, at time.Time) {
	l.absent[site] = absence{why.tidy(), at}
}

func (l *Lead) isAbsent(site string) bool {
	_, gone := l.absent[site]
	return gone
}

func (l *Lead) tooFew() Reason {
	var gone []string
	kind := ReasonAbsent
	for _, s := range slices.Sorted(maps.Keys(l.absent)) {
		gone = append(gone, fmt.Sprintf("%s (%s)", s, l.absent[s].Text))
		if l.absent[s].Kind == ReasonCancelled {
			kind = ReasonCancelled // the researcher's word to this lead is still on its way
		}
	}
	return Reason{kind, fmt.Sprintf("the study asks for at least %d sites; missing: %s", least(l.plan), strings.Join(gone, ", "))}
}

// byRule is Refused where every site that is missing kept a rule of its own, and
// Failed where one is missing for another reason.
func (l *Lead) byRule() receipt.Status {
	for _, a := range l.absent {
		if a.status() != receipt.Refused {
			return receipt.Failed
		}
	}
	return receipt.Refused
}

func (l *Lead) fail(status receipt.Status, why Reason) []Message {
	if why.Kind == ReasonCancelled {
		status = receipt.Cancelled
	}
	return l.end(&receipt.Outcome{Status: status, Reason: why.tidy().Text, Remarks: l.remarks})
}

func (l *Lead) end(o *receipt.Outcome) []Message {
	o.HMSP, o.Study, o.Lead, o.Contributors, o.Absent = receipt.OutcomeVersion, About(l.plan), l.self, l.fixed, l.absences()
	l.phase, l.outcome = leadEnded, o
	return l.toAll(append(slices.Clone(l.plan.Sites), l.plan.Researcher), KindOutcome, 0, o, nil)
}

// absence is why and since when a site is missing.
type absence struct {
	Reason
	since time.Time
}

func (l *Lead) absences() []receipt.Absent {
	var out []receipt.Absent
	for _, s := range slices.Sorted(maps.Keys(l.absent)) {
		a := l.absent[s]
		out = append(out, receipt.Absent{Site: s, Kind: a.Kind, Reason: a.Text, Since: a.since})
	}
	return out
}
