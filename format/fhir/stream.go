package fhir

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
)

// A stream reads one JSON document member by member, with no more of it in memory
// than one value that it is asked for. It can begin again.
type stream struct {
	source *source
	path   string
	in     io.ReadCloser
	buf    []byte
	pos    int
	end    bool
	before int64 // bytes of the document before buf
	lines  int   // line ends before buf
	doc    doc
}

func (s *source) stream(f file, counted *atomic.Int64) (*stream, error) {
	in, err := s.open(f.path, counted)
	if err != nil {
		return nil, err
	}
	return &stream{source: s, path: f.path, in: in}, nil
}

func (s *stream) stop() { s.in.Close() }

// whole calls do with the document as one value.
func (s *stream) whole(do func(value) error) error {
	err := s.again()
	if err != nil {
		return err
	}
	v, err := s.value()
	if err != nil {
		return err
	}
	return do(v)
}

// again goes back to the beginning of the document.
func (s *stream) again() error {
	s.pos = 0
	if s.before == 0 {
		return nil
	}
	s.in.Close()
	in, err := s.source.open(s.path, nil)
	if err != nil {
		return err
	}
	s.in, s.buf, s.end, s.before, s.lines = in, s.buf[:0], false, 0, 0
	return nil
}

// heldBytes is how long a document may be that is kept while it is read twice; a
// longer one is opened again.
const heldBytes = 8 << 20

// fill reads more text behind what is in the buffer and not used.
func (s *stream) fill() error {
	if len(s.buf) == cap(s.buf) && s.pos > 0 && len(s.buf) >= heldBytes {
		s.lines += bytes.Count(s.buf[:s.pos], []byte{'\n'})
		s.before += int64(s.pos)
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	if len(s.buf)-s.pos >= s.source.limit {
		return s.wrong(s.pos, fmt.Sprintf("a resource is longer than %d bytes", s.source.limit), "leave such resources out of the export, or allow more memory")
	}
	if len(s.buf) == cap(s.buf) {
		grown := make([]byte, len(s.buf), max(2*cap(s.buf), chunkBytes))
		copy(grown, s.buf)
		s.buf = grown
	}
	n, end, err := fill(s.in, s.buf[len(s.buf):cap(s.buf)])
	s.buf, s.end = s.buf[:len(s.buf)+n], end
	if err != nil {
		return broken(s.path, s.line(len(s.buf)), err)
	}
	return nil
}

func (s *stream) line(at int) int { return s.lines + bytes.Count(s.buf[:at], []byte{'\n'}) + 1 }

// wrong is an error at a place in the buffer.
func (s *stream) wrong(at int, text, mend string) error {
	return &format.Error{File: s.path, Line: s.line(min(at, len(s.buf))), Text: fmt.Sprintf("%s (byte %d of the text)", text, s.before+int64(at)+1), Mend: mend}
}

// peek is the next byte that is no white space; 0 at the end.
func (s *stream) peek() (byte, error) {
	for {
		s.pos = blank(s.buf, s.pos)
		if s.pos < len(s.buf) {
			return s.buf[s.pos], nil
		}
		if s.end {
			return 0, nil
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// expect goes over a byte, or over one of two.
func (s *stream) expect(one, other byte) (byte, error) {
	c, err := s.peek()
	if err != nil {
		return 0, err
	}
	if c != one && c != other || c == 0 {
		if s.end && s.pos == len(s.buf) {
			return 0, s.wrong(s.pos, "the document is cut off", "export or copy it again")
		}
		return 0, s.wrong(s.pos, fmt.Sprintf("this is no JSON: %c or %c is expected", one, other), "export it again")
	}
	s.pos++
	return c, nil
}

// value reads the next value. It is valid until the next use of the stream.
func (s *stream) value() (value, error) {
	if _, err := s.peek(); err != nil {
		return value{}, err
	}
	for {
		end, flaw := s.doc.parse(s.buf, s.pos)
		switch {
		case flaw == nil:
			if !utf8.Valid(s.buf[s.pos:end]) {
				return value{}, s.wrong(s.pos, "a text that begins here is not UTF-8", "export it as UTF-8")
			}
			s.pos = end
			return s.doc.root(), nil
		case flaw.text != cut:
			return value{}, s.wrong(flaw.at, "this is no JSON: "+flaw.text, "export it again")
		case s.end:
			return value{}, s.wrong(len(s.buf), "the document is cut off", "export or copy it again")
		}
		if err := s.fill(); err != nil {
			return value{}, err
		}
	}
}

// walk goes through the document once. It calls entry for each element of a list
// named entry, as a Bundle has, and returns the type of the resource.
func (s *stream) walk(entry func(value) error) (kind string, err error) {
	if _, err := s.expect('{', '{'); err != nil {
		return "", err
	}
	if c, err := s.peek(); err != nil {
		return "", err
	} else if c == '}' {
		s.pos++
		return "", s.close()
	}
	for {
		if c, err := s.peek(); err != nil {
			return "", err
		} else if c != '"' {
			_, err = s.expect('"', '"')
			return "", err
		}
		v, err := s.value()
		if err != nil {
			return "", err
		}
		name := string(v.text())
		if _, err := s.expect(':', ':'); err != nil {
			return "", err
		}
		c, err := s.peek()
		if err != nil {
			return "", err
		}
		if name == "entry" && c == '[' {
			err = s.entries(entry)
		} else if v, err = s.value(); err == nil && name == "resourceType" {
			kind = string(v.text())
		}
		if err != nil {
			return "", err
		}
		if c, err = s.expect(',', '}'); err != nil {
			return "", err
		} else if c == '}' {
			return kind, s.close()
		}
	}
}

func (s *stream) entries(entry func(value) error) error {
	s.pos++
	if c, err := s.peek(); err != nil || c == ']' {
		s.pos++
		return err
	}
	for {
		if err := s.source.ctx.Err(); err != nil {
			return err
		}
		v, err := s.value()
		if err == nil {
			err = entry(v)
		}
		if err != nil {
			return err
		}
		if c, err := s.expect(',', ']'); err != nil || c == ']' {
			return err
		}
	}
}

// close holds the document to end here.
func (s *stream) close() error {
	c, err := s.peek()
	if err == nil && c != 0 {
		return s.wrong(s.pos, "there is text behind the end of the document", "keep one document in a file, or name it .ndjson if each line is one")
	}
	return err
}
