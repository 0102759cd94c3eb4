package fit

import (
	"math"

	"github.com/muktihari/fit/profile/basetype"
	"github.com/muktihari/fit/profile/typedef"
	"github.com/muktihari/fit/profile/untyped/fieldnum"
	"github.com/muktihari/fit/profile/untyped/mesgnum"

	"hmsp.center/hmsp/activity"
)

// samples makes samples of the messages of one sequence.
type samples struct {
	offset int64 // local time minus UTC, s
	emit   func(patient string, s activity.Sample) error
	err    error
	now    int64   // of the last message with a date; 0 before it
	beat   float64 // when the next interval between beats begins

	distance float64 // of the activity so far, m
	recorded int64   // when; 0 before the first record
	stage    stage
	day      monitoring
}

// A stage is a stage of sleep that lasts until the next one.
type stage struct {
	begin int64 // 0 is none
	level typedef.SleepLevel
}

// exercise is the Source of what monitoring may count too.
const exercise = 1

// longestStage bounds a stage of sleep that no other follows: a night's last one.
const longestStage = 2 * 3600

func newSamples(offset int64, emit func(string, activity.Sample) error) *samples {
	return &samples{offset: offset, emit: emit}
}

func (s *samples) add(kind activity.Kind, begin, duration int64, value float64) {
	s.of(0, kind, begin, duration, value)
}

func (s *samples) of(source uint16, kind activity.Kind, begin, duration int64, value float64) {
	if s.err == nil {
		s.err = s.emit("", activity.Sample{Kind: kind, Time: begin, Duration: duration, Value: value, Source: source})
	}
}

// time is the message's own time in local seconds since 1970; 0 if it has none.
func (s *samples) time(m *message) int64 {
	t := m.FieldValueByNum(timestamp).Uint32()
	if t < firstDate || t == basetype.Uint32Invalid {
		return 0
	}
	return int64(t) + epoch + s.offset
}

// timestamp is the field that has the time in every message.
const timestamp = 253

func (s *samples) message(m *message) error {
	t := s.time(m)
	if t != 0 {
		s.now = t
	}
	switch m.Num {
	case mesgnum.MonitoringInfo:
		s.day.begin(t)
	case mesgnum.Monitoring:
		s.monitoring(m)
	case mesgnum.Hrv:
		s.intervals(m.FieldValueByNum(fieldnum.HrvTime).SliceUint16())
	}
	if t == 0 {
		return s.err
	}
	switch m.Num {
	case mesgnum.Record:
		s.record(m, t)
	case mesgnum.Session:
		s.session(m)
	case mesgnum.MonitoringHrData:
		if v := m.FieldValueByNum(fieldnum.MonitoringHrDataRestingHeartRate).Uint8(); v > 0 && v != basetype.Uint8Invalid {
			s.add(activity.RestingHeartRate, t, 0, float64(v))
		}
	case mesgnum.BeatIntervals:
		s.intervals(m.FieldValueByNum(fieldnum.BeatIntervalsTime).SliceUint16())
	case mesgnum.SleepLevel:
		s.sleep(typedef.SleepLevel(m.FieldValueByNum(fieldnum.SleepLevelSleepLevel).Uint8()), t)
	case mesgnum.WeightScale:
		if w := m.FieldValueByNum(fieldnum.WeightScaleWeight).Uint16(); w > 0 && w < 0xfffe { // 0xfffe: calculating
			s.add(activity.Weight, t, 0, float64(w)/100)
		}
	case mesgnum.BloodPressure:
		s.pressure(activity.Systolic, m.FieldValueByNum(fieldnum.BloodPressureSystolicPressure).Uint16(), t)
		s.pressure(activity.Diastolic, m.FieldValueByNum(fieldnum.BloodPressureDiastolicPressure).Uint16(), t)
		s.pulse(m.FieldValueByNum(fieldnum.BloodPressureHeartRate).Uint8(), t)
	case mesgnum.Spo2Data:
		if v := m.FieldValueByNum(fieldnum.Spo2DataReadingSpo2).Uint8(); v > 0 && v <= 100 {
			s.add(activity.Oxygen, t, 0, float64(v))
		}
	}
	return s.err
}

