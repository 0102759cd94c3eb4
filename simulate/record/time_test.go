package record

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Dates and summer time are those of the standard library.
func TestTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	zones := err == nil
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.Int64Range(-4_000_000_000, 4_000_000_000).Draw(t, "seconds")
		u := time.Unix(s, 0).UTC()
		if got := string(AppendClock(append(AppendDate(nil, s), 'T'), s)); got != u.Format("2006-01-02T15:04:05") {
			t.Fatalf("%s, want %s", got, u)
		}
		if got := string(AppendGerman(nil, s)); got != u.Format("02.01.2006") {
			t.Fatalf("%s, want %s", got, u)
		}
		if !zones || u.Year() < 1996 || u.Year() > 2036 {
			return
		}
		there := time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), u.Second(), 0, berlin)
		if got := string(AppendZone(nil, s)); got != there.Format("-07:00") && u.Hour() == there.Hour() && u.Hour() != 2 {
			t.Fatalf("%s at %s, want %s", got, u, there)
		}
	})
}
