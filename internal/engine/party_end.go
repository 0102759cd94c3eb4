package engine

import (
	"fmt"
	"slices"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/receipt"
)

// Release.

func (p *Party) hearRelease(m Message) ([]Message, error) {
	r, err := read[releaseBody](m)
	if err != nil {
		return nil, err
	}
	if p.phase != partyUnmasked || m.Epoch != p.epoch || m.Round != p.b.round+1 {
		return nil, errStale
	}
	out, done := p.advance(m)
	if !done {
		return out, nil
	}
	if !p.b.Done() {
		return append(out, p.accuse("the lead %s asks to release a study that is not finished", p.plan.Lead)...), nil
	}
	if why := p.checkAbsent(r.Receipt.Absent); why != "" {
		return append(out, p.accuse("the lead %s asks to sign a receipt that %s", p.plan.Lead, why)...), nil
	}
	mine, err := DrawReceipt(p.plan, p.fixed, r.Receipt.Absent, p.rounds, seatsOf(p.seats), p.logs, p.b, r.Receipt.Started, r.Receipt.Ended)
	if err != nil {
		return append(out, p.accuse("the lead %s asks to sign a receipt that is not in order: %v", p.plan.Lead, err)...), nil
	}
	digest, err := mine.Digest()
	if theirs, err2 := r.Receipt.Digest(); err != nil || err2 != nil || theirs != digest {
		return append(out, p.accuse("the lead %s asks to sign a receipt that does not tell what happened", p.plan.Lead)...), nil
	}
	p.phase, p.signing = partyEndorsed, digest
	return append(out, p.message(KindEndorse, p.plan.Lead, 0, endorseBody{p.sign.Sign(identity.ContextReceipt, digest[:])}, nil)), nil
}

// checkAbsent says what is wrong with the list of who is missing, in words that
// follow "a receipt that": a subset is never signed as the whole. Why each is
// missing is the lead's word.
func (p *Party) checkAbsent(absent []receipt.Absent) string {
	missing := map[string]bool{}
	for _, s := range p.plan.Sites {
		if !slices.Contains(p.fixed, s) {
			missing[s] = true
		}
	}
	for _, a := range absent {
		if !missing[a.Site] {
			return "names others as absent than are"
		}
		delete(missing, a.Site)
		if why := (Reason{a.Kind, a.Reason}); why != why.tidy() {
			return "gives a reason that is no line of text"
		}
	}
	for _, s := range p.plan.Sites {
		if missing[s] {
			return "does not name " + s + " as absent"
		}
	}
	return ""
}

// Outcome.

func (p *Party) hearOutcome(m Message) ([]Message, error) {
	o, err := ReadOutcome(m)
	if err != nil {
		return nil, err
	}
	if err := p.checkOutcome(o); err != nil {
		return p.accuse("the lead %s sent an outcome that cannot be: %v", p.plan.Lead, err), nil
	}
	p.end(o)
	return nil, nil
}

// checkOutcome believes a release only with the signatures of all who
// contributed, and, at one of them, only the receipt that it signed.
func (p *Party) checkOutcome(o *receipt.Outcome) error {
	if err := o.Check(); err != nil {
		return err
	}
	if o.Study.Digest != p.plan.Digest {
		return fmt.Errorf("it is of another study")
	}
	if o.Status != receipt.Released {
		return nil
	}
	r := *o.Receipt
	digest, err := r.Digest()
	if err != nil {
		return err
	}
	signed := p.phase == partyEndorsed
	if slices.Contains(r.Contributors, p.self) != signed || signed && digest != p.signing {
		return fmt.Errorf("its receipt is not the one that %s signed", p.self)
	}
	if r.Study != About(p.plan) || r.Charter != p.plan.Charter || r.Researcher != p.plan.Researcher || r.Lead != p.plan.Lead {
		return fmt.Errorf("its receipt is of another study or charter")
	}
	if n := len(r.Contributors); n < least(p.plan) {
		return fmt.Errorf("%d sites contributed, this study needs %d", n, least(p.plan))
	}
	if missing := r.Unsigned(); len(missing) > 0 {
		return fmt.Errorf("the signature of %s is missing", missing[0])
	}
	for _, s := range r.Signatures {
		if err := p.plan.Verifies(s.Member, identity.ContextReceipt, digest[:], s.Signature); err != nil {
			return err
		}
	}
	return nil
}

// Withdrawal and accusation.

func (p *Party) accuse(format string, args ...any) []Message {
	return p.accuseWith(nil, format, args...)
}

func (p *Party) accuseWith(evidence *setBody, format string, args ...any) []Message {
	return p.withdraw(Reason{ReasonCheating, fmt.Sprintf(format, args...)}, evidence)
}

// withdraw ends the run at this site and tells the lead and the researcher why.
func (p *Party) withdraw(why Reason, evidence *setBody) []Message {
	why = why.tidy()
	w := withdrawBody{Reason: why, Evidence: evidence}
	out := []Message{
		p.message(KindWithdraw, p.plan.Lead, 0, w, nil),
		p.message(KindWithdraw, p.plan.Researcher, 0, w, nil),
	}
	p.end(p.stopped(p.self+": "+why.Text, why.status()))
	return out
}

// stopped is the outcome of a run as a site knows it that stopped by itself.
func (p *Party) stopped(why string, status receipt.Status) *receipt.Outcome {
	return &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: About(p.plan), Status: status, Reason: why, Lead: p.plan.Lead}
}

// end wipes what is secret: after it nothing of this run can be opened.
func (p *Party) end(o *receipt.Outcome) {
	p.phase, p.outcome, p.work, p.held, p.early = partyEnded, o, nil, nil, nil
	p.x, p.kept, p.masks, p.sent, p.got, p.seed, p.key = nil, nil, nil, nil, nil, nil, nil
}
