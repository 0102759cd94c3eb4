package timeline

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"hmsp.center/hmsp/table"
)

// The first and last second of the years in which times are.
const (
	firstTime = -62135596800 // 0001-01-01T00:00:00
	lastTime  = 253402300799 // 9999-12-31T23:59:59
)

// yearZero is how many days the year 1 began before 1970.
const yearZero = 719162

// A Date is a calendar day, in days since 1970-01-01. Its text is ISO 8601.
type Date int64

// String is the date as year-month-day.
func (d Date) String() string {
	return time.Unix(int64(d)*table.Day, 0).UTC().Format(time.DateOnly)
}

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date of the years 1 to 9999.
func (d *Date) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil || t.Year() < 1 {
		return fmt.Errorf("want a date as year-month-day, such as 2015-01-31, got %.40q", b)
	}
	*d = Date(day(t.Unix()))
	return nil
}

// A Duration is a number of days or of calendar months, either of them negative for
// the time before. Its text is a whole number and d, w, m or y.
type Duration struct {
	n    int64
	unit byte // 'd', 'w', 'm' or 'y'; 0 is 'd'
}

// longest is the longest duration in years.
const longest = 200

// perYear is how many of a unit are at most in a year, and 0 for what is no unit.
func perYear(unit byte) int64 {
	switch unit {
	case 'd':
		return 366
	case 'w':
		return 53
	case 'm':
		return 12
	case 'y':
		return 1
	}
	return 0
}

// Days is a duration of n days.
func Days(n int) Duration { return Duration{int64(n), 'd'} }

// Months is a duration of n calendar months.
func Months(n int) Duration { return Duration{int64(n), 'm'} }

// String is the duration as a study writes it.
func (d Duration) String() string {
	if d.unit == 0 {
		d.unit = 'd'
	}
	return strconv.FormatInt(d.n, 10) + string(rune(d.unit))
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a duration of at most 200 years.
func (d *Duration) UnmarshalText(b []byte) error {
	var out Duration
	if len(b) > 1 {
		out.unit = b[len(b)-1]
		out.n, _ = strconv.ParseInt(string(b[:len(b)-1]), 10, 64)
	}
	if perYear(out.unit) == 0 || out.String() != string(b) { // one spelling each: no sign +, no zeros before
		return fmt.Errorf("want a whole number of days, weeks, months or years such as -365d, 2w, 6m or 1y, got %.40q", b)
	}
	if most := longest * perYear(out.unit); out.n < -most || out.n > most {
		return fmt.Errorf("%s is longer than %d years", out, longest)
	}
	*d = out
	return nil
}

// steps is the duration as a number of months, or else of days.
func (d Duration) steps() (n int64, months bool) {
	switch d.unit {
	case 'w':
		return 7 * d.n, false
	case 'm':
		return d.n, true
	case 'y':
		return 12 * d.n, true
	}
	return d.n, false
}

// after is the day that comes d after a day.
func (d Duration) after(day int64) int64 {
	n, months := d.steps()
	if !months {
		return day + n
	}
	y, m, dom := time.Unix(day*table.Day, 0).UTC().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.Unix()/table.Day + int64(min(dom, last)) - 1
}

// span is the least and the greatest number of days that the duration can be.
func (d Duration) span() (least, greatest int64) {
	n, months := d.steps()
	if !months {
		return n, n
	}
	first := func(month int64) int64 { // of the 4800 months after which the calendar repeats
		return time.Date(2000, time.January+time.Month(month), 1, 0, 0, 0, 0, time.UTC).Unix() / table.Day
	}
	least, greatest = math.MaxInt64, math.MinInt64
	for m := range int64(400 * 12) {
		days := first(m+n) - first(m)
		shorter := (first(m+n+1) - first(m+n)) - (first(m+1) - first(m)) // the last day moves by as much
		least, greatest = min(least, days, days+shorter), max(greatest, days)
	}
	return least, greatest
}

// day is the day of a time.
func day(t int64) int64 { return (t-firstTime)/table.Day - yearZero }

// years is how many birthdays there were from birth to a day; negative before birth.
func years(birth, day int64) int64 {
	by, bm, bd := time.Unix(birth*table.Day, 0).UTC().Date()
	y, m, d := time.Unix(day*table.Day, 0).UTC().Date()
	n := int64(y - by)
	if m < bm || m == bm && d < bd {
		n--
	}
	return n
}
