package activity

import "math"

// Moments are those of the readings of an hour. Weight is how many they are; of what is
// averaged over time it is the seconds that they cover.
type moments struct {
	weight, sum, squares int64 // the sums in millionths
	min, max             float64
	some, other          int64 // readings or seconds in and below the range that matters, of glucose and acceleration
}

func (a *Accumulator) moments(k Kind, h int32) *moments {
	hours := a.levels[k]
	if hours == nil {
		hours = map[int32]*moments{}
		a.levels[k] = hours
	}
	m := hours[h]
	if m == nil {
		m = &moments{min: math.Inf(1), max: math.Inf(-1)}
		hours[h] = m
	}
	return m
}

func (m *moments) add(s Sample, weight int64) {
	v := s.Value
	m.weight += weight
	m.sum += int64(math.Round(v * million * float64(weight)))
	m.min, m.max = min(m.min, v), max(m.max, v)
	switch s.Kind {
	case Acceleration:
		if v >= moderate && s.Duration <= epoch {
			m.some += weight
		}
	case Glucose:
		m.squares += int64(math.Round(v * v * million))
		if v < glucoseLow {
			m.other++
		} else if v <= glucoseHigh {
			m.some++
		}
	}
}

// and joins the moments of two hours.
func (m moments) and(b *moments) moments {
	return moments{m.weight + b.weight, m.sum + b.sum, m.squares + b.squares, min(m.min, b.min), max(m.max, b.max), m.some + b.some, m.other + b.other}
}

func (m moments) mean() float64 { return float64(m.sum) / million / float64(m.weight) }

// deviation is the standard deviation, of n-1; 0 of one reading.
func (m moments) deviation() float64 {
	if m.weight < 2 {
		return 0
	}
	n, mean := float64(m.weight), m.mean()
	return math.Sqrt(max(0, (float64(m.squares)/million-n*mean*mean)/(n-1)))
}
