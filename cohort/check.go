package cohort

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
)

// A checker turns the parsed tree into typed nodes, or says why not.
type checker struct {
	schema  table.Schema
	info    *ast.SourceInfo
	read    table.Schema // variables met so far
	decided int          // how many conditions of ?: are open
}

func (c *checker) fail(e ast.Expr, format string, args ...any) error {
	for e.Kind() == ast.SelectKind { // a dotted name starts with its first part
		e = e.AsSelect().Operand()
	}
	at := c.info.GetStartLocation(e.ID())
	return &Error{max(at.Line(), 1), max(at.Column()+1, 1), fmt.Sprintf(format, args...)}
}

// condition checks an expression that must be true or false.
func (c *checker) condition(e ast.Expr) (condition, error) {
	n, err := c.node(e)
	if err != nil {
		return nil, err
	}
	if n, ok := n.(condition); ok {
		return n, nil
	}
	return nil, c.fail(e, "%s; a condition is needed here, such as age >= 40 or a flag", describe(n))
}

// quantity checks an expression that must be a number.
func (c *checker) quantity(e ast.Expr, op string) (quantity, error) {
	n, err := c.node(e)
	if err != nil {
		return nil, err
	}
	return c.asQuantity(e, n, op)
}

func (c *checker) asQuantity(e ast.Expr, n any, op string) (quantity, error) {
	if n, ok := n.(quantity); ok {
		return n, nil
	}
	if cat, ok := n.(category); ok && strings.Contains("< <= > >=", op) {
		return nil, c.fail(e, "%s is a category and its levels have no order; list the codes, as in %s in [%q]", cat.name, name(cat.name), cat.levels[0].Code)
	}
	return nil, c.fail(e, "%s; %s needs a number", describe(n), op)
}

// Two further nodes exist only while checking: what they stand for must be
// resolved by the operator around them.
type (
	category struct { // a variable with levels
		column
		levels []table.Level
	}
	textual string // a text in quotes
)

func describe(n any) string {
	switch n := n.(type) {
	case category:
		return fmt.Sprintf("%s is a category", n.name)
	case textual:
		return fmt.Sprintf("%q is a text", string(n))
	case constant:
		return fmt.Sprintf("%s is a number", number(float64(n)))
	case numeric:
		return fmt.Sprintf("%s is a number", n.name)
	case flag:
		return fmt.Sprintf("%s is a flag", n.name)
	case quantity:
		return "this is a number"
	default:
		return "this is a condition"
	}
}

func (c *checker) node(e ast.Expr) (any, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		return c.literal(e)
	case ast.IdentKind, ast.SelectKind:
		path, ok := dotted(e)
		if !ok {
			return nil, c.fail(e, "a dot stands only in a variable's name here")
		}
		return c.variable(e, path)
	case ast.CallKind:
		return c.call(e)
	case ast.ListKind:
		return nil, c.fail(e, "a list stands only to the right of in")
	}
	return nil, c.fail(e, "maps, messages and loops are not part of a cohort")
}

func (c *checker) literal(e ast.Expr) (any, error) {
	switch v := e.AsLiteral().(type) {
	case types.Int:
		return constant(v), nil
	case types.Uint:
		return constant(v), nil
	case types.Double:
		if !finite(float64(v)) {
			return nil, c.fail(e, "the number is too large")
		}
		return constant(v), nil
	case types.Bool:
		return always(v), nil
	case types.String:
		return textual(v), nil
	case types.Null:
		return nil, c.fail(e, "null is not used here; write missing(x) or !missing(x)")
	}
	return nil, c.fail(e, "only numbers, texts, true and false can be written here")
}

// dotted is the name that identifiers and dots spell: ph.ecog is one variable.
func dotted(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return strings.TrimPrefix(e.AsIdent(), "."), true
	case ast.SelectKind:
		s := e.AsSelect()
		of, ok := dotted(s.Operand())
		return of + "." + s.FieldName(), ok && !s.IsTestOnly()
	}
	return "", false
}

func (c *checker) variable(e ast.Expr, name string) (any, error) {
	v, ok := c.schema.Lookup(name)
	if !ok {
		return nil, c.fail(e, "no variable %q in the dictionary%s", name, spelling.Suggest(name, c.schema.Names()))
	}
	at := c.read.Index(name)
	if at < 0 {
		at = len(c.read)
		c.read = append(c.read, v)
	}
	col := column{at, name}
	switch v.Kind {
	case table.Category:
		return category{col, v.Levels}, nil
	case table.Flag:
		return flag(col), nil
	default:
		return numeric(col), nil
	}
}

func (c *checker) call(e ast.Expr) (any, error) {
	call := e.AsCall()
	args := call.Args()
	switch f := call.FunctionName(); f {
	case operators.LogicalAnd, operators.LogicalOr:
		return c.logic(f, args)
	case operators.LogicalNot:
		of, err := c.condition(args[0])
		return negation{of}, err
	case operators.Negate:
		of, err := c.quantity(args[0], "-")
		if x, ok := of.(constant); ok {
			return -x, err
		}
		return negative{of}, err
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide:
		op := strings.Trim(f, "_")
		a, err := c.quantity(args[0], op)
		if err != nil {
			return nil, err
		}
		b, err := c.quantity(args[1], op)
		return arithmetic{op, a, b}, err
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return c.compare(e, strings.Trim(f, "_"), args[0], args[1])
	case operators.In:
		return c.in(e, args[0], args[1])
	case operators.Conditional:
		return c.conditional(e, args)
	default:
		return c.function(e, f, call)
	}
}

// logic joins conditions and flattens what is joined in the same way already.
func (c *checker) logic(f string, args []ast.Expr) (any, error) {
	var joined []condition
	for _, a := range args {
		n, err := c.condition(a)
		if err != nil {
			return nil, err
		}
		if inner, ok := n.(all); ok && f == operators.LogicalAnd {
			joined = append(joined, inner...)
		} else if inner, ok := n.(some); ok && f == operators.LogicalOr {
			joined = append(joined, inner...)
		} else {
			joined = append(joined, n)
		}
	}
	if f == operators.LogicalAnd {
		return all(joined), nil
	}
	return some(joined), nil
}

// conditional refuses ?: inside the condition of another one: databases copy the
// condition of CASE, so such nesting would cost 2^depth.
func (c *checker) conditional(e ast.Expr, args []ast.Expr) (any, error) {
	if c.decided > 0 {
		return nil, c.fail(e, "a ? b : c cannot stand in the condition of another one; use && and ||")
	}
	c.decided++
	when, err := c.condition(args[0])
	c.decided--
	if err != nil {
		return nil, err
	}
	then, err := c.node(args[1])
	if err != nil {
		return nil, err
	}
	otherwise, err := c.node(args[2])
	if err != nil {
		return nil, err
	}
	if a, ok := then.(condition); ok {
		if b, ok := otherwise.(condition); ok {
			return decide{when, a, b}, nil
		}
	}
	if a, ok := then.(quantity); ok {
		if b, ok := otherwise.(quantity); ok {
			return choose{when, a, b}, nil
		}
	}
	return nil, c.fail(e, "both branches of a ? b : c are numbers, or both are conditions")
}
