// Package csv reads comma-separated values and their relatives: RFC 4180
// (https://www.rfc-editor.org/rfc/rfc4180) with the delimiters , ; tab and |, in
// UTF-8, UTF-16 with a byte order mark, latin1 or windows-1252, plain or gzip.
//
// Delimiter, encoding, decimal mark and the layout of dates are told from the file
// where nobody names them, and Describe says which they are. What can be read in
// two ways is said, never guessed.
//
// The first record names the columns: spaces around a name are dropped, an empty
// name (the row names that R writes) becomes column_1 by its place. Every value is
// text; values that are empty, NA, or what the options list are missing.
package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// Format is the CSV format.
type Format struct{}

// Name is "csv".
func (Format) Name() string { return "csv" }

// Sniff goes by the file's name, and else by whether one delimiter cuts its lines
// evenly.
func (Format) Sniff(head []byte, filename string) int { return sniff(head, filename) }

// Open starts reading; the header has been read and checked when it returns.
func (Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return begin(ctx, path, o)
}

type reader struct {
	ctx     context.Context
	path    string
	in      *input
	scan    *scanner
	options format.Options  // with delimiter and encoding as they were found
	all     []format.Column // of the file
	columns []format.Column // asked for
	at      []int           // their places in a record
	row     int             // rows read
	cells   []cell          // of the batch, row by row
	letters strings.Builder // their text
	size    int             // of the text of the batch before
	scratch []byte          // a value whose bytes are not its text
	done    error
}

// A cell is where a value lies in the batch's text, which is shorter than 2^31; to is
// -1 if it is missing.
type cell struct{ from, to int32 }

// maxBytes is what a record or a batch may hold at most, so that a place in it fits
// in 32 bits, recoded too.
const maxBytes = 1 << 28

func begin(ctx context.Context, path string, o format.Options) (*reader, error) {
	encoding, decimal := o.Encoding, o.Decimal // "" is for this package to find out
	o = o.Defaults()
	o.Encoding, o.Decimal = encoding, decimal
	if err := valid(path, o); err != nil {
		return nil, err
	}
	in, err := open(path, encoding)
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, path: path, in: in, options: o}
	if err := r.start(); err != nil {
		in.file.Close()
		return nil, err
	}
	return r, nil
}

// valid refuses options that mean nothing.
func valid(path string, o format.Options) error {
	switch {
	case !slices.Contains([]string{"", "utf-8", "utf-16", "latin1", "windows-1252"}, o.Encoding):
		return &format.Error{File: path, Text: fmt.Sprintf("encoding %q is unknown", o.Encoding), Mend: "use utf-8, utf-16, latin1 or windows-1252"}
	case o.Decimal != "" && o.Decimal != "." && o.Decimal != ",":
		return &format.Error{File: path, Text: fmt.Sprintf("decimal %q is unknown", o.Decimal), Mend: `use "." or ","`}
	case o.Delimiter != "" && (len(o.Delimiter) != 1 || strings.ContainsAny(o.Delimiter, "\"\r\n .") || o.Delimiter[0] >= 0x80):
		return &format.Error{File: path, Text: fmt.Sprintf("delimiter %q cannot be used", o.Delimiter), Mend: `use one character, such as "," ";" "|" or "\t"`}
	case o.Delimiter == "," && o.Decimal == ",":
		return &format.Error{File: path, Text: "the comma cannot be delimiter and decimal mark at once", Mend: `set delimiter: ";"`}
	}
	return nil
}

// start finds encoding and delimiter, and reads the header.
func (r *reader) start() error {
	head, err := r.in.head()
	if err != nil {
		return explain(r.path, stopped(1, err))
	}
	if r.options.Encoding == "" {
		if r.options.Encoding, err = r.in.detect(head); err != nil {
			return explain(r.path, stopped(1, err))
		}
	}
	if r.options.Delimiter == "" {
		d, _ := sniffDelimiter(head[:min(len(head), sniffBytes)], r.options.Decimal)
		r.options.Delimiter = string(d)
	}
	whole := r.options.Encoding == "utf-8" || r.options.Encoding == "utf-16" // which is UTF-8 by now
	r.scan = newScanner(r.in.text, r.options.Delimiter[0], whole, min(r.options.MaxBytes, maxBytes))
	r.scan.unquoted = r.options.Unquoted
	switch err := r.scan.record(); {
	case err == io.EOF:
		return &format.Error{File: r.path, Text: "the file holds no line with text", Mend: "export it again"}
	case err != nil:
		return explain(r.path, err)
	}
	numbers := 0
	for i, f := range r.scan.fields {
		name := string(r.text(r.scan, f))
		if _, ok := format.ParseNumber(name, r.options.Decimal); ok {
			numbers++
		}
		if name == "" {
			name = fmt.Sprintf("column_%d", i+1)
		}
		r.all = append(r.all, format.Column{Name: name, Kind: format.Text})
	}
	if numbers == len(r.all) {
		return &format.Error{File: r.path, Line: r.scan.line, Text: "the first line holds numbers where the columns' names are expected",
			Mend: "add a line with the names"}
	}
	if err := format.Unique(r.path, r.scan.line, r.all); err != nil {
		return err
	}
	at, err := format.Pick(r.path, r.all, r.options.Columns)
	if err != nil {
		return err
	}
	r.at = at
	for _, k := range at {
		r.columns = append(r.columns, r.all[k])
	}
	return nil
}

