package activity

import "math"

// NoTime is the time of a sample whose recording has no date, as table.NoTime.
const NoTime = math.MinInt64

// Undated is what can be said of samples without a time: of the recording as a whole.
type undated struct {
	rate  moments
	rated bool
	beats variability
}

// add takes a sample; false for a kind that means nothing without a time.
func (u *undated) add(s Sample) bool {
	switch s.Kind {
	case HeartRate:
		u.rate.add(s, max(s.Duration, 1))
		u.rated = true
	case BeatInterval:
		u.beats.add(0, s.Value)
		u.beats.lastInterval = 0 // which intervals follow each other is not known
	default:
		return false
	}
	return true
}

func (u *undated) summaries(o *output) {
	if u.rated {
		o.out = append(o.out, Summary{NoTime, NoTime, HeartRateHour, u.rate.mean()})
	}
	if u.beats.sum >= beatsLong {
		o.out = append(o.out, Summary{NoTime, NoTime, SDNN, u.beats.sdnn()})
	}
}
