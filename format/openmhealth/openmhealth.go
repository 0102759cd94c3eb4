// Package openmhealth reads data points of Open mHealth and IEEE 1752.1: JSON documents
// with a header that names the schema and a body, one a line, one after the other or in a
// list.
//
// It serves package dataset through the shell of recordings. It reads steps, heart rate,
// beats, sleep, weight, glucose, blood pressure, energy, oxygen, temperature, activity and
// its minutes; data points of other schemas, statistics over longer times and what has no
// time are left out, and counted in notes. A point is the user's that its header names.
//
// It refuses a point of a schema that it reads if the schema does: what is missing, of
// another type, in another unit or none of its words (openmhealth/schemas, versions 1 to 4
// as the header says).
package openmhealth

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"time"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// New returns the format.
func New() format.Format { return recording.Format{Decoder: decoder{}} }

type decoder struct{}

// Name is "openmhealth".
func (decoder) Name() string { return "openmhealth" }

// Sniff looks for the header of a data point in JSON.
func (decoder) Sniff(head []byte, filename string) int {
	head = recording.Unpacked(head)
	start := bytes.TrimLeft(head, " \t\r\n")
	if len(start) == 0 || start[0] != '{' && start[0] != '[' || bytes.Contains(head, []byte(`"resourceType"`)) {
		return 0
	}
	if bytes.Contains(head, []byte(`"schema_id"`)) && bytes.Contains(head, []byte(`"header"`)) {
		return 97
	}
	return 0
}

// longest is how much of a file one data point may take.
const longest = 4 << 20

// A reader reads the points of a file.
type reader struct {
	ctx     context.Context
	path    string
	n       int // points so far
	sources map[string]uint16
	emit    func(patient string, s activity.Sample) error
}

// Decode reads the data points.
func (decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	in, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	r := &reader{ctx: ctx, path: path, sources: map[string]uint16{}, emit: emit}
	limit := &limited{in: in, left: longest}
	text := bufio.NewReader(limit)
	list, err := isList(text)
	if err != nil {
		return r.broken(err)
	}
	d := json.NewDecoder(text)
	if list {
		if _, err := d.Token(); err != nil {
			return r.broken(err)
		}
	}
	for {
		limit.left = longest
		if list && !d.More() {
			break
		}
		var p point
		r.n++
		err := d.Decode(&p)
		if err == io.EOF && !list {
			return nil
		}
		if err != nil {
			return r.broken(err)
		}
		if err := r.point(p); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the end of the list
		return r.broken(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return r.fail("", "there is more behind the list of data points")
	}
	return nil
}

// isList looks at the first byte that is no space.
func isList(text *bufio.Reader) (bool, error) {
	for {
		c, err := text.ReadByte()
		if err != nil {
			return false, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			return c == '[', text.UnreadByte()
		}
	}
}

// limited refuses a point that is too long.
type limited struct {
	in   io.Reader
	left int
}

var errLong = errors.New("a data point is longer than 4 MiB")

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLong
	}
	n, err := l.in.Read(b[:min(len(b), 64<<10)])
	l.left -= n
	return n, err
}

const mend = "export it again, or take it out of the file"

func (r *reader) fail(column, text string) error {
	return &format.Error{File: r.path, Row: r.n, Column: column, Text: text, Mend: mend}
}

// broken says what an error of JSON means, without its text, which may repeat a value.
func (r *reader) broken(err error) error {
	var known *format.Error
	var kind *json.UnmarshalTypeError
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case errors.As(err, &known):
		return err
	case errors.Is(err, errLong):
		return r.fail("", errLong.Error())
	case errors.As(err, &kind):
		return r.fail(kind.Field, "the field is not of the type that the schema asks for")
	case err == io.ErrUnexpectedEOF || err == io.EOF:
		return r.fail("", "the file is cut off in a data point")
	}
	return r.fail("", "this is not JSON as data points are written")
}

// A point is a document. The parts are read by the schema.
type point struct {
	Header *header         `json:"header"`
	Body   json.RawMessage `json:"body"`
}

type header struct {
	ID      *string `json:"id"`
	Created *string `json:"creation_date_time"`
	Schema  *struct {
		Namespace *string `json:"namespace"`
		Name      *string `json:"name"`
		Version   *string `json:"version"`
	} `json:"schema_id"`
	Provenance *struct {
		Source   string  `json:"source_name"`
		Modality *string `json:"modality"`
	} `json:"acquisition_provenance"`
	User string `json:"user_id"`
}

// checked says what a header lacks.
func (r *reader) checked(h *header) error {
	switch {
	case h == nil:
		return r.fail("header", "the data point has no header")
	case h.ID == nil || *h.ID == "":
		return r.fail("header.id", "the header has no identifier")
	case h.Created == nil:
		return r.fail("header.creation_date_time", "the header does not say when it was made")
	case h.Schema == nil || h.Schema.Name == nil || h.Schema.Namespace == nil || h.Schema.Version == nil:
		return r.fail("header.schema_id", "the header does not name the schema, its namespace and version")
	case h.Provenance != nil && h.Provenance.Modality != nil && *h.Provenance.Modality != "sensed" && *h.Provenance.Modality != "self-reported":
		return r.fail("header.acquisition_provenance.modality", `this is neither "sensed" nor "self-reported"`)
	}
	if _, err := time.Parse(time.RFC3339, *h.Created); err != nil {
		return r.fail("header.creation_date_time", "this is no time of RFC 3339")
	}
	return nil
}

// point makes samples of a data point.
func (r *reader) point(p point) error {
	if err := r.checked(p.Header); err != nil {
		return err
	}
	if len(p.Body) == 0 {
		return r.fail("body", "the data point has no body")
	}
	name := strings.ReplaceAll(*p.Header.Schema.Name, "_", "-")
	if !reads(name) {
		recording.Note(r.ctx, "data points of schemas that are not read are left out")
		return nil
	}
	var b body
	if err := json.Unmarshal(p.Body, &b); err != nil {
		return r.broken(err)
	}
	b.reader = r
	b.version = 1
	if v := *p.Header.Schema.Version; v != "" && v[0] >= '1' && v[0] <= '9' {
		b.version = int(v[0] - '0')
	}
	samples, err := b.samples(name)
	if err != nil {
		return err
	}
	source := r.source(p.Header)
	for _, s := range samples {
		s.Source = source
		if err := r.emit(p.Header.User, s); err != nil {
			return err
		}
	}
	return nil
}

// source numbers the devices and apps that points come from.
func (r *reader) source(h *header) uint16 {
	if h.Provenance == nil {
		return 0
	}
	n, ok := r.sources[h.Provenance.Source]
	if !ok {
		n = uint16(min(len(r.sources)+1, math.MaxUint16))
		if n < math.MaxUint16 {
			r.sources[h.Provenance.Source] = n
		}
	}
	return n
}
