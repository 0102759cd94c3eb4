package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The languages that are told apart, as BCP 47 writes them; Other is one of the others,
// or too little text.
const (
	German  = "de"
	English = "en"
	Other   = "und"
)

// The profiles are the most frequent words of each language that the other does not
// have ("in", "an", "so", "was", "war", "am", "die" and the like are left out), with those
// that letters of doctors are full of. Articles and prepositions make a third of running
// text in both languages (Zipf 1935), and letters in note form still have one in twenty.
const (
	german = " der das und den von zu mit sich des auf für ist im dem nicht ein eine als auch es werden aus er hat dass sie nach wird bei einer um sind noch wie einem über einen zum haben nur oder aber vor zur bis mehr durch sein wurde wurden keine kein keinen ohne unter wir ihre ihrer patientin herr frau seit beim vom sowie rechts links befund diagnose diagnosen anhalt "
	englis = " the of and to is that it he for on are with as his they at be this have from or had by but some what there we can out other were all your when up use how said each she which their will if about many then them these her would like him into has more no not patient year old history denies reports without left right you i "
)

// minWords is how many words a language is told from at least.
const minWords = 8

// languageOf counts words of both profiles: a language is one of whose words make a
// twentieth of the first 2000, and which has twice as many as the other.
func languageOf(text string) string {
	de, en, all := 0, 0, 0
	words(text, func(word string) bool {
		word = strings.ToLower(word)
		if strings.Contains(german, " "+word+" ") {
			de++
		}
		if strings.Contains(englis, " "+word+" ") {
			en++
		}
		all++
		return all < 2000
	})
	switch {
	case all < minWords:
		return Other
	case de*20 >= all && de >= 2*en:
		return German
	case en*20 >= all && en >= 2*de:
		return English
	}
	return Other
}

// words gives each word of a text, as long as more says so: a run of letters, digits and
// marks, which a hyphen or an apostrophe between two of them joins.
func words(text string, more func(word string) bool) {
	from := -1
	for i, r := range text {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		switch {
		case inside && from < 0:
			from = i
		case !inside && from >= 0 && !joins(text[i:], r):
			if !more(text[from:i]) {
				return
			}
			from = -1
		}
	}
	if from >= 0 {
		more(text[from:])
	}
}

// joins says whether a hyphen or an apostrophe stands before a letter or digit.
func joins(rest string, r rune) bool {
	if r != '-' && r != '\'' && r != '’' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(rest[utf8.RuneLen(r):])
	return unicode.IsLetter(next) || unicode.IsDigit(next)
}

func countWords(text string) int64 {
	n := int64(0)
	words(text, func(string) bool { n++; return true })
	return n
}
