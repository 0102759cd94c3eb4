package omop

import (
	"fmt"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/vocabulary"
)

// A statement is SQL in the making.
type statement struct {
	strings.Builder
	args []any
}

func (w *statement) put(parts ...string) {
	for _, p := range parts {
		w.WriteString(p)
	}
}

// arg is a parameter of a type.
func (w *statement) arg(x any, kind string) string {
	w.args = append(w.args, x)
	return "CAST($" + strconv.Itoa(len(w.args)) + " AS " + kind + ")"
}

func (w *statement) relation() Relation { return Relation{SQL: w.String(), Args: w.args} }

// present is the rows that are worth something.
func (w *statement) present() Relation {
	return Relation{SQL: "SELECT p, t, x FROM (" + w.String() + ") present WHERE x IS NOT NULL AND p IS NOT NULL", Args: w.args}
}

// A fact is a raw table whose rows are events.
type fact struct {
	table string
	what  string // the beginning of the names of its concepts
	day   string // and of its dates
	value string // the column of its number
	texts []string
}

func (f fact) concept() string { return f.what + "_concept_id" }

// measured says whether a row has a value, and not only is.
func (f fact) measured() bool { return f.texts != nil }

// facts are the raw tables of a clinical table of events.
func facts(table string) []fact {
	switch table {
	case format.VisitTable:
		return []fact{{table: "visit_occurrence", what: "visit", day: "visit_start"}}
	case format.ConditionTable:
		return []fact{{table: "condition_occurrence", what: "condition", day: "condition_start"}}
	case format.ProcedureTable:
		return []fact{{table: "procedure_occurrence", what: "procedure", day: "procedure"}}
	case format.DrugTable:
		return []fact{{table: "drug_exposure", what: "drug", day: "drug_exposure_start", value: "quantity"}}
	case format.SpecimenTable:
		return []fact{{table: "specimen", what: "specimen", day: "specimen"}}
	case format.ImagingTable:
		return []fact{{table: "image_occurrence", what: "modality", day: "image_occurrence"}}
	case format.MeasurementTable:
		return []fact{{table: "measurement", what: "measurement", day: "measurement", value: "value_as_number", texts: []string{"value_source_value"}},
			{table: "observation", what: "observation", day: "observation", value: "value_as_number", texts: []string{"value_as_string", "value_source_value"}}}
	}
	return nil
}

// rows is the SELECT of the events in one raw table.
func (m Model) rows(w *statement, e Event, f fact) {
	own, source := m.whole(f.table, f.concept()), m.whole(f.table, f.what+"_source_concept_id")
	of := w.arg(e.Concepts, "BIGINT[]")
	w.put("SELECT CAST(e.", Quote(m.column(f.table, "person_id")), " AS BIGINT) AS p, ", seconds(m.moment(f.table, f.day)), " AS t, ")
	joined := ""
	switch {
	case e.Variable.Kind == table.Category && f.measured():
		w.level(e, m.whole(f.table, "value_as_concept_id"))
	case e.Variable.Kind == table.Category:
		w.level(e, own, source)
	case e.Variable.Kind == table.Flag && f.measured():
		w.flag(e, m.number(f), m.words(f), m.whole(f.table, "value_as_concept_id"))
	case e.Variable.Kind == table.Flag:
		w.put("CAST(1 AS DOUBLE PRECISION)")
	default:
		var unit string
		unit, joined = m.unit(f)
		w.number(e, m.number(f), unit)
	}
	w.put(" AS x FROM ", m.database.place[f.table], " e", joined, " WHERE ", own, " = ANY(", of, ") OR ", source, " = ANY(", of, ")")
}

func sqlKind(v table.Variable) string {
	if v.Numeric() {
		return "DOUBLE PRECISION"
	}
	return "VARCHAR"
}

// level is the code of the level that one of some concepts is.
func (w *statement) level(e Event, concepts ...string) {
	w.put("CASE")
	for i, ids := range e.Levels {
		if i == len(e.Variable.Levels) {
			break
		}
		of := w.arg(ids, "BIGINT[]")
		w.put(" WHEN ", strings.Join(concepts, " = ANY("+of+") OR "), " = ANY(", of, ") THEN ", w.arg(e.Variable.Levels[i].Code, "VARCHAR"))
	}
	if len(e.Levels) == 0 {
		w.put(" WHEN FALSE THEN CAST(NULL AS VARCHAR)")
	}
	w.put(" END")
}

func (w *statement) flag(e Event, number, words, concept string) {
	w.put("CASE WHEN ", number, " IS NOT NULL THEN CASE WHEN ", number, " IN (0, 1) THEN ", number, " END",
		" WHEN LOWER(", words, ") IN ('true', 't', 'yes', 'y', '1') THEN CAST(1 AS DOUBLE PRECISION)",
		" WHEN LOWER(", words, ") IN ('false', 'f', 'no', 'n', '0') THEN CAST(0 AS DOUBLE PRECISION)",
		" WHEN ", concept, " = ANY(", w.arg(e.No, "BIGINT[]"), ") THEN CAST(0 AS DOUBLE PRECISION) ELSE CAST(1 AS DOUBLE PRECISION) END")
}

