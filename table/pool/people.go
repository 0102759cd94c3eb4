package pool

import (
	"encoding/json"
	"fmt"
	"slices"

	"hmsp.center/hmsp/table"
)

// Meta is what the pools of this package's tables and histories say of themselves;
// other members beside it are the writer's own.
type Meta struct {
	Variables table.Schema `json:"variables"`
}

// The tables of Meta's pools.
const (
	Rows   = "rows"   // of a table.Table
	People = "people" // of a table.History: pseudonym, birth, death, from, to
)

// The columns that say whose a row is.
const (
	patient   = "patient"   // int32
	pseudonym = "pseudonym" // uint64
)

// EventTable is the name of the table with a variable's events: patient, time, value.
func EventTable(variable string) string { return "event/" + variable }

// EventOrder names the columns by which an EventTable is sorted.
func EventOrder() []string { return []string{patient, "time", "value"} }

// PeopleFields are the columns of People. The row is the patient's number.
func PeopleFields() []Field {
	return []Field{{pseudonym, Uint64}, {"birth", Int64}, {"death", Int64}, {"from", Int64}, {"to", Int64}}
}

// EventFields are the columns of a variable's EventTable.
func EventFields(v table.Variable) []Field {
	return []Field{{patient, Int32}, {"time", Int64}, {"value", KindOf(v)}}
}

// KindOf is the kind of column that holds a variable's values.
func KindOf(v table.Variable) Kind {
	if v.Numeric() {
		return Float64
	}
	return Int32
}

// WriteTable writes a table as a pool of one table, Rows: a column a variable, and
// "patient" and "pseudonym" where the table has them. A variable cannot have one of
// those two names.
func WriteTable(path string, t table.Table, o Options) (id string, err error) {
	var fields []Field
	var columns []Values
	if t.Patients != nil {
		fields, columns = append(fields, Field{patient, Int32}), append(columns, Values{Int32: t.Patients})
	}
	if t.Pseudonyms != nil {
		fields, columns = append(fields, Field{pseudonym, Uint64}), append(columns, Values{Uint64: t.Pseudonyms})
	}
	for i, v := range t.Schema {
		if v.Name == patient || v.Name == pseudonym {
			return "", fmt.Errorf("write pool %s: a variable is called %q, which a pool keeps for whose row it is; give it another name", path, v.Name)
		}
		fields, columns = append(fields, Field{v.Name, KindOf(v)}), append(columns, values(t.Columns[i]))
	}
	return with(path, o, t.Schema, func(w *Writer) error {
		a, err := w.Table(Rows, fields)
		if err != nil {
			return err
		}
		return a.Append(columns...)
	})
}

// WriteHistory writes a history as a pool: People and an EventTable a variable.
func WriteHistory(path string, h table.History, o Options) (id string, err error) {
	var variables table.Schema
	for _, e := range h.Events {
		variables = append(variables, e.Variable)
	}
	return with(path, o, variables, func(w *Writer) error {
		a, err := w.Table(People, PeopleFields())
		if err != nil {
			return err
		}
		if err := a.Append(Values{Uint64: h.Pseudonyms}, Values{Int64: h.Birth}, Values{Int64: h.Death}, Values{Int64: h.From}, Values{Int64: h.To}); err != nil {
			return err
		}
		for _, e := range h.Events {
			a, err := w.Sorted(EventTable(e.Variable.Name), EventFields(e.Variable), EventOrder()...)
			if err != nil {
				return err
			}
			if err := a.Append(Values{Int32: e.Patients}, Values{Int64: e.Times}, values(e.Values)); err != nil {
				return err
			}
		}
		return nil
	})
}

// with makes a pool of variables, filled by fill.
func with(path string, o Options, variables table.Schema, fill func(*Writer) error) (string, error) {
	w, err := Create(path, o)
	if err != nil {
		return "", err
	}
	defer w.Abort()
	if err := fill(w); err != nil {
		return "", err
	}
	meta, err := json.Marshal(Meta{variables})
	if err != nil {
		return "", fmt.Errorf("write pool %s: %w", path, err)
	}
	return w.Commit(meta)
}

func values(c table.Column) Values { return Values{Float64: c.Numbers, Int32: c.Codes} }

