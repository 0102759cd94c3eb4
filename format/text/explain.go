package text

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"

	"hmsp.center/hmsp/format"
)

// explain makes an *Error of what is wrong with a record. The errors of the libraries are
// put in words anew, for they may repeat what they read.
func (r *reader) explain(err error) error {
	e := &format.Error{File: r.source.path, Row: r.record, Text: err.Error(), Mend: "export the file again"}
	var known *format.Error
	var table *csv.ParseError
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, errLong):
		return r.long(r.source.path, r.record)
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Text = "the file ends within a record"
	case errors.As(err, &table):
		e.Row, e.Line, e.Text = 0, table.Line, "the row is not as CSV is"
		if errors.Is(err, csv.ErrFieldCount) {
			e.Text = "the row has more or fewer cells than the header"
		}
	case errors.As(err, &syntax):
		e.Text = "this is no JSON"
	case errors.As(err, &kind):
		e.Text = errShape.Error()
	case errors.Is(err, errNoText):
		e.Mend = "name the column of the notes text, or read the file with format: csv"
	case errors.Is(err, errUTF8), errors.Is(err, errUTF16), errors.Is(err, errNamed), errors.Is(err, errBinary):
		e.Mend = "save it as UTF-8, or set encoding to what it is"
	case errors.Is(err, os.ErrClosed):
		e.Text, e.Mend = "the file was closed", "read it again"
	}
	return e
}
