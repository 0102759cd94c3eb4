package format

import (
	"strings"

	"hmsp.center/hmsp/table"
)

// The layouts of dates that ParseTime reads. In each, a time of day may follow the
// date. DD, MM and hh may be written with one digit where a separator stands between
// them; MMM is a month's name or its first letters, in English or German.
//
// Two-digit years follow POSIX (strptime, %y): 69 to 99 are 1969 to 1999, 00 to 68
// are 2000 to 2068.
const (
	ISODate    = "YYYY-MM-DD" // ISO 8601 extended format, also to the year or month alone
	CompactISO = "YYYYMMDD"   // ISO 8601 basic format; hhmm or hhmmss may follow
	GermanDate = "DD.MM.YYYY"
	GermanYY   = "DD.MM.YY"
	USDate     = "MM/DD/YYYY"
	USYY       = "MM/DD/YY"
	BritDate   = "DD/MM/YYYY"
	BritYY     = "DD/MM/YY"
	ExcelDay   = "excel" // the number of days that Excel counts, 1900 system
)

// A Precision is to what a time is known.
type Precision int8

// The precisions of a time.
const (
	ToYear Precision = iota + 1
	ToMonth
	ToDay
	ToHour
	ToMinute
	ToSecond
)

// ParseTime reads a date, or a date with a time of day, in a layout; "" is ISODate.
// The result is wall-clock time: seconds since 1970-01-01T00:00:00 as the text shows
// them. A zone is checked and dropped, parts of a second are cut off, and a text of
// reduced precision is its beginning: "1980" is 1980-01-01T00:00:00.
//
// A date that is not in the calendar, hour 24, second 60 and any other text are not
// ok. Years are 0000 to 9999 of the Gregorian calendar (ISO 8601-1:2019, 4.3).
func ParseTime(text, layout string) (seconds int64, ok bool) {
	if (layout == "" || layout == ISODate) && len(text) == 10 { // most texts, without the rest
		return isoDay(text)
	}
	seconds, _, ok = ParseTimePrecision(text, layout)
	return seconds, ok
}

// ParseTimePrecision is ParseTime, and says to what the text gives the time.
func ParseTimePrecision(text, layout string) (seconds int64, p Precision, ok bool) {
	switch layout {
	case "", ISODate:
		seconds, p, ok = iso(text)
	case ExcelDay:
		seconds, p, ok = excel(text)
	default:
		seconds, p, ok = laidOut(text, layout)
	}
	if !ok {
		return 0, 0, false
	}
	return seconds, p, true
}

func laidOut(text, layout string) (int64, Precision, bool) {
	y, m, d, rest, ok := parseDate(text, layout)
	if !ok || !inCalendar(y, m, d) {
		return 0, 0, false
	}
	day := table.DayOfDate(y, m, d) * 86400
	if rest == "" {
		return day, ToDay, true
	}
	of, p, ok := clock(rest, layout == CompactISO)
	return day + of, p, ok
}

// isoDay reads "2024-01-31".
func isoDay(s string) (int64, bool) {
	_ = s[9]
	if s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	// A byte that is no digit becomes more than 9.
	a, b, c, d := uint(s[0]-'0'), uint(s[1]-'0'), uint(s[2]-'0'), uint(s[3]-'0')
	e, f, g, h := uint(s[5]-'0'), uint(s[6]-'0'), uint(s[8]-'0'), uint(s[9]-'0')
	if a > 9 || b > 9 || c > 9 || d > 9 || e > 1 || f > 9 || g > 3 || h > 9 {
		return 0, false
	}
	year, month, day := int(a*1000+b*100+c*10+d), int(e*10+f), int(g*10+h)
	if day > 28 || day < 1 || month < 1 || month > 12 {
		if !inCalendar(year, month, day) {
			return 0, false
		}
	}
	return table.DayOfDate(year, month, day) * 86400, true
}

func iso(s string) (int64, Precision, bool) {
	if len(s) >= 10 {
		day, ok := isoDay(s)
		if !ok || len(s) == 10 {
			return day, ToDay, ok
		}
		of, p, ok := clock(s[10:], false)
		return day + of, p, ok
	}
	switch {
	case len(s) == 4 && digits(s):
		return table.DayOfDate(number(s), 1, 1) * 86400, ToYear, true
	case len(s) == 7 && digits(s[:4]) && s[4] == '-' && digits(s[5:]) && inCalendar(number(s[:4]), number(s[5:]), 1):
		return table.DayOfDate(number(s[:4]), number(s[5:]), 1) * 86400, ToMonth, true
	}
	return 0, 0, false
}

// inCalendar says whether there is such a day.
func inCalendar(year, month, day int) bool {
	if year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 {
		return false
	}
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return day <= 29
		}
		return day <= 28
	case 4, 6, 9, 11:
		return day <= 30
	}
	return day <= 31
}

// number is the value of digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// parseDate reads a date by its layout, and gives what stands behind it.
func parseDate(s, layout string) (year, month, day int, rest string, ok bool) {
	loose := strings.ContainsAny(layout, "./- ")
	for layout != "" {
		c, n := layout[0], 1
		for n < len(layout) && layout[n] == c {
			n++
		}
		width := 0
		switch {
		case c == 'M' && n == 3:
			if month, s = monthName(s); month == 0 {
				return
			}
		case c == 'Y' || c == 'M' || c == 'D':
			for width < len(s) && width < n && s[width] >= '0' && s[width] <= '9' {
				width++
			}
			if width < n && (width == 0 || c == 'Y' || !loose) {
				return
			}
			switch x := number(s[:width]); {
			case c == 'M':
				month = x
			case c == 'D':
				day = x
			case n == 2 && x < 69:
				year = 2000 + x
			case n == 2:
				year = 1900 + x
			default:
				year = x
			}
		default:
			if len(s) < n || s[:n] != layout[:n] {
				return
			}
			width = n
		}
		s, layout = s[width:], layout[n:]
	}
	return year, month, day, s, true
}
