package fhir

import (
	"fmt"
	"strings"
)

// A selector names values of a resource in the manner of FHIRPath N1
// (https://hl7.org/fhirpath/N1/). It knows names, indexers, = != and or, the
// literals '...', 1.5, true and false, and the functions where, extension, exists,
// empty, not, count, first, last and ofType (also as as).
//
// It differs in one place: a comparison of several values holds if it holds for one
// of them, so that code.coding.code = '8480-6' finds a concept coded twice.
type selector interface {
	// eval puts what the selector gives for a collection on the stack.
	eval(s *stack, in span) span
}

// mostNested is how deep selectors may lie in each other.
const mostNested = 32

// longestSelector bounds the length of one.
const longestSelector = 4096

// compile parses a selector. Its error names the place, from 1, of what is wrong.
func compile(s string) (selector, error) {
	if len(s) > longestSelector {
		return nil, fmt.Errorf("the selector has %d characters, %d are allowed", len(s), longestSelector)
	}
	p := &parser{text: s}
	p.next()
	out, err := p.or(0)
	if err == nil && p.kind != 0 {
		err = p.expected("a dot, an operator or the end")
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// A parser reads a selector token by token. The kind of a token is 'n' of a name,
// a single quote of a text, '0' of a number, its first character of anything else, 0 at the
// end, and '?' where it is none.
type parser struct {
	text  string
	at    int // behind the token
	from  int // of the token
	kind  byte
	token string // a name, a text without quotes and escapes, a number, an operator
}

func (p *parser) expected(what string) error {
	return fmt.Errorf("the selector is wrong at position %d: %s is expected", p.from+1, what)
}

func (p *parser) next() {
	s := p.text
	for p.at < len(s) && (s[p.at] == ' ' || s[p.at] == '\t' || s[p.at] == '\n' || s[p.at] == '\r') {
		p.at++
	}
	p.from, p.kind, p.token = p.at, 0, ""
	if p.at == len(s) {
		return
	}
	c := s[p.at]
	p.at++
	switch {
	case letter(c):
		for p.at < len(s) && (letter(s[p.at]) || s[p.at] >= '0' && s[p.at] <= '9') {
			p.at++
		}
		p.kind, p.token = 'n', s[p.from:p.at]
	case c >= '0' && c <= '9', c == '-' && p.at < len(s) && s[p.at] >= '0' && s[p.at] <= '9':
		for p.at < len(s) && s[p.at] >= '0' && s[p.at] <= '9' {
			p.at++
		}
		if p.at+1 < len(s) && s[p.at] == '.' && s[p.at+1] >= '0' && s[p.at+1] <= '9' {
			for p.at++; p.at < len(s) && s[p.at] >= '0' && s[p.at] <= '9'; {
				p.at++
			}
		}
		p.kind, p.token = '0', s[p.from:p.at]
	case c == '\'' || c == '`':
		p.quoted(c)
	case c == '!' && p.at < len(s) && s[p.at] == '=':
		p.at++
		p.kind, p.token = '!', "!="
	case strings.IndexByte(".()[]=,", c) >= 0:
		p.kind, p.token = c, string(c)
	default:
		p.kind = '?'
	}
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

// quoted reads a text in quotes, or a name in backquotes.
func (p *parser) quoted(quote byte) {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == quote:
			p.kind, p.token = '\'', b.String()
			if quote == '`' {
				p.kind = 'n'
				if p.token == "" {
					p.kind = '?'
				}
			}
			return
		case c == '\\' && p.at < len(p.text) && strings.IndexByte("'\"`\\/", p.text[p.at]) >= 0:
			b.WriteByte(p.text[p.at])
			p.at++
		case c == '\\':
			p.from, p.kind = p.at-1, '?'
			return
		default:
			b.WriteByte(c)
		}
	}
	p.kind = '?' // never closed
}

func (p *parser) or(depth int) (selector, error) {
	return p.joined(depth, "or", (*parser).and)
}

func (p *parser) and(depth int) (selector, error) {
	return p.joined(depth, "and", (*parser).equality)
}

// joined reads operands of a logical operator.
func (p *parser) joined(depth int, operator string, operand func(*parser, int) (selector, error)) (selector, error) {
	left, err := operand(p, depth)
	for err == nil && p.kind == 'n' && p.token == operator {
		p.next()
		var right selector
		if right, err = operand(p, depth); err == nil {
			left = logical{left, right, operator == "or"}
		}
	}
	return left, err
}

func (p *parser) equality(depth int) (selector, error) {
	left, err := p.path(depth)
	if err != nil || p.kind != '=' && p.kind != '!' {
		return left, err
	}
	not := p.kind == '!'
	p.next()
	right, err := p.path(depth)
	if err != nil {
		return nil, err
	}
	return equality{left, right, not}, nil
}

// path reads a term and what follows it after dots and in brackets.
func (p *parser) path(depth int) (selector, error) {
	if depth > mostNested {
		return nil, p.expected("less nesting")
	}
	steps, err := p.term(depth)
	for err == nil && (p.kind == '.' || p.kind == '[') {
		if len(steps) > 256 {
			return nil, p.expected("a shorter path")
		}
		var s selector
		if p.kind == '[' {
			s, err = p.indexer()
		} else if p.next(); p.kind != 'n' {
			err = p.expected("a name")
		} else {
			s, err = p.invocation(depth)
		}
		steps = append(steps, s)
	}
	if err != nil || len(steps) == 1 {
		return append(steps, nil)[0], err
	}
	return path(steps), nil
}

func (p *parser) term(depth int) (path, error) {
	var s selector
	var err error
	switch p.kind {
	case '(':
		p.next()
		if s, err = p.or(depth + 1); err == nil {
			err = p.close(')')
		}
	case '\'':
		s = literal{item{text: p.token, kind: text}}
		p.next()
	case '0':
		s = literal{item{text: p.token, kind: number}}
		p.next()
	case 'n':
		if p.token == "true" || p.token == "false" {
			s = truth(p.token == "true")
			p.next()
			break
		}
		s, err = p.invocation(depth)
	default:
		return nil, p.expected("a name, a value or a parenthesis")
	}
	return path{s}, err
}

func (p *parser) close(c byte) error {
	if p.kind != c {
		return p.expected(string(c))
	}
	p.next()
	return nil
}

func (p *parser) indexer() (selector, error) {
	p.next()
	n := 0
	if p.kind != '0' || p.token[0] == '-' || strings.Contains(p.token, ".") || len(p.token) > 6 {
		return nil, p.expected("a whole number from 0 to 999999")
	}
	for _, c := range p.token {
		n = n*10 + int(c-'0')
	}
	p.next()
	return index(n), p.close(']')
}
