// Package csv reads comma-separated values and their relatives: RFC 4180
// (https://www.rfc-editor.org/rfc/rfc4180) with the delimiters , ; tab and |, in
// UTF-8, latin1 or windows-1252, plain or gzip.
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
	file    *os.File
	scan    *scanner
	options format.Options
	all     []format.Column // of the file
	columns []format.Column // asked for
	at      []int           // their places in a record
	row     int             // rows read
	cells   []cell          // of the batch, row by row
	letters []byte          // their text
	done    error
}

// A cell is where a value lies in the batch's text; to is -1 if it is missing.
type cell struct{ from, to int }

func begin(ctx context.Context, path string, o format.Options) (*reader, error) {
	o = o.Defaults()
	if err := valid(path, o); err != nil {
		return nil, err
	}
	in, file, err := open(path)
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, path: path, file: file, options: o}
	if err := r.start(in); err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

// valid refuses options that mean nothing.
func valid(path string, o format.Options) error {
	switch {
	case !slices.Contains([]string{"utf-8", "latin1", "windows-1252"}, o.Encoding):
		return &format.Error{File: path, Text: fmt.Sprintf("encoding %q is unknown", o.Encoding), Mend: "use utf-8, latin1 or windows-1252"}
	case o.Decimal != "." && o.Decimal != ",":
		return &format.Error{File: path, Text: fmt.Sprintf("decimal %q is unknown", o.Decimal), Mend: `use "." or ","`}
	case o.Delimiter != "" && (len(o.Delimiter) != 1 || strings.ContainsAny(o.Delimiter, "\"\r\n .") || o.Delimiter[0] >= 0x80):
		return &format.Error{File: path, Text: fmt.Sprintf("delimiter %q cannot be used", o.Delimiter), Mend: `use one character, such as "," ";" "|" or "\t"`}
	case o.Delimiter == "," && o.Decimal == ",":
		return &format.Error{File: path, Text: "the comma cannot be delimiter and decimal mark at once", Mend: `set delimiter: ";"`}
	}
	return nil
}

// start finds the delimiter and reads the header.
func (r *reader) start(in io.Reader) error {
	delimiter := r.options.Delimiter
	if delimiter == "" {
		head := make([]byte, 64<<10)
		n, err := io.ReadFull(in, head)
		if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
			return r.explain(&fault{line: 1, text: "reading stopped", mend: "the file is damaged or the disk fails; copy it again", cause: err})
		}
		d, _ := sniffDelimiter(head[:n], r.options.Decimal)
		delimiter = string(d)
		in = io.MultiReader(strings.NewReader(string(head[:n])), in)
	}
	r.scan = newScanner(in, delimiter[0], r.options.Encoding == "utf-8", r.options.MaxBytes)
	switch err := r.scan.record(); {
	case err == io.EOF:
		return &format.Error{File: r.path, Text: "the file holds no line with text", Mend: "export it again"}
	case err != nil:
		return r.explain(err)
	}
	numbers := 0
	for i, f := range r.scan.fields {
		name := string(r.text(nil, f))
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

// text is a field in UTF-8, appended to dst.
func (r *reader) text(dst []byte, f field) []byte {
	if r.options.Encoding == "utf-8" {
		return r.scan.value(dst, f)
	}
	return recode(dst, r.scan.value(nil, f))
}

// explain gives a fault the file's name.
func (r *reader) explain(err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	return &format.Error{File: r.path, Line: f.line, Text: f.text, Mend: f.mend, Cause: f.cause}
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
	text := r.letters[:0]
	r.cells = r.cells[:0]
	for b.Rows < r.options.BatchRows && len(text)+len(r.cells)*16 < r.options.MaxBytes/2 {
		if err := r.scan.record(); err != nil {
			r.done = r.explain(err)
			break
		}
		if len(r.scan.fields) != len(r.all) {
			r.done = r.ragged()
			break
		}
		b.Lines = append(b.Lines, r.scan.line)
		b.Rows++
		text = r.append(text)
	}
	r.row, r.letters = r.row+b.Rows, text
	if r.done != nil && (r.done != io.EOF || b.Rows == 0) {
		return format.Batch{}, r.done
	}
	b.Columns = columns(string(text), r.cells, b.Rows, len(r.at))
	return b, nil
}

// append keeps the wanted values of the current record.
func (r *reader) append(text []byte) []byte {
	for _, k := range r.at {
		from := len(text)
		text = r.text(text, r.scan.fields[k])
		to := len(text)
		for _, m := range r.options.Missing {
			if len(m) == to-from && string(text[from:to]) == m {
				text, to = text[:from], -1
				break
			}
		}
		r.cells = append(r.cells, cell{from, to})
	}
	return text
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

func (r *reader) Close() error {
	r.done = os.ErrClosed
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}
