// Package vocabulary names code systems, matches codes and translates them: the
// words in which clinical sources say what was diagnosed, measured, done and given.
//
// It serves the clinical formats, which write codes as tokens, and the mapping and
// the cohorts, which look for them. It holds no code system: none of those in
// clinical use may be handed on freely and all change every year, so what it knows
// of them is their names and the shape of their codes.
package vocabulary

import "strings"

// Token is a code as the clinical tables write it: "loinc:4548-4". The system is a
// short name, a URI or an OID; without a short name it stays as it is, before a "|":
// "http://example.org/lab|K". A space in either is written %20, because spaces
// stand between tokens, and what is already written so means the same. An empty
// code gives an empty token.
func Token(system, code string) string {
	code = unspaced(strings.TrimSpace(code))
	if code == "" {
		return ""
	}
	short := Short(system)
	if known(short) {
		return short + ":" + code
	}
	return unspaced(strings.ReplaceAll(short, "|", "%7C")) + "|" + code
}

// Split is the reverse of Token. A token that says no system has "" as such. A
// short name that is not of this package, as a site may use for codes of its own
// ("lab:K"), is a system too.
func Split(token string) (system, code string) {
	s, c := cut(token)
	return strings.ReplaceAll(spaced(s), "%7C", "|"), spaced(c)
}

// cut finds the system of a token and its code, as they are written.
func cut(token string) (system, code string) {
	colon := strings.IndexByte(token, ':')
	if colon > 0 && known(token[:colon]) {
		return token[:colon], token[colon+1:]
	}
	if bar := strings.IndexByte(token, '|'); bar >= 0 {
		return token[:bar], token[bar+1:]
	}
	if colon > 0 {
		return token[:colon], token[colon+1:]
	}
	return "", token
}

// unspaced writes white space as %20.
func unspaced(s string) string {
	if strings.IndexFunc(s, isSpace) < 0 {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, isSpace), "%20")
}

func isSpace(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == 0x85 || r == 0xA0
}

func spaced(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "%20", " ")
}
