package fhir

import (
	"encoding/binary"
	"math/bits"
)

// A kind is the kind of a JSON value, named by how it begins.
type kind byte

const (
	object kind = '{'
	array  kind = '['
	text   kind = '"'
	number kind = '0'
	yes    kind = 't'
	no     kind = 'f'
	null   kind = 'n'
)

// A node is a value, or a key, of a document. The nodes stand in the order of the
// text, so that what is in an object or an array follows it: a key and its value in
// turn, or the elements.
type node struct {
	kind     kind
	escaped  bool  // of a text: it holds escapes
	from, to int32 // its place in the text; of a text without the quotes
	next     int32 // the node behind it and everything in it
}

// A doc is a JSON value that was read once, from left to right, and checked against
// RFC 8259 on the way. It keeps places in the text and copies nothing, so that one
// reading serves every column. The text must not change while the doc is in use.
type doc struct {
	text  []byte
	nodes []node
}

// deepest is how deep values may lie in each other. FHIR's own resources stay well
// below 50.
const deepest = 256

// A flaw is what is wrong with JSON, and where.
type flaw struct {
	at   int
	text string
}

func (f *flaw) Error() string { return f.text }

// cut is the flaw of a text that ends inside a value.
const cut = "the text ends inside a value"

// parse reads the value that begins at from and returns the place behind it. A flaw
// with the text cut says that more text may mend it.
func (d *doc) parse(b []byte, from int) (int, *flaw) {
	d.text, d.nodes = b, d.nodes[:0]
	return d.value(blank(b, from), 0)
}

// blank is the first place from at on that is no white space.
func blank(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\r' || b[at] == '\t') {
		at++
	}
	return at
}

func (d *doc) value(at, depth int) (int, *flaw) {
	if at >= len(d.text) {
		return 0, &flaw{at, cut}
	}
	switch c := d.text[at]; c {
	case '"':
		return d.string(at)
	case '{', '[':
		if depth == deepest {
			return 0, &flaw{at, "values lie too deep in each other"}
		}
		me := len(d.nodes)
		d.nodes = append(d.nodes, node{kind: kind(c), from: int32(at)})
		end, err := d.inside(at+1, depth+1, c == '{')
		if err != nil {
			return 0, err
		}
		d.nodes[me].to, d.nodes[me].next = int32(end), int32(len(d.nodes))
		return end, nil
	case 't':
		return d.word(at, "true")
	case 'f':
		return d.word(at, "false")
	case 'n':
		return d.word(at, "null")
	}
	return d.number(at)
}

// inside reads what is between the brackets of an object or an array.
func (d *doc) inside(at, depth int, keys bool) (int, *flaw) {
	b, end := d.text, byte(']')
	if keys {
		end = '}'
	}
	if at = blank(b, at); at < len(b) && b[at] == end {
		return at + 1, nil
	}
	for {
		var err *flaw
		if keys {
			if at, err = d.key(at); err != nil {
				return 0, err
			}
		}
		if at < len(b) && b[at] == '"' { // as most values do
			at, err = d.string(at)
		} else {
			at, err = d.value(at, depth)
		}
		if err != nil {
			return 0, err
		}
		if at < len(b) && b[at] <= ' ' {
			at = blank(b, at)
		}
		switch {
		case at >= len(b):
			return 0, &flaw{at, cut}
		case b[at] == end:
			return at + 1, nil
		case b[at] != ',':
			return 0, &flaw{at, "a comma or " + string(end) + " is expected"}
		}
		if at++; at < len(b) && b[at] <= ' ' {
			at = blank(b, at)
		}
	}
}

// key reads a key and its colon, to where its value begins.
func (d *doc) key(at int) (int, *flaw) {
	b := d.text
	if at >= len(b) {
		return 0, &flaw{at, cut}
	}
	if b[at] != '"' {
		return 0, &flaw{at, "a name in quotes is expected"}
	}
	at, err := d.string(at)
	if err != nil {
		return 0, err
	}
	if at < len(b) && b[at] <= ' ' {
		at = blank(b, at)
	}
	if at >= len(b) {
		return 0, &flaw{at, cut}
	}
	if b[at] != ':' {
		return 0, &flaw{at, "a colon is expected"}
	}
	if at++; at < len(b) && b[at] <= ' ' {
		at = blank(b, at)
	}
	return at, nil
}

