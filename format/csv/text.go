package csv

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
)

// open gives the text of a file, unpacked if it is gzip, without a byte order mark.
func open(path string) (io.Reader, *os.File, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(f, 256<<10)
	head, _ := in.Peek(3)
	if bytes.HasPrefix(head, gzipMagic) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			f.Close()
			return nil, nil, &format.Error{File: path, Text: "the file begins like gzip and is none", Mend: "copy or compress it again", Cause: err}
		}
		in = bufio.NewReaderSize(unpacked, 256<<10)
		head, _ = in.Peek(3)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		f.Close()
		return nil, nil, &format.Error{File: path, Line: 1, Text: "the file is UTF-16", Mend: "save it as UTF-8"}
	case bytes.HasPrefix(head, byteOrderMark):
		if _, err := in.Discard(3); err != nil {
			f.Close()
			return nil, nil, err
		}
	}
	return in, f, nil
}

var (
	gzipMagic     = []byte{0x1f, 0x8b}
	byteOrderMark = []byte{0xef, 0xbb, 0xbf}
)

// windows1252 is what bytes 0x80 to 0x9f mean in windows-1252; in ISO 8859-1
// (latin1) they are control codes, which no export holds, so both names read the
// same. Source: Encoding Standard, https://encoding.spec.whatwg.org/#windows-1252
var windows1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}

// recode appends to dst the UTF-8 of single-byte text.
func recode(dst, raw []byte) []byte {
	for _, c := range raw {
		switch {
		case c < 0x80:
			dst = append(dst, c)
		case c < 0xa0:
			dst = append(dst, string(windows1252[c-0x80])...)
		default:
			dst = append(dst, string(rune(c))...)
		}
	}
	return dst
}

// delimiters are tried in this order where the options name none.
const delimiters = ",;\t|"

// sniffDelimiter chooses the delimiter that cuts the first records into the same
// number of fields, the more the better. Where none does, it is the one that cuts
// the header most; then a later line is ragged and is told so.
// The decimal mark is no delimiter.
func sniffDelimiter(head []byte, decimal string) (delimiter byte, columns int) {
	candidates := strings.ReplaceAll(delimiters, decimal, "")
	best, most := candidates[0], 0
	for i := range len(candidates) {
		n, even := 0, true
		s := newScanner(bytes.NewReader(head), candidates[i], false, len(head)+1)
		for r := 0; r < 50 && s.record() == nil; r++ {
			if s.pos == len(s.buf) && s.end && r > 0 {
				break // the last record may be cut off
			}
			if r == 0 {
				n = len(s.fields)
			}
			even = even && len(s.fields) == n
		}
		rank := n
		if even && n > 1 {
			rank += 1 << 20
		}
		if rank > most {
			best, most, columns = candidates[i], rank, n
		}
	}
	return best, columns
}

// sniff is the format's confidence in the head of a file.
func sniff(head []byte, filename string) int {
	name := strings.ToLower(filename)
	if bytes.HasPrefix(head, gzipMagic) {
		name = strings.TrimSuffix(name, ".gz")
		in, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return 0
		}
		unpacked := make([]byte, 64<<10)
		n, _ := io.ReadFull(in, unpacked) // the head is cut off, so an error is expected
		head = unpacked[:n]
	}
	named := strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv") || strings.HasSuffix(name, ".tab")
	if named && (bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff})) {
		return 90 // UTF-16: opening it says how to mend it
	}
	if len(head) == 0 || bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
		return 0
	}
	if named {
		return 90
	}
	if first := bytes.TrimLeft(head, " \t\r\n\ufeff"); len(first) > 0 && strings.IndexByte("{[<", first[0]) >= 0 {
		return 0 // JSON or XML
	}
	if _, columns := sniffDelimiter(head, "."); columns > 1 && utf8.Valid(head[:len(head)-cutRune(head)]) {
		return 50
	}
	if strings.HasSuffix(name, ".txt") {
		return 10
	}
	return 0
}

// cutRune is the length of a character that the end of the head cuts off.
func cutRune(head []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(head); n++ {
		if c := head[len(head)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(head[len(head)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
