package hl7

import (
	"strings"

	"hmsp.center/hmsp/vocabulary"
)

// codes reads the codes of a CE, CWE or CNE (chapter 2A): the identifier with its
// system, and the alternate one with its own. Coding is the system where the field
// names none, and national that of Germany's yearly OIDs. A field without a code
// gives its text as a code of no system.
func (m *message) codes(rep []byte, national, coding string) string {
	if s, ok := m.met[codeKey{string(rep), national, coding, m.charset, m.delimiters}]; ok { // which copies nothing
		return s
	}
	s := m.tokens(rep, national, coding)
	if len(m.met) < maxMet {
		m.met[codeKey{string(rep), national, coding, m.charset, m.delimiters}] = s
	}
	return s
}

// A codeKey is what the codes of a field depend on.
type codeKey struct {
	rep, national, coding string
	charset               charset
	delimiters            delimiters
}

// maxMet bounds the memory of the fields met.
const maxMet = 10_000

func (m *message) tokens(rep []byte, national, coding string) string {
	var out []string
	for _, k := range [2]int{1, 4} {
		code := m.text(part(m.component(rep, k), m.sub, 1))
		id := m.text(part(m.component(rep, k+2), m.sub, 1))
		if id == "" && k == 1 {
			id = coding
		}
		if token := vocabulary.Token(german(id, national), code); token != "" {
			out = append(out, token)
		}
	}
	if len(out) == 0 {
		return vocabulary.Token("", m.named(rep))
	}
	return strings.Join(out, " ")
}

// named is the text of a coded value: as it was entered, or the text of a code.
func (m *message) named(rep []byte) string {
	for _, k := range [3]int{9, 2, 5} {
		if s := m.text(m.component(rep, k)); s != "" {
			return s
		}
	}
	return ""
}

// unit is OBX-6 and its like: the UCUM code if one of the two codes is, else the
// first code, else the text.
func (m *message) unit(rep []byte) string {
	for _, k := range [2]int{1, 4} {
		if system(m.text(m.component(rep, k+2))) == "ucum" {
			if s := m.text(m.component(rep, k)); s != "" {
				return s
			}
		}
	}
	return firstOf(m.text(m.component(rep, 1)), m.text(m.component(rep, 2)))
}
