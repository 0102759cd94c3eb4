package formula

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// An Interval bounds a value: Lo <= value <= Hi for every person within the
// dictionary's ranges. Whole numbers only where Whole; TRUE or FALSE where
// Logical.
type Interval struct {
	Lo, Hi         float64
	Whole, Logical bool
}

func (i Interval) contains(x float64) bool { return i.Lo <= x && x <= i.Hi }

// lookup finds a variable, with a suggestion where there is none.
func lookup(e *expr, s table.Schema) (table.Variable, *SyntaxError) {
	v, ok := s.Lookup(e.text)
	if !ok {
		return v, e.err("there is no variable %q%s", e.text, analysis.Suggest(e.text, s.Names()))
	}
	return v, nil
}

// bounds is interval arithmetic over the declared ranges (Moore, Interval
// Analysis, 1966). Every operation used is monotone per corner and IEEE
// rounding is monotone, so the bounds hold for the rounded values too.
func (e *expr) bounds(s table.Schema) (Interval, *SyntaxError) {
	out, err := e.rawBounds(s)
	if err == nil && (math.IsInf(out.Lo, 0) || math.IsInf(out.Hi, 0) || math.IsNaN(out.Lo) || math.IsNaN(out.Hi)) {
		return out, e.err("%s has no finite bound over the declared ranges: narrow the range of its variables in the dictionary", e.src)
	}
	return out, err
}

func (e *expr) rawBounds(s table.Schema) (Interval, *SyntaxError) {
	switch e.op {
	case opNumber:
		return Interval{e.num, e.num, e.num == math.Trunc(e.num), false}, nil
	case opString:
		return Interval{}, e.err("a text can only be compared with a category, as sex == %q", e.text)
	case opName:
		v, err := lookup(e, s)
		if err != nil {
			return Interval{}, err
		}
		if !v.Numeric() {
			return Interval{}, e.err("%s is a category and arithmetic needs a number: compare it, as %s == %q, or use it as a term", e.text, e.src, v.Levels[0].Code)
		}
		lo, hi := v.Range()
		return Interval{lo, hi, v.Kind != table.Number, false}, nil
	case opParen:
		return e.args[0].bounds(s)
	case opUnary:
		a, err := e.args[0].bounds(s)
		switch {
		case err != nil:
			return a, err
		case e.text == "!":
			return Interval{0, 1, true, true}, e.args[0].needLogical(a)
		case e.text == "-":
			return Interval{-a.Hi, -a.Lo, a.Whole, false}, nil
		}
		return Interval{a.Lo, a.Hi, a.Whole, false}, nil
	case opCall:
		return e.callBounds(s)
	}
	return e.binaryBounds(s)
}

func (e *expr) needLogical(a Interval) *SyntaxError {
	if !a.Logical && !(a.Whole && a.Lo >= 0 && a.Hi <= 1) {
		return e.err("%s is neither a flag nor a comparison", e.src)
	}
	return nil
}

func (e *expr) callBounds(s table.Schema) (Interval, *SyntaxError) {
	if e.text == "factor" || e.text == "as.factor" {
		return Interval{}, e.err("%s() makes groups and cannot be used in arithmetic", e.text)
	}
	a, err := e.args[0].bounds(s)
	if err != nil {
		return a, err
	}
	if e.text == "I" {
		return a, nil
	}
	if e.text == "abs" {
		hi := math.Max(math.Abs(a.Lo), math.Abs(a.Hi))
		lo := math.Min(math.Abs(a.Lo), math.Abs(a.Hi))
		if a.contains(0) {
			lo = 0
		}
		return Interval{lo, hi, a.Whole, false}, nil
	}
	f, ok := functions[e.text]
	if !ok {
		return a, e.err("%s() cannot be used in arithmetic", e.text)
	}
	if a.Lo < f.domain || f.strict && a.Lo <= f.domain {
		return a, e.err("%s is not defined over the declared range %s to %s of %s: %s", e.src,
			deparseNumber(a.Lo), deparseNumber(a.Hi), e.args[0].src, f.mend)
	}
	return Interval{f.f(a.Lo), f.f(a.Hi), false, false}, nil
}

