package features

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"hmsp.center/hmsp/format"
)

// A Text reads the lines of a text file in UTF-8, packed with gzip or not.
type Text struct {
	Number int // of the line that was read last, from 1

	path   string
	file   io.Closer
	in     *bufio.Reader
	most   int    // of a line
	buffer []byte // of a line that is longer than the reader's
	packed bool
}

// textBuffer is what is read at once, and the head that Peek gives.
const textBuffer = 256 << 10

// OpenText opens a text file; most is the longest line in bytes.
func OpenText(path string, most int) (*Text, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	t, err := NewText(path, f, most)
	if err != nil {
		f.Close()
	}
	return t, err
}

// NewText reads a text from a stream, which Close closes; path is for errors alone.
func NewText(path string, in io.ReadCloser, most int) (*Text, error) {
	t := &Text{path: path, file: in, most: most, in: bufio.NewReaderSize(in, textBuffer)}
	if head, _ := t.in.Peek(2); bytes.Equal(head, gzipMagic()) {
		unpacked, err := gzip.NewReader(t.in)
		if err != nil {
			return nil, &format.Error{File: path, Text: "the file begins like gzip and is none", Mend: "copy or compress it again", Cause: err}
		}
		t.in, t.packed = bufio.NewReaderSize(unpacked, textBuffer), true
	}
	if head, _ := t.in.Peek(3); string(head) == "\ufeff" {
		_, _ = t.in.Discard(3) // which Peek has read
	}
	return t, nil
}

func gzipMagic() []byte { return []byte{0x1f, 0x8b} }

// Unpacked is the head of a text file as Sniff sees it, without gzip; nil where it is not
// text.
func Unpacked(head []byte) []byte {
	if bytes.HasPrefix(head, gzipMagic()) {
		in, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return nil
		}
		unpacked := make([]byte, 4*len(head)+1024)
		n, _ := io.ReadFull(in, unpacked) // the head is cut off, so an error is expected
		head = unpacked[:n]
	}
	if bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
		return nil
	}
	return bytes.TrimPrefix(head, []byte("\ufeff"))
}

// Peek is the beginning of what is still to be read, as far as it is there.
func (t *Text) Peek() []byte {
	head, _ := t.in.Peek(textBuffer)
	return head
}

// Line is the next line without its end, good until the next call; io.EOF after the last.
// Lines without any letter are passed over.
func (t *Text) Line() ([]byte, error) {
	for {
		line, err := t.line()
		if err != nil {
			return nil, err
		}
		if len(line) > 0 {
			return line, nil
		}
	}
}

func (t *Text) line() ([]byte, error) {
	line, err := t.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		t.buffer = t.buffer[:0]
		for err == bufio.ErrBufferFull {
			t.buffer = append(t.buffer, line...)
			if len(t.buffer) > t.most {
				return nil, t.Fault(fmt.Sprintf("the line is longer than %d MiB", t.most>>20), "read it with more memory")
			}
			line, err = t.in.ReadSlice('\n')
		}
		t.buffer = append(t.buffer, line...)
		line = t.buffer
	}
	if err == io.EOF && len(line) == 0 {
		return nil, io.EOF
	}
	t.Number++
	if err != nil && err != io.EOF {
		return nil, t.broken(err)
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
	return line, nil
}

