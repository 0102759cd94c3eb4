package dataset

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
)

// A binding is a dataset beside the variables asked for: which column is read for
// which variable, and what is wrong before the first row.
type binding struct {
	data      Dataset
	format    format.Format
	described format.Description
	variables []*bound
	columns   []string             // read from the file, each once
	patient   int                  // place of the patient's column in columns, or -1
	absent    []string             // variables that the file lacks and the mapping does not name
	decimal   string               // the file's decimal mark
	progress  func(read, of int64) // told how far the scan is; may be nil
	problems  []Problem
	maxRows   int
}

// A bound variable has a column in the file, and a count of what its cells are.
type bound struct {
	variable table.Variable
	name     string // of the column
	at       int    // its place in binding.columns
	convert  *converter
	count    [verdicts]int
	first    [verdicts]place
}

// A place is a line of a text file, or a row.
type place struct{ line, row int }

func (l Loader) bind(ctx context.Context, d Dataset, f format.Format, s table.Schema) (*binding, error) {
	described, err := f.Describe(ctx, d.Path, d.formatOptions())
	if err != nil {
		return nil, err
	}
	b := &binding{data: d, format: f, described: described, patient: -1, maxRows: l.maxRows(), decimal: described.Detected.Decimal}
	if b.decimal == "" {
		b.decimal = "."
	}
	if d.Patient != "" {
		if b.patient = b.column("", d.Patient); b.patient < 0 {
			b.problems[len(b.problems)-1].Mend = "name the column that says whose row it is, or leave out patient"
		}
	}
	for _, v := range s {
		b.bind(v)
	}
	return b, nil
}

// column gives a column of the file a place among those read; -1 and a problem if
// the file lacks it or it cannot be read.
func (b *binding) column(variable, name string) int {
	names := make([]string, len(b.described.Columns))
	for i, c := range b.described.Columns {
		names[i] = c.Name
		if c.Name != name {
			continue
		}
		if c.Kind == format.Unknown {
			b.problems = append(b.problems, Problem{Variable: variable, Column: name, Text: fmt.Sprintf("column %q is %s, which a table of people cannot hold", name, c.Why), Mend: "flatten it before"})
			return -1
		}
		if at := slices.Index(b.columns, name); at >= 0 {
			return at
		}
		b.columns = append(b.columns, name)
		return len(b.columns) - 1
	}
	b.problems = append(b.problems, Problem{Variable: variable, Column: name, Text: fmt.Sprintf("the file has no column %q%s", name, spelling.Suggest(name, names)),
		Mend: "name the right one under mapping"})
	return -1
}

func (b *binding) bind(v table.Variable) {
	s, mapped := b.data.Mapping[v.Name]
	name := s.Column
	if name == "" {
		name = v.Name
	}
	has := func(name string) bool {
		return slices.ContainsFunc(b.described.Columns, func(c format.Column) bool { return c.Name == name })
	}
	known := has(name)
	if _, ok := b.format.(*wide); ok && !mapped && isSex(v) && has(format.SexColumn) {
		s, name, known = sexOf(v), format.SexColumn, true
	}
	if !known && !mapped {
		b.absent = append(b.absent, v.Name)
		return
	}
	b.fits(v, s)
	if at := b.column(v.Name, name); at >= 0 {
		b.variables = append(b.variables, &bound{variable: v, name: name, at: at, convert: newConverter(v, b.converted(v, s), b.decimal)})
	}
}

// fits holds a mapping against the variable's declaration.
func (b *binding) fits(v table.Variable, s Source) {
	add := func(text, mend string) {
		b.problems = append(b.problems, Problem{Variable: v.Name, Column: s.Column, Text: text, Mend: mend})
	}
	measured := v.Kind == table.Number || v.Kind == table.Integer
	if s.Codes != nil && measured {
		add("codes are for categories and flags, and the variable is a "+string(v.Kind), "use scale and offset")
	}
	if (s.Scale != nil || s.Offset != 0) && !measured {
		add("scale and offset are for numbers, and the variable is a "+string(v.Kind), "use codes")
	}
	if s.Unit != "" && s.Unit != v.Unit && s.Scale == nil && measured {
		if k := convert(v, s.Unit); k.why != "" {
			add(fmt.Sprintf("the file's unit %s is not the dictionary's (%s), and %s", s.Unit, orNone(v.Unit), k.why), "give scale, and offset if there is one")
		}
	}
	if measured {
		return
	}
	c := newConverter(v, Source{}, ".")
	for _, raw := range slices.Sorted(maps.Keys(s.Codes)) {
		if c.level(s.Codes[raw]) < 0 {
			add(fmt.Sprintf("codes maps %q to %q, which is no level", raw, s.Codes[raw]), "use one of "+levelsText(v))
		}
	}
}

