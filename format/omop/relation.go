package omop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// A Relation is a SELECT in PostgreSQL with its parameters: int64, float64, string,
// or lists of int64, for $1, $2 and so on. It is made of a fixed vocabulary and of
// quoted names that the database's own catalogue gives; all else is a parameter.
type Relation struct {
	SQL  string
	Args []any
}

// A Model is an OMOP common data model in a database, as statements see it.
type Model struct {
	database *database
}

// Survey finds the tables of the model over a connection of Address.Connect, which
// stays the caller's.
func Survey(ctx context.Context, a Address, path string, conn *pgconn.PgConn) (Model, error) {
	d := newDatabase(path, conn, format.Options{}.Defaults())
	if err := d.catalogue(ctx, a); err != nil {
		return Model{}, err
	}
	for _, p := range parts(format.PersonTable) {
		if lacks := d.tables[person].lacks(p.required...); len(lacks) > 0 {
			return Model{}, lacking(path, person+" ("+strings.Join(lacks, ", ")+")")
		}
	}
	return Model{d}, nil
}

// An Event says which rows of the model are events of a variable, and what they are
// worth. Rows that are worth nothing are left out:
//
//   - of a number or an integer, the measured value or the amount of a drug,
//     converted by its unit, whole for an integer (half away from zero), if it is in
//     the variable's range;
//   - of a category, the code of the level that the measured concept, or outside of
//     measurements the row's own, stands for;
//   - of a flag, 1 for what is on record; of a measurement, its number where it is 0
//     or 1, else what a text such as "yes" or "N" says, else 0 where the measured
//     concept is one of No, else 1.
type Event struct {
	Variable table.Variable
	Tables   []string  // clinical: format.ConditionTable, ...; of those that the model lacks there are no rows
	Concepts []int64   // a row counts if its concept or its source's is one of them
	Units    []Unit    // of a number; without any, it is in the variable's unit whatever its own
	Levels   [][]int64 // of a category: the concepts of each level of the variable
	No       []int64   // of a flag of measurements: the concepts that say no
}

// A Unit is how a number in it becomes one in the variable's: scale × x + offset.
type Unit struct {
	Code          string // as the clinical tables give it: a UCUM code, or the source's text; "" for none
	Scale, Offset float64
}

// Sex is a relation e(p, t, x) of a category that is true of a person at any time: the
// level of which PERSON's gender_concept_id is a concept. Only Variable and Levels of
// the event count.
func (m Model) Sex(e Event) Relation {
	w := &statement{}
	w.put("SELECT CAST(e.", Quote(m.column(person, "person_id")), " AS BIGINT) AS p, CAST(NULL AS BIGINT) AS t, ")
	w.level(e, m.whole(person, "gender_concept_id"))
	w.put(" AS x FROM ", m.database.place[person], " e")
	return w.present()
}

// People is the relation people(p, birth, death, from_, to_) of package timeline:
// everyone in PERSON by person_id, with the earliest death, and the first and last
// day of the observation periods. A birth of which the day or the month is not known
// is at the beginning of the month or year.
func (m Model) People() Relation {
	w := &statement{}
	id := "CAST(e." + Quote(m.column(person, "person_id")) + " AS BIGINT)"
	w.put("SELECT a.p AS p, a.birth AS birth, d.death AS death, o.from_ AS from_, o.to_ AS to_ FROM (SELECT ", id, " AS p, MIN(",
		seconds("COALESCE("+m.timestamp(person, "birth_datetime")+", CAST("+m.birthday()+" AS TIMESTAMP))"), ") AS birth FROM ", m.database.place[person], " e GROUP BY 1) a")
	if has(m.database, death) && len(m.database.tables[death].lacks("person_id")) == 0 {
		w.put(" LEFT JOIN (SELECT CAST(e.", Quote(m.column(death, "person_id")), " AS BIGINT) AS p, MIN(", seconds(m.moment(death, "death")), ") AS death FROM ",
			m.database.place[death], " e GROUP BY 1) d ON d.p = a.p")
	} else {
		w.put(" LEFT JOIN (SELECT CAST(NULL AS BIGINT) AS p, CAST(NULL AS BIGINT) AS death) d ON d.p = a.p")
	}
	const periods = "observation_period"
	if has(m.database, periods) && len(m.database.tables[periods].lacks("person_id")) == 0 {
		w.put(" LEFT JOIN (SELECT CAST(e.", Quote(m.column(periods, "person_id")), " AS BIGINT) AS p, MIN(", seconds(m.moment(periods, "observation_period_start")),
			") AS from_, MAX(", seconds(m.moment(periods, "observation_period_end")), ") AS to_ FROM ", m.database.place[periods], " e GROUP BY 1) o ON o.p = a.p")
	} else {
		w.put(" LEFT JOIN (SELECT CAST(NULL AS BIGINT) AS p, CAST(NULL AS BIGINT) AS from_, CAST(NULL AS BIGINT) AS to_) o ON o.p = a.p")
	}
	return w.relation()
}

// Events is a relation e(p, t, x) of package timeline. What the tables lack that an
// event needs is an *format.Error.
func (m Model) Events(e Event) (Relation, error) {
	w := &statement{}
	for _, table := range e.Tables {
		found := facts(table)
		if found == nil {
			return Relation{}, &format.Error{File: m.database.path, Text: fmt.Sprintf("the clinical table %q has no events", table), Mend: "name another"}
		}
		for _, f := range found {
			if !has(m.database, f.table) {
				continue
			}
			if lacks := m.database.tables[f.table].lacks("person_id", f.concept(), f.day+"_date"); len(lacks) > 0 {
				return Relation{}, lacking(m.database.path, f.table+" ("+strings.Join(lacks, ", ")+")")
			}
			if w.Len() > 0 {
				w.put(" UNION ALL ")
			}
			m.rows(w, e, f)
		}
	}
	if w.Len() == 0 {
		w.put("SELECT CAST(NULL AS BIGINT) AS p, CAST(NULL AS BIGINT) AS t, CAST(NULL AS ", sqlKind(e.Variable), ") AS x")
	}
	return w.present(), nil
}

// Concepts finds the concepts whose codes, or whose own numbers (omop:201826), match
// each of some code patterns of package vocabulary; sorted.
func (f Format) Concepts(ctx context.Context, path string, o format.Options, patterns ...string) ([][]int64, error) {
	src, err := f.open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer src.close()
	return concepts(ctx, src, o, patterns)
}

// Concepts is Format.Concepts of the model's database, at the moment that its
// connection sees.
func (m Model) Concepts(ctx context.Context, patterns ...string) ([][]int64, error) {
	return concepts(ctx, m.database, m.database.limits, patterns)
}

func concepts(ctx context.Context, src source, o format.Options, patterns []string) ([][]int64, error) {
	match, err := compile(patterns)
	if err != nil {
		return nil, err
	}
	d, err := loadDictionary(ctx, src, o)
	if err != nil {
		return nil, err
	}
	out := make([][]int64, len(patterns))
	for i, p := range patterns {
		if id, ok := ownNumber(p); ok {
			out[i] = append(out[i], id)
		}
	}
	var hits []int
	for _, c := range d.concepts {
		if c.id == 0 {
			continue
		}
		hits = match.Find(hits[:0], d.tokens(c.id))
		for _, h := range hits {
			out[h] = append(out[h], c.id)
		}
	}
	for i := range out {
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out, nil
}
