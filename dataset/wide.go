package dataset

import (
	"context"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// wide is a source with a column for each of very many features, as a flat file of those
// that the dictionary asks for. A row is a sample; the column of a feature has the name
// under which the mapping or the dictionary knows it.
type wide struct {
	format.Wide
	list     *samples          // nil: a sample has the name of its patient
	inner    map[string]string // the format's name of a column, where it is another
	columns  []format.Column   // of this flat file
	notes    []string
	problems []Problem
	checks   checks
	left     int // samples that are not in the list
}

// widened looks the dictionary's variables up in a wide source.
func (l Loader) widened(ctx context.Context, d Dataset, f format.Wide, dictionary table.Schema) (*wide, error) {
	o := d.formatOptions()
	described, err := f.Describe(ctx, d.Path, o)
	if err != nil {
		return nil, err
	}
	w := &wide{Wide: f, inner: map[string]string{}, notes: described.Notes, checks: newChecks(f)}
	if w.list, err = l.samples(ctx, d); err != nil {
		return nil, err
	}
	if w.list != nil {
		w.columns = append(w.columns, format.Column{Name: patientOf, Kind: format.Text})
		if w.list.timed {
			w.columns = append(w.columns, format.Column{Name: takenAt, Kind: format.Text})
		}
	}
	w.columns = append(w.columns, described.Columns...)
	w.checks.only(w.has) // not every source has all that its format can compute
	var wanted [][]string
	var of []table.Variable
	for _, v := range dictionary {
		if names := namesOf(v, d.Mapping[v.Name]); !w.has(names[0]) {
			wanted, of = append(wanted, names), append(of, v)
		}
	}
	if len(wanted) == 0 {
		return w, nil
	}
	found, err := f.Find(ctx, d.Path, o, wanted)
	if err != nil {
		return nil, err
	}
	w.notes = append(w.notes, found.Notes...)
	for i, c := range found.Columns {
		if p, bad := found.Problems[i]; bad {
			w.problems = append(w.problems, Problem{Variable: of[i].Name, Column: p.Column, Text: p.Text, Mend: p.Mend})
			continue
		}
		if c.Name == "" || w.has(wanted[i][0]) {
			continue
		}
		w.inner[wanted[i][0]] = c.Name
		c.Name = wanted[i][0]
		w.columns = append(w.columns, c)
	}
	return w, nil
}

// namesOf are the names under which a variable may be known, the one of its column first.
func namesOf(v table.Variable, s Source) []string {
	if s.Column != "" {
		return []string{s.Column}
	}
	codes := s.Events
	if codes == nil {
		codes = strings.Fields(v.Code)
	}
	return append([]string{v.Name}, codes...)
}

func (w *wide) has(name string) bool {
	return slices.ContainsFunc(w.columns, func(c format.Column) bool { return c.Name == name })
}

func (w *wide) Describe(context.Context, string, format.Options) (format.Description, error) {
	return format.Description{Columns: slices.Clone(w.columns), Rows: -1, Notes: w.notes}, nil
}

// report adds to a profile what was found while the source was read.
func (w *wide) report(p *Profile) {
	for _, n := range w.notes {
		if !slices.Contains(p.Notes, n) {
			p.Notes = append(p.Notes, n)
		}
	}
	if w.left > 0 {
		p.Notes = append(p.Notes, unlisted(w.left))
	}
	p.Checks = w.checks.found()
	p.Problems = append(p.Problems, w.problems...)
	p.Unused = nil // there may be millions
}

func (w *wide) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	r := &wideReader{wide: w}
	if o.Columns == nil {
		for _, c := range w.columns {
			o.Columns = append(o.Columns, c.Name)
		}
	}
	read := []string{format.SampleColumn}
	at := func(name string) int {
		if in, ok := w.inner[name]; ok {
			name = in
		}
		if !slices.Contains(read, name) {
			read = append(read, name)
		}
		return slices.Index(read, name)
	}
	for _, name := range o.Columns {
		switch {
		case w.list != nil && name == patientOf:
			r.at = append(r.at, ofPatient)
		case w.list != nil && name == takenAt:
			r.at = append(r.at, ofTime)
		default:
			r.at = append(r.at, at(name))
		}
		i := slices.IndexFunc(w.columns, func(c format.Column) bool { return c.Name == name })
		if i < 0 {
			_, err := format.Pick(path, w.columns, []string{name})
			return nil, err
		}
		r.columns = append(r.columns, w.columns[i])
	}
	for _, k := range w.checks.of {
		r.checked = append(r.checked, at(k.Column))
	}
	o.Columns = read
	inner, err := w.Wide.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	r.Reader = inner
	for i, k := range r.at {
		if k >= 0 {
			r.columns[i].Kind = inner.Columns()[k].Kind
		}
	}
	return r, nil
}

// Places of columns that the list of samples gives.
const (
	ofPatient = -1
	ofTime    = -2
)

// A wideReader gives the samples that the list knows.
type wideReader struct {
	format.Reader
	wide    *wide
	columns []format.Column
	at      []int // place in the format's columns, or ofPatient or ofTime
	checked []int // places of the columns of checks
}

func (r *wideReader) Columns() []format.Column { return r.columns }

func (r *wideReader) Progress() (read, of int64) {
	if p, ok := r.Reader.(format.Progress); ok {
		return p.Progress()
	}
	return 0, 0
}

func (r *wideReader) Next() (format.Batch, error) {
	for {
		b, err := r.Reader.Next()
		if err != nil {
			return b, err
		}
		names := b.Columns[0].Text
		var rows []int
		var is []sample
		for i := range b.Rows {
			s := sample{patient: names[i]}
			if list := r.wide.list; list != nil {
				var ok bool
				if s, ok = list.of[names[i]]; !ok {
					r.wide.left++
					continue
				}
			}
			rows, is = append(rows, i), append(is, s)
		}
		for k, at := range r.checked {
			kind := r.Reader.Columns()[at].Kind
			for j, i := range rows {
				r.wide.checks.add(k, is[j].patient, numberOf(kind, b.Columns[at], i))
			}
		}
		if len(rows) == 0 {
			continue
		}
		return r.chosen(b, rows, is), nil
	}
}

// chosen are rows of a batch, with what the list says of them.
func (r *wideReader) chosen(b format.Batch, rows []int, is []sample) format.Batch {
	out := format.Batch{Rows: len(rows), First: b.First + rows[0]}
	for _, at := range r.at {
		switch at {
		case ofPatient, ofTime:
			v := format.Values{Text: make([]string, len(is)), Null: make([]bool, len(is))}
			for i, s := range is {
				v.Text[i] = s.patient
				if at == ofTime {
					v.Text[i], v.Null[i] = s.time, s.time == ""
				}
			}
			out.Columns = append(out.Columns, v)
		default:
			out.Columns = append(out.Columns, taken(b.Columns[at], rows, b.Rows))
		}
	}
	return out
}

// taken are the values of some rows.
func taken(v format.Values, rows []int, of int) format.Values {
	if len(rows) == of {
		return v
	}
	return format.Values{Text: pick(v.Text, rows), Float: pick(v.Float, rows), Int: pick(v.Int, rows), Bool: pick(v.Bool, rows), Null: pick(v.Null, rows)}
}

func pick[T any](xs []T, rows []int) []T {
	if xs == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = xs[r]
	}
	return out
}
