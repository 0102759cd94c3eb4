package hl7

import (
	"strings"
	"unicode/utf8"
)

// A charset turns bytes into text.
type charset int

const (
	unnamed    charset = iota // UTF-8 where it is, else windows-1252
	unicode8                  // UTF-8
	latin1                    // ISO 8859-1, and windows-1252 in the codes that it leaves free
	latin9                    // ISO 8859-15
	notOffered                // none that is read here; ASCII is
)

// charsetOf is the first of MSH-18 (2.15.9.18, table 0211).
func charsetOf(name string) charset {
	switch name { // as nearly all write it
	case "":
		return unnamed
	case "UNICODE UTF-8":
		return unicode8
	case "8859/1":
		return latin1
	}
	switch strings.NewReplacer(" ", "", "-", "", "_", "", "/", "", "ISO", "").Replace(strings.ToUpper(name)) {
	case "ASCII":
		return unnamed
	case "UNICODEUTF8", "UTF8", "UNICODE":
		return unicode8
	case "88591", "WINDOWS1252", "CP1252", "LATIN1":
		return latin1
	case "885915":
		return latin9
	}
	return notOffered
}

// text is bytes in UTF-8; ok is false if they are not of the character set.
func (c charset) text(raw []byte) (s string, ok bool) {
	if ascii(raw) {
		return string(raw), true
	}
	switch c {
	case unicode8:
		return strings.ToValidUTF8(string(raw), "\ufffd"), utf8.Valid(raw)
	case notOffered:
		return "", false
	case unnamed:
		if utf8.Valid(raw) {
			return string(raw), true
		}
	}
	out := make([]rune, len(raw))
	for i, b := range raw {
		out[i] = c.letter(b)
	}
	return string(out), true
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (c charset) letter(b byte) rune {
	if c == latin9 { // the letters that part it from ISO 8859-1
		switch b {
		case 0xa4:
			return '€'
		case 0xa6:
			return 'Š'
		case 0xa8:
			return 'š'
		case 0xb4:
			return 'Ž'
		case 0xb8:
			return 'ž'
		case 0xbc:
			return 'Œ'
		case 0xbd:
			return 'œ'
		case 0xbe:
			return 'Ÿ'
		}
	}
	if b >= 0x80 && b < 0xa0 { // as in https://encoding.spec.whatwg.org/#windows-1252
		return []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")[b-0x80]
	}
	return rune(b)
}
