package csv

import (
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
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

// A tally counts what tells the encodings apart.
type tally struct {
	whole int // characters of several bytes in UTF-8
	loose int // bytes that are not UTF-8
	high  int // of these, 0x80 to 0x9f: windows-1252 and not latin1
	odd   int // of these, what neither has in a text: codes without meaning, and ÿ
}

// add counts a part of the text; characters that its ends cut are left out.
func (t *tally) add(part []byte) {
	for i := 0; i < 3 && len(part) > 0 && !utf8.RuneStart(part[0]); i++ {
		part = part[1:]
	}
	if part = part[:len(part)-cutRune(part)]; utf8.Valid(part) {
		for _, c := range part {
			if c >= 0xc0 {
				t.whole++
			}
		}
		return
	}
	for len(part) > 0 {
		if part[0] < utf8.RuneSelf {
			part = part[1:]
			continue
		}
		r, n := utf8.DecodeRune(part)
		if r != utf8.RuneError || n > 1 {
			t.whole++
		} else {
			t.single(part[0])
		}
		part = part[n:]
	}
}

func (t *tally) single(c byte) {
	t.loose++
	switch {
	case c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d || c == 0xff:
		t.odd++
	case c < 0xa0:
		t.high++
	}
}

// encoding is what the text seen is written in. A UTF-8 text with broken places
// stays one, and so does what is none of them: reading tells the line.
func (t *tally) encoding() string {
	switch {
	case t.loose <= t.whole || t.odd > 0:
		return "utf-8"
	case t.high > 0:
		return "windows-1252"
	}
	return "latin1"
}

// detect tells the encoding: by the byte order mark, or from the head of the text
// and parts over the whole file.
func (in *input) detect(head []byte) (string, error) {
	if in.mark != "" {
		return in.mark, nil
	}
	var t tally
	if !in.plain() {
		t.add(head)
		return t.encoding(), nil
	}
	err := in.samples(256<<10, 32, func(_ int64, part []byte) error {
		t.add(part)
		return nil
	})
	return t.encoding(), err
}

// A utf16Reader gives UTF-16 as UTF-8.
type utf16Reader struct {
	in    io.Reader
	big   bool
	raw   [32 << 10]byte
	kept  int // bytes at the beginning of raw that are half a character
	text  []byte
	ready []byte // of text, still to give
}

var errUTF16 = errors.New("not whole UTF-16")

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.ready) == 0 {
		if err := u.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.ready)
	u.ready = u.ready[n:]
	return n, nil
}

func (u *utf16Reader) more() error {
	n, err := u.in.Read(u.raw[u.kept:])
	if n == 0 {
		if err == io.EOF && u.kept > 0 {
			return errUTF16
		}
		return err
	}
	raw, text := u.raw[:u.kept+n], u.text[:0]
	for len(raw) >= 2 {
		r := u.unit(raw)
		size := 2
		if utf16.IsSurrogate(r) {
			if len(raw) < 4 {
				break
			}
			if r = utf16.DecodeRune(r, u.unit(raw[2:])); r == utf8.RuneError {
				return errUTF16
			}
			size = 4
		}
		text, raw = utf8.AppendRune(text, r), raw[size:]
	}
	u.kept = copy(u.raw[:], raw)
	u.text, u.ready = text, text
	return nil
}

func (u *utf16Reader) unit(b []byte) rune {
	if u.big {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
}
