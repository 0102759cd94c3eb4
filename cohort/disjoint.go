package cohort

import (
	"math"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Disjoint says whether it is provable from their texts alone that no row is in both
// cohorts a and b: both are conjunctions, and on one and the same variable a part of
// a and a part of b leave no value in common. It serves accounts that let disjoint
// cohorts share a budget. It is conservative: what it cannot read, or what needs
// more than comparing two parts, is false, as is an expression that everybody meets.
// Texts are canonical ones of the same schema; rows whose condition is unknown are
// in no cohort.
func Disjoint(a, b string) bool {
	as, bs := constraints(a), constraints(b)
	return slices.ContainsFunc(as, func(x constraint) bool {
		return slices.ContainsFunc(bs, func(y constraint) bool { return x.variable == y.variable && x.excludes(y) })
	})
}

// A constraint is what a part of a conjunction says of one variable.
type constraint struct {
	variable string
	numbers  *span           // the number is in a span,
	listed   []float64       // or one of these
	codes    map[string]bool // the code is one of these,
	others   map[string]bool // or none of these
	truth    *bool           // the flag is true or false
	missing  bool            // the value is missing; all above need one that is there
}

// A span is an interval; an open end does not belong to it.
type span struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

func (s span) holds(x float64) bool {
	return (x > s.lo || x == s.lo && !s.loOpen) && (x < s.hi || x == s.hi && !s.hiOpen)
}

func (s span) before(t span) bool { return s.hi < t.lo || s.hi == t.lo && (s.hiOpen || t.loOpen) }

// excludes says that no value meets both.
func (x constraint) excludes(y constraint) bool {
	switch {
	case x.missing != y.missing:
		return true
	case x.truth != nil && y.truth != nil:
		return *x.truth != *y.truth
	case x.numbers != nil && y.numbers != nil:
		return x.numbers.before(*y.numbers) || y.numbers.before(*x.numbers)
	case x.numbers != nil && y.listed != nil:
		return !slices.ContainsFunc(y.listed, x.numbers.holds)
	case x.listed != nil && y.numbers != nil:
		return y.excludes(x)
	case x.listed != nil && y.listed != nil:
		return !slices.ContainsFunc(x.listed, func(v float64) bool { return slices.Contains(y.listed, v) })
	case x.codes != nil && y.codes != nil:
		return none(x.codes, func(c string) bool { return y.codes[c] })
	case x.codes != nil && y.others != nil:
		return none(x.codes, func(c string) bool { return !y.others[c] })
	case x.others != nil && y.codes != nil:
		return y.excludes(x)
	}
	return false
}

func none(codes map[string]bool, is func(string) bool) bool {
	for c := range codes {
		if is(c) {
			return false
		}
	}
	return true
}

// constraints are the parts of a conjunction that Disjoint can read; the parts that
// it cannot only make the cohort smaller.
func constraints(expr string) []constraint {
	if expr == "" || len(expr) > MaxLength {
		return nil
	}
	tree, err := grammar(expr)
	if err != nil {
		return nil
	}
	return parts(tree.Expr())
}

func parts(e ast.Expr) (out []constraint) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, a := range e.AsCall().Args() {
			out = append(out, parts(a)...)
		}
		return out
	}
	if x, ok := constrain(e); ok {
		return []constraint{x}
	}
	return nil
}

// constrain reads one part: a flag, missing(x), a comparison of a variable with a
// constant, or x in a list; and the negation of the first two.
func constrain(e ast.Expr) (x constraint, ok bool) {
	if name, ok := variableName(e); ok {
		yes := true
		return constraint{variable: name, truth: &yes}, true
	}
	if e.Kind() != ast.CallKind {
		return x, false
	}
	call := e.AsCall()
	args := call.Args()
	switch f := call.FunctionName(); f {
	case operators.LogicalNot:
		return opposite(args[0])
	case "missing":
		if len(args) == 1 && !call.IsMemberFunction() {
			name, ok := variableName(args[0])
			return constraint{variable: name, missing: true}, ok
		}
	case operators.In:
		if name, ok := variableName(args[0]); ok && args[1].Kind() == ast.ListKind {
			return listed(name, args[1].AsList().Elements())
		}
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if name, ok := variableName(args[0]); ok {
			return against(name, f, args[1])
		}
		if name, ok := variableName(args[1]); ok {
			return against(name, mirrored(f), args[0])
		}
	}
	return x, false
}

// opposite reads !flag and !missing(x). The latter leaves every value, which only
// excludes missing(x).
func opposite(e ast.Expr) (constraint, bool) {
	x, ok := constrain(e)
	switch {
	case ok && x.truth != nil:
		no := !*x.truth
		return constraint{variable: x.variable, truth: &no}, true
	case ok && x.missing:
		return constraint{variable: x.variable}, true
	}
	return constraint{}, false
}

// variableName is the name of an expression that is a variable.
func variableName(e ast.Expr) (string, bool) {
	if e.Kind() == ast.CallKind {
		call := e.AsCall()
		if call.FunctionName() == "variable" && !call.IsMemberFunction() && len(call.Args()) == 1 && call.Args()[0].Kind() == ast.LiteralKind {
			s, ok := call.Args()[0].AsLiteral().(types.String)
			return string(s), ok
		}
		return "", false
	}
	return dotted(e)
}

func mirrored(op string) string {
	switch op {
	case operators.Less:
		return operators.Greater
	case operators.LessEquals:
		return operators.GreaterEquals
	case operators.Greater:
		return operators.Less
	case operators.GreaterEquals:
		return operators.LessEquals
	}
	return op
}

// against reads a comparison of a variable with a constant.
func against(name, op string, e ast.Expr) (constraint, bool) {
	x := constraint{variable: name}
	if s, ok := textOf(e); ok {
		switch op {
		case operators.Equals:
			x.codes = map[string]bool{s: true}
		case operators.NotEquals:
			x.others = map[string]bool{s: true}
		}
		return x, x.codes != nil || x.others != nil
	}
	v, ok := numberOf(e)
	if !ok {
		return x, false
	}
	switch op {
	case operators.Equals:
		x.listed = []float64{v}
	case operators.Less, operators.LessEquals:
		x.numbers = &span{lo: math.Inf(-1), hi: v, hiOpen: op == operators.Less}
	case operators.Greater, operators.GreaterEquals:
		x.numbers = &span{lo: v, hi: math.Inf(1), loOpen: op == operators.Greater}
	}
	return x, x.listed != nil || x.numbers != nil
}

// listed reads x in [...].
func listed(name string, elements []ast.Expr) (constraint, bool) {
	x := constraint{variable: name}
	for _, e := range elements {
		if s, ok := textOf(e); ok && x.listed == nil {
			if x.codes == nil {
				x.codes = map[string]bool{}
			}
			x.codes[s] = true
		} else if v, ok := numberOf(e); ok && x.codes == nil {
			x.listed = append(x.listed, v)
		} else {
			return x, false
		}
	}
	return x, len(elements) > 0
}

func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// numberOf is a constant, with or without a sign.
func numberOf(e ast.Expr) (float64, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.Int:
			return float64(v), true
		case types.Uint:
			return float64(v), true
		case types.Double:
			return float64(v), finite(float64(v))
		}
	case ast.CallKind:
		if call := e.AsCall(); call.FunctionName() == operators.Negate {
			v, ok := numberOf(call.Args()[0])
			return -v, ok
		}
	}
	return 0, false
}
