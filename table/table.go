// Package table holds what an analysis sees of a site: people as rows, typed
// columns, missing values explicit. It does no input or output of its own.
package table

import (
	"fmt"
	"math"
	"slices"
)

// A Kind is the type of a variable.
type Kind string

const (
	Number   Kind = "number"   // a real measurement with a unit and a plausible range
	Integer  Kind = "integer"  // whole numbers with a plausible range
	Flag     Kind = "flag"     // yes or no, as 1 or 0
	Category Kind = "category" // one of a listed set of codes
)

// A Level is one code of a category, in the order that the dictionary gives it;
// the first is the reference level of a factor, as in R.
type Level struct {
	Code    string `json:"code" yaml:"code"`
	Label   string `json:"label,omitempty" yaml:"label,omitempty"`
	Concept string `json:"concept,omitempty" yaml:"concept,omitempty"` // e.g. snomed:8517006, or several with spaces between: what clinical sources write
}

// A Variable is one entry of the dictionary. Numbers and integers have a
// plausible range, Min..Max, which is public and bounds what one person can
// contribute; categories have levels.
type Variable struct {
	Name   string  `json:"name" yaml:"name"`
	Label  string  `json:"label,omitempty" yaml:"label,omitempty"`
	Kind   Kind    `json:"type" yaml:"type"`
	Unit   string  `json:"unit,omitempty" yaml:"unit,omitempty"`     // UCUM
	Code   string  `json:"code,omitempty" yaml:"code,omitempty"`     // e.g. loinc:2093-3, or several with spaces between
	Min    float64 `json:"min,omitempty" yaml:"min,omitempty"`       // number, integer
	Max    float64 `json:"max,omitempty" yaml:"max,omitempty"`       // number, integer
	Levels []Level `json:"levels,omitempty" yaml:"levels,omitempty"` // category
}

// Numeric says whether the variable is stored as numbers.
func (v Variable) Numeric() bool { return v.Kind != Category }

// Range is the declared range of a numeric variable; a flag is 0..1.
func (v Variable) Range() (lo, hi float64) {
	if v.Kind == Flag {
		return 0, 1
	}
	return v.Min, v.Max
}

// Valid says what is wrong with the variable as a dictionary entry.
func (v Variable) Valid() error {
	switch v.Kind {
	case Number, Integer:
		if !(v.Min < v.Max) || math.IsInf(v.Min, 0) || math.IsInf(v.Max, 0) {
			return fmt.Errorf("variable %q: min must be below max (got %v and %v)", v.Name, v.Min, v.Max)
		}
		if v.Kind == Integer && (v.Min != math.Trunc(v.Min) || v.Max != math.Trunc(v.Max)) {
			return fmt.Errorf("variable %q: an integer's min and max must be whole numbers", v.Name)
		}
	case Flag:
	case Category:
		if len(v.Levels) == 0 {
			return fmt.Errorf("variable %q: a category lists its levels", v.Name)
		}
		seen := map[string]bool{}
		for _, l := range v.Levels {
			if l.Code == "" || seen[l.Code] {
				return fmt.Errorf("variable %q: level %q is empty or listed twice", v.Name, l.Code)
			}
			seen[l.Code] = true
		}
	default:
		return fmt.Errorf("variable %q: type %q is unknown; use number, integer, flag or category", v.Name, v.Kind)
	}
	if v.Name == "" {
		return fmt.Errorf("a variable without a name")
	}
	return nil
}

// Level returns the index of a code, or -1.
func (v Variable) Level(code string) int {
	return slices.IndexFunc(v.Levels, func(l Level) bool { return l.Code == code })
}

// A Schema lists the variables of a table.
type Schema []Variable

// Index returns the position of a variable, or -1.
func (s Schema) Index(name string) int {
	return slices.IndexFunc(s, func(v Variable) bool { return v.Name == name })
}

// Lookup returns the variable of that name.
func (s Schema) Lookup(name string) (Variable, bool) {
	if i := s.Index(name); i >= 0 {
		return s[i], true
	}
	return Variable{}, false
}

// Names lists the variables' names in order.
func (s Schema) Names() []string {
	out := make([]string, len(s))
	for i, v := range s {
		out[i] = v.Name
	}
	return out
}

// Select returns the named variables in the order given; an unknown name is an error.
func (s Schema) Select(names ...string) (Schema, error) {
	out := make(Schema, 0, len(names))
	for _, n := range names {
		v, ok := s.Lookup(n)
		if !ok {
			return nil, fmt.Errorf("variable %q is not in the schema", n)
		}
		out = append(out, v)
	}
	return out, nil
}

// A Column holds one variable's values: Numbers for numeric kinds (NaN is
// missing), Codes for categories (an index into Levels; -1 is missing).
type Column struct {
	Numbers []float64
	Codes   []int32
}

