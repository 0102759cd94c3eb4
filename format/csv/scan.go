package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// A field is where a value lies in the scanner's buffer, without quotes and
// surrounding spaces; doubled says that "" in it stands for one quote.
type field struct {
	from, to int
	doubled  bool
}

// A scanner splits text into records by RFC 4180, and by what real files do
// beside it: any of \n, \r\n and \r ends a record, spaces around a value and
// around its quotes are dropped, a quote inside an unquoted value is a letter, and
// blank lines are skipped.
type scanner struct {
	in        io.Reader
	delimiter byte
	utf8      bool // hold every record to be UTF-8
	unquoted  bool // a quote is a letter
	limit     int  // bytes in a record at most

	buf    []byte
	pos    int // of the next record in buf
	end    bool
	next   int   // line on which the next record starts
	read   int64 // bytes of finished records
	fields []field
	line   int // line on which the current record starts
}

func newScanner(in io.Reader, delimiter byte, utf8 bool, limit int) *scanner {
	return &scanner{in: in, delimiter: delimiter, utf8: utf8, limit: limit, next: 1}
}

// A fault is what is wrong with the text at a line.
type fault struct {
	line       int
	text, mend string
	cause      error
}

func (f *fault) Error() string { return fmt.Sprintf("line %d: %s", f.line, f.text) }

func (f *fault) Unwrap() error { return f.cause }

// record goes to the next record that is not blank; io.EOF after the last. The
// fields are valid until the next call.
func (s *scanner) record() error {
	for {
		s.line = s.next
		n, lines, err := s.split()
		if err == errMore {
			if err := s.fill(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.EOF
		}
		raw := s.buf[s.pos : s.pos+n]
		if err := s.check(raw); err != nil {
			return err
		}
		s.pos, s.next, s.read = s.pos+n, s.next+lines, s.read+int64(n)
		if len(s.fields) > 1 || s.fields[0].to > s.fields[0].from {
			return nil
		}
	}
}

// value is the text of a field, appended to dst.
func (s *scanner) value(dst []byte, f field) []byte {
	raw := s.buf[f.from:f.to]
	if !f.doubled {
		return append(dst, raw...)
	}
	for {
		i := bytes.IndexByte(raw, '"')
		if i < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i+1]...)
		raw = raw[i+2:]
	}
}

var errMore = errors.New("more text is needed")

// fill reads more text behind the unfinished record.
func (s *scanner) fill() error {
	if s.pos > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	if len(s.buf) >= s.limit {
		return &fault{line: s.line, text: fmt.Sprintf("a record is longer than %d bytes", s.limit),
			mend: "look for a quote that is never closed, or for a line end that is missing"}
	}
	if len(s.buf) == cap(s.buf) {
		grown := make([]byte, len(s.buf), min(max(2*cap(s.buf), 256<<10), s.limit))
		copy(grown, s.buf)
		s.buf = grown
	}
	n, err := io.ReadAtLeast(s.in, s.buf[len(s.buf):cap(s.buf)], 1)
	s.buf = s.buf[:len(s.buf)+n]
	switch {
	case err == io.EOF:
		s.end = true
	case err != nil:
		return stopped(s.line, err)
	}
	return nil
}

// stopped says why there is no more text.
func stopped(line int, err error) error {
	if errors.Is(err, errUTF16) {
		return &fault{line: line, text: "a character is not whole UTF-16", mend: "export the file again, as UTF-8"}
	}
	return &fault{line: line, text: "reading stopped", mend: "the file is damaged or the disk fails; copy it again", cause: err}
}

// check refuses bytes that are no text.
func (s *scanner) check(raw []byte) error {
	if bytes.IndexByte(raw, 0) >= 0 {
		return &fault{line: s.line, text: "the line holds a zero byte, so this is no text file", mend: "export it as CSV in UTF-8"}
	}
	if !s.utf8 || utf8.Valid(raw) {
		return nil
	}
	at, line := 0, s.line
	for at < len(raw) {
		r, n := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		at += n
	}
	begin := bytes.LastIndexByte(raw[:at], '\n') + 1
	return &fault{line: line, text: fmt.Sprintf("byte %d of the line is not UTF-8", at-begin+1),
		mend: "save the file as UTF-8, or set encoding: latin1 (or windows-1252) if that is what it is"}
}

