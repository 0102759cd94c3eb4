package fit

import (
	"errors"
	"io"
	"slices"

	"github.com/muktihari/fit/encoder"
	"github.com/muktihari/fit/profile/factory"
	"github.com/muktihari/fit/profile/typedef"
	"github.com/muktihari/fit/profile/untyped/fieldnum"
	"github.com/muktihari/fit/profile/untyped/mesgnum"
	"github.com/muktihari/fit/proto"

	"hmsp.center/hmsp/activity"
)

// Write writes a monitoring file, as a watch keeps one of a day or of several: counts of
// steps while walking, heart rate, stages of sleep. Samples are of the kinds Steps,
// HeartRate and Asleep, sorted by the time at which they end, with wall-clock times from
// 1998-07-08 (the first of the format) to 2126. Steps are whole; the time that the samples
// end at is what a file keeps of Steps and HeartRate, and a file that is read again gives
// the same sums a day. Asleep is kept as light sleep or awake, whichever was more.
//
// The file names no device and nobody. An error is of the samples or of w.
func Write(w io.Writer, samples []activity.Sample) error {
	if len(samples) == 0 {
		return errors.New("fit: there are no samples to write")
	}
	start := samples[0].Time
	for _, s := range samples {
		start = min(start, s.Time)
	}
	start -= mod(start, 86400)
	if start < epoch+firstDate || samples[len(samples)-1].Time > epoch+1<<32-2*86400 {
		return errors.New("fit: a time is before 1998-07-08 or after 2126")
	}
	d := &writing{day: start, at: start}
	d.add(mesgnum.FileId, field(mesgnum.FileId, fieldnum.FileIdType, uint8(typedef.FileMonitoringB)),
		field(mesgnum.FileId, fieldnum.FileIdManufacturer, uint16(typedef.ManufacturerDevelopment)),
		field(mesgnum.FileId, fieldnum.FileIdTimeCreated, stamp(start)))
	d.add(mesgnum.MonitoringInfo, field(mesgnum.MonitoringInfo, timestamp, stamp(start)),
		field(mesgnum.MonitoringInfo, fieldnum.MonitoringInfoLocalTimestamp, stamp(start)),
		field(mesgnum.MonitoringInfo, fieldnum.MonitoringInfoActivityType, []uint8{uint8(typedef.ActivityTypeWalking)}))
	for _, s := range samples {
		if err := d.sample(s); err != nil {
			return err
		}
	}
	// The stages of sleep come behind the minutes, which keeps the times of both growing.
	d.messages = append(d.messages, d.sleep...)
	return encoder.New(w, encoder.WithProtocolVersion(proto.V2)).Encode(&proto.FIT{Messages: d.messages})
}

// writing is a file being made.
type writing struct {
	messages, sleep []proto.Message
	day, at         int64 // begin of the day; time of the last message
	steps           uint32
	awake           int64 // when the last stage of sleep ended
}

func (d *writing) sample(s activity.Sample) error {
	end := s.Time + s.Duration
	if s.Duration < 0 || end < d.at && s.Kind != activity.Asleep {
		return errors.New("fit: the samples are not sorted by the time at which they end")
	}
	switch s.Kind {
	case activity.Steps:
		if s.Value < 0 || s.Value > 1e6 || s.Value != float64(uint32(s.Value)) {
			return errors.New("fit: steps are no whole number")
		}
		d.walked(end, uint32(s.Value))
	case activity.HeartRate:
		if !(s.Value >= 1 && s.Value <= 254) {
			return errors.New("fit: a heart rate is not between 1 and 254")
		}
		d.at = end
		d.add(mesgnum.Monitoring, field(mesgnum.Monitoring, timestamp, stamp(end)),
			field(mesgnum.Monitoring, fieldnum.MonitoringHeartRate, uint8(s.Value+0.5)))
	case activity.Asleep:
		d.stage(s, end)
	default:
		return errors.New("fit: a sample is of a kind that is not written")
	}
	return nil
}

// walked counts steps on. Steps that end with the day belong to it: the count begins anew
// behind them.
func (d *writing) walked(end int64, steps uint32) {
	if day := (end - 1) - mod(end-1, 86400); day > d.day {
		d.day, d.steps = day, 0
		d.count(day)
	}
	d.at = end
	if steps > 0 {
		d.steps += steps
		d.count(min(end, d.day+86400-1))
	}
}

func (d *writing) count(t int64) {
	d.add(mesgnum.Monitoring, field(mesgnum.Monitoring, timestamp, stamp(t)),
		field(mesgnum.Monitoring, fieldnum.MonitoringActivityType, uint8(typedef.ActivityTypeWalking)),
		field(mesgnum.Monitoring, fieldnum.MonitoringCycles, d.steps))
}

// stage writes when a stage of sleep begins, and that the person is awake behind it unless
// another follows at once.
func (d *writing) stage(s activity.Sample, end int64) {
	level := typedef.SleepLevelAwake
	if s.Value >= 0.5 {
		level = typedef.SleepLevelLight
	}
	if s.Time == d.awake && len(d.sleep) > 0 {
		d.sleep = slices.Delete(d.sleep, len(d.sleep)-1, len(d.sleep))
	}
	for _, at := range []struct {
		time  int64
		level typedef.SleepLevel
	}{{s.Time, level}, {end, typedef.SleepLevelUnmeasurable}} {
		m := proto.Message{Num: mesgnum.SleepLevel}
		m.Fields = append(m.Fields, field(mesgnum.SleepLevel, timestamp, stamp(at.time)), field(mesgnum.SleepLevel, fieldnum.SleepLevelSleepLevel, uint8(at.level)))
		d.sleep = append(d.sleep, m)
	}
	d.awake = end
}

func (d *writing) add(num typedef.MesgNum, fields ...proto.Field) {
	d.messages = append(d.messages, proto.Message{Num: num, Fields: fields})
}

func stamp(t int64) uint32 { return uint32(t - epoch) }

// field makes a field of a message with a value of its type.
func field(num typedef.MesgNum, of byte, value any) proto.Field {
	f := factory.CreateField(num, of)
	f.Value = proto.Any(value)
	return f
}
