package activity

import (
	"maps"
	"math"
	"slices"
)

// moderate is the acceleration (ENMO) in mg from which on activity of an adult who wears
// the device at the wrist is moderate: 93 and 101 for two devices (Hildebrand et al., Med
// Sci Sports Exerc 2014;46:1816-1824, table 2). It says so of samples of at most epoch
// seconds: means over longer times hide what is short.
const (
	moderate = 100
	epoch    = 60
)

// acceleration gives the mean acceleration (van Hees et al., PLoS One 2013;8:e61691), and
// the least active five and most active ten hours.
func (a *Accumulator) acceleration(o *output) {
	hours := a.levels[Acceleration]
	for h, m := range hours {
		o.hour(h, AccelerationHour, m.mean())
	}
	byDay(hours, func(d int32, of []int32) {
		o.day(d, AccelerationDay, sum(hours, of).mean())
		var profile [24]float64
		if len(of) < 24 {
			return
		}
		for i, h := range of {
			profile[i] = hours[h].mean()
		}
		o.day(d, LeastDay, least(profile, 5, false))
		o.day(d, MostDay, -least(negative(profile), 10, false))
	})
}

// least is the smallest mean of n hours that follow each other; round says that the first
// follows the last.
func least(profile [24]float64, n int, round bool) float64 {
	best := math.Inf(1)
	for from := range 24 {
		if from+n > 24 && !round {
			break
		}
		mean := 0.0
		for i := range n {
			mean += profile[(from+i)%24] / float64(n)
		}
		best = min(best, mean)
	}
	return best
}

func negative(profile [24]float64) [24]float64 {
	for i := range profile {
		profile[i] = -profile[i]
	}
	return profile
}

// A series has a value for hours, not for all.
type series map[int32]float64

func seriesOf(hours map[int32]*moments) series {
	out := series{}
	for h, m := range hours {
		out[h] = m.mean()
	}
	return out
}

// stepHours is in how many hours of a day there are steps if the device was with the
// person.
const stepHours = 8

// stepSeries are the steps of the hours of days on which the device was with the person:
// steps in at least stepHours of them. In an hour without steps many devices write nothing.
func (a *Accumulator) stepSeries() series {
	hours, _ := a.hourly(Steps)
	out := series{}
	byDay(hours, func(d int32, of []int32) {
		walked := 0
		for _, h := range of {
			if hours[h] > 0 {
				walked++
			}
		}
		if walked < stepHours {
			return
		}
		for i := range int32(24) {
			h := d*24 + i
			out[h] = float64(hours[h]) / million
		}
	})
	return out
}

// rhythms gives what repeats day after day, of acceleration, steps and heart rate.
func (a *Accumulator) rhythms(o *output) {
	seriesOf(a.levels[Acceleration]).rhythm(o, "")
	a.stepSeries().rhythm(o, "steps-")
	seriesOf(a.levels[HeartRate]).rhythm(o, "heart-rate-")
}

// The hours of a day that must be known for a cosinor of it, and the hours of a recording
// for measures of days that repeat.
const (
	cosinorHours = 22
	repeatHours  = 48
)

// rhythm gives the measures of one signal: of each day, and of the recording.
func (s series) rhythm(o *output, name string) {
	if len(s) < 24 {
		return
	}
	byDay(s, func(d int32, hours []int32) {
		if len(hours) < cosinorHours {
			return
		}
		if c, ok := s.cosinor(hours); ok {
			o.day(d, "hmsp:day-"+name+"cosinor-mesor", c.mesor)
			o.day(d, "hmsp:day-"+name+"cosinor-amplitude", c.amplitude)
			o.day(d, "hmsp:day-"+name+"cosinor-acrophase", c.acrophase)
		}
	})
	hours := slices.Sorted(maps.Keys(s))
	first, last := hours[0], hours[len(hours)-1]
	profile, known := s.profile(hours)
	if known < cosinorHours {
		return
	}
	if c, ok := s.cosinor(hours); ok {
		o.recording(first, last, "hmsp:"+name+"cosinor-mesor", c.mesor)
		o.recording(first, last, "hmsp:"+name+"cosinor-amplitude", c.amplitude)
		o.recording(first, last, "hmsp:"+name+"cosinor-acrophase", c.acrophase)
	}
	if stability, variability, ok := s.repeats(hours, profile); ok && len(hours) >= repeatHours {
		o.recording(first, last, "hmsp:"+name+"interdaily-stability", stability)
		o.recording(first, last, "hmsp:"+name+"intradaily-variability", variability)
	}
	if l5, m10 := least(profile, 5, true), -least(negative(profile), 10, true); known == 24 && name != "heart-rate-" && l5+m10 > 0 {
		o.recording(first, last, "hmsp:"+name+"l5", l5)
		o.recording(first, last, "hmsp:"+name+"m10", m10)
		o.recording(first, last, "hmsp:"+name+"relative-amplitude", (m10-l5)/(m10+l5))
	}
}

