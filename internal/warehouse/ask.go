package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// Ask returns the people of the study who belong to the cohort, a row each, in the
// order of their numbers. The history is asked in parts of as many people as fit
// the memory, so that neither the database nor, with Options.Pool, the answer grows
// with the number of people. Closing what comes with the answer takes it away.
//
// It fails if the history or the variables do not fit the plan, a time is outside
// the years 1 to 9999, the memory does not hold one patient, or ctx ends.
func Ask(ctx context.Context, h table.History, q Question, o Options) (table.Table, io.Closer, error) {
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	return ask(ctx, h, q, o, int(o.Memory/rowSize(len(q.Timeline.Schema()))))
}

// ask is Ask in parts of so many rows.
func ask(ctx context.Context, h table.History, q Question, o Options, rows int) (table.Table, io.Closer, error) {
	q, err := q.checked(h)
	if err != nil {
		return table.Table{}, nil, fmt.Errorf("ask timeline: %w", err)
	}
	return answered(h, q, o, func(to *answer) error { return newAsked(h, q).all(ctx, o.Memory, rows, to) })
}

// asked is a question to a history.
type asked struct {
	Question
	history table.History
	events  []table.Events // of Timeline.Reads()
	query   string         // after the relations
	args    []any
	catalog catalog
}

func newAsked(h table.History, q Question) *asked {
	a := &asked{Question: q, history: h}
	for _, name := range q.Timeline.Reads() {
		e, _ := h.Lookup(name)
		a.events = append(a.events, e)
	}
	schema := q.Timeline.Schema()
	where, args, columns := q.Cohort.SQL()
	var answer, inner strings.Builder
	for i, v := range q.Variables {
		fmt.Fprintf(&answer, ", a%d", i)
		fmt.Fprintf(&inner, ", c%d AS a%d", schema.Index(v.Name), i)
	}
	for i, name := range columns {
		fmt.Fprintf(&inner, ", c%d AS c%d", schema.Index(name), i)
	}
	query, first := q.Timeline.SQL(timeline.DuckDB)
	a.query = fmt.Sprintf("q AS (%s) SELECT p%s FROM (SELECT p%s FROM q) WHERE %s ORDER BY p", query, answer.String(), inner.String(), where)
	a.args = append(first, args...)
	return a
}

// rowSize is what a person or an event costs the database at most, in bytes, for so
// many variables: what is put in order is copied for each. It is measured.
func rowSize(variables int) int64 { return 256 + 128*int64(variables) }

// all asks the history in parts.
func (a *asked) all(ctx context.Context, memory int64, rows int, to *answer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, done, err := a.catalog.open(ctx, memory)
	if err != nil {
		return plain(ctx, memory, err)
	}
	defer done()
	for from := 0; from < a.history.People(); {
		upTo := a.part(from, rows)
		if err := a.Timeline.Check(a.history, from, upTo); err != nil {
			return err
		}
		if err := a.ask(ctx, conn, a.relations(from, upTo), to); err != nil {
			if to.failed != nil {
				return to.failed
			}
			return plain(ctx, memory, err)
		}
		from = upTo
	}
	return nil
}

// part is the end of the people from a person on who have so many rows together, or
// are one.
func (a *asked) part(from, rows int) (to int) {
	for n := min(a.history.People()-from, rows); n > 1; n /= 2 {
		have := n
		for _, e := range a.events {
			b, _ := e.Of(int32(from))
			c, _ := e.Of(int32(from + n))
			have += c - b
		}
		if have <= rows {
			return from + n
		}
	}
	return from + 1
}

// relations are people, e0, e1, ... of the people from..to-1.
func (a *asked) relations(from, to int) string {
	a.catalog.relations = a.catalog.relations[:0]
	h := a.history
	var people look
	people.add(count("p", from))
	people.add(values("birth", h.Birth[from:to]))
	people.add(values("death", h.Death[from:to]))
	people.add(values("from_", h.From[from:to]))
	people.add(values("to_", h.To[from:to]))
	out := "WITH people AS " + people.at(&a.catalog, to-from)
	for i, e := range a.events {
		b, _ := e.Of(int32(from))
		c, _ := e.Of(int32(to))
		of := table.Column{}
		if e.Variable.Numeric() {
			of.Numbers = e.Values.Numbers[b:c]
		} else {
			of.Codes = e.Values.Codes[b:c]
		}
		var l look
		l.add(values("p", e.Patients[b:c]))
		l.add(values("t", e.Times[b:c]))
		l.variable(&a.catalog, "x", e.Variable, of)
		out += fmt.Sprintf(", e%d AS %s", i, l.at(&a.catalog, c-b))
	}
	return out
}

// ask asks about one part. The driver's rows are read as they are: the conversions
// of database/sql would cost more than the question.
func (a *asked) ask(ctx context.Context, conn *sql.Conn, relations string, to *answer) error {
	return conn.Raw(func(raw any) (err error) {
		rows, err := raw.(driver.QueryerContext).QueryContext(ctx, relations+", "+a.query, ordinals(a.args))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		values := make([]driver.Value, 1+len(a.Variables))
		for {
			if err := rows.Next(values); err == io.EOF {
				to.failed = to.flush()
				return to.failed
			} else if err != nil {
				return err
			}
			if to.failed = to.row(values); to.failed != nil {
				return to.failed
			}
		}
	})
}
