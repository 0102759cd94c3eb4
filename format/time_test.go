package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/table"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		text, layout string
		want         string // "" is none
		p            Precision
	}{
		{"1980", "", "1980-01-01T00:00:00", ToYear},
		{"1980-05", "", "1980-05-01T00:00:00", ToMonth},
		{"2024-01-31", "", "2024-01-31T00:00:00", ToDay},
		{"2024-02-29", ISODate, "2024-02-29T00:00:00", ToDay},
		{"2024-01-31T08:15:00+01:00", "", "2024-01-31T08:15:00", ToSecond},
		{"2024-01-31T08:15:00.999-0930", "", "2024-01-31T08:15:00", ToSecond},
		{"2024-01-31T08:15Z", "", "2024-01-31T08:15:00", ToMinute},
		{"2024-01-31 08:15", "", "2024-01-31T08:15:00", ToMinute},
		{"2024-01-31T08", "", "2024-01-31T08:00:00", ToHour},
		{"1899-12-31T23:59:59", "", "1899-12-31T23:59:59", ToSecond},
		{"0000-01-01", "", "0000-01-01T00:00:00", ToDay},
		{"9999-12-31T23:59:59", "", "9999-12-31T23:59:59", ToSecond},
		{"31.12.2024", GermanDate, "2024-12-31T00:00:00", ToDay},
		{"1.2.2024", GermanDate, "2024-02-01T00:00:00", ToDay},
		{"31.12.2024 14:30", GermanDate, "2024-12-31T14:30:00", ToMinute},
		{"31.12.2024, 14:30:05", GermanDate, "2024-12-31T14:30:05", ToSecond},
		{"31.12.24", GermanYY, "2024-12-31T00:00:00", ToDay},
		{"01.01.69", GermanYY, "1969-01-01T00:00:00", ToDay},
		{"01.01.68 9:05", GermanYY, "2068-01-01T09:05:00", ToMinute},
		{"12/31/2024", USDate, "2024-12-31T00:00:00", ToDay},
		{"12/31/2024 2:30 PM", USDate, "2024-12-31T14:30:00", ToMinute},
		{"12/31/2024 12:00:00 AM", USDate, "2024-12-31T00:00:00", ToSecond},
		{"1/2/24 12:30pm", USYY, "2024-01-02T12:30:00", ToMinute},
		{"01/02/2024", BritDate, "2024-02-01T00:00:00", ToDay},
		{"20240131", CompactISO, "2024-01-31T00:00:00", ToDay},
		{"202401310815", CompactISO, "2024-01-31T08:15:00", ToMinute},
		{"20240131081501.5+0100", CompactISO, "2024-01-31T08:15:01", ToSecond},
		{"20240131T0815", CompactISO, "2024-01-31T08:15:00", ToMinute},
		{"31-Dec-2024", "DD-MMM-YYYY", "2024-12-31T00:00:00", ToDay},
		{"1-mär-24", "DD-MMM-YY", "2024-03-01T00:00:00", ToDay},
		{"3. Dezember 2024 7:00", "DD. MMM YYYY", "2024-12-03T07:00:00", ToMinute},
		{"45657", ExcelDay, "2024-12-31T00:00:00", ToDay},
		{"45657.604166666664", ExcelDay, "2024-12-31T14:30:00", ToSecond},
		{"61", ExcelDay, "1900-03-01T00:00:00", ToDay},
		// What there is not.
		{text: "2023-02-29"}, {text: "1900-02-29"}, {text: "2024-04-31"}, {text: "2024-00-10"}, {text: "2024-13-01"}, {text: "2024-01-00"}, {text: "2024-01-32"},
		{text: "2024-01-31T24:00"}, {text: "2024-01-31T24:00:00"}, {text: "2016-12-31T23:59:60Z"}, {text: "2024-01-31T08:60"},
		{text: "2024-01-31T08:15:00+24:00"}, {text: "2024-01-31T08:15:00+1"}, {text: "2024-01-31T8"}, {text: "2024-01-31T08:5"}, {text: "2024-01-31T"}, {text: "2024-01-31T08:"},
		{text: "2024-01-31T08:15:00."}, {text: "2024-01-31T08:15:00 x"}, {text: "2024-01-31 "}, {text: ""}, {text: "980"}, {text: "1980-5"}, {text: "1980-13"}, {text: "1980-00"}, {text: "1980/05"},
		{text: "2024-W05"}, {text: "2024-031"}, {text: "-2024-01-31"}, {text: "20240131"}, {text: "31.12.2024"}, {text: "2024-1-31"}, {text: "2024-01-3x"}, {text: "٢٠٢٤-01-31"},
		{text: "31.02.2024", layout: GermanDate}, {text: "12.31.2024", layout: GermanDate}, {text: "31.12.24", layout: GermanDate}, {text: "31.12.", layout: GermanDate}, {text: "00.00.0000", layout: GermanDate},
		{text: "31.12.2014", layout: GermanYY}, {text: "12/31/2014", layout: USYY}, {text: "2024-01-3114:00"}, {text: "12/31/2024 13:30 PM", layout: USDate}, {text: "12/31/2024 0:30 AM", layout: USDate}, {text: "31/12/2024", layout: USDate},
		{text: "2024013", layout: CompactISO}, {text: "20240131081", layout: CompactISO}, {text: "2024013108150", layout: CompactISO}, {text: "31-Foo-2024", layout: "DD-MMM-YYYY"}, {text: "31-De-2024", layout: "DD-MMM-YYYY"},
		{text: "60", layout: ExcelDay}, {text: "2958466", layout: ExcelDay}, {text: "x", layout: ExcelDay}, {text: "2024-01-31", layout: "DD"},
	} {
		at, p, ok := ParseTimePrecision(c.text, c.layout)
		got := ""
		if ok {
			got = time.Unix(at, 0).UTC().Format("2006-01-02T15:04:05")
		}
		if got != c.want || ok && p != c.p {
			t.Errorf("%q as %q: %q to %d, want %q to %d", c.text, c.layout, got, p, c.want, c.p)
		}
		if short, yes := ParseTime(c.text, c.layout); yes != ok || ok && short != at {
			t.Errorf("%q as %q: ParseTime gives %d, %v", c.text, c.layout, short, yes)
		}
	}
}