// TableOf sees the table as a table.Table of those variables, without copying: each
// is the column of its name. Columns "patient" and "pseudonym" become Patients and
// Pseudonyms. A code that is none of its variable's levels is an error.
func (t Table) TableOf(schema table.Schema) (table.Table, error) {
	columns := make([]table.Column, len(schema))
	for i, v := range schema {
		c, err := t.column(v.Name, v)
		if err != nil {
			return table.Table{}, err
		}
		columns[i] = c
	}
	out, err := table.New(schema, columns, t.Int32(patient))
	if err != nil {
		return table.Table{}, t.wrong("%w", err)
	}
	out.Pseudonyms = t.Uint64(pseudonym)
	return out, nil
}

// column sees a column as the values of a variable.
func (t Table) column(name string, v table.Variable) (table.Column, error) {
	c := table.Column{Numbers: t.Float64(name), Codes: t.Int32(name)}
	if v.Numeric() && c.Numbers == nil || !v.Numeric() && c.Codes == nil {
		return table.Column{}, t.wrong("it has no column %q of %s, as variable %q needs", name, KindOf(v), v.Name)
	}
	if s, _ := t.Stats(name); !v.Numeric() && s.Count > 0 && (s.Min < 0 || s.Max >= float64(len(v.Levels))) {
		return table.Column{}, t.wrong("column %q holds other codes than the %d levels of variable %q", name, len(v.Levels), v.Name)
	}
	return c, nil
}

func (t Table) wrong(format string, args ...any) error {
	return fmt.Errorf("pool %s: table %q: "+format, append([]any{t.p.m.path, t.Name()}, args...)...)
}

// Variables are those that the pool's Meta declares.
func (p *Pool) Variables() (table.Schema, error) {
	var m Meta
	if meta := p.m.doc.Meta; meta != nil {
		if err := json.Unmarshal(meta, &m); err != nil {
			return nil, fmt.Errorf("pool %s: its meta declares no variables: %w", p.m.path, err)
		}
	}
	return m.Variables, nil
}

// History sees a pool as people over time, without copying: People, and for each
// variable of its Meta the EventTable.
func History(p *Pool) (table.History, error) {
	variables, err := p.Variables()
	if err != nil {
		return table.History{}, err
	}
	t, err := p.shaped(People, PeopleFields())
	if err != nil {
		return table.History{}, err
	}
	h := table.History{Pseudonyms: t.Uint64(pseudonym), Birth: t.Int64("birth"), Death: t.Int64("death"), From: t.Int64("from"), To: t.Int64("to")}
	for _, v := range variables {
		e, err := p.events(v, h.People())
		if err != nil {
			return table.History{}, err
		}
		h.Events = append(h.Events, e)
	}
	return h, nil
}

func (p *Pool) events(v table.Variable, people int) (table.Events, error) {
	t, err := p.shaped(EventTable(v.Name), EventFields(v))
	if err != nil {
		return table.Events{}, err
	}
	if !slices.Equal(t.Sorted(), EventOrder()) {
		return table.Events{}, t.wrong("it is not sorted by %v", EventOrder())
	}
	who, _ := t.Stats(patient)
	value, _ := t.Stats("value")
	if who.Missing > 0 || value.Missing > 0 || who.Count > 0 && (who.Min < 0 || who.Max >= float64(people)) {
		return table.Events{}, t.wrong("an event has no value, or a patient who is none of the %d people", people)
	}
	c, err := t.column("value", v)
	if err != nil {
		return table.Events{}, err
	}
	return table.Events{Variable: v, Patients: t.Int32(patient), Times: t.Int64("time"), Values: c}, nil
}

// shaped is the table of that name, with those columns.
func (p *Pool) shaped(name string, fields []Field) (Table, error) {
	t, ok := p.Table(name)
	if !ok {
		return t, fmt.Errorf("pool %s: it has no table %q", p.m.path, name)
	}
	if p.closed.Load() {
		return t, fmt.Errorf("pool %s: %w", p.m.path, ErrClosed)
	}
	if got := t.Fields(); !slices.Equal(got, fields) {
		return t, t.wrong("its columns are %v instead of %v", got, fields)
	}
	return t, nil
}
