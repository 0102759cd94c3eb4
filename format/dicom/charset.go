package dicom

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	known "github.com/suyashkumar/dicom/pkg/charset"
)

// errCharset is of a text that cannot be told in letters.
var errCharset = errors.New("a text is in a character set (0008,0005) that is not read")

// A charset is the values of Specific Character Set (PS3.3 section C.12.1.1.2).
type charset []string

func charsetOf(names string) charset {
	var out charset
	for n := range strings.SplitSeq(names, `\`) {
		out = append(out, trim(n))
	}
	return out
}

// decode is a text in UTF-8. Text in a set that none is named for is Latin-1, which most
// that leave it out mean.
func (c charset) decode(b []byte) (string, error) {
	name := ""
	if len(c) > 0 {
		name = c[0]
	}
	escaped := bytes.IndexByte(b, 0x1b) >= 0
	if !escaped && ascii(b) {
		return string(b), nil
	}
	switch {
	case name == "ISO_IR 192":
		if !utf8.Valid(b) {
			return "", errCharset
		}
		return string(b), nil
	case !escaped:
		return decode(strings.Replace(name, "ISO 2022 IR", "ISO_IR", 1), b)
	case slices.Contains(c, "ISO 2022 IR 87"), slices.Contains(c, "ISO 2022 IR 159"):
		return decode("ISO 2022 IR 87", b) // its decoder knows the escapes of both, and of ISO_IR 13
	case slices.Contains(c, "ISO 2022 IR 149"): // KS X 1001 in G1, beside ASCII
		return decode("ISO 2022 IR 149", bytes.ReplaceAll(b, []byte("\x1b$)C"), nil))
	case slices.Contains(c, "ISO 2022 IR 58"): // GB 2312 in G1, beside ASCII
		return decode("GBK", bytes.ReplaceAll(b, []byte("\x1b$)A"), nil))
	}
	return "", errCharset
}

// decode reads a text by the name of its character set. The library panics on some names
// that it knows and has no table for.
func decode(name string, b []byte) (text string, err error) {
	defer func() {
		if recover() != nil {
			text, err = "", errCharset
		}
	}()
	if name == "ISO_IR 149" || name == "ISO_IR 58" { // without their escapes
		name = "ISO 2022 " + name[len("ISO_"):]
	}
	system, err := known.ParseSpecificCharacterSet([]string{name})
	if err != nil {
		return "", errCharset
	}
	if text, err = system.Ideographic.String(string(b)); err != nil || strings.ContainsRune(text, utf8.RuneError) {
		return "", errCharset
	}
	return text, nil
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