// number is the number in the variable's unit and range.
func (w *statement) number(e Event, raw, unit string) {
	x := raw
	if len(e.Units) > 0 {
		x = "CASE"
		for _, u := range e.Units {
			is := unit + " IS NULL"
			if u.Code != "" {
				is = unit + " = " + w.arg(u.Code, "VARCHAR")
			}
			x += " WHEN " + is + " THEN " + raw + " * " + w.arg(u.Scale, "DOUBLE PRECISION") + " + " + w.arg(u.Offset, "DOUBLE PRECISION")
		}
		x += " END"
	}
	if e.Variable.Kind == table.Integer {
		x = fmt.Sprintf("CASE WHEN ABS((%[1]s) - TRUNC(%[1]s)) >= 0.5 THEN TRUNC(%[1]s) + SIGN(%[1]s) ELSE TRUNC(%[1]s) END", x)
	}
	lo, hi := e.Variable.Range()
	w.put("CASE WHEN (", x, ") BETWEEN ", w.arg(lo, "DOUBLE PRECISION"), " AND ", w.arg(hi, "DOUBLE PRECISION"), " THEN (", x, ") END")
}

// column is the name of a column as the database has it, "" if there is none.
func (m Model) column(table, name string) string {
	t := m.database.tables[table]
	if k := t.at(name); k >= 0 {
		return t.written[k]
	}
	return ""
}

// cast is a column as a type, NULL if there is none.
func (m Model) cast(table, column, kind string) string {
	if c := m.column(table, column); c != "" {
		return "CAST(e." + Quote(c) + " AS " + kind + ")"
	}
	return "CAST(NULL AS " + kind + ")"
}

// whole is a concept or another whole number. It is compared as the column's own
// type where it can be, so that an index on it serves.
func (m Model) whole(table, column string) string {
	t := m.database.tables[table]
	if k := t.at(column); k >= 0 && sent(m.database.exprs[table][k]) == format.Int {
		return "e." + Quote(t.written[k])
	}
	return m.cast(table, column, "BIGINT")
}

func (m Model) timestamp(table, column string) string { return m.cast(table, column, "TIMESTAMP") }

// moment is the time that a date and a datetime say, as the function of that name
// does.
func (m Model) moment(table, stem string) string {
	day, at := m.cast(table, stem+"_date", "DATE"), m.timestamp(table, stem+"_datetime")
	return "CASE WHEN " + at + " IS NULL OR CAST(" + at + " AS DATE) <> " + day + " THEN CAST(" + day + " AS TIMESTAMP) ELSE " + at + " END"
}

// seconds are those since 1970 of a timestamp.
func seconds(at string) string { return "CAST(FLOOR(EXTRACT(EPOCH FROM " + at + ")) AS BIGINT)" }

// birthday is the first day that a birth can have been at.
func (m Model) birthday() string {
	year, month, day := m.cast(person, "year_of_birth", "INTEGER"), m.cast(person, "month_of_birth", "INTEGER"), m.cast(person, "day_of_birth", "INTEGER")
	return "MAKE_DATE(" + year + ", COALESCE(" + month + ", 1), CASE WHEN " + month + " IS NULL THEN 1 ELSE COALESCE(" + day + ", 1) END)"
}

// number is the number of a row; what is not one is missing.
func (m Model) number(f fact) string {
	return "NULLIF(" + m.cast(f.table, f.value, "DOUBLE PRECISION") + ", 'NaN')"
}

// plain is a text without spaces around it, NULL where that means missing.
func (m Model) plain(table, column string) string {
	return `NULLIF(NULLIF(BTRIM(` + m.cast(table, column, "TEXT") + `, E' \t\r\n'), ''), 'NA')`
}

// words is the first text of a row.
func (m Model) words(f fact) string {
	var texts []string
	for _, t := range f.texts {
		texts = append(texts, m.plain(f.table, t))
	}
	return "COALESCE(" + strings.Join(texts, ", ") + ", '')"
}

// unit is the unit of a row as the clinical tables give it, and what must be joined
// to know it.
func (m Model) unit(f fact) (unit, joined string) {
	if !f.measured() {
		return m.plain(f.table, "dose_unit_source_value"), ""
	}
	unit = m.plain(f.table, "unit_source_value")
	if c := m.database.tables[concept]; m.column(f.table, "unit_concept_id") == "" || c.name == "" || len(c.lacks("concept_id", "vocabulary_id", "concept_code")) > 0 {
		return unit, ""
	}
	joined = " LEFT JOIN (SELECT " + m.whole(concept, "concept_id") + " AS id, MIN(" + m.plain(concept, "concept_code") + ") AS code FROM " + m.database.place[concept] +
		" e WHERE e." + Quote(m.column(concept, "vocabulary_id")) + " = 'UCUM' GROUP BY 1) u ON u.id = " + m.whole(f.table, "unit_concept_id")
	return "COALESCE(u.code, " + unit + ")", joined
}

// compile makes a matcher of code patterns.
func compile(patterns []string) (*vocabulary.Matcher, error) { return vocabulary.Compile(patterns...) }

// ownNumber is the concept that a pattern such as omop:201826 names.
func ownNumber(pattern string) (int64, bool) {
	own, ok := strings.CutPrefix(pattern, "omop:")
	id, err := strconv.ParseInt(own, 10, 64)
	return id, ok && err == nil && id != 0
}
