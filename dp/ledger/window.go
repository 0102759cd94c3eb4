package ledger

import (
	"slices"
	"sort"
	"time"
)

// Window is the time within which limits hold.
const Window = 365 * 24 * time.Hour

// A spending is what one account pays: what is reserved at present, and what was
// spent when.
type spending struct {
	reserved amount
	steps    []step // in the order of time
}

// A step is the total of everything spent up to a time.
type step struct {
	at    time.Time
	total amount
}

func (a *spending) spend(at time.Time, cost amount) {
	a.steps = append(a.steps, step{at, a.total() + cost})
}

func (a *spending) total() amount {
	if len(a.steps) == 0 {
		return 0
	}
	return a.steps[len(a.steps)-1].total
}

// spent is what was spent within the window before now.
func (a *spending) spent(now time.Time) amount {
	i := sort.Search(len(a.steps), func(i int) bool { return counts(a.steps[i].at, now) })
	if i == 0 {
		return a.total()
	}
	return a.total() - a.steps[i-1].total
}

// counts says whether what was spent at a time is within the window before now.
func counts(at, now time.Time) bool { return at.Add(Window).After(now) }

// renews is when no more than some amount of what was spent is within the window,
// if nothing else is spent; zero if reservations alone are more.
func (a *spending) renews(room amount) time.Time {
	if room < a.reserved {
		return time.Time{}
	}
	i := slices.IndexFunc(a.steps, func(s step) bool { return a.total()-s.total <= room-a.reserved })
	if i < 0 {
		return time.Time{}
	}
	return a.steps[i].at.Add(Window)
}
