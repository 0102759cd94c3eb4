package ledger

import (
	"fmt"
	"slices"
	"time"
)

// A state is what the records say. Only apply changes it.
type state struct {
	limits    Limits
	parts     func(a, b string) bool
	chain     *chain
	last      time.Time // of the last record: the ledger's clock never goes back
	studies   map[string]*study
	order     []*study            // in the order of their reservations
	questions map[string]*payment // the present generation
	burns     map[string]int      // by dataset
	accounts  map[account]*spending
	payments  map[string][]*payment // by the dataset on whose account they are
}

// An account is what has a limit.
type account struct{ scope, name string }

// A payment is a question with one generation of noise: each of its rounds is paid
// for once, whichever studies ask it.
type payment struct {
	question   string
	generation int
	claim      *claim // of the study that came first
	rounds     []round
	open       map[string]bool // studies that run
	burnt      bool
}

// A round is the part of a payment that leaves at once.
type round struct {
	cost  amount
	stage stage
	at    time.Time // when it was spent
	asked string    // as what; see SpendAs
	payer *study    // unless free
	set   []string  // for which the sum was opened; nil: not yet
}

type stage string

const (
	free     stage = ""         // nobody pays for it at present
	reserved stage = "reserved" // it may be spent
	spent    stage = "spent"    // it may have left
)

// A study is a reservation.
type study struct {
	digest  string
	claim   *claim
	at      time.Time
	payment *payment
	charged amount // by this study; 0: sticky
	settled bool
}

func newState(cfg Config) *state {
	return &state{limits: cfg.Limits, parts: cfg.Parts, studies: map[string]*study{}, questions: map[string]*payment{},
		burns: map[string]int{}, accounts: map[account]*spending{}, payments: map[string][]*payment{}}
}

// clock is now, but never before the last record: a clock that is set back does
// not give budget back, nor does it make spending look newer or older than it is.
// Records keep milliseconds.
func (s *state) clock(now time.Time) time.Time {
	now = now.UTC().Truncate(time.Millisecond)
	if now.Before(s.last) {
		return s.last
	}
	return now
}

// apply makes the change that a record tells of. An error says that the record
// cannot follow those before it.
func (s *state) apply(r record) error {
	if r.At.Before(s.last) {
		return fmt.Errorf("a record of %s comes after one of %s", r.At, s.last)
	}
	s.last = r.At
	switch r.Kind {
	case kindReserve:
		return s.applyReserve(r)
	case kindBurn:
		return s.applyBurn(r)
	case kindSpend, kindSettle, kindConfirm:
		return s.applyRunning(r)
	}
	return fmt.Errorf("a record of the unknown kind %q", r.Kind)
}

func (s *state) applyBurn(r record) error {
	p := s.questions[r.Question]
	if p == nil {
		return fmt.Errorf("a question that was never asked was burnt")
	}
	p.burnt = true
	s.burns[p.claim.Dataset]++
	return nil
}

// applyRunning makes a change to a study that runs.
func (s *state) applyRunning(r record) error {
	x := s.studies[r.Study]
	switch {
	case x == nil || x.settled:
		return fmt.Errorf("%s of a study that is not running", r.Kind)
	case r.Kind == kindSettle:
		s.applySettle(x)
		return nil
	case !x.payment.has(r.Round):
		return fmt.Errorf("%s of a round that the study does not have", r.Kind)
	case r.Kind == kindSpend:
		return s.applySpend(&x.payment.rounds[r.Round], r.At, r.Asked)
	}
	x.payment.rounds[r.Round].set = r.Contributors
	return nil
}

func (s *state) applyReserve(r record) error {
	if r.Claim == nil || len(r.Claim.Costs) != len(r.Claim.Rounds) || s.studies[r.Study] != nil {
		return fmt.Errorf("a reservation that is not whole, or was made before")
	}
	if slices.ContainsFunc(r.Claim.Costs, func(c amount) bool { return c < 0 || c > maxAmount }) {
		return fmt.Errorf("a reservation of an amount that cannot be")
	}
	p := s.questions[r.Question]
	if p == nil || p.generation != r.Generation {
		p = &payment{question: r.Question, generation: r.Generation, claim: r.Claim, open: map[string]bool{}}
		for _, c := range r.Claim.Costs {
			p.rounds = append(p.rounds, round{cost: c})
		}
		s.questions[r.Question] = p
		a := s.limits.Account(r.Claim.Dataset)
		s.payments[a] = append(s.payments[a], p)
	}
	x := &study{digest: r.Study, claim: r.Claim, at: r.At, payment: p}
	for i := range p.rounds {
		if t := &p.rounds[i]; t.stage == free {
			t.stage, t.payer = reserved, x
			x.charged += t.cost
			s.each(x, func(a *spending) { a.reserved += t.cost })
		}
	}
	p.open[r.Study] = true
	s.studies[r.Study] = x
	s.order = append(s.order, x)
	return nil
}

func (p *payment) has(round int) bool { return round >= 0 && round < len(p.rounds) }

func (s *state) applySpend(t *round, at time.Time, asked string) error {
	if t.stage != reserved {
		return fmt.Errorf("a round was spent that was not reserved")
	}
	t.stage, t.at, t.asked = spent, at, asked
	s.each(t.payer, func(a *spending) {
		a.reserved -= t.cost
		a.spend(at, t.cost)
	})
	return nil
}

// applySettle gives back what nobody can spend any more.
func (s *state) applySettle(x *study) {
	p := x.payment
	x.settled = true
	delete(p.open, x.digest)
	if len(p.open) > 0 {
		return
	}
	for i := range p.rounds {
		t := &p.rounds[i]
		if t.stage != reserved {
			continue
		}
		s.each(t.payer, func(a *spending) { a.reserved -= t.cost })
		t.payer.charged -= t.cost
		t.stage, t.payer = free, nil
	}
}

// each visits the accounts that a study pays from.
func (s *state) each(x *study, visit func(*spending)) {
	for _, a := range []account{{scopeDataset, s.limits.Account(x.claim.Dataset)}, {scopeRequester, x.claim.Researcher}, {scopePurpose, x.claim.Purpose}} {
		visit(s.of(a))
	}
}

func (s *state) of(a account) *spending {
	if s.accounts[a] == nil {
		s.accounts[a] = &spending{}
	}
	return s.accounts[a]
}
