package site

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/disclosure/difference"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/store"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure"
)

// The books of a site: the audit log, the ledger and the history of cohorts. What
// is not written in them does not leave the site.

// AuditDir is the folder of the audit log in a home.
func AuditDir(home string) string { return filepath.Join(home, "audit") }

// openBooks opens the audit log, the ledger and the differencing guard.
func (s *Site) openBooks() error {
	if err := s.openLog(); err != nil {
		return err
	}
	limits, err := ledger.ReadLimits(s.cfg.Home)
	if err != nil {
		return err
	}
	s.limits = limits
	if s.accounts, err = store.OpenLedger(filepath.Join(s.cfg.Home, store.LedgerFile)); err != nil {
		return err
	}
	s.ledger, err = ledger.Open(ledger.Config{Store: s.accounts, Limits: limits, Cost: account.RhoOf, Epsilon: account.EpsilonOfRho, Parts: cohort.Disjoint, Now: s.cfg.Now})
	if err != nil {
		return err
	}
	registered := func() []string { names, _ := s.registry().List(); return names }
	if s.publisher, err = ledger.NewPublisher(s.ledger, s.cfg.Home, registered); err != nil {
		return err
	}
	if s.cohorts, err = store.OpenCohorts(filepath.Join(s.cfg.Home, store.CohortsFile)); err != nil {
		return err
	}
	return s.openGuard(s.member.Charter.Rules.HonestContributors)
}

// openGuard opens the guard that keeps combinations of answers from telling of few
// patients, or of fewer sites than that.
func (s *Site) openGuard(sites int) error {
	key, err := s.subkey("differences")
	if err != nil {
		return err
	}
	s.guard, err = difference.New(histories{s.cohorts}, key, s.member.Config.MinimumDifference, sites)
	return err
}

// histories are the guard's store.
type histories struct{ *store.Cohorts }

func (h histories) Change() (difference.Change, error) { return h.Cohorts.Change(), nil }

// closeBooks ends the use of the books' files.
func (s *Site) closeBooks() {
	if s.accounts != nil {
		s.accounts.Close()
	}
	if s.cohorts != nil {
		s.cohorts.Close()
	}
	if s.audit != nil {
		s.audit.Close()
	}
	s.store.Close()
}

// subkey derives a key of the site for one use from the ledger's secret.
func (s *Site) subkey(use string) ([]byte, error) {
	key, err := s.ledger.NoiseKey()
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, key, nil, string(secure.Frame("site", []byte(use))), 32)
}

// openLog opens the site's audit log.
func (s *Site) openLog() (err error) {
	sign := func(checkpoint []byte) []byte { return s.member.Identity.Sign(identity.ContextCheckpoint, checkpoint) }
	if s.audit, err = audit.Open(AuditDir(s.cfg.Home), s.Name(), sign, s.cfg.Now); err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	s.witnessed, err = audit.OpenWitness(filepath.Join(AuditDir(s.cfg.Home), audit.WitnessedDir), member.CheckpointVerifier(s.member.Charter))
	return err
}

