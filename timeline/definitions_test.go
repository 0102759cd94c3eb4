package timeline

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/table"
)

func dictionary() table.Schema {
	return table.Schema{
		{Name: "hba1c", Kind: table.Number, Unit: "%", Min: 0, Max: 20},
		{Name: "visit", Kind: table.Integer, Min: -5, Max: 5},
		{Name: "dose", Kind: table.Number, Unit: "mg", Max: 100},
		{Name: "dm", Kind: table.Flag},
		{Name: "mi", Kind: table.Flag},
		{Name: "stage", Kind: table.Category, Levels: []table.Level{{Code: "z"}, {Code: "a"}, {Code: "m"}}},
	}
}

// at reads a time: "2020-01-31", "2020-01-31 23:59", or "-" for none.
func at(t *testing.T, s string) int64 {
	t.Helper()
	if s == "-" || s == "" {
		return table.NoTime
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04"} {
		if x, err := time.Parse(layout, s); err == nil {
			return x.Unix()
		}
	}
	t.Fatalf("no time: %s", s)
	return 0
}

// one is the history of one person. Life is birth, death and the end of observation,
// events are "variable time value", sorted here.
func one(t *testing.T, life [3]string, events ...string) table.History {
	t.Helper()
	h := table.History{
		Pseudonyms: []uint64{42}, From: []int64{table.NoTime},
		Birth: []int64{at(t, life[0])}, Death: []int64{at(t, life[1])}, To: []int64{at(t, life[2])},
	}
	type event struct {
		t int64
		x float64
	}
	for _, v := range dictionary() {
		var es []event
		for _, text := range events {
			f := strings.Fields(text)
			if f[0] != v.Name {
				continue
			}
			e := event{t: at(t, strings.Join(f[1:len(f)-1], " "))}
			if v.Numeric() {
				if _, err := scan(f[len(f)-1], &e.x); err != nil {
					t.Fatal(err)
				}
			} else {
				e.x = float64(v.Level(f[len(f)-1]))
			}
			es = append(es, e)
		}
		slices.SortFunc(es, func(a, b event) int {
			if a.t != b.t {
				return map[bool]int{true: -1, false: 1}[a.t < b.t]
			}
			return map[bool]int{true: -1, false: 1}[a.x < b.x]
		})
		out := table.Events{Variable: v}
		for _, e := range es {
			out.Patients, out.Times = append(out.Patients, 0), append(out.Times, e.t)
			if v.Numeric() {
				out.Values.Numbers = append(out.Values.Numbers, e.x)
			} else {
				out.Values.Codes = append(out.Values.Codes, int32(e.x))
			}
		}
		h.Events = append(h.Events, out)
	}
	return h
}

func duration(t *testing.T, s string) *Duration {
	t.Helper()
	if s == "" {
		return nil
	}
	var d Duration
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return &d
}