// record is a moment of an activity.
func (s *samples) record(m *message, t int64) {
	s.pulse(m.FieldValueByNum(fieldnum.RecordHeartRate).Uint8(), t)
	if v := m.FieldValueByNum(fieldnum.RecordEnhancedSpeed).Uint32(); v != basetype.Uint32Invalid {
		s.add(activity.Speed, t, 0, float64(v)/1000)
	} else if v := m.FieldValueByNum(fieldnum.RecordSpeed).Uint16(); v != basetype.Uint16Invalid {
		s.add(activity.Speed, t, 0, float64(v)/1000)
	}
	d := m.FieldValueByNum(fieldnum.RecordDistance).Uint32()
	if d == basetype.Uint32Invalid {
		return
	}
	// The distance counts from the activity's begin. One that falls far began anew with
	// the next session; one that falls a little was corrected.
	far := float64(d) / 100
	gone := far - s.distance
	if far < s.distance/2 {
		gone = far
	}
	if begin := s.recorded; gone > 0 {
		if begin == 0 || begin > t {
			begin = t
		}
		s.of(exercise, activity.Distance, begin, t-begin, gone)
	}
	s.distance, s.recorded = far, t
}

// session is a summary of an activity, of which the energy is nowhere else.
func (s *samples) session(m *message) {
	begin := m.FieldValueByNum(fieldnum.SessionStartTime).Uint32()
	long := m.FieldValueByNum(fieldnum.SessionTotalElapsedTime).Uint32()
	kcal := m.FieldValueByNum(fieldnum.SessionTotalCalories).Uint16()
	if begin >= firstDate && begin != basetype.Uint32Invalid && long != basetype.Uint32Invalid && kcal > 0 && kcal != basetype.Uint16Invalid {
		s.of(exercise, activity.TotalEnergy, int64(begin)+epoch+s.offset, int64(long/1000), float64(kcal))
	}
}

func (s *samples) pressure(kind activity.Kind, v uint16, t int64) {
	if v > 0 && v != basetype.Uint16Invalid {
		s.add(kind, t, 0, float64(v))
	}
}

func (s *samples) pulse(v uint8, t int64) {
	if v > 0 && v != basetype.Uint8Invalid {
		s.add(activity.HeartRate, t, 0, float64(v))
	}
}

// drift is how far, in s, the sum of the intervals may be from the time of the messages
// around them before beats are missing between.
const drift = 3

// intervals are times between beats in ms. They follow each other; where that ends, they
// begin with the last message that had a time.
func (s *samples) intervals(ms []uint16) {
	for _, v := range ms {
		if v == 0 || v == basetype.Uint16Invalid || s.now == 0 {
			continue
		}
		if math.Abs(s.beat-float64(s.now)) > drift {
			s.beat = float64(s.now)
		}
		s.add(activity.BeatInterval, int64(s.beat), 0, float64(v)/1000)
		s.beat += float64(v) / 1000
	}
}

func (s *samples) sleep(level typedef.SleepLevel, t int64) {
	if s.stage.begin != 0 && t > s.stage.begin {
		s.slept(min(t-s.stage.begin, longestStage))
	}
	s.stage = stage{begin: t, level: level}
}

// slept tells the stage that has ended.
func (s *samples) slept(duration int64) {
	asleep := 0.0
	switch s.stage.level {
	case typedef.SleepLevelLight, typedef.SleepLevelDeep, typedef.SleepLevelRem:
		asleep = 1
	case typedef.SleepLevelAwake:
	default: // unmeasurable
		return
	}
	s.add(activity.InBed, s.stage.begin, duration, 1)
	s.add(activity.Asleep, s.stage.begin, duration, asleep)
}

// finish tells the last stage of sleep: a minute of it is known.
func (s *samples) finish() error {
	if s == nil {
		return nil
	}
	if s.stage.begin != 0 {
		s.slept(60)
		s.stage = stage{}
	}
	return s.err
}
