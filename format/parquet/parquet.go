// Package parquet reads Apache Parquet files
// (https://parquet.apache.org/docs/file-format/) of flat columns, page by page.
//
// Whole numbers, real numbers (decimals included) and booleans keep their type;
// texts become text, and a text that is empty or NA, or what the options list, is
// missing as in CSV. Dates and timestamps become text in ISO 8601: as a clock shows
// them, with a Z behind those that the file declares to be UTC. Lists, maps,
// structures, times of day and raw bytes are described and refused. A damaged file is
// an error.
package parquet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"hmsp.center/hmsp/format"
)

// Format is the Parquet format.
type Format struct{}

// Name is "parquet".
func (Format) Name() string { return "parquet" }

// Sniff goes by the magic number.
func (Format) Sniff(head []byte, filename string) int {
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return 100
	}
	return 0
}

// Describe reads the file's footer: types and the number of rows are exact.
func (Format) Describe(ctx context.Context, path string, o format.Options) (d format.Description, err error) {
	defer damaged(path, &err)
	if err := ctx.Err(); err != nil {
		return d, err
	}
	in, leaves, err := open(path)
	if err != nil {
		return d, err
	}
	defer in.file.Close()
	for _, l := range leaves {
		d.Columns = append(d.Columns, l.column)
	}
	d.Rows, d.Exact = in.parquet.NumRows(), true
	return d, nil
}

// Open starts reading.
func (Format) Open(ctx context.Context, path string, o format.Options) (r format.Reader, err error) {
	defer damaged(path, &err)
	o = o.Defaults()
	in, leaves, err := open(path)
	if err != nil {
		return nil, err
	}
	out := &reader{ctx: ctx, path: path, in: in, options: o, rows: in.parquet.NumRows(), size: in.parquet.Size()}
	if err := out.start(leaves); err != nil {
		in.file.Close()
		return nil, err
	}
	return out, nil
}

// damaged turns a panic of the decoder, which a damaged file can cause, and the
// decoder's errors into an error that holds nothing of the file.
func damaged(path string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("decode: panic of type %T", p)
	}
	if _, plain := (*err).(*decodeError); plain || *err != nil && !told(*err) {
		*err = &format.Error{File: path, Text: "the file is damaged", Mend: "copy or export it again"}
	}
}

// A decodeError is an error of the Parquet decoder, whose words may quote values.
type decodeError struct{ cause error }

func (e *decodeError) Error() string { return "decode: " + e.cause.Error() }

// told says whether an error is one that a person may read.
func told(err error) bool {
	if _, ok := err.(*format.Error); ok {
		return true
	}
	return err == io.EOF || err == context.Canceled || err == context.DeadlineExceeded || err == os.ErrClosed
}

// An input is an open file and its footer.
type input struct {
	file    *os.File
	parquet *parquet.File
}

func open(path string) (in input, leaves []leaf, err error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return input{}, nil, err
	}
	ok := false
	defer func() {
		if !ok {
			f.Close() // also when the decoder panics
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return input{}, nil, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	magic := make([]byte, 4)
	if _, err := f.ReadAt(magic, 0); err != nil || string(magic) != "PAR1" {
		return input{}, nil, &format.Error{File: path, Text: "this is no Parquet file", Mend: "set format to what it is"}
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return input{}, nil, &decodeError{err}
	}
	leaves = describe(p)
	if len(leaves) == 0 {
		return input{}, nil, &format.Error{File: path, Text: "the file has no columns", Mend: "export it again"}
	}
	columns := make([]format.Column, len(leaves))
	for i, l := range leaves {
		columns[i] = l.column
	}
	if err := format.Unique(path, 0, columns); err != nil {
		return input{}, nil, err
	}
	ok = true
	return input{f, p}, leaves, nil
}
