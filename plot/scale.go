package plot

import "math"

// A scale maps numbers lo..hi to pixels from..to, straight or by logarithm.
type scale struct {
	lo, hi   float64
	from, to float64
	log      bool
}

func (s scale) at(x float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi, x = math.Log(lo), math.Log(hi), math.Log(x)
	}
	return s.from + (x-lo)/(hi-lo)*(s.to-s.from)
}

// hold is at, kept inside the axis.
func (s scale) hold(x float64) float64 { return s.at(min(max(x, s.lo), s.hi)) }

// ticks are the numbers to label, about one per gap pixels.
func (s scale) ticks(gap float64) []float64 {
	m := int(math.Abs(s.to-s.from)/gap) + 1
	if s.log {
		return logTicks(s.lo, s.hi, max(m, 3))
	}
	return within(ticks(s.lo, s.hi, max(m, 2)), s.lo, s.hi)
}

func (s scale) labels(ts []float64) []string {
	if s.log {
		return logLabels(ts)
	}
	return labels(ts)
}

// An extent grows around numbers.
type extent struct {
	lo, hi float64
	any    bool
}

func (e *extent) add(xs ...float64) {
	for _, x := range xs {
		if math.IsNaN(x) {
			continue
		}
		if !e.any {
			e.lo, e.hi, e.any = x, x, true
		}
		e.lo, e.hi = min(e.lo, x), max(e.hi, x)
	}
}

// axis makes the limits of an axis: those asked for, else the data's with a
// little room, out to the next tick where that is near. zero holds the lower
// limit at 0 when no data lie below.
func (e extent) axis(a Axis, gap, from, to float64, zero bool) scale {
	s := scale{lo: e.lo, hi: e.hi, from: from, to: to, log: a.Log}
	if zero && !a.Log {
		s.lo, s.hi = min(s.lo, 0), max(s.hi, 0)
	}
	if a.Min != nil {
		s.lo = *a.Min
	}
	if a.Max != nil {
		s.hi = *a.Max
	}
	if !(s.hi > s.lo) {
		s.widen(a)
	}
	if a.Log {
		s.room(a, math.Pow(s.hi/s.lo, 0.04))
		return s
	}
	lo, hi, span := s.lo, s.hi, s.hi-s.lo
	ts := ticks(lo, hi, max(int(math.Abs(to-from)/gap)+1, 2))
	first, last := ts[0], ts[len(ts)-1]
	if a.Min == nil && !(zero && lo == 0) {
		if s.lo = lo - span*0.03; first <= lo && lo-first < span*0.15 {
			s.lo = first
		}
	}
	if a.Max == nil && !(zero && hi == 0) {
		if s.hi = hi + span*0.03; last >= hi && last-hi < span*0.15 {
			s.hi = last
		}
	}
	return s
}

// widen gives room around a single value.
func (s *scale) widen(a Axis) {
	mid := s.lo
	if a.Max != nil && a.Min == nil {
		mid = s.hi
	}
	if s.log {
		s.lo, s.hi = mid/2, mid*2
		return
	}
	h := max(math.Abs(mid)/10, 0.5)
	if math.Abs(mid) < 1e-3 && mid != 0 {
		h = math.Abs(mid) / 2
	}
	s.lo, s.hi = mid-h, mid+h
	if a.Min != nil {
		s.lo = *a.Min
		s.hi = s.lo + 2*h
	}
	if a.Max != nil {
		s.hi = *a.Max
		if a.Min == nil {
			s.lo = s.hi - 2*h
		}
	}
}

func (s *scale) room(a Axis, by float64) {
	if a.Min == nil {
		s.lo /= by
	}
	if a.Max == nil {
		s.hi *= by
	}
}
