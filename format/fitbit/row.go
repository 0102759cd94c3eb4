package fitbit

import (
	"bytes"
	"math"
	"strconv"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// A reader makes samples of the rows of a table.
type reader struct {
	rows   *recording.Rows
	table  table
	header []string
	source uint16
	emit   func(patient string, s activity.Sample) error

	patient string // of the row before: most rows have the same
	date    []byte // likewise
	day     int64
	worn    activity.Sample // of a day, whose columns add up
	intense activity.Sample
}

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

func (r *reader) row(fields [][]byte) error {
	switch id := fields[r.table.id]; {
	case len(id) == 0:
		return r.rows.Fail("Id", "the row does not say whose it is", "export the table again")
	case string(id) != r.patient:
		r.patient = string(id)
	}
	time, ok := r.time(fields[r.table.time])
	if !ok {
		return r.rows.Fail(r.header[r.table.time], "this is no time as Fitbit writes it, such as 4/12/2016 2:30:00 PM", "export the table again; a day stands behind its month")
	}
	if time, ok = r.begin(time); !ok {
		return r.rows.Fail(r.header[r.table.time], "the time is not the begin of a day, an hour or a minute, as the rows of this table are", "export the table again")
	}
	r.worn, r.intense = activity.Sample{}, activity.Sample{}
	for _, v := range r.table.values {
		if err := r.value(v, time, fields); err != nil {
			return err
		}
	}
	for _, s := range []activity.Sample{r.worn, r.intense} {
		if s.Kind != 0 {
			if err := r.emit(r.patient, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin checks that a time is that of a row of the table.
func (r *reader) begin(time int64) (int64, bool) {
	switch r.table.period {
	case daily, sleepDay:
		return time, time%day == 0
	case hourly, wide:
		return time, time%hour == 0
	case minutely:
		return time, time%minute == 0
	}
	return time, true
}

// value makes a sample of a field; an empty one is none.
func (r *reader) value(v value, time int64, fields [][]byte) error {
	if len(fields[v.at]) == 0 {
		return nil
	}
	x, ok := number(fields[v.at])
	if !ok {
		return r.rows.Fail(r.header[v.at], "this is not a number of 0 or more", "export the table again")
	}
	s := activity.Sample{Kind: v.kind, Time: time, Duration: r.duration(), Value: x * v.factor, Source: r.source}
	switch r.table.period {
	case daily:
		switch v.kind { // the minutes of the columns add up, and rounding may exceed the day
		case activity.Worn:
			s.Value = math.Min(s.Value+r.worn.Value, 1)
			r.worn = s
			return nil
		case activity.Intensity:
			s.Value = math.Min(s.Value+r.intense.Value, 1)
			r.intense = s
			return nil
		}
	case wide:
		s.Time += int64(v.minute) * minute
	case sleepDay:
		return r.night(s, fields[r.table.bed])
	case sleepMinute:
		return r.asleep(s)
	}
	if v.kind == activity.Level && s.Duration == minute && x >= 2 { // moderate and vigorous (Fitabase)
		if err := r.emit(r.patient, activity.Sample{Kind: activity.Intensity, Time: s.Time, Duration: minute, Value: 1, Source: r.source}); err != nil {
			return err
		}
	}
	return r.emit(r.patient, s)
}

func (r *reader) duration() int64 {
	switch r.table.period {
	case daily:
		return day
	case hourly:
		return hour
	case minutely, wide, sleepMinute:
		return minute
	}
	return 0
}

// night is the sleep that ends on a day, which does not say when in it.
func (r *reader) night(s activity.Sample, bed []byte) error {
	inBed, ok := number(bed)
	if !ok || inBed < s.Value || inBed > 1440 {
		return r.rows.Fail("TotalTimeInBed", "this is not a number of minutes, at most 1440, that is no less than that of the minutes asleep", "export the table again")
	}
	if inBed == 0 {
		return nil
	}
	s.Duration, s.Value = int64(inBed*minute), s.Value/inBed
	if err := r.emit(r.patient, s); err != nil {
		return err
	}
	s.Kind, s.Value = activity.InBed, 1
	return r.emit(r.patient, s)
}

// asleep is a minute in bed: 1 asleep, 2 restless, 3 awake.
func (r *reader) asleep(s activity.Sample) error {
	if s.Value == 1 {
		if err := r.emit(r.patient, s); err != nil {
			return err
		}
	} else if s.Value != 2 && s.Value != 3 {
		return r.rows.Fail("value", "this is not a state of sleep: 1 asleep, 2 restless or 3 awake", "export the table again")
	}
	s.Kind, s.Value = activity.InBed, 1
	return r.emit(r.patient, s)
}

// number reads a number of 0 or more; digits alone, which most are, without the rest.
func number(b []byte) (float64, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 1e14 {
			x, ok := format.ParseNumber(string(b), ".")
			return x, ok && x >= 0
		}
		n = n*10 + int(c-'0')
	}
	return float64(n), len(b) > 0
}

// time reads "4/12/2016", "4/12/2016 2:30:00 PM", "2016-4-12 14:00" or ISO 8601. The day
// of the row before is known.
func (r *reader) time(b []byte) (int64, bool) {
	at := bytes.IndexByte(b, ' ')
	if at < 0 {
		at = bytes.IndexByte(b, 'T')
	}
	date := b
	if at >= 0 {
		date = b[:at]
	}
	if len(r.date) == 0 || !bytes.Equal(date, r.date) {
		d, ok := dateOf(string(date))
		if !ok {
			return 0, false
		}
		r.date, r.day = append(r.date[:0], date...), d
	}
	if at < 0 {
		return r.day, true
	}
	clock, ok := clockOf(b[at+1:])
	return r.day + clock, ok
}

// dateOf reads a date alone, in the order of the United States or of ISO 8601, whose
// months and days may have one digit.
func dateOf(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] == '/' {
			return format.ParseTime(s, format.USDate)
		}
	}
	var parts [3]int
	rest := s
	for i := range parts {
		n := 0
		for n < len(rest) && rest[n] != '-' {
			n++
		}
		x, err := strconv.ParseUint(rest[:n], 10, 16)
		if err != nil || (i == 2) != (n == len(rest)) || i == 0 && n != 4 {
			return 0, false
		}
		parts[i] = int(x)
		rest = rest[min(n+1, len(rest)):]
	}
	if parts[1] > 12 || parts[2] > 31 {
		return 0, false
	}
	iso := []byte("0000-00-00")
	copy(iso, s[:4])
	iso[5], iso[6], iso[8], iso[9] = byte('0'+parts[1]/10), byte('0'+parts[1]%10), byte('0'+parts[2]/10), byte('0'+parts[2]%10)
	return format.ParseTime(string(iso), format.ISODate)
}

// clockOf reads "2:30:00 PM", "14:30" or "14:30:05".
func clockOf(b []byte) (int64, bool) {
	half := byte(0)
	if n := len(b); n > 3 && (b[n-1] == 'M' || b[n-1] == 'm') && b[n-3] == ' ' {
		half, b = b[n-2]&^0x20, b[:n-3]
	}
	var parts [3]int64
	i, digits := 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9' && digits < 2:
			parts[i] = parts[i]*10 + int64(c-'0')
			digits++
		case c == ':' && i < 2 && digits > 0:
			i, digits = i+1, 0
		default:
			return 0, false
		}
	}
	if i == 0 || digits == 0 || parts[0] > 23 || parts[1] > 59 || parts[2] > 59 {
		return 0, false
	}
	switch half {
	case 0:
	case 'A', 'P':
		if parts[0] < 1 || parts[0] > 12 {
			return 0, false
		}
		parts[0] %= 12
		if half == 'P' {
			parts[0] += 12
		}
	default:
		return 0, false
	}
	return parts[0]*hour + parts[1]*minute + parts[2], true
}