// string reads a text in quotes. It looks at eight bytes at a time for what ends
// the text or must not stand in it: the classic tests for a byte equal to n, and
// less than n, in a word (Warren, Hacker's Delight, 2nd ed., section 6-1), whose
// lowest mark is exact.
func (d *doc) string(at int) (int, *flaw) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	b, from, escaped := d.text, at+1, false
	at++
	for {
		m := uint64(0)
		for len(b)-at >= 8 {
			w := binary.LittleEndian.Uint64(b[at:])
			q, s := w^(ones*'"'), w^(ones*'\\')
			if m = ((q-ones)&^q | (s-ones)&^s | (w-ones*' ')&^w) & highs; m != 0 {
				at += bits.TrailingZeros64(m) >> 3
				break
			}
			at += 8
		}
		for m == 0 && at < len(b) && b[at] != '"' && b[at] != '\\' && b[at] >= ' ' {
			at++
		}
		switch {
		case at >= len(b):
			return 0, &flaw{at, cut}
		case b[at] == '"':
			d.nodes = append(d.nodes, node{kind: text, escaped: escaped, from: int32(from), to: int32(at), next: int32(len(d.nodes) + 1)})
			return at + 1, nil
		case b[at] != '\\':
			return 0, &flaw{at, "a control character stands in a text"}
		}
		n, err := escape(b, at)
		if err != nil {
			return 0, err
		}
		at, escaped = at+n, true
	}
}

// escape is the length of the escape at a backslash.
func escape(b []byte, at int) (int, *flaw) {
	if at+1 >= len(b) {
		return 0, &flaw{at, cut}
	}
	switch b[at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, nil
	case 'u':
		for i := at + 2; i < at+6; i++ {
			if i >= len(b) {
				return 0, &flaw{i, cut}
			}
			if c := b[i]; (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return 0, &flaw{i, "four hexadecimal digits are expected"}
			}
		}
		return 6, nil
	}
	return 0, &flaw{at, "a backslash begins no escape of JSON"}
}

// word reads true, false or null.
func (d *doc) word(at int, w string) (int, *flaw) {
	for i := range len(w) {
		if at+i >= len(d.text) {
			return 0, &flaw{at, cut}
		}
		if d.text[at+i] != w[i] {
			return 0, &flaw{at, "a value is expected"}
		}
	}
	d.nodes = append(d.nodes, node{kind: kind(w[0]), from: int32(at), to: int32(at + len(w)), next: int32(len(d.nodes) + 1)})
	return at + len(w), nil
}

// number reads a number. One at the end of the text may be cut off.
func (d *doc) number(from int) (int, *flaw) {
	b, at := d.text, from
	if b[at] == '-' {
		at++
	}
	whole := digits(b, at)
	if whole == at && at < len(b) || whole > at+1 && b[at] == '0' {
		return 0, &flaw{from, "a value is expected"}
	}
	at = whole
	if at < len(b) && b[at] == '.' {
		n := digits(b, at+1)
		if n == at+1 && n < len(b) {
			return 0, &flaw{n, "a digit is expected"}
		}
		at = n
	}
	if at < len(b) && b[at]|0x20 == 'e' {
		if at++; at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		n := digits(b, at)
		if n == at && n < len(b) {
			return 0, &flaw{n, "a digit is expected"}
		}
		at = n
	}
	if at >= len(b) {
		return 0, &flaw{at, cut}
	}
	d.nodes = append(d.nodes, node{kind: number, from: int32(from), to: int32(at), next: int32(len(d.nodes) + 1)})
	return at, nil
}

func digits(b []byte, at int) int {
	for at < len(b) && b[at] >= '0' && b[at] <= '9' {
		at++
	}
	return at
}
