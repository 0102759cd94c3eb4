package survival

import (
	"cmp"
	"math"
	"slices"
)

// A Person is one row of a Cox regression: at risk over (Start, Stop], with or
// without the event at Stop. Start is -Inf for somebody at risk from the
// beginning. X are the covariates, Offset a known part of the linear predictor.
type Person struct {
	Start, Stop float64
	Event       bool
	X           []float64
	Offset      float64
}

// A Stratum is people who share one baseline hazard, in an order that depends
// on their values alone: every sum over them is then the same to the last bit,
// however the rows lay in the table.
type Stratum struct {
	people  []Person // by Stop, latest first; events before others
	leaving []int    // the people by Start, latest first
	late    bool     // somebody enters late
	mean    []float64
}

// NewStratum orders the people. It keeps their X.
func NewStratum(people []Person) *Stratum {
	s := &Stratum{people: slices.Clone(people), leaving: make([]int, len(people))}
	slices.SortFunc(s.people, compare)
	for i, p := range s.people {
		s.leaving[i] = i
		s.late = s.late || !math.IsInf(p.Start, -1)
	}
	slices.SortFunc(s.leaving, func(a, b int) int {
		return cmp.Or(-cmp.Compare(s.people[a].Start, s.people[b].Start), cmp.Compare(a, b))
	})
	if len(people) == 0 {
		return s
	}
	s.mean = make([]float64, len(s.people[0].X))
	for _, p := range s.people {
		for j, x := range p.X {
			s.mean[j] += x
		}
	}
	for j := range s.mean {
		s.mean[j] /= float64(len(people))
	}
	return s
}

func compare(a, b Person) int {
	if c := -cmp.Compare(a.Stop, b.Stop); c != 0 {
		return c
	}
	if a.Event != b.Event {
		if a.Event {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Offset, b.Offset), slices.Compare(a.X, b.X))
}

// Len is the number of people.
func (s *Stratum) Len() int { return len(s.people) }

// Events is the number of events.
func (s *Stratum) Events() float64 {
	var n float64
	for _, p := range s.people {
		if p.Event {
			n++
		}
	}
	return n
}

// deathTimes calls visit for each time with events, latest first, with the
// people who have the event then. Before each visit, enter is called for
// everybody who has come under observation (seen from the end of time) and
// leave for everybody whose observation had not begun at that time.
func (s *Stratum) deathTimes(enter, leave func(i int), visit func(from, to int)) {
	gone := 0
	for i := 0; i < len(s.people); {
		t := s.people[i].Stop
		from, to := i, i
		for i < len(s.people) && s.people[i].Stop == t {
			if s.people[i].Event {
				to = i + 1
			}
			enter(i)
			i++
		}
		if from == to {
			continue
		}
		for s.late && gone < len(s.leaving) && s.people[s.leaving[gone]].Start >= t {
			leave(s.leaving[gone])
			gone++
		}
		visit(from, to)
	}
}

// predictor is the linear predictor of each person with covariates centred on
// the stratum's means: hazard ratios do not notice, rounding does.
func (s *Stratum) predictor(beta []float64) []float64 {
	eta := make([]float64, len(s.people))
	for i, p := range s.people {
		e := p.Offset
		for j, b := range beta {
			e += b * (p.X[j] - s.mean[j])
		}
		eta[i] = e
	}
	return eta
}