func (e *expr) binaryBounds(s table.Schema) (Interval, *SyntaxError) {
	if isComparison(e.text) {
		return Interval{0, 1, true, true}, e.checkComparison(s)
	}
	a, err := e.args[0].bounds(s)
	if err != nil {
		return a, err
	}
	b, err := e.args[1].bounds(s)
	if err != nil {
		return b, err
	}
	whole := a.Whole && b.Whole
	switch e.text {
	case "&", "|", "&&", "||":
		if err := e.args[0].needLogical(a); err != nil {
			return a, err
		}
		return Interval{0, 1, true, true}, e.args[1].needLogical(b)
	case "+":
		return Interval{a.Lo + b.Lo, a.Hi + b.Hi, whole, false}, nil
	case "-":
		return Interval{a.Lo - b.Hi, a.Hi - b.Lo, whole, false}, nil
	case "*":
		return corners(a, b, func(x, y float64) float64 { return x * y }, whole), nil
	case "/":
		if b.contains(0) {
			return a, e.err("%s can be 0 within its declared range %s to %s: narrow the range, or divide by something that cannot be 0",
				e.args[1].src, deparseNumber(b.Lo), deparseNumber(b.Hi))
		}
		return corners(a, b, func(x, y float64) float64 { return x / y }, false), nil
	case "^":
		return e.powerBounds(a, b)
	}
	return a, e.err("the operator %s is not supported here", e.text)
}

func corners(a, b Interval, f func(x, y float64) float64, whole bool) Interval {
	p, q, r, t := f(a.Lo, b.Lo), f(a.Lo, b.Hi), f(a.Hi, b.Lo), f(a.Hi, b.Hi)
	return Interval{min(p, q, r, t), max(p, q, r, t), whole, false}
}

func (e *expr) powerBounds(a, b Interval) (Interval, *SyntaxError) {
	if k := b.Lo; b.Lo == b.Hi && k == math.Trunc(k) { // a fixed whole power
		if k <= 0 && a.contains(0) && k != 0 {
			return a, e.err("%s can be 0 within its declared range, and 0 has no negative power", e.args[0].src)
		}
		out := corners(a, b, math.Pow, a.Whole && k >= 0)
		if math.Mod(k, 2) == 0 && k > 0 && a.contains(0) {
			out.Lo = 0
		}
		return out, nil
	}
	if a.Lo < 0 || a.Lo == 0 && b.Lo <= 0 {
		return a, e.err("%s is not defined for all of the declared range %s to %s: the base must be above 0", e.src, deparseNumber(a.Lo), deparseNumber(a.Hi))
	}
	return corners(a, b, math.Pow, false), nil
}

// checkComparison allows number with number and category with one of its codes.
func (e *expr) checkComparison(s table.Schema) *SyntaxError {
	a, b := e.args[0].unparen(), e.args[1].unparen()
	for _, pair := range [][2]*expr{{a, b}, {b, a}} {
		v, code, ok := categoryOf(pair[0], pair[1], s)
		if !ok {
			continue
		}
		if e.text != "==" && e.text != "!=" {
			return e.err("%s is a category: compare it with == or !=", pair[0].src)
		}
		if v.Level(code) < 0 {
			codes := make([]string, len(v.Levels))
			for i, l := range v.Levels {
				codes[i] = l.Code
			}
			return pair[1].err("%s has no code %q%s", pair[0].text, code, analysis.Suggest(code, codes))
		}
		return nil
	}
	if _, err := a.bounds(s); err != nil {
		return err
	}
	_, err := b.bounds(s)
	return err
}

// categoryOf reports whether x is a category variable and y a code to compare it with.
func categoryOf(x, y *expr, s table.Schema) (v table.Variable, code string, ok bool) {
	if x.op != opName || y.op != opString && y.op != opNumber {
		return v, "", false
	}
	v, found := s.Lookup(x.text)
	if !found || v.Numeric() {
		return v, "", false
	}
	if y.op == opString {
		return v, y.text, true
	}
	return v, deparse(y), true
}
