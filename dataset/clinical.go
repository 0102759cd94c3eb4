package dataset

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
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

// A conversion is what a unit of the source means in the dictionary's.
type conversion struct {
	scale, offset float64
	why           string // it cannot be converted
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
	said       []string   // by the format
	patterns   [][]string // of each selection
}

// eventTables are where codes are looked for unless a mapping names a table.
func eventTables() []string {
	return []string{format.VisitTable, format.ConditionTable, format.MeasurementTable, format.ProcedureTable, format.DrugTable, format.SpecimenTable, format.ImagingTable}
}

// newClinical compiles the mapping. Translate gives the codes of the source that stand
// for a code of the dictionary.
func newClinical(ctx context.Context, d Dataset, f format.Tables, dictionary table.Schema, tables []format.TableInfo, translate func(...string) ([]string, error), p *people) (*clinical, []Problem, []string, error) {
	c := &clinical{people: p, byTable: map[string][]int{}, want: map[string][]string{}, observed: map[int32]bool{}, notes: map[string]int{}}
	var problems []Problem
	var absent, patterns []string
	has := func(name string) bool {
		return slices.ContainsFunc(tables, func(t format.TableInfo) bool { return t.Name == name })
	}
	var columns []string // of a flat file with times
	if has(rowsOfFile) {
		var err error
		if columns, err = columnsOf(ctx, f, d.Path, rowsOfFile); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, v := range dictionary {
		s, mapped := d.Mapping[v.Name]
		if has(rowsOfFile) && s.Table == "" && s.Events == nil {
			if s.Value == "" {
				s.Value = s.Column
			}
			if s.Value == "" {
				s.Value = v.Name
			}
			if !mapped && !slices.Contains(columns, v.Name) {
				absent = append(absent, v.Name)
				continue
			}
			if !slices.Contains(columns, s.Value) {
				problems = append(problems, Problem{Variable: v.Name, Column: s.Value, Text: fmt.Sprintf("the file has no column %q%s", s.Value, spelling.Suggest(s.Value, columns)), Mend: "name the right one under mapping"})
			}
			s.Table, mapped = rowsOfFile, true
		}
		sel := &selection{variable: v, source: s, units: map[string]*conversion{}, convert: newConverter(v, s, ".")}
		codes := s.Events
		if codes == nil && v.Code != "" && s.Table == "" && s.Value == "" {
			codes = strings.Fields(v.Code)
		}
		switch {
		case isSex(v) && !mapped:
			sel.tables, sel.source = []string{format.PersonTable}, Source{Table: format.PersonTable, Value: format.Sex, Timeless: true}
			sel.convert = newConverter(v, Source{Codes: sexes(v)}, ".")
		case len(codes) > 0:
			sel.coded, sel.codes, sel.tables = true, codes, eventTables()
			if s.Table != "" {
				sel.tables = []string{s.Table}
			}
		case s.Table != "":
			sel.tables = []string{s.Table}
		default:
			absent = append(absent, v.Name)
			continue
		}
		for _, t := range sel.tables {
			if s.Table != "" && !has(t) {
				problems = append(problems, Problem{Variable: v.Name, Text: fmt.Sprintf("the source has no table %q", t), Mend: "use one of " + tableNames(tables)})
			}
		}
		wider, err := translate(codes...)
		if err != nil {
			problems = append(problems, Problem{Variable: v.Name, Text: err.Error(), Mend: "write codes as system:code, such as loinc:4548-4 or icd10gm:E11"})
		}
		for _, p := range wider {
			patterns = append(patterns, p)
			c.of = append(c.of, len(c.selections))
		}
		c.patterns = append(c.patterns, wider)
		at := len(c.selections)
		c.selections = append(c.selections, sel)
		for _, t := range sel.tables {
			if !has(t) {
				continue
			}
			if !sel.coded {
				c.byTable[t] = append(c.byTable[t], at)
			}
			c.need(t, sel)
		}
	}
	for _, t := range []string{format.PersonTable, format.PeriodTable} {
		if has(t) {
			c.columns(t, tableColumns(t)...)
		}
	}
	var err error
	if c.match, err = vocabulary.Compile(patterns...); err != nil {
		problems = append(problems, Problem{Text: err.Error(), Mend: "write codes as system:code, such as loinc:4548-4 or icd10gm:E11"})
	}
	return c, problems, absent, nil
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

// isSex knows the variable of a person's sex, which every clinical source has.
func isSex(v table.Variable) bool {
	return (v.Kind == table.Category || v.Kind == table.Flag) && slices.Contains([]string{"sex", "gender", "female", "male"}, strings.ToLower(v.Name)) && v.Code == "" ||
		v.Kind == table.Category && slices.ContainsFunc(strings.Fields(v.Code), func(code string) bool {
			return slices.Contains([]string{"loinc:46098-0", "loinc:76689-9", "snomed:263495000"}, code)
		})
}

// sexes maps FHIR's administrative gender to the variable's levels, by their codes
// and labels.
func sexes(v table.Variable) map[string]string {
	out := map[string]string{}
	if v.Kind == table.Flag {
		female := strings.ToLower(v.Name) == "female"
		return map[string]string{"female": fmt.Sprint(female), "male": fmt.Sprint(!female)}
	}
	words := map[string][]string{"female": {"female", "f", "w", "weiblich", "woman", "women"}, "male": {"male", "m", "männlich", "man", "men"}, "other": {"other", "o", "d", "divers", "diverse"}, "unknown": {"unknown", "u", "unbekannt"}}
	for sex, names := range words {
		for _, l := range v.Levels {
			if slices.Contains(names, strings.ToLower(l.Code)) || slices.Contains(names, strings.ToLower(l.Label)) {
				out[sex] = l.Code
				break
			}
		}
	}
	return out
}

// dropped are the states of rows that say that it was not so.
func dropped(status string) bool {
	switch status {
	case "entered-in-error", "cancelled", "not-done", "refuted", "deleted", "rejected", "draft", "proposed", "planned", "registered", "declined":
		return true
	}
	return false
}

// scan reads the source once.
func (c *clinical) scan(ctx context.Context, f format.Tables, path string, o format.Options, progress func(read, of int64)) error {
	r, err := f.OpenTables(ctx, path, o, c.want)
	if err != nil {
		return err
	}
	defer r.Close()
	readers := map[string]*tableReader{}
	for {
		name, b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		t := readers[name]
		if t == nil {
			decimal := "."
			if m, ok := r.(marked); ok {
				decimal = m.decimal(name)
			}
			t = newTableReader(r.Columns(name), decimal)
			readers[name] = t
		}
		if err := c.batch(name, t, b); err != nil {
			return err
		}
		if progress != nil {
			progress(r.Progress())
		}
	}
	c.people.dates()
	c.died()
	if n, ok := r.(format.Noted); ok {
		c.said = n.Notes()
	}
	return nil
}

// died lets the time under observation of patients last until their death, where the
// source does not say how long it was: that they lived until then is known.
func (c *clinical) died() {
	for who, at := range c.people.death {
		if to := c.people.to[who]; at != table.NoTime && to != table.NoTime && to < at && !c.observed[int32(who)] {
			c.people.to[who] = at
		}
	}
}

// batch maps the rows of one batch.
func (c *clinical) batch(name string, t *tableReader, b format.Batch) error {
	t.b = b
	event := slices.Contains(eventTables(), name)
	for i := range b.Rows {
		patient, ok := t.text(format.Patient, i)
		if !ok || patient == "" {
			c.notes["rows that do not say whose they are"]++
			continue
		}
		if status, _ := t.text(format.Status, i); dropped(strings.ToLower(status)) {
			c.notes["rows that were entered in error, cancelled or not done"]++
			continue
		}
		who := c.people.of(patient)
		c.people.dates()
		at := c.time(t, format.Time, i)
		switch {
		case name == format.PersonTable:
			c.person(who, t, i)
		case name == format.PeriodTable:
			if !c.observed[who] {
				c.observed[who] = true
				c.people.from[who], c.people.to[who] = table.NoTime, table.NoTime
			}
			c.people.seen(who, at)
			c.people.seen(who, c.time(t, format.End, i))
		case event && !c.observed[who]:
			c.people.seen(who, at)
		}
		for _, s := range c.byTable[name] {
			if err := c.take(c.selections[s], t, i, who, at, name); err != nil {
				return err
			}
		}
		if codes, ok := t.text(format.Code, i); ok {
			c.hits = c.match.Find(c.hits[:0], codes)
			for k, p := range c.hits {
				s := c.of[p]
				if again := slices.ContainsFunc(c.hits[:k], func(q int) bool { return c.of[q] == s }); again || !slices.Contains(c.selections[s].tables, name) {
					continue
				}
				if err := c.take(c.selections[s], t, i, who, at, name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// time is when a row says something was.
func (c *clinical) time(t *tableReader, column string, i int) int64 {
	s, ok := t.text(column, i)
	if !ok {
		return table.NoTime
	}
	at, ok := format.ParseTime(s, t.layout[column])
	if !ok {
		c.notes["times that are no dates"]++
		return table.NoTime
	}
	return at
}

// person keeps the dates of a patient's life.
func (c *clinical) person(who int32, t *tableReader, i int) {
	if at := c.time(t, format.Birth, i); at != table.NoTime {
		c.people.birth[who] = at
	}
	if s, ok := t.text(format.Death, i); ok && s == "true" {
		c.notes["patients who died at an unknown time"]++
	} else if at := c.time(t, format.Death, i); at != table.NoTime {
		c.people.death[who] = at
	}
}

// take makes an event of a row.
func (c *clinical) take(s *selection, t *tableReader, i int, who int32, at int64, name string) error {
	if s.source.Time != "" {
		at = c.time(t, s.source.Time, i)
	}
	if s.source.Timeless {
		at = table.NoTime
	}
	x, is := s.value(t, i, name)
	if s.count[is]++; is != good {
		return nil
	}
	return s.events.add(who, at, x)
}

// value is what a row is worth as an event of the variable.
func (s *selection) value(t *tableReader, i int, name string) (float64, verdict) {
	v := s.variable
	if s.source.Value != "" {
		if x, ok := t.number(s.source.Value, i); ok {
			return s.number(x, t, i)
		}
		text, ok := t.text(s.source.Value, i)
		if !ok {
			return 0, missing
		}
		return s.word(text, t, i)
	}
	switch v.Kind {
	case table.Number, table.Integer:
		column := format.Value
		if name == format.DrugTable {
			column = format.Amount
		}
		x, ok := t.number(column, i)
		if !ok {
			text, ok := t.text(column, i)
			if !ok {
				return 0, missing
			}
			return s.word(text, t, i)
		}
		return s.number(x, t, i)
	case table.Flag:
		if name != format.MeasurementTable {
			return 1, good // it is on record: so it was
		}
		if x, ok := t.number(format.Value, i); ok {
			return s.convert.code(x)
		}
		if text, ok := t.text(format.ValueText, i); ok {
			if x, is := s.convert.text(text); is == good || s.source.Codes != nil {
				return x, is
			}
		}
		if codes, ok := t.text(format.ValueCode, i); ok {
			if s.source.Codes != nil {
				return s.levels(codes)
			}
			return yesNo(codes), good
		}
		return 1, good
	}
	if codes, ok := t.text(format.ValueCode, i); ok {
		return s.levels(codes)
	}
	if text, ok := t.text(format.ValueText, i); ok {
		return s.convert.text(text)
	}
	if codes, ok := t.text(format.Code, i); ok && name != format.MeasurementTable {
		return s.levels(codes)
	}
	return 0, missing
}

// word judges a text that a mapping names as the value.
func (s *selection) word(text string, t *tableReader, i int) (float64, verdict) {
	if s.variable.Kind == table.Number || s.variable.Kind == table.Integer {
		x, ok := format.ParseNumber(text, t.decimal)
		if !ok {
			return 0, wrong
		}
		return s.number(x, t, i)
	}
	if x, is := s.convert.text(text); is == good {
		return x, is
	}
	return s.levels(text)
}

// coded_ finds the level of one of several codes, with or without its system.
func (s *selection) levels(codes string) (float64, verdict) {
	for token := range strings.FieldsSeq(codes) {
		_, code := vocabulary.Split(token)
		for _, try := range [...]string{token, code} {
			if x, is := s.convert.word(try); is == good {
				return x, is
			}
		}
	}
	return 0, unknown
}

// yesNo is 0 for an answer that says no, in SNOMED CT, LOINC or HL7, and 1 for any
// other finding.
func yesNo(codes string) float64 {
	for token := range strings.FieldsSeq(codes) {
		if _, code := vocabulary.Split(token); code == "N" || slices.Contains(noAnswers(), token) {
			return 0
		}
	}
	return 1
}

// number converts a measured number from the unit of its row.
func (s *selection) number(x float64, t *tableReader, i int) (float64, verdict) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, missing
	}
	if s.source.Scale == nil && s.variable.Unit != "" {
		column := format.Unit
		if s.source.UnitFrom != "" {
			column = s.source.UnitFrom
		}
		unit, ok := t.text(column, i)
		if !ok {
			unit = s.source.Unit
		}
		if unit != "" && unit != s.variable.Unit {
			k := s.units[unit]
			if k == nil {
				k = convert(s.variable, unit)
				s.units[strings.Clone(unit)] = k
			}
			if k.why != "" {
				s.foreign++
				return 0, excluded
			}
			x = float64(x*k.scale) + k.offset
		}
	}
	if s.variable.Kind == table.Integer {
		x = math.Round(x)
	}
	if x, is := s.convert.number(x); is != outside || s.source.OutOfRange == "refuse" {
		return x, is
	}
	return 0, excluded
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
	p.Notes = append(p.Notes, c.said...)
	for _, what := range slices.Sorted(maps.Keys(c.notes)) {
		p.Notes = append(p.Notes, fmt.Sprintf("%d %s", c.notes[what], what))
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

// A tableReader gives cells of a batch by the column's name.
type tableReader struct {
	at      map[string]int
	kind    []format.Kind
	layout  map[string]string // of columns with dates
	decimal string
	b       format.Batch
}

func newTableReader(columns []format.Column, decimal string) *tableReader {
	t := &tableReader{at: map[string]int{}, kind: make([]format.Kind, len(columns)), layout: map[string]string{}, decimal: decimal}
	for i, c := range columns {
		t.at[c.Name], t.kind[i], t.layout[c.Name] = i, c.Kind, c.Time
	}
	return t
}

// text is a cell as text; false if it is missing.
func (t *tableReader) text(name string, row int) (string, bool) {
	at, ok := t.at[name]
	if !ok || t.b.Columns[at].Missing(row) {
		return "", false
	}
	return raw(t.kind[at], t.b.Columns[at], row), true
}

// number is a cell of a column of numbers; false if it is missing or a text.
func (t *tableReader) number(name string, row int) (float64, bool) {
	at, ok := t.at[name]
	if !ok || t.b.Columns[at].Missing(row) {
		return 0, false
	}
	switch v := t.b.Columns[at]; t.kind[at] {
	case format.Float:
		return v.Float[row], true
	case format.Int:
		return float64(v.Int[row]), true
	}
	return 0, false
}
