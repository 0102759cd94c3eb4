package formula

import (
	"math/bits"
	"slices"
)

// A bitset says which variables a term has: bit i is variable i.
type bitset [maxVars / 64]uint64

func (b *bitset) set(i int)     { b[i/64] |= 1 << (i % 64) }
func (b *bitset) clear(i int)   { b[i/64] &^= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

func (b bitset) or(c bitset) bitset {
	for i := range b {
		b[i] |= c[i]
	}
	return b
}

func (b bitset) within(c bitset) bool {
	for i := range b {
		if b[i]&^c[i] != 0 {
			return false
		}
	}
	return true
}

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// expansion is the right-hand side after R's terms.formula: variables in order
// of appearance, terms by order and then by appearance.
type expansion struct {
	vars      []*expr
	index     map[string]int // by deparsed text
	terms     []bitset
	intercept bool
	offsets   []*expr
	strata    []*expr
	dot       []string // what `.` stands for; nil: a variable of that name, to check the text alone
	minus     bool     // inside the right of a minus
}

func expand(e *expr, dot []string) (*expansion, error) {
	x := &expansion{index: map[string]int{}, intercept: true, dot: dot}
	terms, err := x.eval(e, true)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(terms, func(a, b bitset) int { return a.count() - b.count() })
	x.terms = terms
	return x, nil
}

// eval returns the terms of an expression, without the intercept. alone says
// that the expression stands between plus signs only, where offset() and
// strata() may.
func (x *expansion) eval(e *expr, alone bool) ([]bitset, *SyntaxError) {
	switch e.op {
	case opParen:
		return x.eval(e.args[0], alone)
	case opNumber:
		if e.num != 0 && e.num != 1 || e.text == "TRUE" || e.text == "FALSE" {
			return nil, e.err("the number %s is not a term: 1 or 0 say whether there is an intercept; write I() around arithmetic", e.src)
		}
		if !alone {
			return nil, e.err("%s cannot be part of an interaction; write I() around arithmetic", e.src)
		}
		x.intercept = (e.num == 1) != x.minus
		return nil, nil
	case opString:
		return nil, e.err("a text is not a term: write the variable's name without quotes")
	case opName:
		if e.text == "." && e.src == "." && x.dot != nil {
			return x.expandDot(e)
		}
		return x.variable(e)
	case opCall:
		return x.call(e, alone)
	case opUnary:
		if e.text == "!" {
			return nil, e.err("write I(!x) to use a negation as a term")
		}
		if e.text == "+" {
			return x.eval(e.args[0], alone)
		}
		_, err := x.negated(e.args[0])
		return nil, err
	}
	return x.binary(e, alone)
}

func (x *expansion) binary(e *expr, alone bool) ([]bitset, *SyntaxError) {
	switch e.text {
	case "+", "-":
	case ":", "*", "/":
		alone = false
	case "^":
		return x.power(e)
	case "%in%":
		return nil, e.err("%%in%% is not supported: write a:b, or a/b for a + a:b")
	case "|", "||":
		return nil, e.err("terms with | (random effects) are not supported: use strata() or a term for the group")
	default:
		return nil, e.err("write I(%s) to use a comparison or arithmetic as a term", e.src)
	}
	left, err := x.eval(e.args[0], alone)
	if err != nil {
		return nil, err
	}
	if e.text == "-" {
		gone, err := x.negated(e.args[1])
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(left, func(t bitset) bool { return slices.Contains(gone, t) }), nil
	}
	right, err := x.eval(e.args[1], alone)
	if err != nil {
		return nil, err
	}
	switch e.text {
	case "+":
		return x.union(e, left, right)
	case ":":
		return x.cross(e, left, right)
	case "/": // a/b is a + b within a
		var all bitset
		for _, t := range left {
			all = all.or(t)
		}
		nested, err := x.cross(e, []bitset{all}, right)
		if err != nil {
			return nil, err
		}
		return x.union(e, left, nested)
	}
	both, err := x.cross(e, left, right)
	if err != nil {
		return nil, err
	}
	if left, err = x.union(e, left, right); err != nil {
		return nil, err
	}
	return x.union(e, left, both)
}

func (x *expansion) negated(e *expr) ([]bitset, *SyntaxError) {
	x.minus = !x.minus
	before := len(x.offsets) + len(x.strata)
	gone, err := x.eval(e, true)
	x.minus = !x.minus
	if err == nil && len(x.offsets)+len(x.strata) > before {
		return nil, e.err("offset() and strata() cannot be taken away: leave them out")
	}
	return gone, err
}

func (x *expansion) power(e *expr) ([]bitset, *SyntaxError) {
	base, err := x.eval(e.args[0], false)
	if err != nil {
		return nil, err
	}
	k := e.args[1].unparen()
	if k.op != opNumber || k.num != float64(int(k.num)) || k.num < 1 || k.num > 20 {
		return nil, e.err("between terms ^ takes a whole number of 1 to 20, as in (a + b)^2; write I(x^2) for the square of x")
	}
	out := base
	for range int(k.num) - 1 {
		more, err := x.cross(e, out, base)
		if err != nil {
			return nil, err
		}
		if out, err = x.union(e, out, more); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// union joins two lists of terms, each term once.
func (x *expansion) union(e *expr, a, b []bitset) ([]bitset, *SyntaxError) {
	seen := make(map[bitset]bool, len(a)+len(b))
	var out []bitset
	for _, t := range slices.Concat(a, b) {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	if len(out) > maxTerms {
		return nil, e.err("the formula has more than %d terms", maxTerms)
	}
	return out, nil
}

func (x *expansion) cross(e *expr, a, b []bitset) ([]bitset, *SyntaxError) {
	if len(a)*len(b) > maxTerms*maxTerms/10 {
		return nil, e.err("the formula has more than %d terms", maxTerms)
	}
	var out []bitset
	for _, s := range a {
		for _, t := range b {
			out = append(out, s.or(t))
		}
	}
	return x.union(e, nil, out)
}

func (x *expansion) variable(e *expr) ([]bitset, *SyntaxError) {
	key := deparse(e)
	i, ok := x.index[key]
	if !ok {
		if i = len(x.vars); i == maxVars {
			return nil, e.err("more than %d variables", maxVars)
		}
		x.index[key] = i
		x.vars = append(x.vars, e)
	}
	var t bitset
	t.set(i)
	return []bitset{t}, nil
}

func (x *expansion) call(e *expr, alone bool) ([]bitset, *SyntaxError) {
	switch e.text {
	case "Surv":
		return nil, e.err("Surv() belongs on the left of ~")
	case "offset", "strata":
		if !alone {
			return nil, e.err("%s() stands alone between plus signs, not in an interaction%s", e.text,
				map[string]string{"strata": ": add a term for the group to let effects differ, as x:group", "offset": ""}[e.text])
		}
		for _, a := range e.args {
			if err := checkPlain(a); err != nil {
				return nil, err
			}
		}
		if e.text == "offset" {
			x.offsets = append(x.offsets, e)
		} else {
			x.strata = append(x.strata, e)
		}
		return nil, nil
	}
	if err := checkPlain(e); err != nil {
		return nil, err
	}
	return x.variable(e)
}

func (x *expansion) expandDot(e *expr) ([]bitset, *SyntaxError) {
	if len(x.dot) > maxDot {
		return nil, e.err("`.` would stand for all %d other variables of the dictionary, more than %d: name the terms", len(x.dot), maxDot)
	}
	var out []bitset
	for _, name := range x.dot {
		v := &expr{op: opName, text: name, at: e.at, src: quoteName(name), whole: e.whole}
		t, err := x.variable(v)
		if err != nil {
			return nil, err
		}
		out = append(out, t...)
	}
	return x.union(e, nil, out)
}

// checkPlain refuses, inside an expression, what has a meaning only between
// terms or on the left of ~.
func checkPlain(e *expr) *SyntaxError {
	switch {
	case e.op == opName && e.src == ".":
		return e.err("`.` stands for all other variables as a term of its own, not inside an expression")
	case e.op == opBinary && (e.text == ":" || e.text == "%in%" || e.text == "%%" || e.text == "%/%"):
		return e.err("%s is not supported inside an expression", e.text)
	case e.op == opCall && (e.text == "Surv" || e.text == "offset" || e.text == "strata"):
		for _, a := range e.args {
			if err := checkInner(a); err != nil {
				return err
			}
		}
		return nil
	}
	for _, a := range e.args {
		if err := checkInner(a); err != nil {
			return err
		}
	}
	return nil
}

func checkInner(e *expr) *SyntaxError {
	if e.op == opCall && (e.text == "Surv" || e.text == "offset" || e.text == "strata") {
		return e.err("%s() cannot stand inside another expression", e.text)
	}
	return checkPlain(e)
}

// checkResponse holds the left-hand side to the grammar.
func checkResponse(e *expr) error {
	if e.op == opCall && (e.text == "offset" || e.text == "strata") {
		return e.err("%s() belongs on the right of ~", e.text)
	}
	if err := checkPlain(e); err != nil {
		return err
	}
	return nil
}
