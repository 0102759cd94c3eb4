package plan

import (
	"math"
	"slices"
	"sync"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/receipt"
)

// Spent is what each accountant makes of events at the study's delta, and their
// rho. An accountant that has no bound there is left out. Of all events of the
// study it is worked out once: the halves of a run ask for the same.
func (b *Budget) Spent(events []dp.Event) (rho float64, spent []receipt.Spent, err error) {
	if !slices.Equal(events, b.Events()) {
		return count(events, b.Delta)
	}
	b.once.Do(func() { b.rho, b.spent, b.err = count(events, b.Delta) })
	return b.rho, b.spent, b.err
}

func count(events []dp.Event, delta float64) (float64, []receipt.Spent, error) {
	rho, err := account.RhoOf(events)
	if err != nil {
		return 0, nil, err
	}
	var out []receipt.Spent
	for _, a := range account.All() {
		e, err := a.Epsilon(events, delta)
		if err == nil && !math.IsInf(e, 0) && !math.IsNaN(e) {
			out = append(out, receipt.Spent{Accountant: a.Name(), Epsilon: account.Ceil(e), Delta: delta})
		}
	}
	return account.Ceil(rho), out, nil
}

// memo holds what Spent worked out.
type memo struct {
	once  sync.Once
	rho   float64
	spent []receipt.Spent
	err   error
}
