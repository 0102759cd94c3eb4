package mask

import (
	"fmt"

	"hmsp.center/hmsp/secure"
)

// A Guard is a site's memory of what it has sent and given, over all rounds and
// epochs of a session. It refuses what would let two different sums of the same
// vectors be opened: a second vector in a round, a second set of contributors,
// and, for one question asked again in a later round, a set that differs too
// little from one that may have been opened.
//
// Its zero value is empty. The site writes it to its journal after each call
// that succeeded and before the message leaves; all calls are idempotent.
type Guard struct{ rounds []entry }

// An entry is the memory of one round.
type entry struct {
	Epoch     int          `json:"epoch"`
	Round     int          `json:"round"`
	Question  digest       `json:"question"`
	Vector    digest       `json:"vector"`
	Set       secure.Sites `json:"set,omitempty"`
	Helped    bool         `json:"helped,omitempty"`
	Renounced bool         `json:"renounced,omitempty"`
	Void      bool         `json:"void,omitempty"`
}

// A Gift is what a site gives for one member when a set is opened.
type Gift int

// The two gifts. Nobody is given both for one member and round: with b_j and
// all k_·j the lead would read x_j.
const (
	GiftShare Gift = iota + 1 // the share of b_j, for a contributor
	GiftKey                   // the round's key k_ij, for a lost member
)

// Send records that the site sends a vector, by its [HashWords], in a round.
// The same vector again is fine; another one is refused.
func (g *Guard) Send(t secure.Terms, r secure.Round, vector [32]byte) error {
	if e := g.find(t, r.Number); e != nil {
		if e.Renounced {
			return fmt.Errorf("round %d: renounced, nothing more is given", r.Number)
		}
		if e.Vector != digest(vector) || e.Question != digest(r.Question) {
			return fmt.Errorf("round %d: another vector was already sent; send that one again", r.Number)
		}
		return nil
	}
	g.rounds = append(g.rounds, entry{Epoch: t.Epoch, Round: r.Number, Question: r.Question, Vector: vector})
	return nil
}

// Agree records the set that the site is about to confirm for a round to which
// it contributed. Another set than before is refused with a
// [*secure.OtherSetError], as is one too close to an earlier round's for the
// same question.
func (g *Guard) Agree(t secure.Terms, self, round int, set secure.Sites) error {
	if err := CheckSet(t, set); err != nil {
		return fmt.Errorf("round %d: %w", round, err)
	}
	e := g.find(t, round)
	if e == nil {
		return fmt.Errorf("round %d: site %d has sent nothing", round, self)
	}
	if !set.Has(self) {
		return fmt.Errorf("round %d: site %d is asked to confirm a set that leaves it out", round, self)
	}
	if e.Set != nil {
		if !e.Set.Equal(set) {
			return &secure.OtherSetError{Round: round, Agreed: e.Set, Asked: set}
		}
		return nil
	}
	if e.Renounced {
		return fmt.Errorf("round %d: already renounced", round)
	}
	if err := g.apart(t, e, set); err != nil {
		return fmt.Errorf("round %d: %w", round, err)
	}
	e.Set = append(secure.Sites(nil), set...)
	return nil
}

// apart compares set with the sets that may have been opened for e's question:
// at most two different ones ever, and those far enough apart.
func (g *Guard) apart(t secure.Terms, e *entry, set secure.Sites) error {
	var others []secure.Sites
	for _, o := range g.rounds {
		if o.Question != e.Question || o.Set == nil || o.Void || o.Set.Equal(set) {
			continue
		}
		if err := secure.CheckDifference(o.Set, set, t.Colluders, t.Honest); err != nil {
			return err
		}
		if len(others) == 0 || !others[0].Equal(o.Set) {
			others = append(others, o.Set)
		}
	}
	if len(others) > 1 {
		return fmt.Errorf("a third set of contributors for one question: %w", &secure.OtherSetError{Round: e.Round, Agreed: others[0], Asked: set})
	}
	return nil
}

// Help records that the site is about to give its help for the set that it
// agreed to.
func (g *Guard) Help(t secure.Terms, round int, set secure.Sites) error {
	e := g.find(t, round)
	if e == nil || e.Set == nil {
		return fmt.Errorf("round %d: help before the contributors were confirmed", round)
	}
	if !e.Set.Equal(set) {
		return &secure.OtherSetError{Round: round, Agreed: e.Set, Asked: set}
	}
	if e.Renounced {
		return fmt.Errorf("round %d: renounced, nothing more is given", round)
	}
	e.Helped = true
	return nil
}

// Owes returns the one thing that the site may give for member j in a round
// whose set it agreed to.
func (g *Guard) Owes(t secure.Terms, round, j int) (Gift, error) {
	e := g.find(t, round)
	switch {
	case e == nil || e.Set == nil:
		return 0, fmt.Errorf("round %d: help before the contributors were confirmed", round)
	case e.Renounced:
		return 0, fmt.Errorf("round %d: renounced, nothing more is given", round)
	case !t.Members.Has(j):
		return 0, fmt.Errorf("round %d: site %d is no member", round, j)
	case e.Set.Has(j):
		return GiftShare, nil
	}
	return GiftKey, nil
}

// Renounce records that the site, which has not helped to open a round, never
// will. A site that has helped refuses: the sum may be open already.
func (g *Guard) Renounce(t secure.Terms, round int) error {
	e := g.find(t, round)
	if e == nil {
		g.rounds = append(g.rounds, entry{Epoch: t.Epoch, Round: round, Renounced: true})
		return nil
	}
	if e.Helped {
		return fmt.Errorf("round %d: help was given, the sum may be open", round)
	}
	e.Renounced = true
	return nil
}

// Void records that a round can never be opened, so that its question may be
// asked again of another set: renounced are the members whose signature over
// [RenounceBytes] was verified. An opening takes t helpers; with n-t+1 honest
// members out, and colluders who may have lied, n-t+1+c are enough. This makes
// the rerun of methods A1 step 4 safe against a lead that only pretends that a
// round failed.
func (g *Guard) Void(t secure.Terms, round int, renounced secure.Sites) error {
	need := len(t.Members) - t.Threshold() + 1 + t.Colluders
	if err := renounced.Valid(); err != nil {
		return fmt.Errorf("round %d: renouncing sites: %w", round, err)
	}
	if !renounced.Within(t.Members) || len(renounced) < need {
		return fmt.Errorf("round %d: renounced by sites %v, want at least %d members", round, []int(renounced), need)
	}
	if err := g.Renounce(t, round); err != nil {
		return err
	}
	g.find(t, round).Void = true
	return nil
}

func (g *Guard) find(t secure.Terms, round int) *entry {
	for i := range g.rounds {
		if g.rounds[i].Epoch == t.Epoch && g.rounds[i].Round == round {
			return &g.rounds[i]
		}
	}
	return nil
}
