package researcher

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/receipt"
)

// verifyEvidence checks what a receipt says besides who signed it: that its events
// cost what it says, within the study's bound; that no more contributors are
// counted as honest than there are; and that every audit log's position was signed
// by the site whose log it is.
func verifyEvidence(c *charter.Charter, rc receipt.Receipt) error {
	if rc.Privacy != nil {
		if err := verifyPrivacy(c, rc); err != nil {
			return fmt.Errorf("privacy: %w", err)
		}
	}
	for _, l := range rc.Logs {
		p, err := audit.ParseCheckpoint([]byte(l.Checkpoint))
		if err == nil && p.Origin != l.Member {
			err = fmt.Errorf("it is of %s", p.Origin)
		}
		if err == nil {
			err = p.Verify(member.CheckpointVerifier(c))
		}
		if err != nil {
			return fmt.Errorf("position of the audit log of %s: %w", l.Member, err)
		}
	}
	return nil
}

func verifyPrivacy(c *charter.Charter, rc receipt.Receipt) error {
	p, events := rc.Privacy, rc.Events()
	if most := len(rc.Contributors) - c.Rules.Colluders; p.Honest > most {
		return fmt.Errorf("the noise of %d honest contributors is counted, there are %d for sure", p.Honest, most)
	}
	rho, err := account.RhoOf(events)
	if err != nil {
		return err
	}
	if !same(rho, p.Rho) {
		return fmt.Errorf("the events cost rho %.6g, the receipt says %.6g", rho, p.Rho)
	}
	best := math.Inf(1)
	for _, s := range p.Spent {
		for _, a := range account.All() {
			if a.Name() != s.Accountant {
				continue
			}
			e, err := a.Epsilon(events, s.Delta)
			if err != nil {
				return fmt.Errorf("accountant %s: %w", a.Name(), err)
			}
			if !same(e, s.Epsilon) {
				return fmt.Errorf("the accountant %s finds epsilon %.6g at delta %v, the receipt says %.6g", a.Name(), e, s.Delta, s.Epsilon)
			}
			if s.Delta <= p.Delta {
				best = min(best, e)
			}
		}
	}
	if best > p.Epsilon*(1+tolerance) {
		return fmt.Errorf("the events cost epsilon %.6g at delta %v, the study was allowed %v", best, p.Delta, p.Epsilon)
	}
	return nil
}

// tolerance is how far two machines' accountants, and rounding up in the receipt,
// may be apart.
const tolerance = 1e-4

func same(a, b float64) bool { return math.Abs(a-b) <= tolerance*math.Abs(b) }
