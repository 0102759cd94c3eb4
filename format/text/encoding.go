package text

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// The encodings, by the names of format.Options.
const (
	utf8Name    = "utf-8"
	utf16Name   = "utf-16"
	latin1Name  = "latin1"
	windowsName = "windows-1252"
)

func known(encoding string) bool {
	return slices.Contains([]string{utf8Name, utf16Name, latin1Name, windowsName}, encoding)
}

// What is wrong with the bytes of a text.
var (
	errBinary = errors.New("this is no text: it holds control characters")
	errUTF8   = errors.New("the text is not whole UTF-8, and no other encoding")
	errUTF16  = errors.New("the text is not whole UTF-16")
	errNamed  = errors.New("the text is not in the encoding that is named")
)

// detect tells the encoding of a text: by a byte order mark, by the zeros that every
// second byte of UTF-16 is in Latin scripts, and otherwise as UTF-8 where it is that. A
// text with more broken places than whole characters of several bytes is of single
// bytes: windows-1252 where it uses 0x80 to 0x9f, which are control codes in latin1.
func detect(raw []byte) string {
	if mark, _ := marked(raw); mark != "" {
		return mark
	}
	if zeros := bytes.Count(raw, []byte{0}); zeros > len(raw)/4 {
		return utf16Name
	}
	whole, loose, high := 0, 0, 0
	for rest := raw; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n == 1 && utf8.FullRune(rest):
			loose++
			if c := rest[0]; c >= 0x80 && c < 0xa0 {
				high++
			}
			if letter(rest[0]) == 0 {
				return utf8Name // no encoding has it: decoding says so
			}
		case n > 1:
			whole++
		}
		rest = rest[n:]
	}
	switch {
	case loose <= whole:
		return utf8Name
	case high > 0:
		return windowsName
	}
	return latin1Name
}

// marked is the encoding that a byte order mark names, and its length.
func marked(raw []byte) (encoding string, length int) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xef, 0xbb, 0xbf}):
		return utf8Name, 3
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return utf16Name, 2
	}
	return "", 0
}

// decode gives a text of an encoding as UTF-8, without a byte order mark.
func decode(raw []byte, encoding string) (string, error) {
	mark, n := marked(raw)
	var out []byte
	var err error
	switch encoding {
	case utf16Name:
		out, err = wide(raw, mark, n)
	case latin1Name, windowsName:
		if mark == utf16Name {
			return "", errNamed
		}
		if mark == utf8Name {
			return "", errNamed
		}
		out, err = narrow(raw)
	default:
		if mark == utf16Name {
			return "", errNamed
		}
		if out = raw[n:]; !utf8.Valid(out) {
			err = errUTF8
		}
	}
	if err == nil && binaryText(out) {
		err = errBinary
	}
	return string(out), err
}

// wide decodes UTF-16. Without a mark the order of bytes is the one whose second half
// has the zeros.
func wide(raw []byte, mark string, n int) ([]byte, error) {
	if mark == utf8Name || len(raw)%2 != 0 {
		return nil, errUTF16
	}
	var order binary.ByteOrder = binary.LittleEndian
	if mark != "" && raw[0] == 0xfe || mark == "" && bigEndian(raw) {
		order = binary.BigEndian
	}
	out := make([]byte, 0, len(raw)/2)
	for raw = raw[n:]; len(raw) > 0; raw = raw[2:] {
		r := rune(order.Uint16(raw))
		if utf16.IsSurrogate(r) {
			if len(raw) < 4 {
				return nil, errUTF16
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(raw[2:]))); r == utf8.RuneError {
				return nil, errUTF16
			}
			raw = raw[2:]
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

func bigEndian(raw []byte) bool {
	first, second := 0, 0
	for i := 0; i+1 < len(raw); i += 2 {
		if raw[i] == 0 {
			first++
		}
		if raw[i+1] == 0 {
			second++
		}
	}
	return first > second
}

// narrow decodes single bytes.
func narrow(raw []byte) ([]byte, error) {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	for _, c := range raw {
		r := letter(c)
		if r == 0 && c != 0 {
			return nil, errNamed
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

// letter is what a byte is in windows-1252, 0 where it is nothing. In latin1 0x80 to
// 0x9f are control codes, which no note holds, so both read the same. Source: Encoding
// Standard, https://encoding.spec.whatwg.org/#windows-1252
func letter(c byte) rune {
	if c < 0x80 || c >= 0xa0 {
		return rune(c)
	}
	return [32]rune{
		0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
		0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
	}[c-0x80]
}

// binaryText says whether a text has what no text has: the control characters that are
// neither white space nor a form feed, a bell of old terminals, nor an escape.
func binaryText(text []byte) bool {
	return bytes.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && (r < '\a' || r > '\r') && r != 0x1b && r != 0x1a
	})
}
