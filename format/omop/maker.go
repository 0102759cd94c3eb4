package omop

import (
	"context"
	"fmt"
	"slices"

	"hmsp.center/hmsp/format"
)

// A maker makes clinical rows. What it looks up beside the rows is loaded when it
// is first needed.
type maker struct {
	src      source
	options  format.Options
	persons  []int64
	loaded   bool
	concepts *dictionary
	deaths   *lookup
	postal   *lookup
	tokens   map[[2]int64]string // of codes met
	units    map[int64]string    // of units met
	count    counts
}

// maxMet bounds the memory of codes met, which repeat.
const maxMet = 1 << 16

// counts are what is odd about the rows read.
type counts struct {
	strangers map[string]int64 // rows by raw table whose person is not in PERSON
	otherDay  int64
	otherSex  int64
	bounds    int64
	deaths    int64
}

// load fetches what the columns of a clinical table need.
func (m *maker) load(ctx context.Context, table string, columns []string) (err error) {
	if !m.loaded {
		if m.persons, err = loadPersons(ctx, m.src, m.options); err != nil {
			return err
		}
		m.loaded, m.count.strangers = true, map[string]int64{}
	}
	if m.concepts == nil && slices.ContainsFunc(columns, needsConcepts) {
		if m.concepts, err = loadDictionary(ctx, m.src, m.options); err != nil {
			return err
		}
		m.tokens, m.units = map[[2]int64]string{}, map[int64]string{}
	}
	if table != format.PersonTable {
		return nil
	}
	if m.deaths == nil && slices.Contains(columns, format.Death) {
		if m.deaths, m.count.deaths, err = loadDeaths(ctx, m.src, m.options); err != nil {
			return err
		}
	}
	if m.postal == nil && slices.Contains(columns, format.Postal) {
		m.postal, err = loadPostal(ctx, m.src, m.options)
	}
	return err
}

func needsConcepts(column string) bool {
	switch column {
	case format.Code, format.ValueCode, format.Unit, format.Status, format.Modality:
		return true
	}
	return false
}

// codes are the tokens of two concepts.
func (m *maker) codes(standard, source int64) string {
	key := [2]int64{standard, source}
	s, ok := m.tokens[key]
	if !ok {
		if len(m.tokens) >= maxMet {
			clear(m.tokens)
		}
		s = m.concepts.tokens(standard, source)
		m.tokens[key] = s
	}
	return s
}

// ucum is the code of a unit's concept, "" if it is not of UCUM.
func (m *maker) ucum(id int64) string {
	s, ok := m.units[id]
	if !ok {
		if len(m.units) >= maxMet {
			clear(m.units)
		}
		if system, code, ok := m.concepts.find(id); ok && system == "ucum" {
			s = code
		}
		m.units[id] = s
	}
	return s
}

// notes says what was odd.
func (m *maker) notes() []string {
	var out []string
	say := func(n int64, text string, of ...any) {
		if n > 0 {
			out = append(out, fmt.Sprintf(text, append([]any{n}, of...)...))
		}
	}
	for _, table := range m.src.names() {
		say(m.count.strangers[table], "%d rows of %s are of persons who are not in PERSON", table)
	}
	say(m.count.otherDay, "%d rows have a date and a datetime of different days: the date was taken")
	say(m.count.bounds, "%d measured values are bounds (<, <=, >, >=): the bound was taken as the value")
	say(m.count.otherSex, "%d persons have a gender_concept_id that is no standard concept: their sex is missing")
	say(m.count.deaths, "%d rows of death repeat a person: the first death was taken")
	return out
}

// A section is what is read of one table: the raw columns of one raw table, and the
// fields of a clinical table that are made of them.
type section struct {
	table   string // as it was asked for
	raw     rawTable
	needs   []string // columns read
	columns []format.Column
	fields  []field // nil of a raw table
}

// make turns raw values into those of the section's clinical table.
func (m *maker) make(s section, p piece) (format.Batch, error) {
	out := format.Batch{Rows: p.Rows, Columns: make([]format.Values, len(s.columns))}
	m.strangers(s, p)
	for k, f := range s.fields {
		in := spread(p, s.needs, f.needs)
		null, any := make([]bool, p.Rows), false
		if s.columns[k].Kind == format.Float {
			out.Columns[k].Float = make([]float64, p.Rows)
		} else {
			out.Columns[k].Text = make([]string, p.Rows)
		}
		for i := range p.Rows {
			ok := false
			switch {
			case f.number != nil:
				out.Columns[k].Float[i], ok = f.number(m, in, i)
			case f.text != nil:
				v, bad := f.text(m, in, i)
				if bad != nil {
					return out, p.wrong(i, bad.column, bad.want)
				}
				out.Columns[k].Text[i], ok = v, v != ""
			}
			null[i], any = !ok, any || !ok
		}
		if any {
			out.Columns[k].Null = null
		}
	}
	return out, nil
}

// strangers counts rows of persons who are not in PERSON.
func (m *maker) strangers(s section, p piece) {
	who := p.Columns[slices.Index(s.needs, "person_id")]
	for i, id := range who.Int {
		if _, ok := slices.BinarySearch(m.persons, id); !ok && !who.Missing(i) {
			m.count.strangers[s.raw.name]++
		}
	}
}
