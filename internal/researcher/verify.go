package researcher

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/receipt"
)

// Verify holds an outcome against the study that was submitted: where it is
// released, every site contributed or is named as absent, and every contributor
// has signed the receipt.
func (r *Researcher) Verify(rec Record, o *receipt.Outcome) error {
	if err := o.Check(); err != nil {
		return err
	}
	if o.Study.Digest != rec.Study.Digest() {
		return errors.New("the outcome is for another study")
	}
	if o.Status != receipt.Released {
		return nil
	}
	if err := rec.AnsweredBy(o); err != nil {
		return err
	}
	return VerifyReceipt(r.member.Charter, *o.Receipt)
}

// AnsweredBy says whether a released outcome answers the study as it was
// submitted: its question, its lead, its rule of participation, every site
// accounted for. What the outcome says twice, Check has compared.
func (rec Record) AnsweredBy(o *receipt.Outcome) error {
	all := slices.Clone(o.Contributors)
	for _, a := range o.Absent {
		all = append(all, a.Site)
	}
	slices.Sort(all)
	if !slices.Equal(all, rec.Sites) {
		return errors.New("the receipt does not tell of each site that was asked whether it contributed")
	}
	// Check has held the outcome's study, contributors and findings to the receipt's.
	s := rec.Study.Study
	if rc := o.Receipt; rc.Researcher != rec.Study.Researcher || rc.Lead != rec.Lead || rc.Study.Name != s.Name || rc.Study.Question != s.Question || rc.Verified != s.Verify {
		return errors.New("the receipt tells of another researcher, lead or question than the study that was submitted")
	}
	if p := o.Receipt.Privacy; (p == nil) != (s.Privacy == nil) || p != nil && (p.Epsilon != s.Privacy.Epsilon || p.Delta != s.Privacy.Delta || p.Unit != s.Privacy.Unit) {
		return errors.New("the receipt tells of another privacy budget than the study that was submitted")
	}
	if least := s.Participation.Minimum; len(o.Contributors) < least || least == 0 && len(o.Contributors) < len(rec.Sites) {
		return errors.New("fewer sites contributed than the study asks for")
	}
	return nil
}

// VerifyReceipt checks that every contributor of a receipt has signed it, and what
// it says of privacy and of audit logs.
func VerifyReceipt(c *charter.Charter, rc receipt.Receipt) error {
	if rc.Charter != c.Digest() {
		return fmt.Errorf("the receipt is of another charter (%s)", rc.Charter)
	}
	if missing := rc.Unsigned(); len(missing) > 0 {
		return fmt.Errorf("the receipt lacks the signatures of %s", strings.Join(missing, ", "))
	}
	if n := len(rc.Contributors); n < c.MinimumContributors() {
		return fmt.Errorf("the receipt has %d contributors, the charter asks for %d", n, c.MinimumContributors())
	}
	d, err := rc.Digest()
	if err != nil {
		return err
	}
	for _, s := range rc.Signatures {
		m, ok := c.Member(s.Member)
		if !ok || m.Role != identity.Site {
			return fmt.Errorf("the receipt is signed by %q, which is not a site of the charter", s.Member)
		}
		if err := identity.Verify(m, identity.ContextReceipt, d[:], s.Signature); err != nil {
			return err
		}
	}
	return verifyEvidence(c, rc)
}
