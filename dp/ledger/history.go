package ledger

import (
	"cmp"
	"slices"
	"time"

	"hmsp.center/hmsp/dp"
)

// A Step is what an account has spent up to a time, within the window before now.
type Step struct {
	At  time.Time `json:"at"`
	Rho float64   `json:"rho"`
}

// Spending is how the spending of a dataset's account grew within the window before
// now: one step for each round that was paid. It is the plain sum, also where
// disjoint cohorts share.
func (s Snapshot) Spending(dataset string, now time.Time) (out []Step) {
	for _, r := range s.paid(dataset, now) {
		out = append(out, Step{*r.At, r.Rho})
	}
	slices.SortFunc(out, func(a, b Step) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Rho, b.Rho)) })
	for i := 1; i < len(out); i++ {
		out[i].Rho += out[i-1].Rho
	}
	return out
}

// Events are all that an account has paid for within the window before now: what an
// accountant needs to state its epsilon.
func (s Snapshot) Events(dataset string, now time.Time) (out []dp.Event) {
	for _, r := range s.paid(dataset, now) {
		out = append(out, r.Events...)
	}
	return out
}

// paid are the rounds that an account has paid for, each once.
func (s Snapshot) paid(dataset string, now time.Time) (out []Round) {
	account := s.Limits.Account(dataset)
	for _, e := range s.Entries {
		if s.Limits.Account(e.Dataset) != account {
			continue
		}
		for _, r := range e.Rounds {
			if r.Stage == string(spent) && r.Payer == e.Study && r.At != nil && counts(*r.At, now) {
				out = append(out, r)
			}
		}
	}
	return out
}
