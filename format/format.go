// Package format is the contract of a data format: sniff, describe, open to
// batches. It serves package dataset, which gives the raw columns their meaning.
//
// A format reads a file as it is: typed columns, missing values explicit, in
// batches of bounded size. It knows no dictionary, no unit and no patient. Its
// errors name file, line and column and say what was expected; they never repeat
// a cell, because a cell may be a patient's value.
package format

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// A Format reads one kind of file.
type Format interface {
	// Name is what a dataset file writes: "csv".
	Name() string
	// Sniff says from the first bytes of a file and its name how sure the format is
	// that the file is its own: 0 (no) to 100 (a magic number says so).
	Sniff(head []byte, filename string) int
	// Describe reads as little as it takes to tell the columns and the size.
	Describe(ctx context.Context, path string, o Options) (Description, error)
	// Open starts reading the columns that o names. What the options name and the
	// file lacks is an *Error.
	Open(ctx context.Context, path string, o Options) (Reader, error)
}

// A Reader gives a file's rows, batch after batch, in the file's order.
type Reader interface {
	// Columns describes the columns of each batch, in order.
	Columns() []Column
	// Next returns the next batch, at least one row; io.EOF after the last. A batch
	// is the caller's to keep: the reader does not write to it again.
	Next() (Batch, error)
	// Close lets go of the file; a second Close does nothing.
	Close() error
}

// A Kind is how a format holds a column's values.
type Kind string

// The kinds of raw columns.
const (
	Text    Kind = "text"
	Float   Kind = "number"
	Int     Kind = "integer"
	Bool    Kind = "boolean"
	Unknown Kind = "unsupported" // it can be described and not read: Column.Why
)

// A Column of a file. In a text format Kind is a guess from the first rows when it
// stands in a Description; its Reader gives Text.
type Column struct {
	Name string
	Kind Kind
	Why  string // of an Unknown: "a list of values"
	// Time is the layout of a Text column whose values are dates or times, as
	// ParseTime takes it; "" of others, and where the file leaves two readings. In a
	// text format it stands in a Description alone, as Kind's guess does.
	Time string
}

// A Description is what a file says of itself.
type Description struct {
	Columns []Column
	Rows    int64 // -1 if it cannot be told without reading everything
	Exact   bool  // Rows was counted, not estimated
	Notes   []string
	// Detected are the delimiter, the encoding and the decimal mark that a text file
	// is read with, found out where the caller named none. Notes say the same in words,
	// and what could be read in two ways.
	Detected Options
}

// Options say how to read a file where the file itself does not.
type Options struct {
	Table     string   // of a format with several tables: which; "" for the others
	Columns   []string // the columns to read, in this order; nil means all
	Delimiter string   // csv: one character; "" means detect
	Encoding  string   // csv: utf-8, utf-16, latin1, windows-1252; "" means detect
	Decimal   string   // csv: "." or ","; "" means detect
	Unquoted  bool     // csv: a quote is a letter, as in the vocabulary files of OMOP
	Missing   []string // texts that mean a missing value; nil means "" and NA
	BatchRows int      // rows in a batch at most; 0 means 8192
	MaxBytes  int      // memory of the values in a batch and of one row; 0 means 64 MiB
}

// The defaults of Options.
const (
	DefaultBatchRows = 8192
	DefaultMaxBytes  = 64 << 20
)

// Defaults fills in what is not set; an encoding and a decimal mark that a format
// would detect are then utf-8 and ".", as if they had been named.
func (o Options) Defaults() Options {
	if o.Encoding == "" {
		o.Encoding = "utf-8"
	}
	if o.Decimal == "" {
		o.Decimal = "."
	}
	if o.Missing == nil {
		o.Missing = []string{"", "NA"}
	}
	if o.BatchRows <= 0 {
		o.BatchRows = DefaultBatchRows
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	return o
}

// A Batch is some rows of a file. Lines holds the line on which each row starts,
// for text formats; otherwise it is nil and the first row is row First (from 1).
type Batch struct {
	Rows    int
	First   int
	Lines   []int
	Columns []Values
}

// Row names row i of the batch for an error: its line, or its number.
func (b Batch) Row(i int) (line, row int) {
	if b.Lines != nil {
		return b.Lines[i], 0
	}
	return 0, b.First + i
}

// Values are one column of a batch: the slice of the column's kind is set, and
// Null where a value is missing. Null is nil if none is.
type Values struct {
	Text  []string
	Float []float64
	Int   []int64
	Bool  []bool
	Null  []bool
}

// Missing says whether the value of row i is missing.
func (v Values) Missing(i int) bool { return v.Null != nil && v.Null[i] }

// An Error says what is wrong with a file, where, and how to mend it. Line and Row
// count from 1 and are 0 where they do not apply; no field holds a cell's content.
type Error struct {
	File   string
	Line   int
	Row    int
	Column string
	Text   string
	Mend   string
	Cause  error // of the operating system, if any
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Row > 0 {
		fmt.Fprintf(&b, ", row %d", e.Row)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %q", e.Column)
	}
	b.WriteString(": " + e.Text)
	if e.Mend != "" {
		b.WriteString("; " + e.Mend)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// OpenFile opens a data file for reading, or says in words why it cannot.
func OpenFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil, &Error{File: path, Text: "there is no such file", Mend: "check the path; a relative path starts where the command is run", Cause: err}
	case os.IsPermission(err):
		return nil, denied(path, err)
	case err != nil:
		return nil, &Error{File: path, Text: "the file cannot be read", Mend: "check the path and the disk", Cause: err}
	case info.IsDir():
		return nil, &Error{File: path, Text: "this is a directory", Mend: "name the data file in it"}
	case !info.Mode().IsRegular():
		return nil, &Error{File: path, Text: "this is not an ordinary file", Mend: "name a data file on disk"}
	case info.Size() == 0:
		return nil, &Error{File: path, Text: "the file is empty", Mend: "export it again"}
	}
	f, err := os.Open(path)
	if os.IsPermission(err) {
		return nil, denied(path, err)
	}
	if err != nil {
		return nil, &Error{File: path, Text: "the file cannot be opened", Mend: "check the path and the disk", Cause: err}
	}
	return f, nil
}

func denied(path string, err error) error {
	return &Error{File: path, Text: "no permission to read the file", Mend: "let the account that runs hmsp read it", Cause: err}
}

// headBytes is how much of a file Sniff sees.
const headBytes = 64 << 10

// Detect finds the format of a file among those known. An unknown kind of file,
// and one that two formats claim equally, is an *Error that lists the names.
func Detect(formats []Format, path string) (Format, error) {
	f, _, err := claimed(formats, path)
	if f == nil && err == nil {
		return nil, &Error{File: path, Text: "the kind of this file cannot be told", Mend: "name it with --format: " + names(formats)}
	}
	return f, err
}

// claimed is Detect, with nil for a file that no format claims, or two equally (tie).
func claimed(formats []Format, path string) (best Format, tie bool, err error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return nil, false, &Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	score := 0
	for _, f := range formats {
		if s := f.Sniff(head[:n], path); s > score {
			best, score, tie = f, s, false
		} else if s == score && s > 0 {
			tie = true
		}
	}
	if tie {
		best = nil
	}
	return best, tie, nil
}

// Named returns the format of that name.
func Named(formats []Format, name string) (Format, error) {
	for _, f := range formats {
		if f.Name() == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("format %q is unknown; use %s", name, names(formats))
}

func names(formats []Format) string {
	out := make([]string, len(formats))
	for i, f := range formats {
		out[i] = f.Name()
	}
	return strings.Join(out, ", ")
}