// profile is the mean of each hour of the day, and how many of them are known.
func (s series) profile(hours []int32) (mean [24]float64, known int) {
	var n [24]float64
	for _, h := range hours {
		i := h - 24*dayOf(h)
		n[i]++
		mean[i] += s[h]
	}
	for i := range mean {
		if n[i] > 0 {
			mean[i] /= n[i]
			known++
		}
	}
	return mean, known
}

// A cosinor is a cosine of 24 hours that fits best: its middle, how far it swings to
// either side, and the hour of the day at which it is highest.
type cosinor struct{ mesor, amplitude, acrophase float64 }

// cosinor fits by least squares (Cornelissen, Theor Biol Med Model 2014;11:16, single
// component): y = mesor + beta cos(wt) + gamma sin(wt), an hour standing for its middle.
func (s series) cosinor(hours []int32) (cosinor, bool) {
	var m [3][4]float64 // the normal equations, with their right side
	for _, h := range hours {
		angle := 2 * math.Pi * (float64(h-24*dayOf(h)) + 0.5) / 24
		x := [3]float64{1, math.Cos(angle), math.Sin(angle)}
		for i := range x {
			for j := range x {
				m[i][j] += x[i] * x[j]
			}
			m[i][3] += x[i] * s[h]
		}
	}
	b, ok := solve(m)
	if !ok {
		return cosinor{}, false
	}
	peak := math.Atan2(b[2], b[1]) / (2 * math.Pi) * 24
	return cosinor{b[0], math.Hypot(b[1], b[2]), math.Mod(peak+24, 24)}, true
}

// solve solves three equations, by elimination with the largest pivot.
func solve(m [3][4]float64) (x [3]float64, ok bool) {
	for i := range 3 {
		best := i
		for k := i + 1; k < 3; k++ {
			if math.Abs(m[k][i]) > math.Abs(m[best][i]) {
				best = k
			}
		}
		m[i], m[best] = m[best], m[i]
		if math.Abs(m[i][i]) < 1e-9 {
			return x, false
		}
		for k := i + 1; k < 3; k++ {
			f := m[k][i] / m[i][i]
			for j := i; j < 4; j++ {
				m[k][j] -= f * m[i][j]
			}
		}
	}
	for i := 2; i >= 0; i-- {
		x[i] = m[i][3]
		for j := i + 1; j < 3; j++ {
			x[i] -= m[i][j] * x[j]
		}
		x[i] /= m[i][i]
	}
	return x, true
}

// repeats are interdaily stability and intradaily variability (Van Someren et al.,
// Chronobiol Int 1999;16:505-518). Where hours are missing each known hour weighs the
// same in the first, and the second is of the hours that follow each other.
func (s series) repeats(hours []int32, profile [24]float64) (stability, variability float64, ok bool) {
	n := float64(len(hours))
	mean := 0.0
	for _, h := range hours {
		mean += s[h] / n
	}
	var whole, between, jumps, pairs float64
	for i, h := range hours {
		whole += (s[h] - mean) * (s[h] - mean)
		usual := profile[h-24*dayOf(h)] - mean
		between += usual * usual
		if i > 0 && hours[i-1] == h-1 {
			jump := s[h] - s[h-1]
			jumps += jump * jump
			pairs++
		}
	}
	if whole <= 1e-12*n || pairs == 0 {
		return 0, 0, false
	}
	return between / whole, n * jumps / (pairs * whole), true
}
