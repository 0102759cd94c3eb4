package omop

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// OpenTables reads the tables one after another: the clinical ones in their usual
// order, then the raw ones by name. The reader has a method Notes() []string, which
// says after the last batch what was odd about the rows read; counts only.
func (f Format) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	src, err := f.open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	o = o.Defaults()
	r := &reader{ctx: ctx, src: src, options: o, columns: map[string][]format.Column{}, maker: &maker{src: src, options: o}}
	if err := r.plan(path, want); err != nil {
		src.close()
		return nil, err
	}
	return r, nil
}

// lacking is the error about tables that are not what the CDM says.
func lacking(path string, what ...string) error {
	return &format.Error{File: path, Text: "this is no OMOP common data model: there are no columns " + strings.Join(what, ", "),
		Mend: "load these tables as version 5.3 or 5.4 defines them"}
}

type reader struct {
	ctx      context.Context
	src      source
	options  format.Options
	columns  map[string][]format.Column
	maker    *maker
	sections []section // still to read; the first is open where in is
	in       *rows
	row      map[string]int // rows given by table
	before   int64          // bytes of sections read
	done     error
}

// plan finds what is read of the source, and refuses what it does not have.
func (r *reader) plan(path string, want map[string][]string) error {
	r.row = map[string]int{}
	var missing []string
	check := func(t rawTable, required []string) {
		if lacks := t.lacks(required...); len(lacks) > 0 {
			missing = append(missing, t.name+" ("+strings.Join(lacks, ", ")+")")
		}
	}
	for _, table := range format.ClinicalTables() {
		names, ok := want[table]
		if !ok {
			continue
		}
		all := format.ClinicalColumns(table)
		at, err := format.Pick(path, all, names)
		if err != nil {
			return err
		}
		r.columns[table] = pick(all, at)
		for _, p := range parts(table) {
			if !has(r.src, p.table) {
				continue
			}
			t, err := r.src.table(r.ctx, p.table)
			if err != nil {
				return err
			}
			check(t, p.required)
			r.sections = append(r.sections, clinicalSection(table, t, p, r.columns[table]))
		}
	}
	for _, table := range slices.Sorted(maps.Keys(want)) {
		if format.ClinicalColumns(table) != nil {
			continue
		}
		raw, ok := strings.CutPrefix(table, Raw)
		if !ok || !has(r.src, raw) {
			return noTable(path, table, r.src)
		}
		t, err := r.src.table(r.ctx, raw)
		if err != nil {
			return err
		}
		at, err := format.Pick(path, t.columns, want[table])
		if err != nil {
			return err
		}
		s := section{table: table, raw: t, columns: pick(t.columns, at)}
		for _, c := range s.columns {
			s.needs = append(s.needs, c.Name)
		}
		r.columns[table] = s.columns
		r.sections = append(r.sections, s)
	}
	if missing != nil {
		return lacking(path, missing...)
	}
	return nil
}

func pick(all []format.Column, at []int) []format.Column {
	out := make([]format.Column, len(at))
	for i, k := range at {
		out[i] = all[k]
	}
	return out
}

// clinicalSection reads what the columns of a clinical table need of a raw table.
func clinicalSection(table string, t rawTable, p part, columns []format.Column) section {
	s := section{table: table, raw: t, columns: columns, needs: []string{"person_id"}, fields: make([]field, len(columns))}
	for k, c := range columns {
		s.fields[k] = p.fields[c.Name]
		for _, n := range s.fields[k].needs {
			if len(t.lacks(n)) == 0 && !slices.Contains(s.needs, n) {
				s.needs = append(s.needs, n)
			}
		}
	}
	return s
}

func (r *reader) Columns(table string) []format.Column { return r.columns[table] }

// Next goes through the sections.
func (r *reader) Next() (string, format.Batch, error) {
	for r.done == nil {
		if r.done = r.ctx.Err(); r.done != nil {
			break
		}
		if len(r.sections) == 0 {
			r.done = io.EOF
			break
		}
		s := r.sections[0]
		b, err := r.batch(s)
		if err == io.EOF {
			_, of := r.in.progress()
			r.before += of
			r.in.close()
			r.in, r.sections = nil, r.sections[1:]
			continue
		}
		if err != nil {
			r.done = err
			break
		}
		b.First = r.row[s.table] + 1
		r.row[s.table] += b.Rows
		return s.table, b, nil
	}
	return "", format.Batch{}, r.done
}

// batch is the next one of a section.
func (r *reader) batch(s section) (format.Batch, error) {
	if r.in == nil {
		if s.fields != nil {
			names := make([]string, len(s.columns))
			for i, c := range s.columns {
				names[i] = c.Name
			}
			if err := r.maker.load(r.ctx, s.table, names); err != nil {
				return format.Batch{}, err
			}
		}
		in, err := openRows(r.ctx, r.src, s.raw, s.needs, filter{}, r.options)
		if err != nil {
			return format.Batch{}, err
		}
		r.in = in
	}
	p, err := r.in.next()
	if err != nil {
		return format.Batch{}, err
	}
	if s.fields != nil {
		return r.maker.make(s, p)
	}
	return p.Batch, nil
}

// Notes says what was odd about the rows read.
func (r *reader) Notes() []string { return r.maker.notes() }

// Progress counts the bytes of files; it is not known of a database.
func (r *reader) Progress() (read, of int64) {
	read, of = r.before, r.before
	if r.in != nil {
		now, all := r.in.progress()
		read, of = read+now, of+all
	}
	for i, s := range r.sections {
		if i > 0 || r.in == nil {
			of += s.raw.size
		}
	}
	return read, of
}

func (r *reader) Close() error {
	r.done = os.ErrClosed
	if r.in != nil {
		r.in.close()
		r.in = nil
	}
	r.src.close()
	return nil
}