// Every day of the calendar is where package time has it.
func TestDay(t *testing.T) {
	for at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 10000; at = at.AddDate(0, 0, 1) {
		if got := table.DayOfDate(at.Year(), int(at.Month()), at.Day()); got*86400 != at.Unix() {
			t.Fatalf("%v: day %d", at, got)
		}
	}
}

// A time written in any layout is read back.
func TestParseTimeReadsWhatIsWritten(t *testing.T) {
	layouts := map[string]string{ISODate: "2006-01-02", CompactISO: "20060102", GermanDate: "2.1.2006", GermanYY: "02.01.06", USDate: "1/2/2006", USYY: "01/02/06",
		BritDate: "02/01/2006", BritYY: "2/1/06", "DD-MMM-YYYY": "02-Jan-2006", "YYYY/MM/DD": "2006/1/2", "DD.MMM YYYY": "2.January 2006"}
	clocks := []string{"", " 15:04", "T15:04:05", " 3:04:05 PM", " 15:04:05.000", "T15:04:05Z07:00"}
	rapid.Check(t, func(rt *rapid.T) {
		layout := rapid.SampledFrom([]string{ISODate, CompactISO, GermanDate, GermanYY, USDate, USYY, BritDate, BritYY, "DD-MMM-YYYY", "YYYY/MM/DD", "DD.MMM YYYY"}).Draw(rt, "layout")
		zone := time.FixedZone("", 60*rapid.IntRange(-720, 720).Draw(rt, "zone"))
		at := time.Date(rapid.IntRange(1969, 2068).Draw(rt, "year"), 1, 1, 0, 0, rapid.IntRange(0, 366*86400-1).Draw(rt, "second"), 0, zone)
		if at.Year() > 2068 {
			at = at.AddDate(-1, 0, 0)
		}
		of := rapid.SampledFrom(clocks).Draw(rt, "clock")
		text := at.Format(layouts[layout] + of)
		wall := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		switch {
		case of == "":
			wall = wall.Truncate(24 * time.Hour)
		case !strings.Contains(of, ":05"):
			wall = wall.Truncate(time.Minute)
		}
		if got, ok := ParseTime(text, layout); !ok || got != wall.Unix() {
			rt.Fatalf("%q as %s: %v, %v; want %v", text, layout, got, ok, wall.Unix())
		}
	})
}

