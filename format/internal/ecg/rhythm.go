package ecg

import (
	"math"
	"slices"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/table"
)

// A Rhythm makes samples of beats: the heart rate of each minute, and the intervals from
// a normal beat to the next normal one (Task Force of the European Society of Cardiology,
// "Heart rate variability", Circulation 1996;93:1043-1065). An interval outside 0.3 to 2 s
// is none.
type Rhythm struct {
	Begin int64 // wall-clock time of the recording's begin; table.NoTime where not known
	// Screen leaves out intervals that differ by more than a fifth from the median of the
	// five before them, as around beats that begin elsewhere: for beats of a Detector,
	// which does not know where they begin.
	Screen bool
	Emit   func(activity.Sample) error

	last    float64 // s since Begin; negative before the first beat
	normal  bool
	started bool
	before  []float64
	minute  int64
	sum     float64 // of the intervals that ended in the minute, s
	n       int
}

// shortest and longest bound what is an interval, in s.
const shortest, longest = 0.3, 2.0

// Beat takes the next beat: when it was, in seconds since Begin.
func (r *Rhythm) Beat(at float64, normal bool) error {
	if minute := int64(math.Floor(at / 60)); minute != r.minute {
		if err := r.Flush(); err != nil {
			return err
		}
		r.minute = minute
	}
	interval, both := at-r.last, r.started && normal && r.normal
	first := !r.started
	r.last, r.normal, r.started = at, normal, true
	if first || interval <= 0.2 || interval > longest { // 0.2 s: no heart beats again so soon
		return nil
	}
	r.sum, r.n = r.sum+interval, r.n+1
	if r.Screen && !r.usual(interval) || !both || interval < shortest {
		return nil
	}
	return r.Emit(activity.Sample{Kind: activity.BeatInterval, Time: r.time(int64(at - interval)), Value: interval})
}

// Break is a gap in the recording: no interval goes over it.
func (r *Rhythm) Break() { r.started, r.before = false, r.before[:0] }

// Flush gives the heart rate of the minute so far. It ends a recording.
func (r *Rhythm) Flush() error {
	if r.n == 0 {
		return nil
	}
	rate := 60 * float64(r.n) / r.sum
	r.sum, r.n = 0, 0
	return r.Emit(activity.Sample{Kind: activity.HeartRate, Time: r.time(r.minute * 60), Duration: 60, Value: rate})
}

func (r *Rhythm) time(since int64) int64 {
	if r.Begin == table.NoTime {
		return table.NoTime
	}
	return r.Begin + since
}

// usual compares an interval with those before it.
func (r *Rhythm) usual(interval float64) bool {
	ok := true
	if n := len(r.before); n > 0 {
		sorted := slices.Sorted(slices.Values(r.before))
		median := sorted[n/2]
		ok = math.Abs(interval-median) <= 0.2*median
	}
	if len(r.before) == 5 {
		r.before = append(r.before[:0], r.before[1:]...)
	}
	r.before = append(r.before, interval)
	return ok
}
