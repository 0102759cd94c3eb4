package ledger

import (
	"slices"
	"time"

	"hmsp.center/hmsp/dp"
)

// A Balance is how a dataset's account stands; amounts are rho within the window.
// No balance of a single patient exists: it would itself tell of the patient.
type Balance struct {
	Dataset  string     `json:"dataset"` // whose account it is
	Limit    float64    `json:"limit"`
	Spent    float64    `json:"spent"`
	Reserved float64    `json:"reserved"` // by studies that run
	Left     float64    `json:"left"`
	Delta    float64    `json:"delta"`            // at which the site states epsilon
	Renews   *time.Time `json:"renews,omitempty"` // when the oldest spending leaves the window
}

// Balance gives how the account of a dataset stands at a time; one before the last
// record is that of the last record.
func (l *Ledger) Balance(dataset string, at time.Time) (b Balance, err error) {
	err = l.look(func(s *state) error { b = s.balance(dataset, s.clock(at)); return nil })
	return b, err
}

func (s *state) balance(dataset string, now time.Time) Balance {
	name := s.limits.Account(dataset)
	limit, _, delta := s.limits.Of(dataset)
	a := s.of(account{scopeDataset, name})
	used, gone := a.reserved+a.spent(now), a.spent(now)
	if s.divided(name) {
		used, gone = bound(s.shares(name, now, true), s.parts), bound(s.shares(name, now, false), s.parts)
	}
	top, _ := rhoAmount(limit) // Limits are valid
	b := Balance{Dataset: name, Limit: limit, Spent: gone.rho(), Reserved: (used - gone).rho(), Left: max(top-used, 0).rho(), Delta: delta}
	if i := slices.IndexFunc(a.steps, func(t step) bool { return counts(t.at, now) }); i >= 0 {
		renews := a.steps[i].at.Add(Window)
		b.Renews = &renews
	}
	return b
}

// divided says whether questions about an account may compose in parallel at all.
func (s *state) divided(name string) bool {
	return s.parts != nil && slices.ContainsFunc(s.payments[name], func(p *payment) bool { return partOf(p.claim).predicate != "" })
}

// A Cap is how the account of a requester or a purpose stands.
type Cap struct {
	Scope    string  `json:"scope"`
	Name     string  `json:"name"`
	Limit    float64 `json:"limit"` // 0: none
	Spent    float64 `json:"spent"`
	Reserved float64 `json:"reserved"`
}

// An Entry is the reservation of one study.
type Entry struct {
	Study      string    `json:"study"`
	Question   string    `json:"question"`
	Generation int       `json:"generation"`
	Dataset    string    `json:"dataset"`
	Snapshot   string    `json:"snapshot"`
	Researcher string    `json:"researcher"`
	Purpose    string    `json:"purpose"`
	Predicate  string    `json:"predicate,omitempty"`
	Delta      float64   `json:"delta"`
	At         time.Time `json:"at"`
	// Charged is rho that this study itself pays for; 0: another study with the same
	// question did.
	Charged float64 `json:"charged"`
	Running bool    `json:"running"`
	Burnt   bool    `json:"burnt,omitempty"` // the same question would be paid for anew
	Rounds  []Round `json:"rounds"`
}

// A Round is one round of an entry.
type Round struct {
	Events []dp.Event `json:"events"`
	Rho    float64    `json:"rho"`
	// Stage is "spent" (it may have left), "reserved", or "" (given back).
	Stage string     `json:"stage,omitempty"`
	At    *time.Time `json:"at,omitempty"`    // when it was spent
	Payer string     `json:"payer,omitempty"` // the study that pays for it
	// Contributors are the sites for which its sum was opened.
	Contributors []string `json:"contributors,omitempty"`
}

// Sticky says whether another study paid for all of it.
func (e Entry) Sticky() bool {
	return !slices.ContainsFunc(e.Rounds, func(r Round) bool { return r.Payer == e.Study || r.Payer == "" })
}

// Spent is the rho of the rounds that this study paid for and that may have left.
func (e Entry) Spent() (rho float64) {
	for _, r := range e.Rounds {
		if r.Stage == string(spent) && r.Payer == e.Study {
			rho += r.Rho
		}
	}
	return rho
}

// Entries gives the reservations for a dataset ("" for all), the newest first.
func (l *Ledger) Entries(dataset string) (out []Entry, err error) {
	err = l.look(func(s *state) error { out = s.entries(dataset); return nil })
	return out, err
}

func (s *state) entries(dataset string) []Entry {
	out := []Entry{}
	for _, x := range slices.Backward(s.order) {
		if dataset == "" || x.claim.Dataset == dataset {
			out = append(out, x.entry())
		}
	}
	return out
}

func (x *study) entry() Entry {
	c, p := x.claim, x.payment
	e := Entry{Study: x.digest, Question: p.question, Generation: p.generation, Dataset: c.Dataset, Snapshot: c.Snapshot,
		Researcher: c.Researcher, Purpose: c.Purpose, Predicate: c.Predicate, Delta: c.Delta, At: x.at, Charged: x.charged.rho(),
		Running: !x.settled, Burnt: p.burnt}
	for i, t := range p.rounds {
		r := Round{Events: slices.Clone(c.Rounds[i]), Rho: t.cost.rho(), Stage: string(t.stage), Contributors: slices.Clone(t.set)}
		if t.stage == spent {
			at := t.at
			r.At = &at
		}
		if t.payer != nil {
			r.Payer = t.payer.digest
		}
		e.Rounds = append(e.Rounds, r)
	}
	return e
}