// converted gives a mapping the scale that follows from its unit.
func (b *binding) converted(v table.Variable, s Source) Source {
	if s.Unit == "" || s.Unit == v.Unit || s.Scale != nil {
		return s
	}
	if k := convert(v, s.Unit); k.why == "" {
		s.Scale, s.Offset = &k.scale, k.offset
	}
	return s
}

func orNone(unit string) string {
	if unit == "" {
		return "none"
	}
	return unit
}

func levelsText(v table.Variable) string {
	if v.Kind == table.Flag {
		return `"true", "false"`
	}
	out := ""
	for i, l := range v.Levels {
		if i == 8 {
			return out + ", ..."
		}
		if i > 0 {
			out += ", "
		}
		out += strconv.Quote(l.Code)
	}
	return out
}

// scan reads every row once. Each batch's variables are judged and counted, and
// given to keep; ids gets each row's patient.
func (b *binding) scan(ctx context.Context, keep func(i, row int, x float64, is verdict), ids func(id string), flush func(rows int) error) (rows int, err error) {
	o := b.data.formatOptions()
	o.Columns = append([]string{}, b.columns...)
	r, err := b.format.Open(ctx, b.data.Path, o)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		batch, err := r.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if rows+batch.Rows > b.maxRows {
			b.problems = append(b.problems, Problem{Text: fmt.Sprintf("the file has more than %d rows, which is what the charter allows a site", b.maxRows), Mend: "select rows before, or have max_rows raised in the charter"})
			return rows, nil
		}
		for i, v := range b.variables {
			v.convert.column(r.Columns()[v.at].Kind, batch.Columns[v.at], batch.Rows, func(row int, x float64, is verdict) {
				if v.count[is]++; v.count[is] == 1 {
					v.first[is].line, v.first[is].row = batch.Row(row)
				}
				keep(i, rows+row, x, is)
			})
		}
		if b.patient >= 0 {
			b.patients(r.Columns()[b.patient].Kind, batch, ids)
		}
		rows += batch.Rows
		if flush != nil {
			if err := flush(batch.Rows); err != nil {
				return rows, err
			}
		}
		if p, ok := r.(format.Progress); ok && b.progress != nil {
			b.progress(p.Progress())
		}
	}
}

// patients reads whose rows a batch holds.
func (b *binding) patients(kind format.Kind, batch format.Batch, ids func(string)) {
	v := batch.Columns[b.patient]
	for i := range batch.Rows {
		if v.Missing(i) {
			line, row := batch.Row(i)
			b.nobody(line, row)
			continue
		}
		ids(raw(kind, v, i))
	}
}

// nobody counts a row without a patient.
func (b *binding) nobody(line, row int) {
	const text = "a row does not say whose it is"
	for i := range b.problems {
		if b.problems[i].Text == text {
			b.problems[i].Count++
			return
		}
	}
	b.problems = append(b.problems, Problem{Column: b.data.Patient, Line: line, Row: row, Count: 1, Text: text, Mend: fmt.Sprintf("fill column %q, or leave such rows out", b.data.Patient)})
}

// judge turns what was counted into problems.
func (b *binding) judge(rows int) {
	for _, v := range b.variables {
		for _, is := range []verdict{wrong, unknown, outside} {
			if v.count[is] > 0 {
				p := v.complain(is, b.data.Options)
				p.Variable, p.Column, p.Count = v.variable.Name, v.name, v.count[is]
				p.Line, p.Row = v.first[is].line, v.first[is].row
				b.problems = append(b.problems, p)
			}
		}
	}
	if rows == 0 && len(b.problems) == 0 {
		b.problems = append(b.problems, Problem{Text: "the file has columns and no rows", Mend: "export it again"})
	}
}

func (v *bound) complain(is verdict, o Options) Problem {
	lo, hi := v.variable.Range()
	switch is {
	case outside:
		return Problem{Text: fmt.Sprintf("values outside the declared range %v..%v", lo, hi),
			Mend: "check the unit (scale, offset), name codes for missing values (missing), or set out_of_range: missing"}
	case unknown:
		return Problem{Text: "codes that are not among the levels " + levelsText(v.variable),
			Mend: "map them with codes, or name those that mean missing under missing"}
	}
	want, mend := "a number", `correct them, or name texts that mean missing under missing`
	switch v.variable.Kind {
	case table.Integer:
		want = "a whole number"
	case table.Flag:
		want = "1 or 0, true or false, yes or no"
		mend = "map them with codes"
	}
	if v.variable.Kind != table.Flag && o.Decimal != "," {
		mend += `; for decimal commas set decimal: ","`
	}
	return Problem{Text: "values that are not " + want, Mend: mend}
}
