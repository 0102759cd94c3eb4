package formula

import "slices"

// An op is the kind of an expression node.
type op int

const (
	opNumber op = iota
	opString
	opName
	opCall   // text is the function
	opParen  // one argument
	opUnary  // text is + - !
	opBinary // text is the operator
)

// An expr is a node of the parsed text. at is the byte offset that an error
// about the node points to; src is the node's source text.
type expr struct {
	op    op
	text  string
	num   float64
	args  []*expr
	names []string // opCall: names of the arguments, "" where there is none
	at    int
	src   string
	whole string // the formula it stands in, for error columns
}

func (e *expr) err(format string, args ...any) *SyntaxError {
	return errorAt(e.whole, e.at, format, args...)
}

// unparen returns the node inside any parentheses.
func (e *expr) unparen() *expr {
	for e.op == opParen {
		e = e.args[0]
	}
	return e
}

// binding powers of R's operators (R Language Definition, section 10.3.3).
var binding = map[string]int{
	"|": 2, "||": 2, "&": 3, "&&": 3,
	"==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5,
	"+": 6, "-": 6, "*": 7, "/": 7, "%in%": 8, "%%": 8, "%/%": 8, ":": 9, "^": 11,
}

const (
	bindNot        = 4
	bindComparison = 5
	bindUnary      = 10
	bindPower      = 11
)

type parser struct {
	text string
	toks []token
	pos  int
}

// parse reads `left ~ right` or `~ right`.
func parse(text string) (left, right *expr, err error) {
	toks, serr := lex(text)
	if serr != nil {
		return nil, nil, serr
	}
	p := &parser{text: text, toks: toks}
	if !p.at("~") {
		if left, serr = p.expression(0, 0); serr != nil {
			return nil, nil, serr
		}
	}
	if !p.at("~") {
		if p.peek().kind == tokEnd {
			return nil, nil, errorAt(text, p.peek().at, "a formula needs a ~ between response and terms: y ~ x")
		}
		return nil, nil, p.unexpected()
	}
	p.pos++
	if right, serr = p.expression(0, 0); serr != nil {
		return nil, nil, serr
	}
	if p.at("~") {
		return nil, nil, errorAt(text, p.peek().at, "a formula has one ~ only")
	}
	if p.peek().kind != tokEnd {
		return nil, nil, p.unexpected()
	}
	return left, right, nil
}

// parseExpr reads one expression, as stored in a design.
func parseExpr(text string) (*expr, error) {
	toks, serr := lex(text)
	if serr != nil {
		return nil, serr
	}
	p := &parser{text: text, toks: toks}
	e, serr := p.expression(0, 0)
	if serr != nil {
		return nil, serr
	}
	if p.peek().kind != tokEnd {
		return nil, p.unexpected()
	}
	return e, nil
}

func (p *parser) peek() token       { return p.toks[p.pos] }
func (p *parser) at(op string) bool { return p.peek().kind == tokOp && p.peek().text == op }

func (p *parser) unexpected() *SyntaxError {
	t := p.peek()
	if t.kind == tokEnd {
		return errorAt(p.text, t.at, "the formula ends where a variable or a number was expected")
	}
	return errorAt(p.text, t.at, "unexpected %q", p.text[t.at:t.end])
}

// node makes a node that spans the source from byte `from` to the last token read.
func (p *parser) node(kind op, text string, at, from int, args ...*expr) *expr {
	return &expr{op: kind, text: text, args: args, at: at, src: p.text[from:p.toks[p.pos-1].end], whole: p.text}
}

// expression is a Pratt parser: operators that bind more tightly than `least`.
func (p *parser) expression(least, depth int) (*expr, *SyntaxError) {
	if depth > maxDepth {
		return nil, errorAt(p.text, p.peek().at, "the formula is nested more than %d deep", maxDepth)
	}
	from := p.peek().at
	left, err := p.prefix(depth)
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		t := p.peek()
		b, ok := binding[t.text]
		if t.kind != tokOp || !ok || b <= least {
			return left, nil
		}
		if n > maxTerms {
			return nil, errorAt(p.text, t.at, "more than %d operators in a row", maxTerms)
		}
		p.pos++
		limit := b
		if b == bindPower {
			limit = bindUnary - 1 // right-associative, and a sign may follow: a^-1
		}
		right, err := p.expression(limit, depth+1)
		if err != nil {
			return nil, err
		}
		if b == bindComparison && p.peek().kind == tokOp && binding[p.peek().text] == bindComparison {
			return nil, errorAt(p.text, p.peek().at, "comparisons cannot be chained: write a < x & x < b")
		}
		left = p.node(opBinary, t.text, t.at, from, left, right)
	}
}

func (p *parser) prefix(depth int) (*expr, *SyntaxError) {
	t := p.peek()
	switch t.kind {
	case tokNumber, tokString:
		p.pos++
		e := p.node(opNumber, t.text, t.at, t.at)
		e.num = t.num
		if t.kind == tokString {
			e.op = opString
		}
		return e, nil
	case tokName:
		p.pos++
		if p.at("(") && !t.quoted {
			return p.call(t, depth)
		}
		return p.name(t)
	case tokOp:
		switch t.text {
		case "+", "-", "!":
			p.pos++
			limit := bindUnary
			if t.text == "!" {
				limit = bindNot
			}
			arg, err := p.expression(limit, depth+1)
			if err != nil {
				return nil, err
			}
			return p.node(opUnary, t.text, t.at, t.at, arg), nil
		case "(":
			p.pos++
			arg, err := p.expression(0, depth+1)
			if err != nil {
				return nil, err
			}
			if !p.at(")") {
				return nil, errorAt(p.text, p.peek().at, "the parenthesis opened at column %d is not closed here", errorAt(p.text, t.at, "").Column)
			}
			p.pos++
			return p.node(opParen, "", t.at, t.at, arg), nil
		}
	}
	return nil, p.unexpected()
}

func (p *parser) name(t token) (*expr, *SyntaxError) {
	if !t.quoted {
		switch t.text {
		case "TRUE", "FALSE":
			e := p.node(opNumber, t.text, t.at, t.at)
			if t.text == "TRUE" {
				e.num = 1
			}
			return e, nil
		case "NA", "NaN", "NULL", "Inf", "function", "if", "else", "for", "while":
			return nil, errorAt(p.text, t.at, "%s has no place in a formula", t.text)
		}
	}
	return p.node(opName, t.text, t.at, t.at), nil
}

func (p *parser) call(t token, depth int) (*expr, *SyntaxError) {
	p.pos++ // (
	var args []*expr
	var names []string
	for !p.at(")") {
		if len(args) > 0 {
			if !p.at(",") {
				return nil, errorAt(p.text, p.peek().at, "expected , or ) in %s()", t.text)
			}
			p.pos++
		}
		name := ""
		if p.peek().kind == tokName && p.toks[p.pos+1].kind == tokOp && p.toks[p.pos+1].text == "=" {
			name = p.peek().text
			p.pos += 2
		}
		arg, err := p.expression(0, depth+1)
		if err != nil {
			return nil, err
		}
		args, names = append(args, arg), append(names, name)
	}
	p.pos++ // )
	e := p.node(opCall, t.text, t.at, t.at, args...)
	e.names = names
	if err := checkCall(e); err != nil {
		return nil, err
	}
	return e, nil
}

func isComparison(text string) bool {
	return slices.Contains([]string{"==", "!=", "<", ">", "<=", ">="}, text)
}
