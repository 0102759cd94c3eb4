package edf

import (
	"math"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format/internal/ecg"
	"hmsp.center/hmsp/table"
)

// A heart is an electrocardiogram in which beats are searched.
type heart struct {
	signal   int
	rate     float64
	detector *ecg.Detector
	rhythm   ecg.Rhythm
	beats    []int64
	pushed   int64   // samples so far
	from     int64   // the first sample since the last gap
	start    float64 // when that was, s
}

func newHeart(signal int, rate float64, begin int64, emit func(activity.Sample) error) *heart {
	x := &heart{signal: signal, rate: rate, rhythm: ecg.Rhythm{Begin: begin, Screen: true, Emit: emit}}
	x.detector = ecg.NewDetector(rate, func(at int64) { x.beats = append(x.beats, at) })
	return x
}

func (x *heart) record(h *header, start float64, gap bool, value func(signal, k int) float64) error {
	if x == nil {
		return nil
	}
	if gap {
		x.detector.Flush()
		if err := x.tell(); err != nil {
			return err
		}
		x.rhythm.Break()
	}
	if gap || x.pushed == 0 {
		x.from, x.start = x.pushed, start
	}
	for k := range h.signals[x.signal].samples {
		x.detector.Push(value(x.signal, k))
		x.pushed++
	}
	return x.tell()
}

// tell gives the beats that were found to the rhythm.
func (x *heart) tell() error {
	for _, at := range x.beats {
		if err := x.rhythm.Beat(x.start+float64(at-x.from)/x.rate, true); err != nil {
			return err
		}
	}
	x.beats = x.beats[:0]
	return nil
}

func (x *heart) finish() error {
	if x == nil {
		return nil
	}
	x.detector.Flush()
	if err := x.tell(); err != nil {
		return err
	}
	return x.rhythm.Flush()
}

// A mean is a signal of which each minute's mean counts. What is not from low to high was
// not measured: a sensor that is off gives 0.
type mean struct {
	signal    int
	kind      activity.Kind
	low, high float64
	begin     int64
	emit      func(activity.Sample) error
	minute    int64
	sum       float64
	n         int
}

func (x *mean) add(at, value float64) error {
	if minute := int64(math.Floor(at / 60)); minute != x.minute {
		if err := x.flush(); err != nil {
			return err
		}
		x.minute = minute
	}
	if value >= x.low && value <= x.high {
		x.sum, x.n = x.sum+value, x.n+1
	}
	return nil
}

func (x *mean) flush() error {
	if x.n == 0 {
		return nil
	}
	s := activity.Sample{Kind: x.kind, Time: wall(x.begin, float64(x.minute*60)), Duration: 60, Value: x.sum / float64(x.n)}
	x.sum, x.n = 0, 0
	return x.emit(s)
}

// wall is the wall-clock time of a second of the recording.
func wall(begin int64, at float64) int64 {
	if begin == table.NoTime {
		return table.NoTime
	}
	return begin + int64(math.Floor(at))
}
