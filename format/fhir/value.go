package fhir

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
)

// A value is a node of a doc; the zero value is one that is not there, and so is
// whatever is asked of it.
type value struct {
	doc *doc
	at  int32
}

// root is the value that was parsed.
func (d *doc) root() value { return value{d, 0} }

func (v value) there() bool { return v.doc != nil }

func (v value) node() node { return v.doc.nodes[v.at] }

// is says whether the value is there and of a kind.
func (v value) is(k kind) bool { return v.doc != nil && v.doc.nodes[v.at].kind == k }

// get is the member of an object by its name.
func (v value) get(name string) value {
	if !v.is(object) {
		return value{}
	}
	nodes, b := v.doc.nodes, v.doc.text
	for k, end := v.at+1, nodes[v.at].next; k < end; k = nodes[k+1].next {
		if n := &nodes[k]; int(n.to-n.from) == len(name) && string(b[n.from:n.to]) == name {
			if nodes[k+1].kind == null {
				return value{}
			}
			return value{v.doc, k + 1}
		}
	}
	return value{}
}

// path is get of several names, each in the one before; where an array lies between,
// its first element goes on.
func (v value) path(names ...string) value {
	for _, n := range names {
		v = v.first().get(n)
	}
	return v
}

// first is the first element of an array, and any other value itself.
func (v value) first() value {
	if !v.is(array) {
		return v
	}
	for e := range v.each {
		return e
	}
	return value{}
}

// each yields the elements of an array that are there, or the one value that is no
// array: in FHIR both mean a list.
func (v value) each(yield func(value) bool) {
	if !v.is(array) {
		if v.there() {
			yield(v)
		}
		return
	}
	nodes := v.doc.nodes
	for k, end := v.at+1, nodes[v.at].next; k < end; k = nodes[k].next {
		if nodes[k].kind != null && !yield(value{v.doc, k}) {
			return
		}
	}
}

// members yields the members of an object in order, with their names as written.
func (v value) members(yield func([]byte, value) bool) {
	if !v.is(object) {
		return
	}
	nodes := v.doc.nodes
	for k, end := v.at+1, nodes[v.at].next; k < end; k = nodes[k+1].next {
		if !yield(v.doc.text[nodes[k].from:nodes[k].to], value{v.doc, k + 1}) {
			return
		}
	}
}

// raw is a value as it is written, a text without its quotes.
func (v value) raw() []byte {
	if !v.there() {
		return nil
	}
	n := v.node()
	return v.doc.text[n.from:n.to]
}

// append appends a text, number or truth to dst; nothing of any other value.
func (v value) append(dst []byte) []byte {
	if !v.there() {
		return dst
	}
	switch n := v.node(); {
	case n.kind == object, n.kind == array, n.kind == null:
		return dst
	case n.escaped:
		return unescape(dst, v.raw())
	}
	return append(dst, v.raw()...)
}

// text is a text without escapes; empty for any other value.
func (v value) text() []byte {
	if !v.is(text) {
		return nil
	}
	if v.node().escaped {
		return unescape(nil, v.raw())
	}
	return v.raw()
}

// equals says whether the value is this text.
func (v value) equals(s string) bool { return v.is(text) && string(v.text()) == s }

// float is a number, also one that was written as a text. One that no float64 can
// hold is none.
func (v value) float() (float64, bool) {
	switch {
	case v.is(number):
		x, err := strconv.ParseFloat(string(v.raw()), 64)
		return x, err == nil
	case v.is(text):
		return format.ParseNumber(string(v.raw()), ".")
	}
	return 0, false
}

// unescape appends a text whose escapes have been checked. Half of a surrogate pair
// becomes U+FFFD, as in encoding/json.
func unescape(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex(s[:4])
			s = s[4:]
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
					low = hex(s[2:6])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					s = s[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
}

func hex(s []byte) rune {
	x, _ := strconv.ParseUint(string(s), 16, 16) // checked by escape
	return rune(x)
}
