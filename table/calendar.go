package table

// The calendar is the proleptic Gregorian one, without leap seconds or zones. Source:
// H. Hinnant, chrono-Compatible Low-Level Date Algorithms, days_from_civil and
// civil_from_days.

// DayOf is the day of a time of a History, counted from 1970-01-01.
func DayOf(t int64) int64 { return floorDiv(t, Day) }

// DayOfDate counts the days from 1970-01-01 to a date. Years may be negative; month is
// 1 to 12.
func DayOfDate(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	y := int64(year)
	return 365*y + floorDiv(y, 4) - floorDiv(y, 100) + floorDiv(y, 400) + int64((153*(month-3)+2)/5+day-1) - 719468
}

// DateOf is the date of a time of a History.
func DateOf(t int64) (year, month, day int) {
	z := DayOf(t) + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	year, month = int(yoe+era*400), int(mp+3)
	if month > 12 {
		return year + 1, month - 12, day
	}
	return year, month, day
}

// floorDiv is a / b rounded down.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
