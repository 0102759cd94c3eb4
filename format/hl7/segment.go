package hl7

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// delimiters are the characters that part a message (2.5.4); the usual ones are
// |^~\&.
type delimiters struct{ field, component, repetition, escape, sub byte }

// delimitersOf reads MSH-1 and MSH-2 of a message's header. Where MSH-2 is short, as
// early versions allow, the characters that it leaves out are not in use.
func delimitersOf(header []byte) (d delimiters, ok bool) {
	if len(header) < 5 || !mark(header[3]) {
		return d, false
	}
	d.field = header[3]
	end := bytes.IndexByte(header[4:], d.field)
	if end < 0 {
		end = len(header) - 4
	}
	if end > 5 { // the fifth is for truncation, from version 2.7 on
		return d, false
	}
	into := [5]*byte{&d.component, &d.repetition, &d.escape, &d.sub, new(byte)}
	for i, c := range header[4 : 4+end] {
		if !mark(c) || bytes.IndexByte(header[3:4+i], c) >= 0 {
			return d, false
		}
		*into[i] = c
	}
	return d, end > 0
}

// mark says whether a character may part things: displayable ASCII (2.6), and no
// letter, digit or space.
func mark(c byte) bool {
	return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z')
}

// A segment is cut into its fields: fields[n] is field n, fields[0] the name.
type segment struct {
	delimiters
	fields [][]byte
	line   int
}

// cut parts a segment, reusing its fields.
func (s *segment) cut(raw []byte) {
	s.fields = s.fields[:0]
	if string(raw[:3]) == "MSH" { // whose first field is the separator itself
		s.fields = append(s.fields, raw[:3])
		raw = raw[3:]
		s.fields, raw = append(s.fields, raw[:1]), raw[1:]
	}
	for {
		i := bytes.IndexByte(raw, s.field)
		if i < 0 {
			s.fields = append(s.fields, raw)
			return
		}
		s.fields, raw = append(s.fields, raw[:i]), raw[i+1:]
	}
}

func (s *segment) name() string { return string(s.fields[0]) }

// get is a field as it is written, with its repetitions; nil if it is not there.
func (s *segment) get(n int) []byte {
	if n < len(s.fields) {
		return s.fields[n]
	}
	return nil
}

// each yields the repetitions of a field.
func (s *segment) each(n int, yield func(rep []byte) bool) {
	for rest := s.get(n); len(rest) > 0; {
		var rep []byte
		if rep, rest = cutAt(rest, s.repetition); !yield(rep) {
			return
		}
	}
}

// first is the first repetition of a field.
func (s *segment) first(n int) []byte {
	rep, _ := cutAt(s.get(n), s.repetition)
	return rep
}

func cutAt(b []byte, c byte) (first, rest []byte) {
	if c != 0 {
		if i := bytes.IndexByte(b, c); i >= 0 {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// part is part k, from 1, of what a delimiter parts.
func part(b []byte, c byte, k int) []byte {
	for ; k > 1; k-- {
		_, b = cutAt(b, c)
	}
	first, _ := cutAt(b, c)
	return first
}

// component is a component of a repetition.
func (s *segment) component(rep []byte, k int) []byte { return part(rep, s.delimiters.component, k) }

// leaf is the first component, and of that the first subcomponent: what is there of
// a value where a newer version has parted it further (2.8).
func (s *segment) leaf(rep []byte) []byte { return part(s.component(rep, 1), s.sub, 1) }

// null is the value that says: there is none (2.6).
func null(b []byte) bool { return string(b) == `""` }

// unescape appends text whose escape sequences are resolved (2.7): delimiters, bytes
// in hexadecimal, and line ends. Highlighting, other formatting, character sets and
// local sequences leave no letter; what is no sequence stays as it is.
func (d delimiters) unescape(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, d.escape)
		if d.escape == 0 || i < 0 {
			return append(dst, b...)
		}
		dst, b = append(dst, b[:i]...), b[i+1:]
		n := bytes.IndexByte(b, d.escape)
		if n < 0 {
			return append(append(dst, d.escape), b...)
		}
		out, ok := d.sequence(string(b[:n]))
		if !ok {
			dst = append(dst, d.escape)
			continue
		}
		dst, b = append(dst, out...), b[n+1:]
	}
}

// sequence is what stands for an escape sequence.
func (d delimiters) sequence(s string) (string, bool) {
	switch s {
	case "F":
		return string(rune(d.field)), true
	case "S":
		return string(rune(d.component)), true
	case "T":
		return string(rune(d.sub)), true
	case "R":
		return string(rune(d.repetition)), true
	case "E":
		return string(rune(d.escape)), true
	case "H", "N":
		return "", true
	case ".br", ".ce":
		return "\n", true
	case ".fi", ".nf":
		return "", true
	}
	switch {
	case strings.HasPrefix(s, "X"):
		raw, err := hex.DecodeString(s[1:])
		return string(raw), err == nil && len(raw) > 0
	case strings.HasPrefix(s, ".sp"):
		return "\n", true
	case strings.HasPrefix(s, ".in"), strings.HasPrefix(s, ".ti"), strings.HasPrefix(s, ".sk"):
		return "", true
	case len(s) > 1 && strings.IndexByte("CMZ", s[0]) >= 0 && !strings.Contains(s, " "):
		return "", true
	}
	return "", false
}
