package recording

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"hmsp.center/hmsp/format"
)

// failBytes is how much of a file is read on to say what is wrong with it.
const failBytes = 256 << 20

// maxLine is the longest line of a table that a device's app exports.
const maxLine = 64 << 10

// Rows reads a table that an app exports as text with commas: lines of UTF-8, a quoted
// field without line ends. It serves Decoders whose files have millions of rows: nothing
// is allocated for one.
type Rows struct {
	ctx     context.Context
	path    string
	in      *bufio.Reader
	comma   byte
	line    int
	fields  [][]byte
	columns []string // of the header, once it is read
}

// NewRows reads from in; path is for errors.
func NewRows(ctx context.Context, path string, in io.Reader, comma byte) *Rows {
	return &Rows{ctx: ctx, path: path, in: bufio.NewReaderSize(in, maxLine), comma: comma}
}

// Header reads the first line, whose names the rows' fields then have.
func (r *Rows) Header() ([]string, error) {
	fields, err := r.Next()
	if err == io.EOF {
		return nil, &format.Error{File: r.path, Text: "the file has no header", Mend: "export it again"}
	}
	if err != nil {
		return nil, err
	}
	names := Names(fields)
	r.Under(names)
	return names, nil
}

// Names are fields of a header as text, without the mark of UTF-8.
func Names(fields [][]byte) []string {
	var out []string
	for _, f := range fields {
		out = append(out, string(bytes.TrimPrefix(f, []byte("\xef\xbb\xbf"))))
	}
	return out
}

// Under says what the header was, where it is not the first line: the rows under it must
// have as many fields.
func (r *Rows) Under(header []string) { r.columns = header }

// Next reads a line that is not empty, and returns its fields, as many as the header has;
// io.EOF after the last. They are valid until the next call.
func (r *Rows) Next() ([][]byte, error) {
	for {
		text, err := r.in.ReadSlice('\n')
		switch {
		case err == io.EOF && len(text) == 0:
			return nil, io.EOF
		case err == io.EOF:
			Note(r.ctx, "files whose last line has no line end: they may be cut off")
		case err == bufio.ErrBufferFull:
			r.line++
			return nil, r.Fail("", "the line is longer than 64 KiB", "export the file again")
		case err != nil:
			return nil, err
		}
		r.line++
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		if len(text) == 0 {
			continue
		}
		if err := r.cut(text); err != nil {
			return nil, err
		}
		if r.columns != nil && len(r.fields) != len(r.columns) {
			return nil, r.Fail("", "the row does not have as many fields as the header", "the file may be cut off; export it again")
		}
		return r.fields, nil
	}
}

// cut cuts a line into fields; a quoted one has two quotes for one (RFC 4180, 2).
func (r *Rows) cut(text []byte) error {
	r.fields = r.fields[:0]
	for {
		if len(text) > 0 && text[0] == '"' {
			field, rest, ok := unquote(text[1:])
			if !ok || len(rest) > 0 && rest[0] != r.comma {
				return r.Fail("", "a quoted field does not end on its line", "export the file again")
			}
			r.fields = append(r.fields, field)
			if len(rest) == 0 {
				return nil
			}
			text = rest[1:]
			continue
		}
		at := bytes.IndexByte(text, r.comma)
		if at < 0 {
			r.fields = append(r.fields, text)
			return nil
		}
		r.fields, text = append(r.fields, text[:at]), text[at+1:]
	}
}

// unquote takes the text behind a quote, in place, up to the quote that ends it.
func unquote(text []byte) (field, rest []byte, ok bool) {
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			if i+1 == len(text) || text[i+1] != '"' {
				return text[:n], text[i+1:], true
			}
			i++
		}
		text[n] = text[i]
		n++
	}
	return nil, nil, false
}

// Line is the number of the line that was read last.
func (r *Rows) Line() int { return r.line }

// Fail is an error about the line that was read last. Text and mend hold no value. Where
// the file does not unpack to its end, the packing is to blame, and not the line.
func (r *Rows) Fail(column, text, mend string) error {
	var packing *format.Error
	if _, err := io.CopyN(io.Discard, r.in, failBytes); errors.As(err, &packing) {
		return packing
	}
	return &format.Error{File: r.path, Line: r.line, Column: column, Text: text, Mend: mend}
}
