package text

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// records are the notes of one file, in its order; io.EOF after the last.
type records interface {
	next() ([]note, error)
	fields() []string // of the first record
}

// An allowance bounds what is read for one record, as the reader below may hold all of
// it in memory.
type allowance struct {
	in   io.Reader
	each int
	left int
}

var errLong = errors.New("a record is longer than the limit")

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errLong
	}
	n, err := a.in.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

// objects reads JSON objects one after the other, or those of an array.
type objects struct {
	limit *allowance
	in    *json.Decoder
	array bool
	begun bool
	done  bool
}

func newObjects(in io.Reader, most int) *objects {
	a := &allowance{in, most, most}
	return &objects{limit: a, in: json.NewDecoder(a)}
}

var errShape = errors.New("the file is neither objects of JSON, one after the other, nor an array of them")

// record is the fields of the next object.
func (o *objects) record() (map[string]json.RawMessage, error) {
	o.limit.left = o.limit.each
	if !o.begun {
		if err := o.begin(); err != nil {
			return nil, err
		}
	}
	if o.array && !o.in.More() {
		if _, err := o.in.Token(); err != nil { // the ]
			return nil, within(err)
		}
		if _, err := o.in.Token(); err != io.EOF {
			return nil, errShape
		}
		o.array, o.done = false, true
	}
	if o.done {
		return nil, io.EOF
	}
	var out map[string]json.RawMessage
	err := o.in.Decode(&out)
	if err == nil && out == nil {
		err = errShape
	}
	if o.array {
		err = within(err)
	}
	return out, err
}

// begin reads the [ of an array.
func (o *objects) begin() error {
	o.begun = true
	head := &bytes.Buffer{}
	one := make([]byte, 1)
	for {
		if _, err := io.ReadFull(o.limit, one); err != nil {
			return err
		}
		head.Write(one)
		if c := one[0]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			break
		}
	}
	rest := o.limit.in
	o.limit.in = io.MultiReader(bytes.NewReader(one), rest)
	if o.array = one[0] == '['; o.array {
		_, err := o.in.Token()
		return err
	}
	return nil
}

// within is an error of a file that ends within an array.
func within(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// jsonRecords are notes in JSON.
type jsonRecords struct {
	*objects
	fallback string
	names    []string
	named    bool // a record so far has a field of the patient
}

func (r *jsonRecords) fields() []string { return r.names }

func (r *jsonRecords) next() ([]note, error) {
	fields, err := r.record()
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(fields))
	if r.names == nil {
		r.names = names
	}
	values, given := make([]string, len(names)), make([]bool, len(names))
	for i, n := range names {
		values[i], given[i] = scalar(fields[n])
		if roleOf(n) == textRole && fields[n][0] != '"' && string(fields[n]) != "null" {
			return nil, fmt.Errorf("the field %q is no text", n)
		}
	}
	if slices.ContainsFunc(names, func(n string) bool { return roleOf(n) == patientRole }) {
		r.named = true
	} else if r.named { // left out, as others leave it empty
		names, values, given = append(names, format.Patient), append(values, ""), append(given, false)
	}
	out := noted(names, values, given, r.fallback)
	if out == nil {
		return nil, errNoText
	}
	return out, nil
}

var errNoText = errors.New("there is no field of text, such as text or note")

// scalar is a text, a number or a truth of JSON as text.
func scalar(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 {
		return "", false
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return "", false
		}
		return s, true
	case '{', '[', 'n':
		return "", false
	}
	return string(raw), true
}

// csvRecords are notes in a table.
type csvRecords struct {
	limit    *allowance
	in       *csv.Reader
	names    []string
	missing  []string
	fallback string
}

func newCSV(in io.Reader, delimiter byte, o format.Options, fallback string) (*csvRecords, error) {
	a := &allowance{in, o.MaxBytes, o.MaxBytes}
	r := &csvRecords{limit: a, in: csv.NewReader(a), missing: o.Missing, fallback: fallback}
	r.in.Comma = rune(delimiter)
	names, err := r.in.Read()
	if err != nil {
		return nil, err
	}
	r.names = slices.Clone(names)
	r.names[0] = strings.TrimPrefix(r.names[0], "\ufeff")
	if !slices.ContainsFunc(r.names, func(n string) bool { return roleOf(n) == textRole }) {
		return nil, errNoText
	}
	return r, nil
}

func (r *csvRecords) fields() []string { return r.names }

func (r *csvRecords) next() ([]note, error) {
	r.limit.left = r.limit.each
	values, err := r.in.Read()
	if err != nil {
		return nil, err
	}
	given := make([]bool, len(values))
	for i, v := range values {
		given[i] = !slices.Contains(r.missing, v)
	}
	return noted(r.names, values, given, r.fallback), nil
}