// What both package time and ISODate read is the same wall-clock time; a plain date
// is read by both or by neither.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"1980", "2024-01-31", "2024-02-30", "2024-01-31T08:15:00+01:00", "2024-01-31T08:15:00.5Z", "31.12.2024 14:30", "12/31/2024 2:30 PM", "20240131081500+0100", "31-Dez-24", "45657.5"} {
		f.Add(s, GermanDate)
		f.Add(s, USYY)
		f.Add(s, "DD-MMM-YYYY")
	}
	f.Fuzz(func(t *testing.T, s, layout string) {
		at, p, ok := ParseTimePrecision(s, "")
		want, err := time.Parse("2006-01-02", s)
		if ok != (err == nil) && (len(s) == 10 || err == nil) || ok && err == nil && at != want.Unix() {
			t.Fatalf("%q: %d, %v; package time: %v, %v", s, at, ok, want, err)
		}
		if want, err := time.Parse(time.RFC3339, s); err == nil && strings.Contains(s, "T") {
			wall := time.Date(want.Year(), want.Month(), want.Day(), want.Hour(), want.Minute(), want.Second(), 0, time.UTC).Unix()
			if strict := s[11:13] < "24"; strict && s[13] == ':' && (!ok || at != wall || p != ToSecond) {
				t.Fatalf("%q: %d to %d, %v; want %d", s, at, p, ok, wall)
			}
		}
		for _, l := range []string{"", CompactISO, GermanDate, GermanYY, USDate, ExcelDay, layout} {
			at, p, ok := ParseTimePrecision(s, l)
			if ok && (p < ToYear || p > ToSecond) || !ok && (at != 0 || p != 0) && l == "" {
				t.Fatalf("%q as %q: %d to %d, %v", s, l, at, p, ok)
			}
		}
	})
}

func BenchmarkParseTime(b *testing.B) {
	days := make([]string, 1000)
	for i := range days {
		days[i] = fmt.Sprintf("%04d-%02d-%02d", 1930+i%95, 1+i%12, 1+i%28)
	}
	run := func(name, layout string, write func(string) string) {
		b.Run(name, func(b *testing.B) {
			texts := make([]string, len(days))
			for i, d := range days {
				texts[i] = write(d)
			}
			var sum int64
			i := 0
			for b.Loop() {
				at, _ := ParseTime(texts[i], layout)
				sum += at
				if i++; i == len(texts) {
					i = 0
				}
			}
			if sum == 0 {
				b.Fatal("nothing was read")
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
		})
	}
	run("date", "", func(s string) string { return s })
	run("instant", "", func(s string) string { return s + "T08:15:00+01:00" })
	run("german", GermanDate, func(s string) string { return s[8:] + "." + s[5:7] + "." + s[:4] + " 14:30" })
	b.Run("package time, date", func(b *testing.B) {
		i := 0
		for b.Loop() {
			if _, err := time.Parse(time.DateOnly, days[i%len(days)]); err != nil {
				b.Fatal(err)
			}
			i++
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
	})
}
