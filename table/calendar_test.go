package table

import (
	"testing"
	"time"
)

// The calendar is that of package time, on every day of eight hundred years and at
// random ones far away.
func TestCalendar(t *testing.T) {
	check := func(day int64) {
		want := time.Unix(day*Day, 0).UTC()
		y, m, d := DateOf(day*Day + Day - 1)
		if y != want.Year() || m != int(want.Month()) || d != want.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %v", day, y, m, d, want)
		}
		if got := DayOfDate(y, m, d); got != day {
			t.Fatalf("%d-%d-%d is day %d, want %d", y, m, d, got, day)
		}
		if got := DayOf(day*Day + 1); got != day {
			t.Fatalf("the first second of day %d is of day %d", day, got)
		}
	}
	for day := int64(-200_000); day < 100_000; day++ {
		check(day)
	}
	for day := int64(-900_000); day < 3_000_000; day += 997 {
		check(day)
	}
}
