package formula

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokNumber
	tokString
	tokName
	tokOp
)

// A token is a piece of the text; at and end are byte offsets.
type token struct {
	kind    tokenKind
	at, end int
	text    string // operator, name without backticks, string without quotes
	num     float64
	quoted  bool // a name in backticks
}

// operators, longest first where one begins another.
var operators = [...]string{
	"%in%", "%/%", "%%", "<-", "->", "==", "!=", "<=", ">=", "&&", "||", "|>",
	"~", "+", "-", "*", "/", "^", ":", "(", ")", ",", "=", "<", ">", "!", "&", "|", "$", "[", "]", "{", "}", "@", ";", "?",
}

// errorAt makes a SyntaxError for a byte offset of text.
func errorAt(text string, at int, format string, args ...any) *SyntaxError {
	return &SyntaxError{Column: utf8.RuneCountInString(text[:min(at, len(text))]) + 1, Text: fmt.Sprintf(format, args...)}
}

func lex(text string) ([]token, *SyntaxError) {
	var out []token
	for at := 0; ; {
		for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
			at++
		}
		if at == len(text) {
			return append(out, token{kind: tokEnd, at: at, end: at}), nil
		}
		t, err := next(text, at)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		at = t.end
	}
}

func next(text string, at int) (token, *SyntaxError) {
	rest := text[at:]
	c, _ := utf8.DecodeRuneInString(rest)
	switch {
	case c == '`':
		n := strings.IndexByte(rest[1:], '`')
		if n < 1 {
			return token{}, errorAt(text, at, "a name in backticks is not closed: write `name`")
		}
		return token{kind: tokName, at: at, end: at + n + 2, text: rest[1 : n+1], quoted: true}, nil
	case c == '"' || c == '\'':
		n := strings.IndexByte(rest[1:], byte(c))
		if n < 0 {
			return token{}, errorAt(text, at, "a text is not closed: the quote %c is missing", c)
		}
		return token{kind: tokString, at: at, end: at + n + 2, text: rest[1 : n+1]}, nil
	case isDigit(rest, 0) || c == '.' && isDigit(rest, 1):
		return lexNumber(text, at)
	case c == '.' || unicode.IsLetter(c):
		n := strings.IndexFunc(rest, func(r rune) bool {
			return r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		})
		if n < 0 {
			n = len(rest)
		}
		return token{kind: tokName, at: at, end: at + n, text: rest[:n]}, nil
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			return token{kind: tokOp, at: at, end: at + len(op), text: op}, nil
		}
	}
	return token{}, errorAt(text, at, "unexpected character %q; put names with other characters in backticks, as `my variable`", c)
}

func isDigit(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

func lexNumber(text string, at int) (token, *SyntaxError) {
	n := at
	digits := func() {
		for isDigit(text, n) {
			n++
		}
	}
	digits()
	if n < len(text) && text[n] == '.' {
		n++
		digits()
	}
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		m := n + 1
		if m < len(text) && (text[m] == '+' || text[m] == '-') {
			m++
		}
		if isDigit(text, m) {
			n = m
			digits()
		}
	}
	x, err := strconv.ParseFloat(text[at:n], 64)
	if err != nil {
		return token{}, errorAt(text, at, "the number %s is too large", text[at:n])
	}
	if n < len(text) && text[n] == 'L' { // R's whole-number suffix
		n++
	}
	if c, _ := utf8.DecodeRuneInString(text[n:]); c == '_' || unicode.IsLetter(c) {
		return token{}, errorAt(text, at, "a name cannot begin with a digit: put it in backticks")
	}
	return token{kind: tokNumber, at: at, end: n, num: x}, nil
}
