// Package motion makes samples of package activity of raw acceleration: how much somebody
// moved in each five seconds, and when the device was worn.
//
// It serves the formats that hold such signals. Movement is ENMO, the length of the
// acceleration less one g, not below zero (V. T. van Hees and others, PLoS One
// 2013;8:e61691). Not worn is a quarter of an hour if in the hour around it at least two
// axes have a standard deviation below 13 mg and a range below 50 mg (V. T. van Hees and
// others, PLoS One 2011;6:e22922, with the threshold of the paper of 2013).
package motion

import (
	"math"

	"hmsp.center/hmsp/activity"
)

// The lengths, in s, of what movement is summed up over, of a block that is worn or not,
// and of half a block.
const (
	epoch = 5
	block = 900
	half  = block / 2
)

// still are the largest standard deviation and range, in g, of an axis that does not move.
const (
	stillDeviation = 0.013
	stillRange     = 0.050
)

// A Meter takes samples of acceleration in the order of their time.
type Meter struct {
	Emit func(activity.Sample) error
	// Calibration is applied to each sample.
	Calibration Calibration

	at    int64 // begin of the epoch
	sum   float64
	n     int
	epoch []activity.Sample // of blocks that are not judged yet

	halves []axes // of the last hour and before, one after the other
	first  int64  // begin of the first of them
	judged int64  // begin of the block that is judged next
	begun  bool
}

// axes describes each axis over a time.
type axes struct {
	n                  float64
	mean, m2, low, top [3]float64
}

func (a *axes) add(x [3]float64) {
	a.n++
	for i, v := range x {
		if a.n == 1 {
			a.low[i], a.top[i] = v, v
		}
		d := v - a.mean[i]
		a.mean[i] += d / a.n
		a.m2[i] += d * (v - a.mean[i])
		a.low[i], a.top[i] = min(a.low[i], v), max(a.top[i], v)
	}
}

// join adds what b describes (Chan and others, 1979).
func (a *axes) join(b axes) {
	if a.n == 0 {
		*a = b
		return
	}
	if b.n == 0 {
		return
	}
	n := a.n + b.n
	for i := range a.mean {
		d := b.mean[i] - a.mean[i]
		a.m2[i] += b.m2[i] + d*d*a.n*b.n/n
		a.mean[i] += d * b.n / n
		a.low[i], a.top[i] = min(a.low[i], b.low[i]), max(a.top[i], b.top[i])
	}
	a.n = n
}

// still says whether at least two axes do not move.
func (a axes) still() bool {
	count := 0
	for i := range a.mean {
		if math.Sqrt(a.m2[i]/a.n) < stillDeviation && a.top[i]-a.low[i] < stillRange {
			count++
		}
	}
	return count >= 2
}

// Add takes the acceleration along three axes, in g. Time is in whole seconds; half an hour
// without a sample, or a time that goes back, begins a new recording.
func (m *Meter) Add(time int64, g [3]float64) error {
	g = m.Calibration.apply(g)
	if !m.begun {
		m.begun, m.at, m.first, m.judged = true, floor(time, epoch), floor(time, block), floor(time, block)
	}
	if gap := m.first + half*int64(len(m.halves)) + 2*block; time > gap || time < m.at { // a gap: what was before is judged alone
		if err := m.Flush(); err != nil {
			return err
		}
		return m.Add(time, m.Calibration.undo(g))
	}
	if time >= m.at+epoch {
		m.closeEpoch()
		m.at = floor(time, epoch)
	}
	for m.first+half*int64(len(m.halves)) <= time {
		m.halves = append(m.halves, axes{})
	}
	m.halves[(time-m.first)/half].add(g)
	m.sum += max(math.Sqrt(g[0]*g[0]+g[1]*g[1]+g[2]*g[2])-1, 0)
	m.n++
	// A block is judged when the hour around it is over.
	for m.judged+block/2+1800 <= time {
		if err := m.judge(); err != nil {
			return err
		}
	}
	return nil
}

// Flush ends a recording, or what is before a gap.
func (m *Meter) Flush() error {
	m.closeEpoch()
	for m.begun && m.judged < m.first+half*int64(len(m.halves)) {
		if err := m.judge(); err != nil {
			return err
		}
	}
	*m = Meter{Emit: m.Emit, Calibration: m.Calibration}
	return nil
}

func (m *Meter) closeEpoch() {
	if m.n > 0 {
		m.epoch = append(m.epoch, activity.Sample{Kind: activity.Acceleration, Time: m.at, Duration: epoch, Value: 1000 * m.sum / float64(m.n)})
	}
	m.sum, m.n = 0, 0
}

// judge decides whether the next block was worn, from the hour around it as far as it was
// recorded, and gives its epochs if so.
func (m *Meter) judge() error {
	var hour axes
	for i := range m.halves {
		if begin := m.first + half*int64(i); begin >= m.judged+block/2-1800 && begin < m.judged+block/2+1800 {
			hour.join(m.halves[i])
		}
	}
	worn := hour.n > 0 && !hour.still()
	end := m.judged + block
	var from, to int64
	some := false
	for len(m.epoch) > 0 && m.epoch[0].Time < end {
		s := m.epoch[0]
		m.epoch = m.epoch[1:]
		if !some {
			from = s.Time
		}
		some, to = true, s.Time+s.Duration
		if worn {
			if err := m.Emit(s); err != nil {
				return err
			}
		}
	}
	m.judged = end
	for len(m.halves) > 0 && m.first+half <= m.judged+block/2-1800 {
		m.halves, m.first = m.halves[1:], m.first+half
	}
	if !some {
		return nil
	}
	value := 0.0
	if worn {
		value = 1
	}
	return m.Emit(activity.Sample{Kind: activity.Worn, Time: from, Duration: to - from, Value: value})
}

func floor(t, step int64) int64 { return t - ((t%step)+step)%step }