// text is a field in UTF-8, good until the next one is asked for.
func (r *reader) text(s *scanner, f field) []byte {
	switch {
	case !f.doubled && r.scan.utf8:
		return s.buf[f.from:f.to]
	case r.scan.utf8:
		r.scratch = s.value(r.scratch[:0], f)
	case !f.doubled:
		r.scratch = recode(r.scratch[:0], s.buf[f.from:f.to])
	default:
		r.scratch = recode(r.scratch[:0], s.value(nil, f))
	}
	return r.scratch
}

// explain gives a fault the file's name.
func explain(path string, err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	return &format.Error{File: path, Line: f.line, Text: f.text, Mend: f.mend, Cause: f.cause}
}

func (r *reader) Columns() []format.Column { return r.columns }

// Next reads records until the batch is full by rows or by bytes.
func (r *reader) Next() (format.Batch, error) {
	if r.done == nil {
		r.done = r.ctx.Err()
	}
	if r.done != nil {
		return format.Batch{}, r.done
	}
	b := format.Batch{First: r.row + 1}
	r.letters = strings.Builder{} // what it gave stays the caller's
	r.letters.Grow(r.size + r.size/16)
	r.cells = r.cells[:0]
	for b.Rows < r.options.BatchRows && r.letters.Len()+len(r.cells)*16 < min(r.options.MaxBytes, maxBytes)/2 {
		if err := r.scan.record(); err != nil {
			r.done = explain(r.path, err)
			break
		}
		if len(r.scan.fields) != len(r.all) {
			r.done = r.ragged()
			break
		}
		b.Lines = append(b.Lines, r.scan.line)
		b.Rows++
		r.append()
	}
	r.row, r.size = r.row+b.Rows, r.letters.Len()
	if r.done != nil && (r.done != io.EOF || b.Rows == 0) {
		return format.Batch{}, r.done
	}
	b.Columns = columns(r.letters.String(), r.cells, b.Rows, len(r.at))
	return b, nil
}

// append keeps the wanted values of the current record.
func (r *reader) append() {
	for _, k := range r.at {
		v := r.text(r.scan, r.scan.fields[k])
		from := int32(r.letters.Len())
		if r.missing(v) {
			r.cells = append(r.cells, cell{from, -1})
			continue
		}
		r.letters.Write(v)
		r.cells = append(r.cells, cell{from, from + int32(len(v))})
	}
}

func (r *reader) missing(value []byte) bool {
	for _, m := range r.options.Missing {
		if string(value) == m {
			return true
		}
	}
	return false
}

func (r *reader) ragged() error {
	return &format.Error{File: r.path, Line: r.scan.line,
		Text: fmt.Sprintf("the line has %d values where the header has %d names", len(r.scan.fields), len(r.all)),
		Mend: fmt.Sprintf("quote values that hold the delimiter %q, or set the right delimiter", r.scan.delimiter)}
}

// columns turns the cells of a batch, row by row, into columns.
func columns(text string, cells []cell, rows, n int) []format.Values {
	out := make([]format.Values, n)
	for c := range out {
		out[c].Text = make([]string, rows)
		for i := range rows {
			x := cells[i*n+c]
			if x.to >= 0 {
				out[c].Text[i] = text[x.from:x.to]
				continue
			}
			if out[c].Null == nil {
				out[c].Null = make([]bool, rows)
			}
			out[c].Null[i] = true
		}
	}
	return out
}

// Progress is how much of the file has been read; of a packed file, of its packed
// bytes.
func (r *reader) Progress() (read, of int64) { return r.in.read.Load(), r.in.size }

func (r *reader) Close() error {
	r.done = os.ErrClosed
	if r.in.file == nil {
		return nil
	}
	f := r.in.file
	r.in.file = nil
	return f.Close()
}
