package timeline

import (
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/table"
)

// A Dialect is a database's way of writing SQL.
type Dialect int

// The dialects of SQL: DuckDB 1.x, and PostgreSQL from version 13 on.
const (
	DuckDB Dialect = iota
	PostgreSQL
)

// SQL is the plan as one SELECT over the relations
//
//	people(p, birth, death, from_, to_)   a row for each person: number, and times
//	e0(p, t, x), e1, ...                  the events of Reads()[0], Reads()[1], ...
//
// in which p is a whole number, times are BIGINT seconds as in table.History and
// NULL where there is none, and x is never NULL: DOUBLE PRECISION, or the code as
// text for a category. It gives p and c0, c1, ... for Schema(), in no order:
// numbers and integers as DOUBLE PRECISION, flags as BOOLEAN, categories as text;
// missing is NULL. So a condition of package cohort can follow. Times must be in
// the years 1 to 9999.
//
// It is made of a fixed vocabulary only: what a study says is in args, for ? in
// DuckDB and $1, $2, ... in PostgreSQL, and of what the dictionary says no word but
// the codes of levels, in args too.
func (p Plan) SQL(d Dialect) (query string, args []any) {
	w := &sqlWriter{plan: p, dialect: d}
	w.query()
	return w.String(), w.args
}

type sqlWriter struct {
	strings.Builder
	plan    Plan
	dialect Dialect
	args    []any
}

// put writes text, and numbers and codes as parameters.
func (w *sqlWriter) put(parts ...any) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			w.WriteString(p)
		case int:
			fmt.Fprint(w, p)
		case int64:
			w.argument(p, "BIGINT")
		case float64:
			w.argument(p, "DOUBLE PRECISION")
		case code:
			w.argument(string(p), "VARCHAR")
		case func():
			p()
		default:
			panic(fmt.Sprintf("timeline: no SQL for %T", p))
		}
	}
}

// A code is a text of the dictionary: always a parameter.
type code string

func (w *sqlWriter) argument(x any, kind string) {
	w.args = append(w.args, x)
	if w.dialect == PostgreSQL {
		fmt.Fprintf(w, "CAST($%d AS %s)", len(w.args), kind)
	} else {
		fmt.Fprintf(w, "CAST(? AS %s)", kind)
	}
}

// day is the day of a time: whole division of what is not negative.
func (w *sqlWriter) day(t string) string {
	divide := "//"
	if w.dialect == PostgreSQL {
		divide = "/"
	}
	return fmt.Sprintf("((%s + %d) %s %d - %d)", t, -firstTime, divide, table.Day, yearZero)
}

// query: w has the people with their days, v0, v1, ... what is made of the events of
// each variable, and the end puts them together.
func (w *sqlWriter) query() {
	w.put("WITH ")
	if slices.Contains(w.sources(), ofDeath) || w.plan.index != nil && w.plan.index.of == ofDeath {
		w.put("dying AS (SELECT p, death AS t, CAST(1 AS DOUBLE PRECISION) AS x FROM people WHERE death IS NOT NULL), ")
	}
	w.indexDays()
	w.people()
	for _, of := range w.sources() {
		w.made(of)
	}
	w.put(" SELECT w.p AS p")
	for i, f := range w.plan.features {
		w.put(", ")
		w.column(i, f)
		w.put(" AS c", i)
	}
	w.put(" FROM w")
	for _, of := range w.sources() {
		w.put(" LEFT JOIN ", made(of), " ON ", made(of), ".p = w.p")
	}
}

// sources are the events that features are made of.
func (w *sqlWriter) sources() []int {
	var out []int
	for _, f := range w.plan.features {
		if f.of != none && !slices.Contains(out, f.of) {
			out = append(out, f.of)
		}
	}
	return out
}

func relation(of int) string {
	if of == ofDeath {
		return "dying"
	}
	return fmt.Sprint("e", of)
}

func made(of int) string {
	if of == ofDeath {
		return "vdying"
	}
	return fmt.Sprint("v", of)
}

// happened is a further condition on the events of a flag: that they say yes.
func (w *sqlWriter) happened(of int) string {
	if of != ofDeath && w.plan.reads[of].Kind == table.Flag {
		return " AND x <> 0"
	}
	return ""
}

func (w *sqlWriter) indexDays() {
	x := w.plan.index
	if x == nil || x.of == none {
		return
	}
	least := "MIN"
	if x.last {
		least = "MAX"
	}
	d := w.day("t")
	w.put("i AS (SELECT p, ", least, "(", d, ") AS i FROM ", relation(x.of), " WHERE t IS NOT NULL", w.happened(x.of),
		" AND ", d, " >= ", x.from, " AND ", d, " <= ", x.to, " GROUP BY p), ")
}

// people are those of the study, with the day i of the index, b of birth, y of the
// end of observation and z of death, and the windows: of feature k, from lk to hk.
func (w *sqlWriter) people() {
	w.put("u AS (SELECT people.p AS p, ", w.day("birth"), " AS b, ", w.day("to_"), " AS y, ", w.day("death"), " AS z")
	switch x := w.plan.index; {
	case x == nil:
		w.put(" FROM people)")
	case x.of == none:
		w.put(", ", x.date, " AS i FROM people)")
	default:
		w.put(", i.i AS i FROM people JOIN i ON i.p = people.p)")
	}
	w.put(", w AS MATERIALIZED (SELECT u.*")
	for k, f := range w.plan.features {
		outcome := f.take == TimeTo || f.take == EventSeen
		if f.from != nil {
			w.put(", ")
			w.after(*f.from)
			w.put(" AS l", k)
		} else if outcome {
			w.put(", i AS l", k)
		}
		if f.to == nil {
			continue
		}
		w.put(", ")
		switch {
		case !outcome:
			w.after(*f.to)
		case f.of == ofDeath:
			w.put("CASE WHEN y IS NOT NULL THEN LEAST(y, ", func() { w.after(*f.to) }, ") END")
		default:
			w.put("CASE WHEN y IS NOT NULL THEN LEAST(y, z, ", func() { w.after(*f.to) }, ") END")
		}
		w.put(" AS h", k)
	}
	w.put(" FROM u)")
}

// after is the day i moved by a duration.
func (w *sqlWriter) after(d Duration) {
	n, months := d.steps()
	if !months {
		w.put("(i + ", n, ")")
		return
	}
	w.put("CAST(CAST(", date("i"), " + CAST(", n, " AS INTEGER) * INTERVAL '1 month' AS DATE) - DATE '1970-01-01' AS BIGINT)")
}

// date is a day as a DATE.
func date(day string) string { return "(DATE '1970-01-01' + CAST(" + day + " AS INTEGER))" }
