package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

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

// A cursor reads one column over its row groups and pages.
type cursor struct {
	leaf    leaf
	missing []string
	chunks  []parquet.ColumnChunk // still to open
	pages   parquet.Pages
	page    parquet.Page
	values  parquet.ValueReader
	buffer  [256]parquet.Value
	pending []parquet.Value   // of buffer, still to take
	texts   map[string]string // texts met, so that a repeated one is held once
	taken   int               // in this batch
}

// maxTexts bounds the memory of texts met.
const maxTexts = 10_000

// take reads n values. budget is the memory that texts may still use.
func (c *cursor) take(n int, budget *int) (format.Values, error) {
	var out format.Values
	var null []bool
	for c.taken = 0; c.taken < n; c.taken++ {
		v, err := c.next()
		if err != nil {
			return out, err
		}
		err = errNull
		if !v.IsNull() {
			err = c.leaf.read(&out, v)
		}
		if err == errText {
			err = c.text(&out, v.ByteArray(), budget)
		}
		if err == errNull {
			if null == nil {
				null = make([]bool, n)
			}
			null[c.taken] = true
			pad(&out, c.leaf.column.Kind, c.taken+1)
		} else if err != nil {
			return out, err
		}
	}
	out.Null = null
	return out, nil
}

// pad makes a missing value's place.
func pad(v *format.Values, k format.Kind, n int) {
	switch {
	case k == format.Text && len(v.Text) < n:
		v.Text = append(v.Text, "")
	case k == format.Float && len(v.Float) < n:
		v.Float = append(v.Float, 0)
	case k == format.Float:
		v.Float[n-1] = 0
	case k == format.Int && len(v.Int) < n:
		v.Int = append(v.Int, 0)
	case k == format.Bool && len(v.Bool) < n:
		v.Bool = append(v.Bool, false)
	}
}

func (c *cursor) text(dst *format.Values, raw []byte, budget *int) error {
	s, ok := c.texts[string(raw)]
	if !ok {
		if !utf8.Valid(raw) {
			return errValue{"text in UTF-8"}
		}
		if *budget -= len(raw); *budget < 0 {
			return errValue{"shorter texts: those of one batch do not fit into the memory limit"}
		}
		s = strings.Trim(string(raw), " \t\r\n")
		if len(c.texts) < maxTexts {
			c.texts[string(raw)] = s
		}
	}
	for _, m := range c.missing {
		if s == m {
			return errNull
		}
	}
	dst.Text = append(dst.Text, s)
	return nil
}

// next is the next value of the column.
func (c *cursor) next() (parquet.Value, error) {
	for len(c.pending) == 0 {
		if c.values == nil {
			if err := c.open(); err != nil {
				return parquet.Value{}, err
			}
		}
		n, err := c.values.ReadValues(c.buffer[:])
		c.pending = c.buffer[:n]
		if n > 0 {
			break
		}
		if err != nil && err != io.EOF {
			return parquet.Value{}, &decodeError{err}
		}
		c.release()
	}
	v := c.pending[0]
	c.pending = c.pending[1:]
	return v, nil
}

// open goes to the next page, over the ends of row groups.
func (c *cursor) open() error {
	for {
		if c.pages == nil {
			if len(c.chunks) == 0 {
				return &decodeError{fmt.Errorf("a column ends before the file's last row")}
			}
			c.pages, c.chunks = c.chunks[0].Pages(), c.chunks[1:]
		}
		page, err := c.pages.ReadPage()
		if err == nil {
			c.page, c.values = page, page.Values()
			return nil
		}
		c.close()
		if err != io.EOF {
			return &decodeError{err}
		}
	}
}

// release gives the page's memory back; its values have been copied.
func (c *cursor) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
}

func (c *cursor) close() {
	c.release()
	if c.pages != nil {
		_ = c.pages.Close() // nothing is written, and the file is closed after it
		c.pages = nil
	}
}
