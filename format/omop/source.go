package omop

import (
	"context"
	"errors"
	"io"
	"slices"

	"hmsp.center/hmsp/format"
)

// A source is where a common data model lies: a folder, or a database.
type source interface {
	// names lists the tables there are, in lower case, sorted.
	names() []string
	// table describes one of them.
	table(ctx context.Context, name string) (rawTable, error)
	// read starts reading columns of a table.
	read(ctx context.Context, t rawTable, columns []string, f filter) (stream, error)
	close()
}

// A filter keeps the rows of which a column, of whole numbers, is one of some. A
// source may give other rows too: it is there to save work. The zero value keeps all.
type filter struct {
	column string
	ids    []int64
}

// A stream gives batches as the source has them, with the kinds that it has.
type stream interface {
	next() (piece, error) // io.EOF after the last
	close()
	progress() (read, of int64)
}

// A piece is a batch, the kinds of its columns, and what to call its source in an
// error: a file, or the database with the table's name.
type piece struct {
	format.Batch
	kinds []format.Kind
	from  string
}

// A rawTable describes a table: its columns in lower case, with the kinds that the
// CDM gives them.
type rawTable struct {
	name    string
	from    string // in errors
	columns []format.Column
	written []string // the columns' names as the source writes them
	rows    int64    // -1 if not known
	exact   bool
	size    int64 // in bytes, 0 if not known
	plain   bool  // its quotes are letters
}

// exactRows is the number of rows where it was counted, else -1.
func (t rawTable) exactRows() int64 {
	if t.exact {
		return t.rows
	}
	return -1
}

// at is the place of a column, -1 if there is none.
func (t rawTable) at(column string) int {
	return slices.IndexFunc(t.columns, func(c format.Column) bool { return c.Name == column })
}

// lacks lists the columns of some that are not in the table or cannot be read.
func (t rawTable) lacks(columns ...string) []string {
	var out []string
	for _, c := range columns {
		if k := t.at(c); k < 0 || t.columns[k].Kind == format.Unknown {
			out = append(out, c)
		}
	}
	return out
}

func has(src source, table string) bool {
	_, ok := slices.BinarySearch(src.names(), table)
	return ok
}

// typed is the column as it is given: the CDM's kind, or the source's own.
func typed(table string, c format.Column) format.Column {
	if c.Kind == format.Unknown {
		return c
	}
	switch kindOf(table, c.Name) {
	case integer:
		c.Kind = format.Int
	case number:
		c.Kind = format.Float
	case text, date:
		c.Kind = format.Text
	}
	return c
}

// rows reads columns of a raw table, as the CDM defines them.
type rows struct {
	stream
	columns []format.Column
	kinds   []kind
	decimal string
}

// openRows starts reading columns of a table; all of them exist in it.
func openRows(ctx context.Context, src source, t rawTable, columns []string, f filter, o format.Options) (*rows, error) {
	s, err := src.read(ctx, t, columns, f)
	if err != nil {
		return nil, err
	}
	r := &rows{stream: s, decimal: o.Defaults().Decimal}
	for _, c := range columns {
		r.columns = append(r.columns, t.columns[t.at(c)])
		r.kinds = append(r.kinds, kindOf(t.name, c))
	}
	return r, nil
}

// next is the next piece with its values as the CDM defines them.
func (r *rows) next() (piece, error) {
	p, err := r.stream.next()
	if err != nil {
		return piece{}, err
	}
	for i := range p.Columns {
		to := r.columns[i].Kind
		v, bad, want := convert(p.Columns[i], p.Rows, p.kinds[i], to, r.decimal)
		if want == "" && r.kinds[i] == date {
			bad, want = plainDates(&v)
		}
		if want != "" {
			return piece{}, p.wrong(bad, r.columns[i].Name, want)
		}
		p.Columns[i], p.kinds[i] = v, to
	}
	return p, nil
}

// wrong is the error about the value of a row.
func (p piece) wrong(row int, column, want string) error {
	line, number := p.Row(row)
	return &format.Error{File: p.from, Line: line, Row: number, Column: column, Text: "expected " + want, Mend: "correct the value, or load the table again"}
}

// each calls do for every piece of some columns of a table, and closes.
func each(ctx context.Context, src source, t rawTable, columns []string, f filter, o format.Options, do func(piece) error) error {
	r, err := openRows(ctx, src, t, columns, f, o)
	if err != nil {
		return err
	}
	defer r.close()
	for {
		p, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(p); err != nil {
			return err
		}
	}
}
