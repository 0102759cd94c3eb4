package dataset

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/vocabulary"
)

// A selection says which rows of a clinical source are events of a variable, and
// what they are worth.
type selection struct {
	variable table.Variable
	source   Source
	tables   []string // in which its rows are looked for
	coded    bool     // a row counts if it has one of the variable's codes
	codes    []string // which, as they are written in dictionary or mapping
	convert  *converter
	units    map[string]*conversion
	count    [verdicts]int
	foreign  int // rows whose unit cannot be converted
	events   *events
}

// clinical maps the rows of clinical tables into events.
type clinical struct {
	people     *people
	selections []*selection
	byTable    map[string][]int // selections without codes, by table
	match      *vocabulary.Matcher
	of         []int // the selection of each pattern of match
	want       map[string][]string
	hits       []int
	observed   map[int32]bool // patients whose time under observation the source gives
	notes      map[string]int
	dated      map[string]bool // columns of which some value is a time
	undated    map[string]int  // values that are none, by column
	said       []string        // by the format
	patterns   [][]string      // of each selection
	checks     checks
	list       *samples // nil: the source calls the patients by their names
	left       map[string]bool
}

// eventTables are where codes are looked for unless a mapping names a table.
func eventTables() []string {
	return []string{format.VisitTable, format.ConditionTable, format.MeasurementTable, format.ProcedureTable, format.DrugTable, format.SpecimenTable, format.ImagingTable}
}

// newClinical compiles the mapping. Translate gives the codes of the source that stand
// for a code of the dictionary.
func newClinical(ctx context.Context, d Dataset, f format.Tables, dictionary table.Schema, tables []format.TableInfo, translate func(...string) ([]string, error), p *people) (*clinical, []Problem, []string, error) {
	c := &clinical{people: p, byTable: map[string][]int{}, want: map[string][]string{}, observed: map[int32]bool{}, notes: map[string]int{}, dated: map[string]bool{}, undated: map[string]int{}, left: map[string]bool{}}
	var problems []Problem
	var absent []string
	m := mapper{dataset: d, tables: tables}
	if m.has(rowsOfFile) {
		var err error
		if m.columns, err = columnsOf(ctx, f, d.Path, rowsOfFile); err != nil {
			return nil, nil, nil, err
		}
	}
	var patterns []string
	for _, v := range dictionary {
		sel, found := m.selection(v)
		problems = append(problems, found...)
		if sel == nil {
			absent = append(absent, v.Name)
			continue
		}
		wider, err := translate(sel.codes...)
		if err != nil {
			problems = append(problems, Problem{Variable: v.Name, Text: err.Error(), Mend: writeCodes})
		}
		patterns = append(patterns, wider...)
		c.of = append(c.of, slices.Repeat([]int{len(c.selections)}, len(wider))...)
		c.patterns = append(c.patterns, wider)
		for _, t := range sel.tables {
			if !m.has(t) {
				continue
			}
			if !sel.coded {
				c.byTable[t] = append(c.byTable[t], len(c.selections))
			}
			c.need(t, sel)
		}
		c.selections = append(c.selections, sel)
	}
	for _, t := range []string{format.PersonTable, format.PeriodTable} {
		if m.has(t) {
			c.columns(t, tableColumns(t)...)
		}
	}
	if c.checks = newChecks(f); len(c.checks.of) > 0 && m.has(format.MeasurementTable) {
		c.columns(format.MeasurementTable, format.Patient, format.Code, format.Value)
	}
	var err error
	if c.match, err = vocabulary.Compile(patterns...); err != nil {
		problems = append(problems, Problem{Text: err.Error(), Mend: writeCodes})
	}
	return c, problems, absent, nil
}

// writeCodes mends a code that cannot be read.
const writeCodes = "write codes as system:code, such as loinc:4548-4 or icd10gm:E11"

// A mapper finds out which rows of a source are events of a variable.
type mapper struct {
	dataset Dataset
	tables  []format.TableInfo
	columns []string // of a flat file with times
}

func (m mapper) has(name string) bool {
	return slices.ContainsFunc(m.tables, func(t format.TableInfo) bool { return t.Name == name })
}

// selection is that of a variable, and what is wrong with it; nil if the source has
// nothing that could be the variable.
func (m mapper) selection(v table.Variable) (*selection, []Problem) {
	s, mapped := m.dataset.Mapping[v.Name]
	if m.has(rowsOfFile) && s.Table == "" && s.Events == nil {
		return m.ofFile(v, s, mapped)
	}
	sel := newSelection(v, s)
	codes := s.Events
	if codes == nil && s.Value == "" && (s.Table == "" || slices.Contains(eventTables(), s.Table)) {
		codes = strings.Fields(v.Code)
	}
	switch {
	case isSex(v) && !mapped:
		sel = newSelection(v, Source{Table: format.PersonTable, Value: format.Sex, Timeless: true})
		sel.tables, sel.convert = []string{format.PersonTable}, newConverter(v, Source{Codes: sexes(v)}, ".")
		return sel, nil
	case len(codes) > 0:
		sel.coded, sel.codes, sel.tables = true, codes, eventTables()
	case s.Table == "":
		return nil, nil
	}
	if s.Table == "" {
		return sel, nil
	}
	sel.tables = []string{s.Table}
	if sel.coded && !slices.Contains(eventTables(), s.Table) {
		return sel, []Problem{{Variable: v.Name, Text: fmt.Sprintf("codes are looked for in clinical tables, and %q is none", s.Table), Mend: "name one of " + strings.Join(eventTables(), ", ") + ", or leave out events and select what counts in value"}}
	}
	if !m.has(s.Table) {
		return sel, []Problem{{Variable: v.Name, Text: fmt.Sprintf("the source has no table %q", s.Table), Mend: "use one of " + tableNames(m.tables)}}
	}
	return sel, nil
}

