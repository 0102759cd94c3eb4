package record

import (
	"time"

	"hmsp.center/hmsp/table"
)

// AddYears moves a time by whole calendar years; the 29th of February becomes the
// 1st of March where there is none.
func AddYears(t int64, years int) int64 { return time.Unix(t, 0).UTC().AddDate(years, 0, 0).Unix() }

// Day is the midnight of a date.
func Day(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
}

// AppendDate writes YYYY-MM-DD.
func AppendDate(b []byte, t int64) []byte {
	y, m, d := table.DateOf(t)
	b = two(b, y/100)
	b = append(two(b, y%100), '-')
	b = append(two(b, m), '-')
	return two(b, d)
}

// AppendClock writes HH:MM:SS.
func AppendClock(b []byte, t int64) []byte {
	s := int(((t % table.Day) + table.Day) % table.Day)
	b = append(two(b, s/3600), ':')
	b = append(two(b, s/60%60), ':')
	return two(b, s%60)
}

// AppendGerman writes DD.MM.YYYY.
func AppendGerman(b []byte, t int64) []byte {
	y, m, d := table.DateOf(t)
	b = append(two(b, d), '.')
	b = append(two(b, m), '.')
	return two(two(b, y/100), y%100)
}

// AppendZone writes the offset of Central European time, with the summer time of
// the European Union since 1996; earlier years have none.
func AppendZone(b []byte, t int64) []byte {
	y, _, _ := table.DateOf(t)
	if y >= 1996 && t >= lastSunday(y, 3)+2*3600 && t < lastSunday(y, 10)+3*3600 {
		return append(b, "+02:00"...)
	}
	return append(b, "+01:00"...)
}

// lastSunday is the midnight of the last Sunday of a month of 31 days.
func lastSunday(y, m int) int64 {
	end := table.DayOfDate(y, m, 31)
	return (end - (end+4)%7) * table.Day // day 0 was a Thursday
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