// A Table is an immutable set of rows over a schema. Patients says whose row
// each is (an index, equal for rows of one person); nil means one row a person.
// Pseudonyms, where a site's loader makes them, name the same people by keyed
// hashes that stay the same from load to load; where nobody has a name, they name
// the rows. They never leave the site.
type Table struct {
	Schema     Schema
	Columns    []Column
	Patients   []int32
	Pseudonyms []uint64
	rows       int
}

// New builds a table, checking that the columns fit the schema.
func New(s Schema, columns []Column, patients []int32) (Table, error) {
	if len(s) != len(columns) {
		return Table{}, fmt.Errorf("table of %d variables with %d columns", len(s), len(columns))
	}
	rows := len(patients)
	for i, v := range s {
		n := len(columns[i].Numbers)
		if !v.Numeric() {
			n = len(columns[i].Codes)
		}
		if i == 0 && patients == nil {
			rows = n
		}
		if n != rows {
			return Table{}, fmt.Errorf("column %q has %d rows, want %d", v.Name, n, rows)
		}
	}
	return Table{Schema: s, Columns: columns, Patients: patients, rows: rows}, nil
}

// Rows is the number of rows.
func (t Table) Rows() int { return t.rows }

// People is the number of different patients.
func (t Table) People() int {
	if t.Patients == nil {
		return t.rows
	}
	return t.firsts().Len()
}

// firsts are the first rows of the patients. Their numbers are dense as a rule, so that
// a bit for each number between the least and the largest will do.
func (t Table) firsts() (out Subset) {
	if t.rows == 0 {
		return out
	}
	least, most := int(slices.Min(t.Patients)), int(slices.Max(t.Patients))
	var seen Subset
	met := func(p int) bool {
		if seen.Has(p - least) {
			return true
		}
		seen.Add(p - least)
		return false
	}
	if most-least > 64*t.rows {
		sparse := map[int]bool{}
		met = func(p int) bool {
			was := sparse[p]
			sparse[p] = true
			return was
		}
	}
	for row, p := range t.Patients {
		if !met(int(p)) {
			out.Add(row)
		}
	}
	return out
}

// Numbers returns a numeric column by name; nil if there is none.
func (t Table) Numbers(name string) []float64 {
	if i := t.Schema.Index(name); i >= 0 {
		return t.Columns[i].Numbers
	}
	return nil
}

// Codes returns a category column by name; nil if there is none.
func (t Table) Codes(name string) []int32 {
	if i := t.Schema.Index(name); i >= 0 {
		return t.Columns[i].Codes
	}
	return nil
}

// Slice is the view of rows from..to-1.
func (t Table) Slice(from, to int) Table {
	return t.with(to-from, func(c Column) Column {
		if c.Codes != nil {
			return Column{Codes: c.Codes[from:to]}
		}
		return Column{Numbers: c.Numbers[from:to]}
	}, func(p []int32) []int32 { return p[from:to] }, func(p []uint64) []uint64 { return p[from:to] })
}

// Take copies the given rows, in that order.
func (t Table) Take(rows []int) Table {
	return t.with(len(rows), func(c Column) Column {
		if c.Codes != nil {
			return Column{Codes: pick(c.Codes, rows)}
		}
		return Column{Numbers: pick(c.Numbers, rows)}
	}, func(p []int32) []int32 { return pick(p, rows) }, func(p []uint64) []uint64 { return pick(p, rows) })
}

// Only copies the rows of a subset.
func (t Table) Only(rows Subset) Table {
	return t.with(rows.Len(), func(c Column) Column {
		if c.Codes != nil {
			return Column{Codes: only(c.Codes, rows)}
		}
		return Column{Numbers: only(c.Numbers, rows)}
	}, func(p []int32) []int32 { return only(p, rows) }, func(p []uint64) []uint64 { return only(p, rows) })
}

// OneRowPerPatient keeps the first row of each patient: what bounds a patient's
// contribution where it is promised to be bounded.
func (t Table) OneRowPerPatient() Table {
	if t.Patients == nil {
		return t
	}
	first := t.firsts()
	if first.Len() == t.rows {
		return t
	}
	return t.Only(first)
}

func (t Table) with(rows int, col func(Column) Column, pat func([]int32) []int32, pse func([]uint64) []uint64) Table {
	out := Table{Schema: t.Schema, Columns: make([]Column, len(t.Columns)), rows: rows}
	for i, c := range t.Columns {
		out.Columns[i] = col(c)
	}
	if t.Patients != nil {
		out.Patients = pat(t.Patients)
	}
	if t.Pseudonyms != nil {
		out.Pseudonyms = pse(t.Pseudonyms)
	}
	return out
}

func pick[T any](xs []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = xs[r]
	}
	return out
}

func only[T any](xs []T, rows Subset) []T {
	out := make([]T, 0, rows.Len())
	for r := range rows.All() {
		out = append(out, xs[r])
	}
	return out
}
