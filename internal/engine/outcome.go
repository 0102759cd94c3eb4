package engine

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

// About names the study in receipts and outcomes.
func About(p *plan.Plan) receipt.Study {
	return receipt.Study{Name: p.Study.Name, Digest: p.Digest, Question: p.Study.Question, Purpose: p.Study.Purpose, LegalBasis: p.Study.LegalBasis}
}

// Opening describes the sum that the bundle's present round opens. It is called
// before the bundle advances.
func Opening(p *plan.Plan, epoch int, b *Bundle, contributors []string) receipt.Round {
	r := receipt.Round{Epoch: epoch, Round: b.round, Contributors: contributors, To: contributors}
	for _, run := range b.runs {
		if run.active() {
			r.Opened = append(r.Opened, receipt.Opened{Analysis: run.Name, What: run.bounds.Opens, Numbers: len(run.bounds.Ranges), RingBits: run.grid.Bits, Events: run.events()})
		}
	}
	return r
}

// DrawReceipt fills the receipt of a finished run. Lead and sites each draw it
// from what they saw; the sites sign only if both agree. logs holds the
// contributors' checkpoints, by name, and seats the tags of their data.
func DrawReceipt(p *plan.Plan, contributors []string, absent []receipt.Absent, rounds []receipt.Round, seats []Seat, logs map[string][]byte, b *Bundle, started, ended time.Time) (receipt.Receipt, error) {
	digest, err := receipt.DigestResult(b.Findings())
	if err != nil {
		return receipt.Receipt{}, err
	}
	r := receipt.Receipt{
		HMSP: receipt.Version, Study: About(p), Charter: p.Charter, Researcher: p.Researcher, Lead: p.Lead,
		Contributors: contributors, Absent: absent,
		Rules:  receipt.Rules{Colluders: p.Colluders, Honest: p.Honest, Shares: p.Quorum()},
		Rounds: rounds, Verified: p.Verify, Started: started, Ended: ended, Result: digest,
	}
	for _, s := range seats { // in the order of names
		if slices.Contains(contributors, s.Site) && len(s.Data) > 0 {
			r.Data = append(r.Data, receipt.Data{Member: s.Site, Tag: hex.EncodeToString(s.Data)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		r.Logs = append(r.Logs, receipt.Log{Member: name, Checkpoint: string(logs[name])})
	}
	if r.Disclosure = b.applied(); p.Budget != nil {
		if r.Privacy, err = paid(p.Budget, r.Events()); err != nil {
			return r, fmt.Errorf("draw the receipt: %w", err)
		}
	}
	if p.Trial {
		r.Rules = receipt.Rules{} // one process saw everything: no rule protected anybody
	}
	if err := r.Check(); err != nil {
		return r, fmt.Errorf("draw the receipt: %w", err)
	}
	return r, nil
}

// paid is what the study cost: what the accountants make of the events of the
// opened sums.
func paid(b *plan.Budget, events []dp.Event) (*receipt.Privacy, error) {
	rho, spent, err := b.Spent(events)
	if err != nil {
		return nil, err
	}
	return &receipt.Privacy{Epsilon: b.Epsilon, Delta: b.Delta, Unit: study.UnitPatient, Honest: b.Honest, Rho: rho, Spent: spent}, nil
}

// ReadOutcome reads an outcome message. It does not verify it: what it says is
// the lead's word until [receipt.Outcome.Check] and the signatures say more.
func ReadOutcome(m Message) (*receipt.Outcome, error) {
	o, err := read[receipt.Outcome](m)
	if err != nil {
		return nil, err
	}
	o.Reason = tidy(o.Reason)
	for i, r := range o.Remarks {
		o.Remarks[i] = tidy(r)
	}
	for _, a := range o.Absent {
		if r := (Reason{a.Kind, a.Reason}); r != r.tidy() || tidy(a.Site) != a.Site {
			return nil, fmt.Errorf("outcome from %s: the reason of an absence is no line of text", m.From)
		}
	}
	return &o, nil
}

// ReadProgress reads a progress message.
func ReadProgress(m Message) (Progress, error) {
	p, err := read[Progress](m)
	p.Phase, p.Message = tidy(p.Phase), tidy(p.Message)
	for s, v := range p.Sites {
		p.Sites[s] = tidy(v)
	}
	return p, err
}

// ReadWithdrawal reads why a site left a run.
func ReadWithdrawal(m Message) (Reason, error) {
	w, err := read[withdrawBody](m)
	return w.Reason.tidy(), err
}

// ReadDecision reads whether a site takes part.
func ReadDecision(m Message) (accept bool, why Reason, err error) {
	d, err := read[decisionBody](m)
	return d.Accept, d.Reason.tidy(), err
}

// Refusal is what a site tells the researcher of a study that it cannot even
// plan: for another charter, or with an analysis it does not have.
func Refusal(study, site, researcher string, why Reason) Message {
	return Message{Study: study, Kind: KindWithdraw, From: site, To: researcher, Body: body(withdrawBody{Reason: why})}
}