// split finds the record at pos: its length with the line end, and how many line
// ends are in it. It returns errMore if the record is not complete in the buffer,
// and length 0 at the end of the text.
func (s *scanner) split() (length, lines int, err error) {
	s.fields = s.fields[:0]
	at := s.pos
	if at == len(s.buf) && s.end {
		return 0, 0, nil
	}
	for {
		f, next, quotedLines, err := s.field(at)
		if err != nil {
			return 0, 0, err
		}
		s.fields = append(s.fields, f)
		lines += quotedLines
		at = next
		if at == len(s.buf) { // only at the end of the text
			return at - s.pos, lines, nil
		}
		switch s.buf[at] {
		case s.delimiter:
			at++
			continue
		case '\r':
			if at+1 == len(s.buf) && !s.end {
				return 0, 0, errMore
			}
			if at+1 < len(s.buf) && s.buf[at+1] == '\n' {
				at++
			}
		}
		return at + 1 - s.pos, lines + 1, nil
	}
}

// field finds the value that starts at from, and the delimiter or line end behind it.
func (s *scanner) field(from int) (f field, next, lines int, err error) {
	buf := s.buf
	for from < len(buf) && s.blank(buf[from]) {
		from++
	}
	if from < len(buf) && buf[from] == '"' && !s.unquoted {
		return s.quoted(from + 1)
	}
	to := from
	for to < len(buf) {
		if c := buf[to]; c == s.delimiter || c == '\n' || c == '\r' {
			break
		}
		to++
	}
	if to == len(buf) && !s.end {
		return field{}, 0, 0, errMore
	}
	f = field{from: from, to: to}
	for f.to > f.from && s.blank(buf[f.to-1]) {
		f.to--
	}
	return f, to, 0, nil
}

// blank is a space around a value; a tab is none where it is the delimiter.
func (s *scanner) blank(c byte) bool { return c == ' ' || c == '\t' && s.delimiter != '\t' }

// quoted finds the end of a value that starts behind a quote.
func (s *scanner) quoted(from int) (f field, next, lines int, err error) {
	buf, at := s.buf, from
	f.from = from
	for {
		i := bytes.IndexByte(buf[at:], '"')
		switch {
		case i < 0 && !s.end:
			return field{}, 0, 0, errMore
		case i < 0:
			return field{}, 0, 0, &fault{line: s.line, text: "a quoted value that starts in this record is never closed",
				mend: "close it, or double the quotes inside a quoted value"}
		}
		at += i
		if at+1 < len(buf) && buf[at+1] == '"' {
			f.doubled = true
			at += 2
			continue
		}
		if at+1 == len(buf) && !s.end {
			return field{}, 0, 0, errMore
		}
		break
	}
	f.to = at
	lines = bytes.Count(buf[f.from:f.to], []byte{'\n'})
	next = at + 1
	for next < len(buf) && s.blank(buf[next]) {
		next++
	}
	if next == len(buf) {
		if !s.end {
			return field{}, 0, 0, errMore
		}
	} else if c := buf[next]; c != s.delimiter && c != '\n' && c != '\r' {
		return field{}, 0, 0, &fault{line: s.line + lines, text: "there is text behind a closing quote",
			mend: "double the quotes inside a quoted value"}
	}
	f.trim(buf)
	return f, next, lines, nil
}

// trim drops the spaces inside the quotes.
func (f *field) trim(buf []byte) {
	for f.from < f.to && (buf[f.from] == ' ' || buf[f.from] == '\t') {
		f.from++
	}
	for f.to > f.from && (buf[f.to-1] == ' ' || buf[f.to-1] == '\t') {
		f.to--
	}
}
