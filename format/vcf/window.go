package vcf

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"hmsp.center/hmsp/format"
)

// maxRecord bounds a line of a VCF, a record of a BCF and the header. It is some hundred
// bytes for each of a million people: a small compressed file can unfold to more, and
// memory for a line is taken twice while it grows.
const maxRecord = 128 << 20

// A window looks at a stream line by line, or some bytes at a time. What it returns is
// good until it is asked again.
type window struct {
	s     stream
	rest  []byte // of the current piece
	carry []byte // what lies in several pieces
	lines int    // read so far
	open  bool   // the last line had no end
}

// line is the next line without its end; io.EOF after the last.
func (w *window) line() ([]byte, error) {
	if i := bytes.IndexByte(w.rest, '\n'); i >= 0 {
		line := w.rest[:i]
		w.rest = w.rest[i+1:]
		w.lines++
		return chomp(line), nil
	}
	w.carry = append(w.carry[:0], w.rest...)
	w.rest = nil
	for {
		p, err := w.s.next()
		if err == io.EOF && len(w.carry) > 0 {
			w.open = true
			w.lines++
			return chomp(w.carry), nil
		}
		if err != nil {
			return nil, err
		}
		i := bytes.IndexByte(p, '\n')
		if n := len(w.carry) + max(i, len(p)); n > maxRecord {
			return nil, tooLong()
		}
		if i >= 0 {
			w.carry = append(w.carry, p[:i]...)
			w.rest = p[i+1:]
			w.lines++
			return chomp(w.carry), nil
		}
		w.carry = append(w.carry, p...)
	}
}

// chomp takes the first half of a Windows line end away (section 1.1).
func chomp(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// take is the next n bytes; io.EOF if there is none, and an error if there are fewer. Its
// memory grows with what is read, not with n.
func (w *window) take(n int) ([]byte, error) {
	if n > maxRecord || n < 0 {
		return nil, tooLong()
	}
	if len(w.rest) >= n {
		b := w.rest[:n]
		w.rest = w.rest[n:]
		return b, nil
	}
	w.carry = append(w.carry[:0], w.rest...)
	w.rest = nil
	for len(w.carry) < n {
		p, err := w.s.next()
		if err == io.EOF && len(w.carry) > 0 {
			return nil, early()
		}
		if err != nil {
			return nil, err
		}
		k := min(len(p), n-len(w.carry))
		w.carry = append(w.carry, p[:k]...)
		w.rest = p[k:]
	}
	return w.carry, nil
}

func tooLong() error {
	return &format.Error{Text: fmt.Sprintf("a record or the header is longer than %d MiB", maxRecord>>20),
		Mend: "check that this is a VCF or BCF file"}
}

// gunzipHead is the first n bytes of a compressed file's content, or fewer.
func gunzipHead(head []byte, n int) []byte {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil
	}
	b := make([]byte, n)
	k, _ := io.ReadFull(z, b) // what is cut off does not matter
	return b[:k]
}
