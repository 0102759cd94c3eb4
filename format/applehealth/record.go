package applehealth

import (
	"bytes"
	"context"
	"io"
	"math"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// A reader makes samples of the records of an export.
type reader struct {
	ctx     context.Context
	tags    *tags
	sources map[string]uint16 // by name: telephone, watch, an app
	emit    func(patient string, s activity.Sample) error

	kind     []byte // of the record before: those of a kind stand together
	known    kind
	name     []byte // of the source of the record before
	source   uint16
	date     []byte // of the time before
	day      int64
	left     int // records of kinds that are not read
	backward int // records that end before they begin
}

// A kind is what a record's type means.
type kind struct {
	kind  activity.Kind // 0 is not read
	sleep bool
}

func kindOf(name []byte) kind {
	switch string(name) {
	case "HKQuantityTypeIdentifierStepCount":
		return kind{kind: activity.Steps}
	case "HKQuantityTypeIdentifierDistanceWalkingRunning":
		return kind{kind: activity.Distance}
	case "HKQuantityTypeIdentifierActiveEnergyBurned":
		return kind{kind: activity.Energy}
	case "HKQuantityTypeIdentifierBasalEnergyBurned":
		return kind{kind: activity.BasalEnergy}
	case "HKQuantityTypeIdentifierFlightsClimbed":
		return kind{kind: activity.Floors}
	case "HKQuantityTypeIdentifierHeartRate":
		return kind{kind: activity.HeartRate}
	case "HKQuantityTypeIdentifierRestingHeartRate":
		return kind{kind: activity.RestingHeartRate}
	case "HKQuantityTypeIdentifierHeartRateVariabilitySDNN":
		return kind{kind: activity.Variability}
	case "HKQuantityTypeIdentifierBodyMass":
		return kind{kind: activity.Weight}
	case "HKQuantityTypeIdentifierOxygenSaturation":
		return kind{kind: activity.Oxygen}
	case "HKQuantityTypeIdentifierBloodPressureSystolic":
		return kind{kind: activity.Systolic}
	case "HKQuantityTypeIdentifierBloodPressureDiastolic":
		return kind{kind: activity.Diastolic}
	case "HKQuantityTypeIdentifierBloodGlucose":
		return kind{kind: activity.Glucose}
	case "HKQuantityTypeIdentifierBodyTemperature":
		return kind{kind: activity.Temperature}
	case "HKQuantityTypeIdentifierAppleExerciseTime":
		return kind{kind: activity.Intensity}
	case "HKCategoryTypeIdentifierSleepAnalysis":
		return kind{kind: activity.Asleep, sleep: true}
	}
	return kind{}
}

// read reads the document. The records of a correlation stand outside of it once more, as
// the document type says.
func (r *reader) read() error {
	inside := false
	for n := 0; ; n++ {
		if n%(1<<12) == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		name, err := r.tags.next()
		if err == io.EOF {
			recording.NoteMany(r.ctx, "records of kinds that are not read are left out", r.left)
			recording.NoteMany(r.ctx, "records that end before they begin are left out", r.backward)
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case name == correlation:
			inside = true
		case name == correlationEnd:
			inside = false
		case name == record && !inside:
			if err := r.record(); err != nil {
				return err
			}
		}
	}
}

const mend = "export the file again"

// record makes samples of the record at hand.
func (r *reader) record() error {
	var name, source, unit, start, end, value []byte
	for _, a := range r.tags.attributes {
		switch string(a.name) {
		case "type":
			name = a.value
		case "sourceName":
			source = a.value
		case "unit":
			unit = a.value
		case "startDate":
			start = a.value
		case "endDate":
			end = a.value
		case "value":
			value = a.value
		}
	}
	if len(name) == 0 {
		return r.tags.fail("type", "a record has no type", mend)
	}
	if !bytes.Equal(name, r.kind) {
		r.kind, r.known = append(r.kind[:0], name...), kindOf(name)
	}
	if r.known.kind == 0 {
		r.left++
		return nil
	}
	from, fromZone, ok := r.time(start)
	if !ok {
		return r.tags.fail("startDate", "this is no time as the Health app writes it, such as 2024-01-31 08:15:00 +0100", mend)
	}
	to, toZone, ok := r.time(end)
	if !ok {
		return r.tags.fail("endDate", "this is no time as the Health app writes it, such as 2024-01-31 08:15:00 +0100", mend)
	}
	s := activity.Sample{Kind: r.known.kind, Time: from, Duration: to - toZone - (from - fromZone), Source: r.sourceOf(source)}
	if s.Duration < 0 {
		r.backward++
		return nil
	}
	if r.known.sleep {
		return r.sleep(s, value)
	}
	return r.quantity(s, value, unit)
}

func (r *reader) sourceOf(name []byte) uint16 {
	if len(name) > 0 && bytes.Equal(name, r.name) {
		return r.source
	}
	n, ok := r.sources[string(name)]
	if !ok {
		n = uint16(min(len(r.sources), math.MaxUint16))
		if n < math.MaxUint16 {
			r.sources[string(name)] = n
		}
	}
	r.name, r.source = append(r.name[:0], name...), n
	return n
}

// quantity is a record with a number.
func (r *reader) quantity(s activity.Sample, value, unit []byte) error {
	x, ok := number(value)
	if !ok {
		return r.tags.fail("value", "this is not a number", mend)
	}
	if s.Value, ok = convert(s.Kind, x, string(unit)); !ok {
		return r.tags.fail("unit", "this unit is not one of those that are read of this kind of record", "set the unit in the Health app to one of SI or of the United States, and export again")
	}
	if s.Kind == activity.Intensity { // minutes of exercise in the time of the record
		if s.Duration == 0 {
			return nil
		}
		s.Value = min(s.Value*60/float64(s.Duration), 1)
	}
	return r.emit("", s)
}

// sleep is a record of a state of sleep. Stages tell of a device that knows when one was
// awake in bed; without them the time in bed is another record, or is not known.
func (r *reader) sleep(s activity.Sample, value []byte) error {
	s.Value = 1
	asleep, bed := false, false
	switch string(bytes.TrimPrefix(value, []byte("HKCategoryValueSleepAnalysis"))) {
	case "InBed", "Awake":
		bed = true
	case "Asleep", "AsleepUnspecified":
		asleep = true
	case "AsleepCore", "AsleepDeep", "AsleepREM":
		asleep, bed = true, true
	default:
		return r.tags.fail("value", "this is not a state of sleep", mend)
	}
	if asleep {
		if err := r.emit("", s); err != nil {
			return err
		}
	}
	if bed {
		s.Kind = activity.InBed
		return r.emit("", s)
	}
	return nil
}

// number reads a number; digits alone, which many are, without the rest.
func number(b []byte) (float64, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 1e14 {
			return format.ParseNumber(string(b), ".")
		}
		n = n*10 + int(c-'0')
	}
	return float64(n), len(b) > 0
}

