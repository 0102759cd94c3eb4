package csv

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"unicode/utf8"
)

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
	if markOf(head) == "utf-16" {
		head, _ = io.ReadAll(&utf16Reader{in: bytes.NewReader(head), big: head[0] == 0xfe}) // the head is cut off, so an error is expected
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
	var t tally
	t.add(head)
	text := t.loose == 0 || t.encoding() != "utf-8" && t.loose < len(head)/4
	if _, columns := sniffDelimiter(head, "."); columns > 1 && text {
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
