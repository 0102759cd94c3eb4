package activity

import (
	"cmp"
	"slices"
)

// Sleep is the time asleep or in bed that one source has.
type sleep struct {
	pieces []piece
	clean  int // how many of them are apart and in order
}

// A piece is a stretch of time with the share of it that was asleep.
type piece struct {
	from, to int64
	share    float64
}

func (a *Accumulator) asleep(s Sample) {
	if s.Duration == 0 || s.Value == 0 {
		return
	}
	t := a.sleep[track{s.Kind, s.Source}]
	if t == nil {
		t = &sleep{}
		a.sleep[track{s.Kind, s.Source}] = t
	}
	if t.pieces = append(t.pieces, piece{s.Time, s.Time + s.Duration, s.Value}); len(t.pieces) > 2*t.clean+1024 {
		t.tidy()
	}
}

// tidy makes the pieces lie apart, in order: where they overlap the larger share counts.
// It does not matter when it is done.
func (s *sleep) tidy() {
	if s.clean == len(s.pieces) {
		return
	}
	slices.SortFunc(s.pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.share, b.share))
	})
	var cuts []int64
	out := make([]piece, 0, len(s.pieces))
	for rest := s.pieces; len(rest) > 0; {
		n, end := 1, rest[0].to // that hang together
		for n < len(rest) && rest[n].from < end {
			end = max(end, rest[n].to)
			n++
		}
		if n == 1 {
			out = joined(out, rest[0])
		} else {
			cuts = cuts[:0]
			for _, p := range rest[:n] {
				cuts = append(cuts, p.from, p.to)
			}
			slices.Sort(cuts)
			out = layered(out, rest[:n], slices.Compact(cuts))
		}
		rest = rest[n:]
	}
	s.pieces, s.clean = out, len(out)
}

// layered adds the largest share between each two cuts.
func layered(out, pieces []piece, cuts []int64) []piece {
	var open []piece // that may reach over the next cut
	for i, from := range cuts[:len(cuts)-1] {
		for len(pieces) > 0 && pieces[0].from <= from {
			open, pieces = append(open, pieces[0]), pieces[1:]
		}
		open = slices.DeleteFunc(open, func(p piece) bool { return p.to <= from })
		most := 0.0
		for _, p := range open {
			most = max(most, p.share)
		}
		if most > 0 {
			out = joined(out, piece{from, cuts[i+1], most})
		}
	}
	return out
}

// joined adds a piece, to the last one if it goes on with it.
func joined(out []piece, p piece) []piece {
	if n := len(out); n > 0 && out[n-1].to == p.from && out[n-1].share == p.share {
		out[n-1].to = p.to
		return out
	}
	return append(out, p)
}

// apart is how long one must be awake for another episode of sleep to begin.
const apart = hour

// days are the seconds of each day. An episode belongs to the day on which it ends: a
// night is of the morning after, as devices tell it.
func (s *sleep) days() map[int32]float64 {
	s.tidy()
	out := map[int32]float64{}
	for rest := s.pieces; len(rest) > 0; {
		n, seconds := 0, 0.0
		for n == 0 || n < len(rest) && rest[n].from-rest[n-1].to < apart {
			seconds += float64(rest[n].to-rest[n].from) * rest[n].share
			n++
		}
		out[int32(floor(rest[n-1].to-1, day))] += seconds
		rest = rest[n:]
	}
	return out
}

// nights gives sleep by the day, that of the source which has most of it.
func (a *Accumulator) nights(o *output) {
	most := map[Kind]map[int32]float64{Asleep: {}, InBed: {}}
	for t, s := range a.sleep {
		for d, v := range s.days() {
			most[t.kind][d] = max(most[t.kind][d], v)
		}
	}
	for d, v := range most[InBed] {
		o.day(d, InBedTime, v/hour)
	}
	for d, v := range most[Asleep] {
		o.day(d, SleepTime, v/hour)
		if bed := most[InBed][d]; bed >= v {
			o.day(d, SleepEfficiency, 100*v/bed)
		}
	}
}
