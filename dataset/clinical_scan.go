package dataset

import (
	"context"
	"io"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// dropped are the states of rows that say that it was not so.
func dropped(status string) bool {
	switch status {
	case "entered-in-error", "cancelled", "not-done", "refuted", "deleted", "rejected", "draft", "proposed", "planned", "registered", "declined":
		return true
	}
	return false
}

// scan reads the source once.
func (c *clinical) scan(ctx context.Context, f format.Tables, path string, o format.Options, progress func(read, of int64)) error {
	r, err := f.OpenTables(ctx, path, o, c.want)
	if err != nil {
		return err
	}
	defer r.Close()
	readers := map[string]*tableReader{}
	for {
		name, b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		t := readers[name]
		if t == nil {
			decimal := "."
			if m, ok := r.(marked); ok {
				decimal = m.decimal(name)
			}
			t = newTableReader(r.Columns(name), decimal)
			readers[name] = t
		}
		if err := c.batch(name, t, b); err != nil {
			return err
		}
		if progress != nil {
			progress(r.Progress())
		}
	}
	c.people.dates()
	c.died()
	if n, ok := r.(format.Noted); ok {
		c.said = n.Notes()
	}
	return nil
}

// died lets the time under observation of patients last until their death, where the
// source does not say how long it was: that they lived until then is known.
func (c *clinical) died() {
	for who, at := range c.people.death {
		if to := c.people.to[who]; at != table.NoTime && to != table.NoTime && to < at && !c.observed[int32(who)] {
			c.people.to[who] = at
		}
	}
}

// batch maps the rows of one batch.
func (c *clinical) batch(name string, t *tableReader, b format.Batch) error {
	t.b = b
	event := name == rowsOfFile || slices.Contains(eventTables(), name) // its rows say when the patient was seen
	for i := range b.Rows {
		patient, ok := t.text(format.Patient, i)
		if !ok || patient == "" {
			c.notes["rows that do not say whose they are"]++
			continue
		}
		if status, _ := t.text(format.Status, i); dropped(strings.ToLower(status)) {
			c.notes["rows that were entered in error, cancelled or not done"]++
			continue
		}
		at := c.time(t, format.Time, i)
		if c.list != nil {
			s, ok := c.list.of[patient]
			if !ok {
				c.left[patient] = true
				continue
			}
			if patient = s.patient; at == table.NoTime && s.time != "" {
				at = c.moment(takenAt, s.time, c.list.layout)
			}
		}
		who := c.people.of(patient)
		c.people.dates()
		if name == format.MeasurementTable && len(c.checks.of) > 0 {
			if x, ok := t.number(format.Value, i); ok {
				codes, _ := t.text(format.Code, i)
				c.checks.row(patient, codes, x)
			}
		}
		switch {
		case name == format.PersonTable:
			c.person(who, t, i)
		case name == format.PeriodTable:
			if !c.observed[who] {
				c.observed[who] = true
				c.people.from[who], c.people.to[who] = table.NoTime, table.NoTime
			}
			c.people.seen(who, at)
			c.people.seen(who, c.time(t, format.End, i))
		case event && !c.observed[who]:
			c.people.seen(who, at)
		}
		for _, s := range c.byTable[name] {
			if err := c.take(c.selections[s], t, i, who, at, name); err != nil {
				return err
			}
		}
		if codes, ok := t.text(format.Code, i); ok {
			c.hits = c.match.Find(c.hits[:0], codes)
			for k, p := range c.hits {
				s := c.of[p]
				if again := slices.ContainsFunc(c.hits[:k], func(q int) bool { return c.of[q] == s }); again || !slices.Contains(c.selections[s].tables, name) {
					continue
				}
				if err := c.take(c.selections[s], t, i, who, at, name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// time is when a row says something was.
func (c *clinical) time(t *tableReader, column string, i int) int64 {
	s, ok := t.text(column, i)
	if !ok {
		return table.NoTime
	}
	return c.moment(column, s, t.layout[column])
}

// moment reads a time, and counts what is none.
func (c *clinical) moment(column, s, layout string) int64 {
	at, ok := format.ParseTime(s, layout)
	if !ok {
		c.notes["times that are no dates"]++
		c.undated[column]++
		return table.NoTime
	}
	c.dated[column] = true
	return at
}

// person keeps the dates of a patient's life.
func (c *clinical) person(who int32, t *tableReader, i int) {
	if at := c.time(t, format.Birth, i); at != table.NoTime {
		c.people.birth[who] = at
	}
	if s, ok := t.text(format.Death, i); ok && s == "true" {
		c.notes["patients who died at an unknown time"]++
	} else if at := c.time(t, format.Death, i); at != table.NoTime {
		c.people.death[who] = at
	}
}

// take makes an event of a row.
func (c *clinical) take(s *selection, t *tableReader, i int, who int32, at int64, name string) error {
	if s.source.Time != "" {
		at = c.time(t, s.source.Time, i)
	}
	if s.source.Timeless {
		at = table.NoTime
	}
	x, is := s.value(t, i, name)
	if s.count[is]++; is != good {
		return nil
	}
	return s.events.add(who, at, x)
}
