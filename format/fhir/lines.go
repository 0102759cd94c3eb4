package fhir

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
)

// chunkBytes is how much text of NDJSON one worker takes at a time.
const chunkBytes = 1 << 20

// A chunk is whole lines of a file.
type chunk struct {
	file file
	line int // of its first line
	text []byte
}

// chunks cuts a file into whole lines and gives them to do, each in a buffer that it
// takes from buffer and that is do's from then on.
func (s *source) chunks(f file, counted *atomic.Int64, buffer func() []byte, do func(chunk) error) error {
	in, err := s.open(f.path, counted)
	if err != nil {
		return err
	}
	defer in.Close()
	buf, line, end := buffer()[:0], 1, false
	for !end {
		if len(buf) == cap(buf) {
			if len(buf) >= s.limit {
				return &format.Error{File: f.path, Line: line, Text: fmt.Sprintf("a line is longer than %d bytes", s.limit),
					Mend: "NDJSON has a resource a line; leave such resources out of the export, or allow more memory"}
			}
			grown := make([]byte, len(buf), max(2*cap(buf), chunkBytes))
			copy(grown, buf)
			buf = grown
		}
		var n int
		n, end, err = fill(in, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return broken(f.path, line+bytes.Count(buf, []byte{'\n'}), err)
		}
		whole := len(buf)
		if !end {
			whole = bytes.LastIndexByte(buf, '\n') + 1
		}
		if whole == 0 {
			continue
		}
		rest := buffer()[:0]
		if rest = append(rest, buf[whole:]...); !end && cap(rest) == len(rest) {
			rest = append(make([]byte, 0, 2*len(rest)+chunkBytes), rest...)
		}
		lines := bytes.Count(buf[:whole], []byte{'\n'})
		if err := do(chunk{f, line, buf[:whole]}); err != nil {
			return err
		}
		buf, line = rest, line+lines
	}
	return nil
}

// each calls do with each line of the chunk that is not blank, and its number.
func (c chunk) each(do func(line int, text []byte) error) error {
	for n, rest := c.line, c.text; len(rest) > 0; n++ {
		text := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			text, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if at := blank(text, 0); at == len(text) {
			continue
		}
		if err := do(n, text); err != nil {
			return err
		}
	}
	return nil
}

// parse reads a line as a JSON object.
func (c chunk) parse(d *doc, line int, text []byte) (value, error) {
	wrong := func(what string) (value, error) {
		return value{}, &format.Error{File: c.file.path, Line: line, Text: what, Mend: "NDJSON has one FHIR resource in JSON on each line; export the file again"}
	}
	end, flaw := d.parse(text, 0)
	switch {
	case flaw != nil && flaw.text == cut:
		return wrong("the line is no JSON: it ends inside a value")
	case flaw != nil:
		return wrong(fmt.Sprintf("the line is no JSON: %s at its byte %d", flaw.text, flaw.at+1))
	case blank(text, end) < len(text):
		return wrong(fmt.Sprintf("the line is no JSON: text follows the value at its byte %d", end+1))
	case !d.root().is(object):
		return wrong("the line is no FHIR resource")
	case !utf8.Valid(text):
		return wrong("the line is not UTF-8")
	}
	return d.root(), nil
}

// peek is the type of a resource, told from the first member of its text without
// reading it; none where that is something else.
func peek(text []byte) []byte {
	at := blank(text, 0)
	if at == len(text) || text[at] != '{' {
		return nil
	}
	rest, ok := bytes.CutPrefix(text[blank(text, at+1):], []byte(`"resourceType"`))
	if !ok {
		return nil
	}
	at = blank(rest, 0)
	if at == len(rest) || rest[at] != ':' {
		return nil
	}
	rest = rest[blank(rest, at+1):]
	if len(rest) == 0 || rest[0] != '"' {
		return nil
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 || bytes.IndexByte(rest[1:1+end], '\\') >= 0 {
		return nil
	}
	return rest[1 : 1+end]
}