// ofFile is the selection of a column of a flat file with times.
func (m mapper) ofFile(v table.Variable, s Source, mapped bool) (*selection, []Problem) {
	s.Table = rowsOfFile
	for _, name := range []string{s.Column, v.Name} {
		if s.Value == "" {
			s.Value = name
		}
	}
	sel := newSelection(v, s)
	sel.tables = []string{rowsOfFile}
	switch {
	case slices.Contains(m.columns, s.Value):
		return sel, nil
	case !mapped:
		return nil, nil
	}
	return sel, []Problem{{Variable: v.Name, Column: s.Value, Text: fmt.Sprintf("the file has no column %q%s", s.Value, spelling.Suggest(s.Value, m.columns)), Mend: "name the right one under mapping"}}
}

func newSelection(v table.Variable, s Source) *selection {
	return &selection{variable: v, source: s, units: map[string]*conversion{}, convert: newConverter(v, s, ".")}
}

func tableNames(tables []format.TableInfo) string {
	var names []string
	for _, t := range tables {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func tableColumns(name string) []string {
	var out []string
	for _, c := range format.ClinicalColumns(name) {
		out = append(out, c.Name)
	}
	return out
}

// need notes the columns of a table that a selection reads.
func (c *clinical) need(t string, s *selection) {
	c.columns(t, format.Patient)
	if t == rowsOfFile {
		c.columns(t, format.Time)
	}
	if all := tableColumns(t); all != nil {
		for _, name := range []string{format.Time, format.Code, format.Status, format.Value, format.Unit, format.ValueCode, format.ValueText} {
			if slices.Contains(all, name) {
				c.columns(t, name)
			}
		}
	}
	for _, name := range []string{s.source.Value, s.source.Time, s.source.UnitFrom} {
		if name != "" {
			c.columns(t, name)
		}
	}
}

func (c *clinical) columns(t string, names ...string) {
	for _, n := range names {
		if !slices.Contains(c.want[t], n) {
			c.want[t] = append(c.want[t], n)
		}
	}
}

// marked is a source of flat files, whose numbers may have a decimal comma.
type marked interface{ decimal(table string) string }

// describe adds what was found to a profile: counts, and no value.
func (c *clinical) describe(p *Profile) {
	p.People = c.people.count()
	for _, s := range c.selections {
		rows := 0
		for _, n := range s.count {
			rows += n
		}
		p.Rows += rows
		p.Variables = append(p.Variables, Quality{
			Variable: s.variable.Name, Column: s.from(),
			Present: s.count[good], Missing: s.count[missing], OutOfRange: s.count[outside] + s.count[excluded] - s.foreign,
			UnknownCodes: s.count[unknown], WrongType: s.count[wrong], UnknownUnits: s.foreign, Records: rows,
			Completeness: float64(s.count[good]) / float64(max(rows, 1)),
		})
		if s.count[outside] > 0 {
			q := Problem{Variable: s.variable.Name, Count: s.count[outside], Text: "values outside the declared range", Mend: "check the unit, or set out_of_range: missing"}
			p.Problems = append(p.Problems, q)
		}
	}
	for _, s := range c.selections {
		for _, note := range spellings(s.units) {
			if !slices.Contains(p.Notes, note) {
				p.Notes = append(p.Notes, note)
			}
		}
	}
	p.Notes = append(p.Notes, c.said...)
	if len(c.left) > 0 {
		p.Notes = append(p.Notes, unlisted(len(c.left)))
	}
	p.Checks = c.checks.found()
	for _, what := range slices.Sorted(maps.Keys(c.notes)) {
		p.Notes = append(p.Notes, fmt.Sprintf("%d %s", c.notes[what], what))
	}
	for _, column := range slices.Sorted(maps.Keys(c.undated)) {
		if !c.dated[column] {
			p.Problems = append(p.Problems, Problem{Column: column, Count: c.undated[column], Text: fmt.Sprintf("no value of %q is a date that can be read", column), Mend: "say how dates are written, under options: {dates: DD/MM/YYYY}, or with --dates"})
		}
	}
	if p.People == 0 {
		p.Problems = append(p.Problems, Problem{Text: "the source has no patient", Mend: "check that the export is whole"})
	}
}

// from says where a variable was looked for.
func (s *selection) from() string {
	switch {
	case s.coded && len(s.tables) == 1:
		return strings.Join(s.codes, " ") + " in " + s.tables[0]
	case s.coded:
		return strings.Join(s.codes, " ")
	case s.source.Value != "" && s.tables[0] == rowsOfFile:
		return "column " + s.source.Value
	case s.source.Value != "":
		return s.source.Value + " in " + s.tables[0]
	}
	return s.tables[0]
}
