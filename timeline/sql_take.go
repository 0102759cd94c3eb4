package timeline

import (
	"fmt"

	"hmsp.center/hmsp/table"
)

// made is the relation of what is made of the events of a variable: for each person
// with any, ak of feature k.
func (w *sqlWriter) made(of int) {
	w.put(", ", made(of), " AS (SELECT w.p AS p")
	for k, f := range w.plan.features {
		if f.of == of {
			w.put(", ", func() { w.aggregate(k, f) }, " AS a", k)
		}
	}
	w.put(" FROM w JOIN (SELECT p, t, x, ", w.day("t"), " AS d, ", func() { w.rank(of) }, " AS r FROM ", relation(of), ") e ON e.p = w.p GROUP BY w.p)")
}

// rank orders the events of one instant: by value, or by the order of levels.
func (w *sqlWriter) rank(of int) {
	if of == ofDeath || w.plan.reads[of].Numeric() {
		w.put("x")
		return
	}
	w.put("CASE x")
	for i, l := range w.plan.reads[of].Levels {
		w.put(" WHEN ", code(l.Code), " THEN ", i)
	}
	w.put(" END")
}

// The order of events, and its reverse.
const (
	inOrder  = " ORDER BY e.t ASC NULLS FIRST, e.r ASC"
	reversed = " ORDER BY e.t DESC NULLS LAST, e.r DESC"
)

func (w *sqlWriter) aggregate(k int, f feature) {
	filter := func() { w.filter(k, f) }
	switch f.take {
	case First:
		w.pick(inOrder, filter)
	case Last:
		w.pick(reversed, filter)
	case Mean:
		w.put("SUM(e.x", inOrder, ")", filter, " / COUNT(*)", filter)
	case Median:
		w.put("(PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY e.x)", filter, " + PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY e.x DESC)", filter, ") / 2")
	case Min:
		w.put("MIN(e.x)", filter)
	case Max:
		w.put("MAX(e.x)", filter)
	case Sum:
		w.put("SUM(e.x", inOrder, ")", filter)
	case Count, Any:
		w.put("COUNT(*)", filter)
	default: // the first day
		w.put("MIN(e.d)", filter)
	}
}

// pick is the value of the first event in an order.
func (w *sqlWriter) pick(order string, filter func()) {
	if w.dialect == PostgreSQL {
		w.put("(ARRAY_AGG(e.x", order, ")", filter, ")[1]")
		return
	}
	w.put("FIRST(e.x", order, ")", filter)
}

// filter keeps the events that a feature is made of.
func (w *sqlWriter) filter(k int, f feature) {
	w.put(" FILTER (WHERE TRUE")
	if f.from != nil || f.take == TimeTo || f.take == EventSeen {
		w.put(" AND e.d >= w.l", k)
	}
	if f.to != nil {
		w.put(" AND e.d <= w.h", k)
	}
	switch f.take {
	case Count, Any, Age, TimeTo, EventSeen:
		w.put(w.happened(f.of))
	}
	w.put(")")
}

// column is a feature in the answer.
func (w *sqlWriter) column(k int, f feature) {
	a := fmt.Sprintf("%s.a%d", made(f.of), k)
	switch f.take {
	case Any:
		w.put("(COALESCE(", a, ", 0) > 0)")
	case Count, Sum:
		w.put("CAST(LEAST(COALESCE(", a, ", 0), ", f.max, ") AS DOUBLE PRECISION)")
	case Age:
		if f.of == none {
			a = "w.i"
		}
		w.age(a)
	case TimeTo:
		w.put(fmt.Sprintf("CASE WHEN w.h%[1]d >= w.l%[1]d THEN CAST(COALESCE(%[2]s, w.h%[1]d) - w.i AS DOUBLE PRECISION) END", k, a))
	case EventSeen:
		w.put(fmt.Sprintf("CASE WHEN w.h%[1]d >= w.l%[1]d THEN %[2]s IS NOT NULL END", k, a))
	default:
		w.value(a, f)
	}
}

func (w *sqlWriter) value(a string, f feature) {
	switch f.variable.Kind {
	case table.Category:
		w.put(a)
	case table.Flag:
		w.put("(", a, " <> 0)")
	default:
		w.put("CAST(", a, " AS DOUBLE PRECISION)")
	}
}

// age is completed years from birth to a day.
func (w *sqlWriter) age(at string) {
	part := func(what, day string) string { return "EXTRACT(" + what + " FROM " + date(day) + ")" }
	inYear := func(day string) string { return part("MONTH", day) + " * 100 + " + part("DAY", day) }
	n := part("YEAR", at) + " - " + part("YEAR", "w.b") + " - CASE WHEN " + inYear(at) + " < " + inYear("w.b") + " THEN 1 ELSE 0 END"
	w.put("CASE WHEN ", n, " BETWEEN 0 AND ", oldest, " THEN CAST(", n, " AS DOUBLE PRECISION) END")
}
