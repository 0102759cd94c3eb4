package hl7

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"hmsp.center/hmsp/format"
)

// A scanner gives the segments of a file. A segment ends with CR (2.5.2); archives
// write LF and CRLF too. Where a message's header ends with CR alone, an LF inside a
// later segment is text.
//
// The frames of MLLP (0x0B before a message, 0x1C behind it) are dropped, and one
// that is open at the end of the file is an error: the file is cut off.
type scanner struct {
	path   string
	file   *os.File
	in     *bufio.Reader
	limit  int // bytes of a segment at most
	read   *atomic.Int64
	buf    []byte
	strict bool // only CR ends a segment
	framed bool // a frame is open
	next   int  // line of the next segment
	line   int  // of this segment
}

const (
	frameStart = 0x0b
	frameEnd   = 0x1c
)

func openScanner(path string, limit int, read *atomic.Int64) (*scanner, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	s := &scanner{path: path, file: f, in: bufio.NewReaderSize(f, 256<<10), limit: limit, read: read, next: 1}
	if head, _ := s.in.Peek(3); string(head) == "\xef\xbb\xbf" {
		s.skip(3)
	}
	return s, nil
}

func (s *scanner) fail(text, mend string, args ...any) error {
	return &format.Error{File: s.path, Line: s.line, Text: fmt.Sprintf(text, args...), Mend: mend}
}

// segment is the next one that is not blank, good until the next call; io.EOF after
// the last.
func (s *scanner) segment() ([]byte, error) {
	for {
		s.line = s.next
		raw, err := s.raw()
		if err == io.EOF && s.framed {
			err = s.fail("the file ends inside a message", "copy or export it again: it is cut off")
		}
		if err != nil {
			return nil, err
		}
		if raw = bytes.TrimRight(s.unframe(raw), " \t"); len(raw) > 0 {
			if i := bytes.IndexByte(raw, 0); i >= 0 {
				return nil, s.fail("the segment holds a zero byte, so this is no text file", "export the messages again")
			}
			return raw, nil
		}
	}
}

// unframe drops blanks and the beginning of a frame.
func (s *scanner) unframe(raw []byte) []byte {
	for len(raw) > 0 {
		switch raw[0] {
		case frameStart:
			s.framed = true
		case '\n', ' ', '\t':
		default:
			return raw
		}
		raw = raw[1:]
	}
	return raw
}

// raw reads to the end of a segment; io.EOF at the end of the file.
func (s *scanner) raw() ([]byte, error) {
	s.buf = s.buf[:0]
	start, err := s.in.Peek(16)
	head := header(start)
	ends := "\r\n\x1c" // with the end of a frame
	if s.strict && !head {
		ends = "\r\x1c"
	}
	for {
		if err != nil && err != io.EOF {
			return nil, &format.Error{File: s.path, Line: s.line, Text: "reading stopped", Mend: "the file is damaged or the disk fails; copy it again", Cause: err}
		}
		part, _ := s.in.Peek(s.in.Buffered())
		if len(part) == 0 {
			if len(s.buf) == 0 {
				return nil, io.EOF
			}
			return s.buf, nil
		}
		n := bytes.IndexAny(part, ends)
		found := n >= 0
		if !found {
			n = len(part)
		}
		s.buf = append(s.buf, part[:n]...)
		if len(s.buf) > s.limit {
			return nil, s.fail("a segment is longer than %d bytes", "look for line ends that are missing", s.limit)
		}
		s.skip(n)
		if found {
			s.end(head)
			return s.buf, nil
		}
		_, err = s.in.Peek(1)
	}
}

// end passes over the end of a segment. That of a header tells how those of the
// message end.
func (s *scanner) end(head bool) {
	two, _ := s.in.Peek(2)
	if two[0] == frameEnd {
		s.framed = false
		s.skip(1)
		return
	}
	pair := string(two) == "\r\n"
	if head && len(bytes.TrimSpace(s.buf)) > 0 {
		s.strict = two[0] == '\r' && !pair
	}
	s.next += 1 + bytes.Count(s.buf, []byte{'\n'})
	s.skip(1)
	if pair {
		s.skip(1)
	}
}

func (s *scanner) skip(n int) {
	_, _ = s.in.Discard(n) // of what was seen
	s.read.Add(int64(n))
}

// header says whether text begins a message, or begins or ends a batch or a file.
func header(b []byte) bool {
	b = bytes.TrimLeft(b, "\v\x1c\n ")
	if len(b) < 4 {
		return false
	}
	switch string(b[:3]) {
	case "MSH", "BHS", "FHS", "BTS", "FTS":
		return mark(b[3])
	}
	return false
}

func (s *scanner) close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}
