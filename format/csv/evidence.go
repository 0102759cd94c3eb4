package csv

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/format"
)

// evidence is what the values seen of one column say of decimal mark and dates.
type evidence struct {
	seen    int
	numbers [2]int // read with "." and with ","
	marked  [2]int // of these, with a mark that can only be the decimal one
	unclear int    // with a comma that may be a decimal mark or one of thousands
	compact int    // eight digits that are a day
	dates   []layout
	dated   int // some layout reads them
}

// A layout of dates, and how many values it reads.
type layout struct {
	name  string
	reads int
}

// most is the share of a column's values that must fit a reading of it: a few may be
// words, or dates such as 00.00.0000.
func (e *evidence) most(n int) bool { return e.seen > 0 && 10*n >= 9*e.seen }

func (e *evidence) add(s string) {
	e.seen++
	if s != "" && s[0] <= '9' { // digits, signs and marks
		e.number(s)
		e.date(s)
	}
}

func (e *evidence) number(s string) {
	for i, mark := range [2]string{".", ","} {
		if _, ok := format.ParseNumber(s, mark); !ok {
			continue
		}
		e.numbers[i]++
		switch {
		case !strings.Contains(s, mark):
		case !grouped(s, mark):
			e.marked[i]++
		case mark == ",":
			e.unclear++
		}
	}
}

// grouped says whether a mark could be one of thousands: one to three digits before
// it, the first no zero, and three behind it.
func grouped(s, mark string) bool {
	s = strings.TrimLeft(s, "+-")
	first, rest, _ := strings.Cut(s, mark)
	return len(first) >= 1 && len(first) <= 3 && first[0] != '0' && len(rest) == 3 && !strings.ContainsAny(s, "eE") && !strings.Contains(first, ".")
}

// conclude finds the decimal mark of the file and says what was found.
func conclude(d *format.Description, seen []evidence) {
	note := func(text string, args ...any) { d.Notes = append(d.Notes, fmt.Sprintf(text, args...)) }
	if d.Detected.Encoding != "utf-8" {
		note("encoding %s", d.Detected.Encoding)
	}
	if d.Detected.Delimiter != "," {
		note("values separated by %s", map[bool]string{true: "tabs", false: fmt.Sprintf("%q", d.Detected.Delimiter)}[d.Detected.Delimiter == "\t"])
	}
	if d.Detected.Decimal == "" {
		d.Detected.Decimal = "."
		if d.Detected.Delimiter != "," {
			d.Detected.Decimal = decimal(d.Columns, seen, note)
		}
	}
	if d.Detected.Decimal == "," {
		note("decimal comma")
	}
}

// decimal is "," if some column shows it and none shows a point.
func decimal(columns []format.Column, seen []evidence, note func(string, ...any)) string {
	shows := [3]string{} // point, comma, unclear: the first column of each
	for i := range seen {
		e := &seen[i]
		what := -1
		switch {
		case e.marked[0] > 0 && e.most(e.numbers[0]):
			what = 0
		case e.marked[1] > 0 && e.most(e.numbers[1]):
			what = 1
		case e.unclear > 0 && e.most(e.numbers[1]):
			what = 2
		}
		if what >= 0 && shows[what] == "" {
			shows[what] = columns[i].Name
		}
	}
	switch {
	case shows[0] == "" && shows[1] != "":
		return ","
	case shows[1] != "":
		note(`decimal points in %q and decimal commas in %q: only points are read; set decimal: "," for the commas`, shows[0], shows[1])
	case shows[2] != "":
		note(`the commas in %q may be decimal marks or stand between thousands; set decimal: "," if they are decimal marks`, shows[2])
	}
	return "."
}
