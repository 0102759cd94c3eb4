package fhir

import (
	"strings"

	"hmsp.center/hmsp/vocabulary"
)

// terms writes codes as package vocabulary does, and remembers how each system is
// written: a source names a few systems millions of times.
type terms struct{ prefixes map[string]string }

// mostSystems bounds what is remembered, whatever a source holds.
const mostSystems = 4096

// codes appends the codes of a CodeableConcept or a Coding, or of a list of them, to
// those in dst: "loinc:4548-4 snomed:43396009".
func (t *terms) codes(dst []byte, v value) []byte {
	for c := range v.each {
		codings := c.get("coding")
		if !codings.there() {
			dst = t.coding(dst, c)
			continue
		}
		for coding := range codings.each {
			dst = t.coding(dst, coding)
		}
	}
	return dst
}

func (t *terms) coding(dst []byte, coding value) []byte {
	code, system := coding.get("code").text(), coding.get("system").text()
	if len(code) == 0 {
		return dst
	}
	if len(dst) > 0 {
		dst = append(dst, ' ')
	}
	for _, c := range code {
		if c <= ' ' || c >= 0x80 { // white space, perhaps; the vocabulary knows how to write it
			return append(dst, vocabulary.Token(string(system), string(code))...)
		}
	}
	return append(append(dst, t.prefix(system)...), code...)
}

// prefix is what stands before the codes of a system.
func (t *terms) prefix(system []byte) string {
	prefix, ok := t.prefixes[string(system)]
	if ok {
		return prefix
	}
	prefix = strings.TrimSuffix(vocabulary.Token(string(system), "x"), "x")
	if t.prefixes == nil {
		t.prefixes = map[string]string{}
	}
	if len(t.prefixes) < mostSystems {
		t.prefixes[string(system)] = prefix
	}
	return prefix
}
