package activity

// The range of glucose in mg/dL, both ends in it (Battelino et al., Diabetes Care
// 2019;42:1593-1603).
const (
	glucoseLow  = 70
	glucoseHigh = 180
)

// How many readings a day, and a recording, must have for times in range and for the
// management indicator: one an hour, and a day of a sensor's, one every five minutes.
const (
	glucoseDay       = 24
	glucoseRecording = 288
)

// glucose gives the measures of continuous glucose monitoring, each reading counting the
// same.
func (a *Accumulator) glucose(o *output) {
	hours := a.levels[Glucose]
	if len(hours) == 0 {
		return
	}
	for h, m := range hours {
		o.hour(h, GlucoseHour, m.mean())
	}
	byDay(hours, func(d int32, of []int32) {
		m := sum(hours, of)
		o.day(d, GlucoseDay, m.mean())
		if m.weight >= glucoseDay {
			o.day(d, GlucoseDayDeviation, m.deviation())
			o.day(d, GlucoseDayVariation, 100*m.deviation()/m.mean())
			o.day(d, GlucoseDayInRange, 100*float64(m.some)/float64(m.weight))
		}
	})
	m, first, last := all(hours)
	o.recording(first, last, GlucoseMean, m.mean())
	o.recording(first, last, GlucoseLowest, m.min)
	o.recording(first, last, GlucoseHighest, m.max)
	if m.weight < glucoseRecording {
		return
	}
	n := float64(m.weight)
	o.recording(first, last, GlucoseDeviation, m.deviation())
	o.recording(first, last, GlucoseVariation, 100*m.deviation()/m.mean())
	o.recording(first, last, GlucoseInRange, 100*float64(m.some)/n)
	o.recording(first, last, GlucoseBelow, 100*float64(m.other)/n)
	o.recording(first, last, GlucoseAbove, 100*(n-float64(m.some)-float64(m.other))/n)
	// Bergenstal et al., Diabetes Care 2018;41:2275-2280.
	o.recording(first, last, GlucoseIndicator, 3.31+0.02392*m.mean())
}