// derived reads "of take from..to max".
func derived(t *testing.T, s string) Derived {
	t.Helper()
	f := strings.Fields(s)
	d := Derived{Of: f[0], Take: Take(f[1])}
	if d.Of == "-" {
		d.Of = ""
	}
	for _, more := range f[2:] {
		if from, to, ok := strings.Cut(more, ".."); ok {
			d.From, d.To = duration(t, from), duration(t, to)
		} else if _, err := scan(more, &d.Max); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// Every line is computed by hand, from the package comment.
func TestDefinitions(t *testing.T) {
	alive := [3]string{"1960-05-17", "-", "2030-01-01"}
	dm := "dm 2020-03-31 14:00 1" // the index day
	nan := math.NaN()
	cases := []struct {
		what   string
		life   [3]string
		take   string
		want   float64
		events []string
	}{
		// boundary days, both included, by calendar day and not by hour
		{"the first day of a window", alive, "hba1c last -365d..0d", 7, []string{"hba1c 2019-04-01 00:00 7"}},
		{"the day before it", alive, "hba1c last -365d..0d", nan, []string{"hba1c 2019-03-31 23:59 7"}},
		{"the last day, later than the index event", alive, "hba1c last -365d..0d", 7, []string{"hba1c 2020-03-31 23:59 7"}},
		{"the day after it", alive, "hba1c last -365d..0d", nan, []string{"hba1c 2020-04-01 00:00 7"}},
		{"a week", alive, "hba1c count 1w..2w 9", 2, []string{"hba1c 2020-04-06 1", "hba1c 2020-04-07 1", "hba1c 2020-04-14 1", "hba1c 2020-04-15 1"}},
		{"one day", alive, "hba1c any 1d..1d", 1, []string{"hba1c 2020-04-01 10:00 1"}},
		// months and years by calendar
		{"a month back from 31 March is 29 February", alive, "hba1c count -1m..-1m 9", 1, []string{"hba1c 2020-02-28 1", "hba1c 2020-02-29 1", "hba1c 2020-03-01 1"}},
		{"a month on is 30 April", alive, "hba1c count 1m..1m 9", 1, []string{"hba1c 2020-04-30 1", "hba1c 2020-05-01 1"}},
		{"thirteen months back is 28 February", alive, "hba1c count -13m..-13m 9", 1, []string{"hba1c 2019-02-28 1", "hba1c 2019-03-01 1"}},
		{"a year back is not 365 days in a leap year", alive, "hba1c any -1y..-1y", 1, []string{"hba1c 2019-03-31 1"}},
		{"366 days are", alive, "hba1c any -366d..-366d", 1, []string{"hba1c 2019-03-31 1"}},
		{"before 1970", alive, "hba1c last -60y..-55y", 5, []string{"hba1c 1960-03-31 05:00 5", "hba1c 1960-03-30 23:59 4"}},
		// open ends and events without a time
		{"an open beginning", alive, "hba1c count ..0d 9", 2, []string{"hba1c 1900-01-01 1", "hba1c 2020-03-31 1", "hba1c 2020-04-01 1", "hba1c - 1"}},
		{"an open end", alive, "hba1c count 0d.. 9", 2, []string{"hba1c 2020-03-31 1", "hba1c 2090-01-01 1", "hba1c - 1"}},
		{"no window has what has no time", alive, "hba1c count 9", 2, []string{"hba1c - 1", "hba1c 2021-01-01 1"}},
		{"what has no time is first", alive, "hba1c first", 9, []string{"hba1c - 9", "hba1c 2001-01-01 1"}},
		{"and last only alone", alive, "hba1c last", 1, []string{"hba1c - 9", "hba1c 2001-01-01 1"}},
		// ties are by value
		{"first of an instant", alive, "hba1c first -1y..0d", 5, []string{"hba1c 2020-01-01 08:00 6", "hba1c 2020-01-01 08:00 5", "hba1c 2020-01-01 08:00 7"}},
		{"last of an instant", alive, "hba1c last -1y..0d", 7, []string{"hba1c 2020-01-01 08:00 6", "hba1c 2020-01-01 08:00 7", "hba1c 2020-01-01 07:59 9"}},
		{"categories are by level", alive, "stage first", 0, []string{"stage 2020-01-01 a", "stage 2020-01-01 z", "stage 2020-01-01 m"}},
		{"and the last level last", alive, "stage last", 2, []string{"stage 2020-01-01 a", "stage 2020-01-01 m", "stage 2020-01-01 z"}},
		{"a flag that was withdrawn", alive, "mi last", 0, []string{"mi 2001-01-01 1", "mi 2002-01-01 0"}},
		// sums and middles
		{"mean", alive, "hba1c mean -1y..0d", 6.5, []string{"hba1c 2020-01-01 6", "hba1c 2020-01-02 7", "hba1c 2018-01-01 20"}},
		{"mean of nothing", alive, "hba1c mean -1y..0d", nan, nil},
		{"median of an odd number", alive, "visit median", 2, []string{"visit - 5", "visit 2020-01-01 -4", "visit 2020-01-02 2"}},
		{"median of an even number", alive, "visit median", 1.5, []string{"visit - 5", "visit 2020-01-01 -4", "visit 2020-01-02 2", "visit 2020-01-03 1"}},
		{"min", alive, "visit min", -4, []string{"visit - 5", "visit 2020-01-01 -4"}},
		{"max", alive, "visit max", 5, []string{"visit - 5", "visit 2020-01-01 -4"}},
		{"sum", alive, "dose sum 1000", 60, []string{"dose - 50", "dose 2020-01-01 10"}},
		{"sum is cut", alive, "dose sum 55", 55, []string{"dose - 50", "dose 2020-01-01 10"}},
		{"sum of nothing", alive, "dose sum 55", 0, nil},
		{"count is cut", alive, "dose count 2", 2, []string{"dose - 50", "dose - 50", "dose 2020-01-01 10"}},
		// what happened
		{"nothing known", alive, "mi any", 0, nil},
		{"said not to be", alive, "mi any", 0, []string{"mi 2020-01-01 0"}},
		{"said to be and not", alive, "mi any", 1, []string{"mi 2020-01-01 0", "mi 2019-01-01 1"}},
		{"only what happened is counted", alive, "mi count 9", 1, []string{"mi 2020-01-01 0", "mi 2019-01-01 1"}},
		{"a number happens when it is measured", alive, "visit any", 1, []string{"visit 2020-01-01 0"}},
		{"the index event is at 0d", alive, "dm any 0d..0d", 1, nil},
		{"death as an event", [3]string{"-", "2020-04-02", "2020-04-02"}, "death any 1d..2d", 1, nil},
		{"death outside the window", [3]string{"-", "2020-04-03", "2020-04-02"}, "death any 1d..2d", 0, nil},
		// age
		{"a birthday on the day", [3]string{"1970-03-31", "-", "-"}, "- age", 50, nil},
		{"the day after", [3]string{"1970-04-01", "-", "-"}, "- age", 49, nil},
		{"born at noon, seen in the morning", [3]string{"1970-03-31 23:00", "-", "-"}, "- age", 50, nil},
		{"not born yet", [3]string{"2020-04-01", "-", "-"}, "- age", nan, nil},
		{"born today", [3]string{"2020-03-31", "-", "-"}, "- age", 0, nil},
		{"130", [3]string{"1890-03-31", "-", "-"}, "- age", 130, nil},
		{"131 is an error of the source", [3]string{"1889-03-31", "-", "-"}, "- age", nan, nil},
		{"no birth", [3]string{"-", "-", "-"}, "- age", nan, nil},
		{"29 February, on 28 February", [3]string{"2000-02-29", "-", "-"}, "mi age", 0, []string{"mi 2001-02-28 1"}},
		{"29 February, on 1 March", [3]string{"2000-02-29", "-", "-"}, "mi age", 1, []string{"mi 2001-03-01 1"}},
		{"29 February, on 29 February", [3]string{"2000-02-29", "-", "-"}, "mi age", 4, []string{"mi 2004-02-29 1"}},
		{"at the first event that happened", alive, "mi age", 50, []string{"mi 2001-03-01 0", "mi 2011-03-01 1", "mi 2021-03-01 1", "mi - 1"}},
		{"at the first event of a window", alive, "mi age 0d..", 60, []string{"mi 2011-03-01 1", "mi 2021-03-01 1"}},
		{"at death", [3]string{"1960-05-17", "2020-05-17", "-"}, "death age", 60, nil},
		// outcomes
		{"seen", alive, "mi time ..5y", 10, []string{"mi 2020-04-10 23:00 1"}},
		{"seen", alive, "mi event ..5y", 1, []string{"mi 2020-04-10 1"}},
		{"the first one", alive, "mi time ..5y", 1, []string{"mi 2020-04-10 1", "mi 2020-04-01 1"}},
		{"what did not happen", alive, "mi event ..5y", 0, []string{"mi 2020-04-10 0"}},
		{"on the index day", alive, "mi time ..5y", 0, []string{"mi 2020-03-31 08:00 1"}},
		{"unless the watch begins later", alive, "mi event 1d..5y", 0, []string{"mi 2020-03-31 1"}},
		{"before it: no part", alive, "mi event ..5y", 0, []string{"mi 2020-03-30 1"}},
		{"before it: the next one", alive, "mi time ..5y", 5, []string{"mi 2020-03-30 1", "mi 2020-04-05 1"}},
		{"the horizon, a day in a leap year", alive, "mi time ..1y", 365, nil},
		{"on the last day of the horizon", alive, "mi event ..1y", 1, []string{"mi 2021-03-31 23:59 1"}},
		{"after the horizon", alive, "mi event ..1y", 0, []string{"mi 2021-04-01 1"}},
		{"after the horizon, time", alive, "mi time ..1y", 365, []string{"mi 2021-04-01 1"}},
		{"lost to follow-up", [3]string{"-", "-", "2020-04-30 12:00"}, "mi time ..5y", 30, nil},
		{"on the day of the loss", [3]string{"-", "-", "2020-04-30 08:00"}, "mi event ..5y", 1, []string{"mi 2020-04-30 20:00 1"}},
		{"after the loss", [3]string{"-", "-", "2020-04-30"}, "mi event ..5y", 0, []string{"mi 2020-05-01 1"}},
		{"death ends the watch", [3]string{"-", "2020-04-02", "2030-01-01"}, "mi time ..5y", 2, []string{"mi 2020-04-05 1"}},
		{"on the day of death", [3]string{"-", "2020-04-02", "2030-01-01"}, "mi event ..5y", 1, []string{"mi 2020-04-02 1"}},
		{"death is the outcome", [3]string{"-", "2020-04-02", "2030-01-01"}, "death time ..5y", 2, nil},
		{"death is the outcome", [3]string{"-", "2020-04-02", "2030-01-01"}, "death event ..5y", 1, nil},
		{"death after the end of observation", [3]string{"-", "2020-05-02", "2020-05-01"}, "death event ..5y", 0, nil},
		{"death after the end of observation, time", [3]string{"-", "2020-05-02", "2020-05-01"}, "death time ..5y", 31, nil},
		{"an end that nobody knows", [3]string{"-", "-", "-"}, "mi time ..5y", nan, []string{"mi 2020-04-10 1"}},
		{"an end that nobody knows, event", [3]string{"-", "2020-04-10", "-"}, "death event ..5y", nan, nil},
		{"lost before the index day", [3]string{"-", "-", "2020-03-30"}, "mi time ..5y", nan, []string{"mi 2020-04-10 1"}},
		{"lost on the index day", [3]string{"-", "-", "2020-03-31"}, "mi time ..5y", 0, nil},
		{"lost before the watch began", [3]string{"-", "-", "2020-03-31"}, "mi event 1d..5y", nan, nil},
		{"dead before the index day", [3]string{"-", "2019-01-01", "2030-01-01"}, "death event ..5y", 0, nil},
	}
	for _, c := range cases {
		spec := Spec{Index: &Index{Event: "dm"}, Variables: map[string]Derived{"x": derived(t, c.take)}}
		p, err := Compile(spec, dictionary(), nil)
		if err != nil {
			t.Errorf("%s: %s: %v", c.what, c.take, err)
			continue
		}
		got, err := p.Eval(one(t, c.life, append(c.events, dm)...))
		if err != nil || got.Rows() != 1 {
			t.Errorf("%s: %s: %d rows, %v", c.what, c.take, got.Rows(), err)
			continue
		}
		if x := cell(got, 0); x != c.want && !(math.IsNaN(x) && math.IsNaN(c.want)) {
			t.Errorf("%s: %s is %v, want %v", c.what, c.take, x, c.want)
		}
	}
}

func cell(t table.Table, column int) float64 {
	if c := t.Columns[column]; t.Schema[column].Kind == table.Category {
		return float64(c.Codes[0])
	}
	return t.Columns[column].Numbers[0]
}
