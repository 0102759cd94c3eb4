package fit

import (
	"github.com/muktihari/fit/profile/basetype"
	"github.com/muktihari/fit/profile/typedef"
	"github.com/muktihari/fit/profile/untyped/fieldnum"

	"hmsp.center/hmsp/activity"
)

// floorMetres is how far up a floor is: ten feet, as the makers of watches count.
const floorMetres = 3.048

// monitoring is where a monitoring file has come to. Its counts grow from midnight on, or
// from what the messages with the file's first time say, for each type of activity.
type monitoring struct {
	start   int64 // of the file
	now     int64 // of the last message
	at      int64 // of the last message about an activity
	before  int64 // of the one with another time before it
	counted map[counter]count
}

// A counter is a count that grows.
type counter struct {
	kind activity.Kind
	of   uint8 // activity_type
}

// A count is what was told last, and when.
type count struct {
	value float64
	time  int64
}

func (d *monitoring) begin(t int64) {
	if t != 0 {
		*d = monitoring{start: t, now: t, at: t, before: t, counted: map[counter]count{}}
	}
}

// monitoring reads what a watch has counted.
func (s *samples) monitoring(m *message) {
	d := &s.day
	if !d.clock(s, m) {
		return
	}
	s.pulse(m.FieldValueByNum(fieldnum.MonitoringHeartRate).Uint8(), d.now)
	for _, field := range [2]byte{fieldnum.MonitoringModerateActivityMinutes, fieldnum.MonitoringVigorousActivityMinutes} {
		// minutes since the message before, as devices write them
		if v := m.FieldValueByNum(field).Uint16(); v > 0 && v <= 24*60 {
			s.add(activity.Intensity, d.now-int64(v)*60, int64(v)*60, 1)
		}
	}
	kind := m.FieldValueByNum(fieldnum.MonitoringActivityType).Uint8()
	if kind == basetype.Uint8Invalid {
		return
	}
	if d.now != d.at {
		d.before, d.at = d.at, d.now
	}
	if v := steps(m); v >= 0 && (kind == uint8(typedef.ActivityTypeWalking) || kind == uint8(typedef.ActivityTypeRunning)) {
		s.grown(counter{activity.Steps, kind}, v)
	}
	if v := m.FieldValueByNum(fieldnum.MonitoringDistance).Uint32(); v != basetype.Uint32Invalid {
		s.grown(counter{activity.Distance, kind}, float64(v)/100)
	}
	if v := m.FieldValueByNum(fieldnum.MonitoringActiveCalories).Uint16(); v != basetype.Uint16Invalid {
		s.grown(counter{activity.Energy, kind}, float64(v))
	}
	if v := m.FieldValueByNum(fieldnum.MonitoringAscent).Uint32(); v != basetype.Uint32Invalid {
		s.grown(counter{activity.Floors, kind}, float64(v)/1000/floorMetres)
	}
}

// steps are the cycles of walking or running, which are stored doubled; -1 of none.
func steps(m *message) float64 {
	if v := m.FieldValueByNum(fieldnum.MonitoringCycles).Uint32(); v != basetype.Uint32Invalid {
		return float64(v)
	}
	if v := m.FieldValueByNum(fieldnum.MonitoringCycles16).Uint16(); v != basetype.Uint16Invalid {
		return float64(v)
	}
	return -1
}

// clock sets the time of a message: its own, or the low bits of it, which count on from
// the message before (FIT profile, timestamp_16 and timestamp_min_8). It says whether
// there is one.
func (d *monitoring) clock(s *samples, m *message) bool {
	own := s.time(m)
	if d.counted == nil { // no monitoring_info stands before
		if own == 0 {
			return false
		}
		d.begin(own)
	}
	utc := uint64(d.now - epoch - s.offset)
	if low := m.FieldValueByNum(fieldnum.MonitoringTimestamp16).Uint16(); own != 0 {
		d.now = own
	} else if low != basetype.Uint16Invalid {
		d.now += int64(low - uint16(utc))
	} else if low := m.FieldValueByNum(fieldnum.MonitoringTimestampMin8).Uint8(); low != basetype.Uint8Invalid {
		d.now += int64(low-uint8(utc/60)) * 60
	}
	return true
}

// grown gives what a count has grown by since it was last told. Steps and ways are of the
// time since the message before: a watch writes one whenever what somebody does changes.
func (s *samples) grown(c counter, v float64) {
	d := &s.day
	old, known := d.counted[c]
	d.counted[c] = count{v, d.at}
	if !known {
		old.time = d.start
		if d.at == d.start { // what the day had before the file began
			return
		}
	}
	begin := old.time
	if c.kind == activity.Steps || c.kind == activity.Distance {
		begin = d.before
	}
	begin = min(begin, d.at)
	if v < old.value { // a new day
		begin, old.value = max(begin, d.at-mod(d.at, 86400)), 0
	}
	if v > old.value {
		s.add(c.kind, begin, d.at-begin, v-old.value)
	}
}

// mod is the remainder that is not negative.
func mod(a, b int64) int64 { return ((a % b) + b) % b }
