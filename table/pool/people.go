package pool

import "hmsp.center/hmsp/table"

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

// EventTable is the name of the table with a variable's events: patient, time, value.
func EventTable(variable string) string { return "event/" + variable }

// PeopleFields are the columns of People.
func PeopleFields() []Field {
	return []Field{{"pseudonym", Uint64}, {"birth", Int64}, {"death", Int64}, {"from", Int64}, {"to", Int64}}
}

// EventFields are the columns of a variable's EventTable.
func EventFields(v table.Variable) []Field {
	return []Field{{"patient", Int32}, {"time", Int64}, {"value", KindOf(v)}}
}

// KindOf is the kind of column that holds a variable's values.
func KindOf(v table.Variable) Kind {
	if v.Numeric() {
		return Float64
	}
	return Int32
}

// WriteTable writes a table as a pool of one table, Rows: a column a variable, and
// "patient" and "pseudonym" where the table has them.
func WriteTable(path string, t table.Table, o Options) (id string, err error) { panic("not yet") }

// WriteHistory writes a history as a pool: People and an EventTable a variable.
func WriteHistory(path string, h table.History, o Options) (id string, err error) {
	panic("not yet")
}

// TableOf sees the table as a table.Table of those variables, without copying: each
// is the column of its name. Columns "patient" and "pseudonym" become Patients and
// Pseudonyms.
func (t Table) TableOf(schema table.Schema) (table.Table, error) { panic("not yet") }

// Variables are those that the pool's Meta declares.
func (p *Pool) Variables() (table.Schema, error) { panic("not yet") }

// History sees a pool as people over time, without copying.
func History(p *Pool) (table.History, error) { panic("not yet") }
