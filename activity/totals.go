package activity

import (
	"maps"
	"slices"
)

// hourly is what adds up by the hour, of each hour that of the largest source, and daily
// by the day; in millionths.
func (a *Accumulator) hourly(k Kind) (hours, days map[int32]int64) {
	hours, days = map[int32]int64{}, map[int32]int64{}
	for t, of := range a.totals {
		if t.kind != k {
			continue
		}
		for _, one := range []map[int32]int64{of.pieces, of.hours} {
			for h, v := range one {
				hours[h] = max(hours[h], v)
			}
		}
	}
	for h, v := range hours {
		days[dayOf(h)] += v
	}
	for t, of := range a.totals {
		if t.kind != k {
			continue
		}
		for d, v := range of.days {
			days[d] = max(days[d], v)
		}
	}
	return hours, days
}

// counts gives what adds up.
func (a *Accumulator) counts(o *output) {
	for _, c := range []struct {
		kind      Kind
		hour, day string // codes
	}{
		{Steps, StepsHour, StepsDay},
		{Distance, DistanceHour, DistanceDay},
		{Energy, EnergyHour, EnergyDay},
		{TotalEnergy, TotalEnergyHour, TotalEnergyDay},
		{BasalEnergy, "", BasalEnergyDay},
		{Floors, "", FloorsDay},
	} {
		hours, days := a.hourly(c.kind)
		if c.hour != "" {
			for h, v := range hours {
				o.hour(h, c.hour, float64(v)/million)
			}
		}
		for d, v := range days {
			o.day(d, c.day, float64(v)/million)
		}
	}
	a.wear(o)
	a.moderate(o)
}

// minutes of seconds in millionths, at most a day.
func minutes(seconds int64) float64 { return min(float64(seconds)/million, day) / 60 }

// wear is how long the device was worn: as it says itself; else the hours in which there
// is a heart rate, which no device finds on a table; else the time with acceleration.
func (a *Accumulator) wear(o *output) {
	_, days := a.hourly(Worn)
	if len(days) == 0 {
		for h := range a.levels[HeartRate] {
			days[dayOf(h)] += hour * million
		}
	}
	if len(days) == 0 {
		for h, m := range a.levels[Acceleration] {
			days[dayOf(h)] += min(m.weight, hour) * million
		}
	}
	for d, v := range days {
		o.day(d, WearTime, minutes(v))
	}
}

// moderate is the time of moderate to vigorous activity: what the device says, or what
// acceleration says, whichever is more.
func (a *Accumulator) moderate(o *output) {
	_, days := a.hourly(Intensity)
	fast := map[int32]int64{}
	for h, m := range a.levels[Acceleration] {
		fast[dayOf(h)] += min(m.some, hour) * million
	}
	for d, v := range fast {
		days[d] = max(days[d], v)
	}
	for d, v := range days {
		o.day(d, ModerateTime, minutes(v))
	}
}

// readings gives the means of what is measured now and then.
func (a *Accumulator) readings(o *output) {
	for k, code := range map[Kind]string{Weight: WeightDay, Oxygen: OxygenDay, Temperature: TemperatureDay, Systolic: SystolicDay,
		Diastolic: DiastolicDay, Speed: SpeedDay, Level: LevelDay} {
		byDay(a.levels[k], func(d int32, hours []int32) {
			o.day(d, code, sum(a.levels[k], hours).mean())
		})
	}
	for h, m := range a.levels[Level] {
		o.hour(h, LevelHour, m.mean())
	}
	byDay(a.levels[Oxygen], func(d int32, hours []int32) {
		o.day(d, OxygenLowest, sum(a.levels[Oxygen], hours).min)
	})
}

// sum joins the moments of hours, at least one.
func sum(of map[int32]*moments, hours []int32) moments {
	m := *of[hours[0]]
	for _, h := range hours[1:] {
		m = m.and(of[h])
	}
	return m
}

// all joins the moments of every hour, at least one, and gives the first and the last.
func all(of map[int32]*moments) (m moments, first, last int32) {
	hours := slices.Sorted(maps.Keys(of))
	return sum(of, hours), hours[0], hours[len(hours)-1]
}

// The hours of a day with a heart rate from which on the day is told of (Troiano et al.,
// Med Sci Sports Exerc 2008;40:181-188), and the readings of an hour from which on its
// mean may be the resting rate.
const (
	heartHours    = 10
	heartReadings = 4
)

// heart gives heart rates. A day's mean is that of its hours' means: devices measure
// more often when one moves.
func (a *Accumulator) heart(o *output) {
	hours := a.levels[HeartRate]
	for h, m := range hours {
		o.hour(h, HeartRateHour, m.mean())
		o.hour(h, HeartRateHourLowest, m.min)
		o.hour(h, HeartRateHourHighest, m.max)
	}
	resting := map[int32]float64{}
	byDay(hours, func(d int32, of []int32) {
		if len(of) < heartHours {
			return
		}
		mean, lowest := 0.0, 0.0
		for _, h := range of {
			m := hours[h].mean()
			mean += m / float64(len(of))
			if hours[h].weight >= heartReadings && (lowest == 0 || m < lowest) {
				lowest = m
			}
		}
		whole := sum(hours, of)
		o.day(d, HeartRateDay, mean)
		o.day(d, HeartRateDayLowest, whole.min)
		o.day(d, HeartRateDayHighest, whole.max)
		if lowest > 0 {
			resting[d] = lowest
		}
	})
	byDay(a.levels[RestingHeartRate], func(d int32, of []int32) {
		resting[d] = sum(a.levels[RestingHeartRate], of).mean()
	})
	for d, v := range resting {
		o.day(d, HeartRateResting, v)
	}
}
