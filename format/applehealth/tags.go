package applehealth

import (
	"bytes"
	"io"

	"hmsp.center/hmsp/format"
)

// An element is the name of a tag, as far as it matters.
type element uint8

const (
	nothing element = iota // a comment, an instruction, the document type
	other
	root
	me
	record
	correlation
	rootEnd
	correlationEnd
)

// Tags cuts XML into its tags and their attributes. It reads what the Health app writes:
// UTF-8, elements without a prefix. Text, comments, instructions and the document type
// are passed over, so an entity that is declared there is never expanded.
type tags struct {
	path string
	in   io.Reader
	buf  []byte // what was read
	pos  int    // of the next byte
	line int    // of buf's first byte, from 1
	end  bool   // the input has ended

	attributes []attribute // of the tag at hand
	opened     bool        // the root was
	closed     bool
}

// An attribute lies in the buffer until the next tag; its value is as it is written.
type attribute struct{ name, value []byte }

// The sizes of the buffer: it grows to the longest tag, comment or document type.
const (
	bufferBytes = 256 << 10
	longestTag  = 4 << 20
)

func newTags(path string, in io.Reader) *tags {
	return &tags{path: path, in: in, line: 1, buf: make([]byte, 0, bufferBytes)}
}

// fill reads more behind what is not used yet.
func (t *tags) fill() error {
	if t.pos > 0 {
		t.line += bytes.Count(t.buf[:t.pos], []byte("\n"))
		n := copy(t.buf, t.buf[t.pos:])
		t.buf, t.pos = t.buf[:n], 0
	}
	if len(t.buf) == cap(t.buf) {
		if cap(t.buf) >= longestTag {
			return t.fail("", "a tag, comment or document type is longer than 4 MiB", "export the file again")
		}
		t.buf = append(make([]byte, 0, 2*cap(t.buf)), t.buf...)
	}
	n, err := t.in.Read(t.buf[len(t.buf):cap(t.buf)])
	t.buf = t.buf[:len(t.buf)+n]
	if err == io.EOF {
		t.end = true
		return nil
	}
	return err
}

// next reads a tag; io.EOF after that which ends the document. An empty element is told
// once, as its begin.
func (t *tags) next() (element, error) {
	for {
		at := bytes.IndexByte(t.buf[t.pos:], '<')
		if at < 0 {
			t.pos = len(t.buf)
			if t.end {
				return other, t.last()
			}
			if err := t.fill(); err != nil {
				return other, err
			}
			continue
		}
		t.pos += at
		kind, n, ok := t.tag(t.buf[t.pos:])
		if !ok && !t.end {
			if err := t.fill(); err != nil {
				return other, err
			}
			continue
		}
		switch {
		case !ok:
			return other, t.cut()
		case n < 0:
			return other, t.fail("", "a tag is not as XML is written", "export the file again")
		}
		t.pos += n
		switch {
		case kind == root && !t.opened:
			t.opened = true
		case kind == nothing:
			continue
		case !t.opened || t.closed || kind == root:
			return other, t.fail("", "the document is not one element HealthData", "export the file again")
		}
		t.closed = kind == rootEnd
		return kind, nil
	}
}

// last is how the input ends.
func (t *tags) last() error {
	if t.closed {
		return io.EOF
	}
	return t.cut()
}

func (t *tags) cut() error {
	return t.fail("", "the file is cut off: the element HealthData does not end", "export the file again")
}

// tag reads what begins with "<". N is how long it is, -1 where it is no XML; not ok says
// that its end is not in b.
func (t *tags) tag(b []byte) (kind element, n int, ok bool) {
	t.attributes = t.attributes[:0]
	if len(b) < 2 {
		return nothing, 0, false
	}
	switch b[1] {
	case '?':
		return until(b, "?>")
	case '!':
		return declaration(b)
	case '/':
		kind, n, ok = until(b, ">")
		if ok {
			kind = other
			switch string(bytes.TrimRight(b[2:n-1], " \t\r\n")) {
			case "HealthData":
				kind = rootEnd
			case "Correlation":
				kind = correlationEnd
			}
		}
		return kind, n, ok
	}
	return t.element(b)
}

func until(b []byte, end string) (element, int, bool) {
	at := bytes.Index(b, []byte(end))
	if at < 0 {
		return nothing, 0, false
	}
	return nothing, at + len(end), true
}

// declaration passes over a comment, a section of text or the document type.
func declaration(b []byte) (element, int, bool) {
	switch {
	case len(b) < 9:
		return nothing, 0, false
	case bytes.HasPrefix(b, []byte("<!--")):
		return until(b, "-->")
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		return until(b, "]]>")
	}
	depth := 0 // of declarations in the document type
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '<':
			if bytes.HasPrefix(b[i:], []byte("<!--")) {
				_, n, ok := until(b[i:], "-->")
				if !ok {
					return nothing, 0, false
				}
				i += n - 1
				continue
			}
			depth++
		case '>':
			if depth--; depth == 0 {
				return nothing, i + 1, true
			}
		case '"', '\'':
			n := bytes.IndexByte(b[i+1:], c)
			if n < 0 {
				return nothing, 0, false
			}
			i += n + 1
		}
	}
	return nothing, 0, false
}

// element reads a tag with its attributes.
func (t *tags) element(b []byte) (kind element, n int, ok bool) {
	i := 1
	for i < len(b) && letter(b[i]) {
		i++
	}
	name := b[1:i]
	if len(name) == 0 && i < len(b) {
		return other, -1, true
	}
	kind = other
	switch string(name) {
	case "Record":
		kind = record
	case "Correlation":
		kind = correlation
	case "Me":
		kind = me
	case "HealthData":
		kind = root
	}
	for {
		spaces := i
		for i < len(b) && space(b[i]) {
			i++
		}
		if i == len(b) {
			return other, 0, false
		}
		switch {
		case b[i] == '>':
			return kind, i + 1, true
		case b[i] == '/':
			if i+1 == len(b) {
				return other, 0, false
			}
			if b[i+1] != '>' {
				return other, -1, true
			}
			if kind == correlation || kind == root { // without anything in it
				kind = other
			}
			return kind, i + 2, true
		case spaces == i:
			return other, -1, true
		}
		from := i
		for i < len(b) && letter(b[i]) {
			i++
		}
		name := b[from:i]
		if i+1 >= len(b) {
			return other, 0, false
		}
		quote := b[i+1]
		if len(name) == 0 || b[i] != '=' || quote != '"' && quote != '\'' {
			return other, -1, true
		}
		i += 2
		size := bytes.IndexByte(b[i:], quote)
		if size < 0 {
			return other, 0, false
		}
		value := b[i : i+size]
		if i += size + 1; bytes.IndexByte(value, '<') >= 0 {
			return other, -1, true
		}
		t.attributes = append(t.attributes, attribute{name, value})
	}
}

func letter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// get is the value of an attribute of the tag at hand; nil if it has none of that name.
func (t *tags) get(name string) []byte {
	for _, a := range t.attributes {
		if string(a.name) == name {
			return a.value
		}
	}
	return nil
}

// fail is an error about the tag at hand.
func (t *tags) fail(column, text, mend string) error {
	line := t.line + bytes.Count(t.buf[:t.pos], []byte("\n"))
	return &format.Error{File: t.path, Line: line, Column: column, Text: text, Mend: mend}
}
