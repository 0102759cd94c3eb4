// Package wearable makes what a watch on the wrist sees: steps and heart rate of
// every minute, sleep, and hours in which it is not worn.
//
// It serves simulate and writers of wearables' files.
package wearable

import (
	"math"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/person"
)

// DayMinutes is the minutes of a day.
const DayMinutes = 1440

// A Cosinor is the planted rhythm of the heart rate of somebody who does not move:
// Mesor + Amplitude*cos(2 pi (h - Acrophase)/24), h in hours since midnight.
type Cosinor struct{ Mesor, Amplitude, Acrophase float64 }

// A Night is a sleep, in minutes since the first midnight: from From to To-1.
type Night struct{ From, To int }

// Minutes are the recording of somebody and what was planted in it. Where the watch
// was not worn the heart rate is 0 and there are no steps.
type Minutes struct {
	Start     int64 // midnight of the first day
	Steps     []uint16
	HeartRate []uint8 // per minute; 0 is missing
	Worn      []bool
	Asleep    []bool // the truth, also while not worn

	Rhythm Cosinor
	Nights []Night
	Daily  float64 // expected steps of a day when worn throughout
	Noise  float64 // standard deviation of the heart rate's, before it is rounded
}

// What is planted: the heart rate's mesor is Mesor + ActivityOnMesor*activity +
// SmokingOnMesor*smoker + a normal number, in 1/min, and the expected steps of a day are
// DailySteps*exp(ActivityOnSteps*activity).
const (
	Mesor           = 66.0
	ActivityOnMesor = -2.0
	SmokingOnMesor  = 2.0
	DailySteps      = 7000.0
	ActivityOnSteps = 0.3
)

// StepRate is how much the heart rate rises with each step of its minute.
const StepRate = 0.25

// Record makes days of recording, from the midnight start.
func Record(p *person.Person, start int64, days int) Minutes {
	s := p.Key.Stream("wearable")
	n := days * DayMinutes
	m := Minutes{Start: start, Steps: make([]uint16, n), HeartRate: make([]uint8, n), Worn: make([]bool, n), Asleep: make([]bool, n), Noise: 3}
	activity := p.X[person.Activity]
	m.Rhythm = Cosinor{Mesor + ActivityOnMesor*activity + SmokingOnMesor*p.X[person.Smoker] + s.Residual(4), 5 + s.Residual(1), 15 + s.Residual(1)}
	m.Daily = DailySteps * math.Exp(ActivityOnSteps*activity)
	bed, wake := 23+s.Residual(0.7), 6.8+s.Residual(0.6)
	for d := -1; d < days; d++ {
		m.sleep(s, d, bed, wake)
	}
	m.wear(s, days)
	m.fill(s)
	return m
}

// sleep puts the night that begins on day d.
func (m *Minutes) sleep(s *chance.Stream, d int, bed, wake float64) {
	from := d*DayMinutes + int(60*(bed+s.Residual(0.4)))
	to := (d+1)*DayMinutes + int(60*(wake+s.Residual(0.4)))
	from, to = max(from, 0), min(to, len(m.Asleep))
	if from >= to {
		return
	}
	m.Nights = append(m.Nights, Night{from, to})
	for i := from; i < to; i++ {
		m.Asleep[i] = true
	}
}

// wear takes the watch off now and then: 0.7 times a day, 20 minutes to 5 hours.
func (m *Minutes) wear(s *chance.Stream, days int) {
	for i := range m.Worn {
		m.Worn[i] = true
	}
	for range s.Poisson(0.7 * float64(days)) {
		at, length := s.Below(len(m.Worn)), 20+s.Below(280)
		for i := at; i < min(at+length, len(m.Worn)); i++ {
			m.Worn[i] = false
		}
	}
}

// fill draws steps in bouts, and the heart rate about the rhythm.
func (m *Minutes) fill(s *chance.Stream) {
	const bout, cadence = 6, 80 // mean minutes of a walk, and steps in each
	awake := 16.0 * 60
	begin := m.Daily / (awake * bout * cadence)
	walking := false
	for i := range m.Steps {
		if walking {
			walking = !s.Chance(1.0 / bout)
		} else {
			walking = s.Chance(begin)
		}
		walking = walking && !m.Asleep[i]
		steps := 0.0
		if walking {
			steps = math.Round(max(cadence+s.Residual(15), 1))
		}
		h := float64(i%DayMinutes) / 60
		rate := m.Rhythm.Mesor + m.Rhythm.Amplitude*math.Cos(2*math.Pi*(h-m.Rhythm.Acrophase)/24) + StepRate*steps + s.Residual(m.Noise)
		if m.Worn[i] {
			m.Steps[i] = uint16(steps)
			m.HeartRate[i] = uint8(min(max(math.Round(rate), 30), 220))
		}
	}
}
