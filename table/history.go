package table

import "math"

// NoTime is the time of what has none.
const NoTime = math.MinInt64

// Day is a day in the seconds of Times.
const Day = 24 * 60 * 60

// A History is people over time: what a clinical source holds of each, in the
// dictionary's terms. Times are seconds of wall-clock time, as the clock on the
// ward's wall shows them, since 1970-01-01T00:00:00; a zone is not kept, because a
// day of treatment is the day that the ward calls it.
//
// The people are numbered from 0. From and To are the ends of the time in which
// everything about a patient was recorded.
type History struct {
	Pseudonyms             []uint64
	Birth, Death, From, To []int64 // NoTime where not known
	Events                 []Events
}

// Events are what was recorded of one variable, sorted by patient, then time, then
// value. A flag's events say that it was so (1) or was not (0).
type Events struct {
	Variable Variable
	Patients []int32 // numbers of people
	Times    []int64 // NoTime where it has none, as a patient's sex
	Values   Column  // none is missing
}

// People is how many people the history is of.
func (h History) People() int { return len(h.Pseudonyms) }

// Lookup returns the events of a variable.
func (h History) Lookup(name string) (Events, bool) {
	for _, e := range h.Events {
		if e.Variable.Name == name {
			return e, true
		}
	}
	return Events{}, false
}

// Len is how many events there are.
func (e Events) Len() int { return len(e.Patients) }

// Of is the range of the events of one patient.
func (e Events) Of(patient int32) (from, to int) {
	from = lowerBound(e.Patients, patient)
	return from, from + lowerBound(e.Patients[from:], patient+1)
}

func lowerBound(xs []int32, x int32) int {
	lo, hi := 0, len(xs)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); xs[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
