package parquet

import (
	"context"
	"errors"
	"io"
	"os"

	"hmsp.center/hmsp/format"
)

// What a leaf's read says beside its value.
var (
	errNull = errors.New("the value is missing")
	errText = errors.New("the value is a text")
)

// An errValue is a value that is not what it must be.
type errValue struct{ want string }

func (e errValue) Error() string { return "want " + e.want }

type reader struct {
	ctx     context.Context
	path    string
	in      input
	options format.Options
	columns []format.Column
	cursors []*cursor
	rows    int64 // in the file
	row     int64 // read
	size    int64 // of the file in bytes
	step    int   // rows in a batch
	done    error
}

func (r *reader) start(leaves []leaf) error {
	all := make([]format.Column, len(leaves))
	for i, l := range leaves {
		all[i] = l.column
	}
	at, err := format.Pick(r.path, all, r.options.Columns)
	if err != nil {
		return err
	}
	groups := r.in.parquet.RowGroups()
	var size int64
	for _, k := range at {
		l := leaves[k]
		r.columns = append(r.columns, l.column)
		c := &cursor{leaf: l, missing: r.options.Missing, texts: map[string]string{}}
		for g, group := range groups {
			c.chunks = append(c.chunks, group.ColumnChunks()[l.index])
			size += r.in.parquet.Metadata().RowGroups[g].Columns[l.index].MetaData.TotalUncompressedSize
		}
		r.cursors = append(r.cursors, c)
	}
	r.step = r.options.BatchRows
	if r.rows > 0 && size > 0 {
		perRow := size/r.rows + int64(16*len(at)) + 1
		r.step = int(max(1, min(int64(r.step), int64(r.options.MaxBytes/2)/perRow)))
	}
	return nil
}

func (r *reader) Columns() []format.Column { return r.columns }

// Next reads the same number of values of each column; row groups and pages may end
// anywhere.
func (r *reader) Next() (b format.Batch, err error) {
	defer func() {
		if err != nil {
			r.done, b = err, format.Batch{}
		}
	}()
	defer damaged(r.path, &err) // runs first; it recovers only if deferred itself
	switch {
	case r.done != nil:
		return b, r.done
	case r.ctx.Err() != nil:
		return b, r.ctx.Err()
	case r.row >= r.rows:
		return b, io.EOF
	}
	b = format.Batch{First: int(r.row) + 1, Rows: int(min(int64(r.step), r.rows-r.row)), Columns: make([]format.Values, len(r.cursors))}
	budget := r.options.MaxBytes
	for i, c := range r.cursors {
		if b.Columns[i], err = c.take(b.Rows, &budget); err != nil {
			return b, r.explain(err, c, b.First+c.taken)
		}
	}
	r.row += int64(b.Rows)
	return b, nil
}

func (r *reader) explain(err error, c *cursor, row int) error {
	var v errValue
	if errors.As(err, &v) {
		return &format.Error{File: r.path, Row: row, Column: c.leaf.column.Name, Text: "expected " + v.want, Mend: "correct the value, or leave the column out"}
	}
	return err
}

// Progress is the size of the file in the share of the rows that have been read: a
// Parquet file is not read from front to back.
func (r *reader) Progress() (read, of int64) {
	if r.row >= r.rows {
		return r.size, r.size
	}
	return int64(float64(r.size) * float64(r.row) / float64(r.rows)), r.size
}

func (r *reader) Close() error {
	for _, c := range r.cursors {
		c.close()
	}
	r.done = os.ErrClosed
	if r.in.file == nil {
		return nil
	}
	f := r.in.file
	r.in.file = nil
	return f.Close()
}
