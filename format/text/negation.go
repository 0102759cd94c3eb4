package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// window is how many words may stand between a trigger and what it negates: NegEx
// (Chapman et al. 2001, J Biomed Inform 34:301-310) has five.
const window = 5

// A trigger is what a phrase does to what stands around it.
type trigger int

const (
	none   trigger = iota
	before         // it negates what comes after it: "no evidence of"
	after          // it negates what came before: "was ruled out"
	both           // "nicht" and "not" stand on either side
	pseudo         // it looks like a negation and is none: "not only"
	ends           // what follows is another statement: "but"
)

// phraseOf is what a phrase of lower-case words does, in German and English. They are
// those of NegEx that letters of doctors use, and their German counterparts as in
// Cotik et al. 2016 (Proc. BioNLP 2016, 115-119).
func phraseOf(phrase string) trigger {
	switch phrase {
	case "kein", "keine", "keinen", "keinem", "keiner", "keines", "keinerlei", "ohne", "weder", "noch", "nie", "niemals", "ausschluss", "ausschluß", "leugnet",
		"no", "without", "denies", "denied", "denying", "never", "absence of", "free of", "negative for", "neither", "nor", "lack of", "lacks", "rules out", "rule out", "excludes":
		return before
	case "ausgeschlossen", "ausgeschlossen werden", "verneint werden", "negativ", "nein", "nicht vorhanden", "nicht bekannt", "nicht nachweisbar", "nicht nachgewiesen", "fehlt", "fehlend", "unwahrscheinlich",
		"ruled out", "excluded", "absent", "negative", "unlikely", "not seen", "not present", "not found":
		return after
	case "nicht", "verneint", "not":
		return both
	case "nicht nur", "nicht ausgeschlossen", "nicht sicher ausgeschlossen", "nicht auszuschließen", "kein zweifel", "keine änderung", "keine veränderung", "keine zunahme", "noch immer", "noch bestehend",
		"not only", "not necessarily", "not ruled out", "cannot be ruled out", "not be ruled out", "no increase", "no change", "no significant change", "no interval change", "no further", "not certain if", "without difficulty", "no doubt":
		return pseudo
	case "aber", "jedoch", "sondern", "allerdings", "dennoch", "trotzdem", "außer", "bis auf", "wegen", "aufgrund", "bei bekanntem", "bei bekannter",
		"but", "however", "nevertheless", "yet", "though", "although", "still", "except", "apart from", "aside from", "because of", "due to", "secondary to":
		return ends
	}
	return none
}

// longest is how many words a phrase has at most.
const longest = 4

// affirmed says whether a text has a match that is not negated. A match is negated by a
// phrase of the same statement that stands up to window words before or after it.
func affirmed(text string, e *regexp.Regexp) bool {
	for at := 0; at <= len(text); {
		m := e.FindStringIndex(text[at:])
		if m == nil {
			return false
		}
		from, to := at+m[0], at+m[1]
		if !negated(text, from, to) {
			return true
		}
		if at = to; m[0] == m[1] { // an empty match
			_, n := utf8.DecodeRuneInString(text[to:])
			at += max(n, 1)
		}
	}
	return false
}

func negated(text string, from, to int) bool {
	left, right := tail(text[:from]), head(text[to:])
	for i := len(left); i > 0; {
		k, n := phrase(left[:i], true)
		if between := len(left) - i; k == ends || between > window {
			break
		} else if k == before || k == both {
			return true
		}
		i -= n
	}
	for i := 0; i < len(right) && i <= window; {
		switch k, n := phrase(right[i:], false); k {
		case after:
			return true
		case both: // "diabetes was not seen", and not "diabetes is not treated with insulin"
			if i <= 1 && i+n == len(right) {
				return true
			}
			i += n
		case before, ends:
			return false
		default:
			i += n
		}
	}
	return false
}

// phrase finds the longest phrase at the end, or the beginning, of words, and how many
// it has; none of one word where there is none.
func phrase(words []string, last bool) (trigger, int) {
	for n := min(longest, len(words)); n > 0; n-- {
		part := words[:n]
		if last {
			part = words[len(words)-n:]
		}
		if k := phraseOf(strings.Join(part, " ")); k != none {
			return k, n
		}
	}
	return none, 1
}

// reach is how many words of a statement can matter on one side.
const reach = window + longest + 1

// tail are the last words of the statement that a text ends with, in lower case.
func tail(text string) []string {
	cut := max(len(text)-reach*40, 0)
	for cut < len(text) && !utf8.RuneStart(text[cut]) {
		cut++
	}
	text = text[cut:]
	for i := len(text) - 1; i >= 0; i-- {
		if boundary(text, i) {
			text = text[i+1:]
			break
		}
	}
	out := lower(text)
	return out[max(len(out)-reach, 0):]
}

// head are the first words of the rest of the statement that a text begins in.
func head(text string) []string {
	cut := min(reach*40, len(text))
	for cut < len(text) && !utf8.RuneStart(text[cut]) {
		cut++
	}
	end := cut
	for i := range text[:cut] {
		if boundary(text, i) {
			end = i
			break
		}
	}
	out := lower(text[:end])
	return out[:min(len(out), reach)]
}

func lower(text string) []string {
	var out []string
	words(text, func(w string) bool { out = append(out, strings.ToLower(w)); return true })
	return out
}

// boundary says whether a statement ends at the byte i: with ; ! ? or a point that is
// no decimal mark and ends no abbreviation of up to three letters, with an empty line, and
// where the next line is a point of a list.
func boundary(text string, i int) bool {
	rest := text[i+1:]
	switch text[i] {
	case ';', '!', '?':
		return true
	case '.':
		if rest != "" && rest[0] != ' ' && rest[0] != '\n' && rest[0] != '\r' {
			return false
		}
		word := text[:i]
		if at := strings.LastIndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' }); at >= 0 {
			word = word[at+1:]
		}
		return utf8.RuneCountInString(word) > 3 || word == ""
	case '\n':
		line := strings.TrimLeft(rest, " \t\r")
		return line == "" || line[0] == '\n' || line[0] == '-' || line[0] == '*' || line[0] >= '0' && line[0] <= '9' || strings.HasPrefix(line, "•")
	}
	return false
}
