package csv

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/format"
)

// layouts are those that a value could have by its first digits and what stands
// behind them. Dates with points have the day first everywhere (DIN 5008); with
// strokes and hyphens either order is in use.
func layouts(s string) []string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if len(s) < len("1.1.24") || n == 0 || n == len(s) {
		return nil
	}
	switch mark := s[n]; {
	case n == 4 && mark == '-':
		return []string{format.ISODate}
	case n == 4 && mark == '/':
		return []string{"YYYY/MM/DD"}
	case n == 4 && mark == '.':
		return []string{"YYYY.MM.DD"}
	case n == 8 && (mark == 'T' || mark == ' '):
		return []string{format.CompactISO}
	case n > 2:
		return nil
	case mark == '.':
		return []string{format.GermanDate, format.GermanYY, "DD. MMM YYYY", "DD.MMM.YYYY"}
	case mark == '/':
		return []string{format.USDate, format.BritDate, format.USYY, format.BritYY, "YY/MM/DD"}
	case mark == '-':
		return []string{"DD-MM-YYYY", "MM-DD-YYYY", "DD-MM-YY", "MM-DD-YY", "YY-MM-DD", "DD-MMM-YYYY", "DD-MMM-YY"}
	case mark == ' ':
		return []string{"DD MMM YYYY"}
	}
	return nil
}

func (e *evidence) date(s string) {
	if len(s) == 8 {
		if _, ok := format.ParseTime(s, format.CompactISO); ok && s >= "19000101" && s < "21000101" {
			e.compact++
		}
	}
	any := false
	for _, name := range layouts(s) {
		if _, ok := format.ParseTime(s, name); ok {
			any = true
			e.reads(name)
		}
	}
	if any {
		e.dated++
	}
}

func (e *evidence) reads(name string) {
	for i := range e.dates {
		if e.dates[i].name == name {
			e.dates[i].reads++
			return
		}
	}
	e.dates = append(e.dates, layout{name, 1})
}

// date gives the columns of dates their layout: the one that reads every date in the
// column. Two such, and dates that none reads all of, are said.
func date(d *format.Description, seen []evidence) {
	found := map[string][]string{} // layout -> columns
	var order []string
	for i := range seen {
		e, c := &seen[i], &d.Columns[i]
		if e.most(e.compact) {
			d.Notes = append(d.Notes, fmt.Sprintf("%q may hold dates as %s or whole numbers", c.Name, format.CompactISO))
		}
		if c.Kind != format.Text || !e.most(e.dated) {
			continue
		}
		var all, some []string
		for _, l := range e.dates {
			if some = append(some, l.name); l.reads == e.dated {
				all = append(all, l.name)
			}
		}
		switch {
		case len(all) == 1:
			if c.Time = all[0]; found[c.Time] == nil {
				order = append(order, c.Time)
			}
			found[c.Time] = append(found[c.Time], fmt.Sprintf("%q", c.Name))
		case len(all) > 1:
			d.Notes = append(d.Notes, fmt.Sprintf("dates in %q may be %s: none of those seen tells them apart", c.Name, strings.Join(all, " or ")))
		default:
			d.Notes = append(d.Notes, fmt.Sprintf("dates in %q are written in several ways: %s", c.Name, strings.Join(some, ", ")))
		}
	}
	for _, name := range order {
		note := fmt.Sprintf("dates as %s in %s", name, strings.Join(found[name], ", "))
		if strings.Contains(name, "YY") && !strings.Contains(name, "YYYY") {
			note += "; 69 to 99 are read as 1969 to 1999, 00 to 68 as 2000 to 2068"
		}
		d.Notes = append(d.Notes, note)
	}
}
