package timeline

import (
	"math"
	"slices"
)

// value is a feature of the person that the evaluator stands at; NaN is missing.
func (e *evaluator) value(f feature) float64 {
	switch f.take {
	case Age:
		return e.age(f)
	case TimeTo, EventSeen:
		return e.outcome(f)
	}
	r := e.events(f.of)
	if f.windowed() {
		r = r.between(e.window(f))
	}
	switch f.take {
	case Any:
		if e.count(f.of, r) > 0 {
			return 1
		}
		return 0
	case Count:
		return min(float64(e.count(f.of, r)), f.max)
	case Sum:
		return min(sum(r), f.max)
	}
	n := len(r.times)
	if n == 0 {
		return math.NaN()
	}
	switch f.take {
	case First:
		return r.value(0)
	case Last:
		return r.value(n - 1)
	case Mean:
		return sum(r) / float64(n)
	case Median:
		e.middle = append(e.middle[:0], r.values.Numbers...)
		slices.Sort(e.middle)
		return (e.middle[(n-1)/2] + e.middle[n/2]) / 2
	case Min:
		return slices.Min(r.values.Numbers)
	default:
		return slices.Max(r.values.Numbers)
	}
}

func (e *evaluator) count(of int, r run) int {
	n := 0
	for i := range r.times {
		if e.happened(of, r, i) {
			n++
		}
	}
	return n
}

func sum(r run) float64 {
	s := 0.0
	for _, x := range r.values.Numbers {
		s += x
	}
	return s
}

func (e *evaluator) age(f feature) float64 {
	at, ok := e.day, true
	if f.of != none {
		r := e.events(f.of)
		if f.windowed() {
			r = r.between(e.window(f))
		}
		at, ok = e.first(f.of, r)
	}
	if !ok || e.birth == noDay {
		return math.NaN()
	}
	if n := years(e.birth, at); n >= 0 && n <= oldest {
		return float64(n)
	}
	return math.NaN()
}

// outcome is the time to an outcome, or whether it was seen.
func (e *evaluator) outcome(f feature) float64 {
	from, end := e.day, f.to.after(e.day)
	if f.from != nil {
		from = f.from.after(e.day)
	}
	if e.end == noDay {
		return math.NaN()
	}
	end = min(end, e.end)
	if f.of != ofDeath && e.death != noDay {
		end = min(end, e.death)
	}
	if end < from {
		return math.NaN()
	}
	at, seen := e.first(f.of, e.events(f.of).between(from, end))
	switch {
	case f.take == EventSeen && seen:
		return 1
	case f.take == EventSeen:
		return 0
	case seen:
		return float64(at - e.day)
	}
	return float64(end - e.day)
}