// time reads "2016-04-12 00:00:00 +0000" as the clock on the wall showed it, and the
// seconds that its zone is ahead.
func (r *reader) time(b []byte) (seconds, zone int64, ok bool) {
	if len(b) != 25 || b[10] != ' ' || b[13] != ':' || b[16] != ':' || b[19] != ' ' || b[20] != '+' && b[20] != '-' {
		return 0, 0, false
	}
	if !bytes.Equal(b[:10], r.date) {
		d, ok := format.ParseTime(string(b[:10]), format.ISODate)
		if !ok {
			return 0, 0, false
		}
		r.date, r.day = append(r.date[:0], b[:10]...), d
	}
	h, m, s := two(b[11:]), two(b[14:]), two(b[17:])
	zh, zm := two(b[21:]), two(b[23:])
	if h > 23 || m > 59 || s > 59 || zh > 23 || zm > 59 {
		return 0, 0, false
	}
	zone = zh*3600 + zm*60
	if b[20] == '-' {
		zone = -zone
	}
	return r.day + h*3600 + m*60 + s, zone, true
}

// two is the number of two digits; more than 99 of others.
func two(b []byte) int64 {
	x, y := b[0]-'0', b[1]-'0'
	if x > 9 || y > 9 {
		return 100
	}
	return int64(x)*10 + int64(y)
}
