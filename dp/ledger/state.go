package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hmsp.center/hmsp/dp"
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
		return s.applySpend(&x.payment.rounds[r.Round], r.At)
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

func (s *state) applySpend(t *round, at time.Time) error {
	if t.stage != reserved {
		return fmt.Errorf("a round was spent that was not reserved")
	}
	t.stage, t.at = spent, at
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

// reserve decides over a claim.
func (s *state) reserve(c *claim, study, question string, now time.Time) ([]record, Grant, error) {
	if x := s.studies[study]; x != nil {
		return nil, x.grant(x.charged), x.same(c, question)
	}
	r := record{Kind: kindReserve, At: now, Study: study, Question: question, Claim: c}
	ask := sum(c.Costs)
	if p := s.questions[question]; p != nil {
		r.Generation = p.generation
		// A question that would do something else than what was paid for has other noise.
		if p.burnt || !sameRounds(p.claim, c) {
			r.Generation++
		} else {
			ask = p.due()
		}
	}
	if err := s.allows(c, study, ask, now); err != nil {
		return nil, Grant{}, err
	}
	return []record{r}, Grant{Charged: ask > 0, Generation: r.Generation, Rho: ask.rho()}, nil
}

// due is what of a payment nobody pays for at present.
func (p *payment) due() (due amount) {
	for _, t := range p.rounds {
		if t.stage == free {
			due += t.cost
		}
	}
	return due
}

// grant is what the study was given.
func (x *study) grant(charged amount) Grant {
	return Grant{Charged: charged > 0, Generation: x.payment.generation, Rho: charged.rho()}
}

// same says whether a study reserves again what it has reserved.
func (x *study) same(c *claim, question string) error {
	switch {
	case x.settled:
		return ErrOver
	case x.payment.question != question || x.claim.Dataset != c.Dataset || !sameRounds(x.claim, c):
		return fmt.Errorf("the study %s reserved something else before", x.digest)
	}
	return nil
}

// sameRounds says whether two claims do the same, event for event.
func sameRounds(a, b *claim) bool {
	return slices.EqualFunc(a.Rounds, b.Rounds, func(x, y []dp.Event) bool { return slices.Equal(x, y) })
}

// spend decides over a round that is to leave.
func (s *state) spend(study string, round int, now time.Time) ([]record, error) {
	x, err := s.running(study)
	if err != nil {
		return nil, err
	}
	if !x.payment.has(round) {
		return nil, fmt.Errorf("the study %s reserved %d rounds", study, len(x.payment.rounds))
	}
	if x.payment.rounds[round].stage == spent {
		return nil, nil
	}
	return []record{{Kind: kindSpend, At: now, Study: study, Round: round}}, nil
}

func (s *state) running(digest string) (*study, error) {
	x := s.studies[digest]
	if x == nil {
		return nil, fmt.Errorf("study %s: %w", digest, ErrUnknown)
	}
	if x.settled {
		return nil, fmt.Errorf("study %s: %w", digest, ErrOver)
	}
	return x, nil
}

func (s *state) settle(study string, now time.Time) []record {
	if _, err := s.running(study); err != nil {
		return nil
	}
	return []record{{Kind: kindSettle, At: now, Study: study}}
}

func (s *state) burn(question string, now time.Time) ([]record, error) {
	p := s.questions[question]
	if p == nil {
		return nil, fmt.Errorf("question %s: %w", question, ErrUnknown)
	}
	if p.burnt {
		return nil, nil
	}
	return []record{{Kind: kindBurn, At: now, Question: question}}, nil
}

// confirm decides over the contributors of a round; another set than before burns
// the question.
func (s *state) confirm(study string, round int, contributors []string, now time.Time) ([]record, *OtherSet, error) {
	x, err := s.running(study)
	if err != nil {
		return nil, nil, err
	}
	set := slices.Compact(slices.Sorted(slices.Values(contributors)))
	p := x.payment
	switch {
	case !p.has(round):
		return nil, nil, fmt.Errorf("the study %s reserved %d rounds", study, len(p.rounds))
	case len(set) == 0:
		return nil, nil, fmt.Errorf("a set of no contributors")
	}
	before := p.rounds[round].set
	switch {
	case before == nil:
		return []record{{Kind: kindConfirm, At: now, Study: study, Round: round, Contributors: set}}, nil, nil
	case slices.Equal(before, set):
		return nil, nil, nil
	case p.burnt || s.questions[p.question] != p: // what is asked next has other noise already
		return nil, &OtherSet{before, set}, nil
	}
	return []record{{Kind: kindBurn, At: now, Question: p.question}}, &OtherSet{before, set}, nil
}

// Burns counts how often questions about a dataset were burnt. As part of what a
// site tells others of its data, it makes a question new everywhere when any one
// site had to burn it: noise must be fresh at all sites or at none.
func (l *Ledger) Burns(dataset string) (n int, err error) {
	err = l.look(func(s *state) error { n = s.burns[dataset]; return nil })
	return n, err
}

// names are the keys of a map in order.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
