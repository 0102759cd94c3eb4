package format

import (
	"math"
	"strings"

	"hmsp.center/hmsp/table"
)

// clock reads the time of day behind a date: " 14:30", "T14:30:05.123+01:00",
// " 2:30 PM", and behind a bare date, of digits alone, "1430" or "143005". The zone is
// dropped.
func clock(s string, bare bool) (seconds int64, p Precision, ok bool) {
	marked := false
	switch s[0] {
	case 'T', 't', ' ', '_':
		s, marked = s[1:], true
	case ',': // "31.12.2024, 14:30"
		s, marked = strings.TrimPrefix(s[1:], " "), true
	}
	hour, s, n := upTo2(s)
	if n == 0 || !marked && !(bare && n == 2) {
		return 0, 0, false
	}
	minute, second := 0, 0
	p = ToHour
	if compact := s != "" && s[0] >= '0' && s[0] <= '9'; compact || s != "" && s[0] == ':' && marked {
		if minute, s, ok = part(s, !compact); !ok {
			return 0, 0, false
		}
		p = ToMinute
		if s != "" && (compact && s[0] >= '0' && s[0] <= '9' || !compact && s[0] == ':') {
			if second, s, ok = part(s, !compact); !ok {
				return 0, 0, false
			}
			p = ToSecond
			if s, ok = fraction(s); !ok {
				return 0, 0, false
			}
		}
	} else if n < 2 { // a lone digit is no hour
		return 0, 0, false
	}
	if hour, s, ok = halfDay(hour, s); !ok || hour > 23 || minute > 59 || second > 59 || !zone(s) {
		return 0, 0, false
	}
	return int64(hour*3600 + minute*60 + second), p, true
}

func upTo2(s string) (x int, rest string, n int) {
	for n < 2 && n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return number(s[:n]), s[n:], n
}

// part reads two digits, behind a colon where there must be one.
func part(s string, colon bool) (x int, rest string, ok bool) {
	if colon {
		s = s[1:]
	}
	x, rest, n := upTo2(s)
	return x, rest, n == 2
}

// fraction drops the parts of a second.
func fraction(s string) (rest string, ok bool) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return s, true
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[n:], n > 1
}

// halfDay reads AM and PM.
func halfDay(hour int, s string) (h int, rest string, ok bool) {
	t := strings.TrimPrefix(s, " ")
	if len(t) != 2 || t[1] != 'M' && t[1] != 'm' {
		return hour, s, true
	}
	if hour < 1 || hour > 12 {
		return 0, "", false
	}
	switch t[0] {
	case 'A', 'a':
		return hour % 12, "", true
	case 'P', 'p':
		return hour%12 + 12, "", true
	}
	return 0, "", false
}

// zone says whether a text is a zone of ISO 8601, or nothing.
func zone(s string) bool {
	switch {
	case s == "" || s == "Z" || s == "z":
		return true
	case s[0] != '+' && s[0] != '-':
		return false
	}
	hours, s, n := upTo2(s[1:])
	if n != 2 || hours > 23 {
		return false
	}
	if s == "" {
		return true
	}
	minutes, s, ok := part(s, s[0] == ':')
	return ok && s == "" && minutes < 60
}

// monthName reads a month's name or its first three letters or more; 0 if there is
// none.
func monthName(s string) (month int, rest string) {
	n := 0
	for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || s[n] >= 0x80) {
		n++
	}
	word := strings.ToLower(s[:n])
	if n < 3 {
		return 0, s
	}
	rest = strings.TrimPrefix(s[n:], ".") // "Dez."
	for i, names := range [12]string{"january januar jänner", "february februar", "march märz maerz mrz", "april", "may mai", "june juni", "july juli",
		"august", "september", "october oktober", "november", "december dezember"} {
		for name := range strings.SplitSeq(names, " ") {
			if strings.HasPrefix(name, word) {
				return i + 1, rest
			}
		}
	}
	return 0, s
}

// excel reads a number of days since 1899-12-30, from 61 (1900-03-01) on: before it
// Excel counts a day that there was not (ECMA-376 Part 1, 18.17.4.1).
func excel(s string) (int64, Precision, bool) {
	decimal := "."
	if strings.Contains(s, ",") {
		decimal = ","
	}
	x, ok := ParseNumber(s, decimal)
	if !ok || x < 61 || x >= 2958466 {
		return 0, 0, false
	}
	seconds := table.DayOfDate(1899, 12, 30)*86400 + int64(math.Round(x*86400))
	if x == math.Trunc(x) {
		return seconds, ToDay, true
	}
	return seconds, ToSecond, true
}