// book writes an entry about a study to the audit log; it is on the disk when book
// returns.
func (s *Site) book(kind, study, who string, facts map[string]string) error {
	if _, err := s.audit.Append(audit.Entry{Kind: kind, Study: study, Who: who, Facts: facts}); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// byRule begins the By of a decision that no person made.
const byRule = "rule: "

// bookDecision notes who decided what over a study.
func (s *Site) bookDecision(study string, d Decision) error {
	facts := map[string]string{"decision": "refuse"}
	if d.Approve {
		facts["decision"] = "permit"
	}
	rule, who := "", audit.FormatWho(d.By)
	if r, ok := strings.CutPrefix(d.By, byRule); ok {
		rule, who = r, ""
	}
	if rule != "" {
		facts["rule"] = audit.FormatLabel(rule)
	}
	if d.policy != "" {
		facts["policy"] = d.policy
	}
	return s.book(audit.StudyDecided, study, who, facts)
}

// bookAsk notes that a study waits for a steward, and by which rule.
func (s *Site) bookAsk(study string, j judgement) error {
	return s.book(audit.StudyDecided, study, "", map[string]string{"decision": "ask", "rule": audit.FormatLabel(j.Rule()), "policy": j.policy})
}

// bookContribution notes a masked vector before it can leave.
func (s *Site) bookContribution(m engine.Message) error {
	if m.Kind != engine.KindContribution || m.From != s.Name() {
		return nil
	}
	digest := sha256.Sum256(m.Blob)
	return s.book(audit.RoundContributed, m.Study, "", map[string]string{
		"round": audit.FormatCount(m.Round), "digest": hex.EncodeToString(digest[:]), "words": audit.FormatCount(len(m.Blob) / 8)})
}

// bookEnd notes how a study ended, what was signed, and settles its budget.
func (x *run) bookEnd(o *receipt.Outcome) error {
	s, p := x.site, x.plan
	if err := x.settle(); err != nil {
		return err
	}
	if o.Receipt != nil {
		if err := s.bookDisclosure(p.Digest, *o.Receipt); err != nil {
			return err
		}
		if err := s.keepCheckpoints(*o.Receipt); err != nil {
			return err
		}
	}
	status := map[receipt.Status]string{receipt.Released: "completed", receipt.Refused: "refused", receipt.Failed: "failed", receipt.Cancelled: "cancelled"}[o.Status]
	facts := map[string]string{"status": status}
	if x.why != "" {
		facts["reason"] = audit.FormatLabel(x.why)
	}
	return s.book(audit.StudyEnded, p.Digest, "", facts)
}

// bookDisclosure notes the rules of disclosure control that were applied.
func (s *Site) bookDisclosure(study string, r receipt.Receipt) error {
	for _, a := range r.Disclosure {
		facts := map[string]string{"analysis": audit.FormatLabel(a.Analysis), "rule": audit.FormatLabel(a.Rule), "suppressed": audit.FormatCount(a.Suppressed)}
		if err := s.book(audit.DisclosureApplied, study, "", facts); err != nil {
			return err
		}
	}
	return nil
}

// Note writes an entry into the audit log in the home of a member, also beside a
// running site: what its steward's commands changed.
func Note(m *member.Member, now func() time.Time, e audit.Entry) error {
	sign := func(checkpoint []byte) []byte { return m.Identity.Sign(identity.ContextCheckpoint, checkpoint) }
	l, err := audit.Open(AuditDir(m.Home), m.Identity.Name(), sign, now)
	if err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	defer l.Close()
	if _, err := l.Append(e); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// settle gives back what a private study did not spend.
func (x *run) settle() error {
	if x.plan.Budget == nil {
		return nil
	}
	if err := x.site.ledger.Settle(x.plan.Digest); err != nil {
		return err
	}
	return x.site.book(audit.BudgetSettled, x.plan.Digest, "", map[string]string{"dataset": x.plan.Study.Dataset, "outcome": x.spent()})
}

// keepCheckpoints keeps where the other contributors' logs stood, and notes one
// that contradicts what the site had heard of it before.
func (s *Site) keepCheckpoints(r receipt.Receipt) error {
	for _, l := range r.Logs {
		c, err := audit.ParseCheckpoint([]byte(l.Checkpoint))
		if err != nil || c.Origin != l.Member || l.Member == s.Name() {
			continue // each contributor vouched for its own
		}
		kind, facts := audit.CheckpointSeen, map[string]string{"member": c.Origin, "size": audit.FormatCount(c.Size), "root": hex.EncodeToString(c.Root[:])}
		err = s.witnessed.Keep(c)
		if bad := (*audit.Contradiction)(nil); errors.As(err, &bad) {
			kind = audit.CheckpointRefused
			facts["earlier_size"], facts["earlier_root"] = audit.FormatCount(bad.Earlier.Size), hex.EncodeToString(bad.Earlier.Root[:])
			s.log.Error("audit log of another member", "member", c.Origin, "error", bad.Error())
		} else if err != nil {
			s.log.Warn("checkpoint not kept", "member", c.Origin, "error", err.Error())
			continue
		}
		if err := s.book(kind, "", "", facts); err != nil {
			return err
		}
	}
	return nil
}

// spent says what became of the study's reservation.
func (x *run) spent() string {
	switch {
	case x.door.grant == nil:
		return "returned"
	case !x.door.grant.Charged:
		return "sticky"
	}
	return "spent"
}

// bookSigned notes the receipt that the site has signed, once.
func (x *run) bookSigned() error {
	digest, ok := x.node.Signed()
	if !ok || x.signed {
		return nil
	}
	x.signed = true
	return x.site.book(audit.ReceiptSigned, x.plan.Digest, "", map[string]string{"receipt": hex.EncodeToString(digest[:])})
}

// checkpoint is the signed position of the audit log, as it goes into receipts.
func (s *Site) checkpoint() ([]byte, error) {
	c, err := s.audit.Checkpoint()
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return c.Encode(), nil
}
