package cgm

import (
	"context"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// Habits are how a file writes times and glucose, as far as its header does not say.
type habits struct {
	highest    float64
	dayFirst   bool // some time can only be one with the day before the month
	monthFirst bool
	settled    bool
	layout     string
	factor     float64
	patient    string // of the reading before: most have the same
}

// highestMolar is above every glucose in mmol/L, and below the highest of any recording in
// mg/dL.
const highestMolar = 36

// look learns from a reading.
func (h *habits) look(r *reading) error {
	if string(r.value) != "Low" && string(r.value) != "High" {
		x, ok := number(r.value)
		if !ok {
			return r.rows.Fail(r.table.header[r.table.value], "this is no number", "export the table again")
		}
		h.highest = max(h.highest, x)
	}
	if a, b, ok := parts(r.time); ok {
		h.dayFirst = h.dayFirst || a > 12
		h.monthFirst = h.monthFirst || b > 12
	}
	return nil
}

// parts are the first two numbers of a date that begins with one of two digits.
func parts(b []byte) (first, second int, ok bool) {
	at := 0
	read := func() int {
		n := 0
		for at < len(b) && b[at] >= '0' && b[at] <= '9' && n < 1000 {
			n = n*10 + int(b[at]-'0')
			at++
		}
		return n
	}
	first = read()
	if at == 0 || at > 2 || at == len(b) {
		return 0, 0, false
	}
	at++
	return first, read(), true
}

// settle decides, and says so in notes.
func (h *habits) settle(ctx context.Context, r *reading) error {
	h.settled = true
	switch h.factor = r.table.factor; {
	case h.factor != 0:
	case h.highest < highestMolar:
		h.factor = molar
		recording.Note(ctx, "files whose glucose is read as mmol/L, as no value is 36 or more")
	default:
		h.factor = 1
		recording.Note(ctx, "files whose glucose is read as mg/dL, as their values are too large for mmol/L")
	}
	column := r.table.header[r.table.time]
	_, _, short := parts(r.time)
	switch {
	case !short:
		h.layout = format.ISODate
	case h.dayFirst && h.monthFirst:
		return r.rows.Fail(column, "some times have the day first and some the month", "export the file again")
	case h.dayFirst:
		h.layout = "DD-MM-YYYY"
	case h.monthFirst || strings.HasSuffix(string(r.time), "M"): // AM and PM are of the United States
		h.layout = "MM-DD-YYYY"
	default:
		return r.rows.Fail(column, "it cannot be told whether the day or the month is first, as no day is after the 12th", "export more days")
	}
	return nil
}

// Where a sensor says Low or High, and no number: the ends of what it measures, in mg/dL
// (Dexcom G6: 40 to 400).
const (
	sensorLow  = 40
	sensorHigh = 400
)

// sample makes a sample of a reading.
func (h *habits) sample(ctx context.Context, r *reading, emit func(patient string, s activity.Sample) error) error {
	s := activity.Sample{Kind: activity.Glucose}
	switch string(r.value) {
	case "Low":
		s.Value = sensorLow
		recording.Note(ctx, "readings below what the sensor measures are taken as 40 mg/dL")
	case "High":
		s.Value = sensorHigh
		recording.Note(ctx, "readings above what the sensor measures are taken as 400 mg/dL")
	default:
		x, _ := number(r.value) // look has read it
		s.Value = x * h.factor
	}
	var ok bool
	if s.Time, ok = h.time(r.time); !ok {
		return r.rows.Fail(r.table.header[r.table.time], "this is no time of the calendar as the other rows write it", "export the file again")
	}
	if string(r.patient) != h.patient {
		h.patient = string(r.patient)
	}
	return emit(h.patient, s)
}

// time reads a time in the file's layout, whose date may have any mark between its parts.
func (h *habits) time(b []byte) (int64, bool) {
	s := string(b)
	if h.layout == format.ISODate {
		return format.ParseTime(s, format.ISODate)
	}
	return format.ParseTime(strings.ReplaceAll(s, "/", "-"), h.layout)
}

// number reads a number with a point or a comma.
func number(b []byte) (float64, bool) {
	if x, ok := format.ParseNumber(string(b), "."); ok {
		return x, true
	}
	return format.ParseNumber(string(b), ",")
}