func (t *Text) broken(err error) *format.Error {
	e := &format.Error{File: t.path, Line: t.Number, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || !isSystem(err) {
		e.Text, e.Mend = "the packed file is damaged or not whole", "copy or export it again"
	}
	return e
}

func isSystem(err error) bool {
	var p *os.PathError
	return errors.As(err, &p)
}

// Fault is an error about the line that was read last. In a packed file that does not
// unpack to its end, the packing is to blame, and not the line.
func (t *Text) Fault(text, mend string) *format.Error {
	if t.packed {
		if _, err := io.CopyN(io.Discard, t.in, faultBytes); err != nil && err != io.EOF {
			return t.broken(err)
		}
	}
	return &format.Error{File: t.path, Line: t.Number, Text: text, Mend: mend}
}

// faultBytes is how much of a packed file is unpacked to say what is wrong with it.
const faultBytes = 256 << 20

// Name is a field as a name: UTF-8 without spaces around.
func (t *Text) Name(field []byte) (string, error) {
	field = bytes.TrimSpace(field)
	if !utf8.Valid(field) {
		return "", t.Fault("a name is not in UTF-8", "save the file as UTF-8")
	}
	return string(field), nil
}

// Close lets go of the file.
func (t *Text) Close() error { return t.file.Close() }

// Fields cuts a line at a delimiter into fields without their quotes (RFC 4180); they use
// the memory of the line, which may be changed. A quote that does not end is not ok.
func Fields(fields [][]byte, line []byte, delimiter byte) (out [][]byte, ok bool) {
	if bytes.IndexByte(line, '"') < 0 {
		for {
			i := bytes.IndexByte(line, delimiter)
			if i < 0 {
				return append(fields, line), true
			}
			fields = append(fields, line[:i])
			line = line[i+1:]
		}
	}
	for {
		field, rest, last, ok := field(line, delimiter)
		if !ok {
			return fields, false
		}
		fields = append(fields, field)
		if last {
			return fields, true
		}
		line = rest
	}
}

// field takes the first field off a line.
func field(line []byte, delimiter byte) (field, rest []byte, last, ok bool) {
	if len(line) == 0 || line[0] != '"' {
		i := bytes.IndexByte(line, delimiter)
		if i < 0 {
			return line, nil, true, true
		}
		return line[:i], line[i+1:], false, true
	}
	n := 0 // the field moves to the start of the line, doubled quotes become one
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] != '"':
		case i+1 < len(line) && line[i+1] == '"':
			i++
		case i+1 == len(line):
			return line[:n], nil, true, true
		case line[i+1] == delimiter:
			return line[:n], line[i+2:], false, true
		default:
			return nil, nil, false, false
		}
		line[n] = line[i]
		n++
	}
	return nil, nil, false, false
}

// ParseValue reads a number with a decimal mark; the texts of missing are NaN.
func ParseValue(field []byte, decimal byte, missing []string) (float64, bool) {
	if x, ok := quick(field, decimal); ok {
		return x, true
	}
	for _, m := range missing {
		if string(field) == m {
			return math.NaN(), true
		}
	}
	trimmed := bytes.TrimSpace(field)
	if len(trimmed) != len(field) {
		return ParseValue(trimmed, decimal, missing)
	}
	switch string(field) {
	case "", "NA", "NaN", "nan", "null":
		return math.NaN(), true
	}
	if decimal == '.' {
		for _, c := range field {
			if c > '9' && c != 'e' && c != 'E' || c < '+' {
				return 0, false // hexadecimal and infinities, which ParseFloat would take
			}
		}
		x, err := strconv.ParseFloat(string(field), 64)
		return x, err == nil
	}
	return format.ParseNumber(string(field), string(rune(decimal)))
}

// quick reads the common short decimals: a whole number below 2^53 over a power of ten up
// to 10^22 is rounded once, so it is exact (Clinger 1990).
func quick(field []byte, decimal byte) (float64, bool) {
	i, negative := 0, false
	if len(field) > 0 && field[0] == '-' {
		i, negative = 1, true
	}
	if len(field)-i == 0 || len(field)-i > 16 {
		return 0, false
	}
	n, scale, digit, marked := uint64(0), 0, false, false
	for ; i < len(field); i++ {
		switch c := field[i]; {
		case c >= '0' && c <= '9':
			n, digit = n*10+uint64(c-'0'), true
			if marked {
				scale++
			}
		case c == decimal && !marked:
			marked = true
		default:
			return 0, false
		}
	}
	if !digit || n >= 1<<53 {
		return 0, false
	}
	x := float64(n)
	if scale > 0 {
		x /= powers[scale]
	}
	if negative {
		x = -x
	}
	return x, true
}

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16}
