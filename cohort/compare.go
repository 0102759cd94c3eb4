package cohort

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"

	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
)

// compare checks a == b and its relatives for every pair of types.
func (c *checker) compare(e ast.Expr, op string, ea, eb ast.Expr) (any, error) {
	a, err := c.node(ea)
	if err != nil {
		return nil, err
	}
	b, err := c.node(eb)
	if err != nil {
		return nil, err
	}
	equality, not := op == "==" || op == "!=", op == "!="
	ca, cata := a.(category)
	cb, catb := b.(category)
	switch {
	case equality && cata && catb:
		return sameCode{ca.column, cb.column, not}, nil
	case equality && cata:
		return c.coded(eb, ca, b, not)
	case equality && catb:
		return c.coded(ea, cb, a, not)
	}
	if equality {
		if n, ok := agreement(a, b, not); ok {
			return n, nil
		}
	}
	qa, err := c.asQuantity(ea, a, op)
	if err != nil {
		return nil, err
	}
	qb, err := c.asQuantity(eb, b, op)
	if err != nil {
		return nil, err
	}
	return comparison{op, qa, qb}, nil
}

// agreement compares two conditions; 1 and 0 beside a flag are true and false.
func agreement(a, b any, not bool) (any, bool) {
	if _, ok := a.(flag); ok {
		b = asTruth(b)
	} else if _, ok := b.(flag); ok {
		a = asTruth(a)
	}
	ca, oka := a.(condition)
	cb, okb := b.(condition)
	return agree{ca, cb, not}, oka && okb
}

func asTruth(n any) any {
	if x, ok := n.(constant); ok && (x == 0 || x == 1) {
		return always(x == 1)
	}
	return n
}

func (c *checker) coded(e ast.Expr, of category, n any, not bool) (any, error) {
	code, err := c.level(e, of, n)
	return coded{of.column, []string{code}, not}, err
}

// level is the code that a constant beside a category stands for. A code that is
// no level is refused: it would select nobody, or with != everybody, unnoticed.
func (c *checker) level(e ast.Expr, of category, n any) (string, error) {
	var written string
	switch n := n.(type) {
	case textual:
		written = string(n)
	case constant:
		written = number(float64(n))
		for _, l := range of.levels {
			if x, err := strconv.ParseFloat(l.Code, 64); err == nil && x == float64(n) {
				return l.Code, nil
			}
		}
	default:
		return "", c.fail(e, "%s is a category; compare it with one of its codes, as in %q", of.name, of.levels[0].Code)
	}
	for _, l := range of.levels {
		if l.Code == written {
			return written, nil
		}
	}
	return "", c.fail(e, "%q is not a level of %s (%s)%s", written, of.name, some5(of.levels), suggestCode(written, of.levels))
}

// suggestCode finds the code meant: by its label first, then by its spelling.
func suggestCode(written string, levels []table.Level) string {
	var codes []string
	for _, l := range levels {
		if strings.EqualFold(l.Label, written) || strings.EqualFold(l.Code, written) {
			return fmt.Sprintf("; did you mean %q?", l.Code)
		}
		codes = append(codes, l.Code)
	}
	return spelling.Suggest(written, codes)
}

func some5(levels []table.Level) string {
	var codes []string
	for _, l := range levels[:min(len(levels), 5)] {
		codes = append(codes, strconv.Quote(l.Code))
	}
	if len(levels) > 5 {
		codes = append(codes, "...")
	}
	return strings.Join(codes, ", ")
}

// in checks x in [a, b]: a number among numbers, or a category among codes.
func (c *checker) in(e, ea, el ast.Expr) (any, error) {
	of, err := c.node(ea)
	if err != nil {
		return nil, err
	}
	if el.Kind() != ast.ListKind || el.AsList().Size() == 0 {
		return nil, c.fail(el, "to the right of in stands a list, as in [1, 2, 3]")
	}
	elements := el.AsList().Elements()
	if cat, ok := of.(category); ok {
		return c.inCodes(cat, elements)
	}
	q, err := c.asQuantity(ea, of, "in")
	if err != nil {
		return nil, err
	}
	var values []float64
	for _, ee := range elements {
		n, err := c.node(ee)
		if err != nil {
			return nil, err
		}
		x, ok := n.(constant)
		if !ok {
			return nil, c.fail(ee, "%s; the list holds numbers as they are", describe(n))
		}
		values = append(values, float64(x))
	}
	slices.Sort(values)
	return within{q, slices.Compact(values)}, nil
}

func (c *checker) inCodes(of category, elements []ast.Expr) (any, error) {
	var codes []string
	for _, ee := range elements {
		n, err := c.node(ee)
		if err != nil {
			return nil, err
		}
		code, err := c.level(ee, of, n)
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return coded{of: of.column, codes: slices.Compact(codes)}, nil
}

// function checks missing(x), variable("x") and the methods of categories.
func (c *checker) function(e ast.Expr, f string, call ast.CallExpr) (any, error) {
	args := call.Args()
	switch {
	case f == "missing" && !call.IsMemberFunction() && len(args) == 1:
		n, err := c.node(args[0])
		if err != nil {
			return nil, err
		}
		switch n := n.(type) {
		case numeric:
			return missing(n), nil
		case flag:
			return missing(n), nil
		case category:
			return missing(n.column), nil
		}
		return nil, c.fail(args[0], "missing() asks about one variable, as in missing(age)")
	case f == "variable" && !call.IsMemberFunction() && len(args) == 1:
		if args[0].Kind() == ast.LiteralKind {
			if s, ok := args[0].AsLiteral().Value().(string); ok {
				return c.variable(e, s)
			}
		}
		return nil, c.fail(args[0], "variable() takes a name in quotes")
	case call.IsMemberFunction() && affixes[f].test != nil && len(args) == 1:
		return c.affix(e, f, call.Target(), args[0])
	}
	return nil, c.fail(e, "%s is not available; %s", strings.Trim(f, "_@"), hint(f))
}

func hint(f string) string {
	switch f {
	case "has", "isNull", "is_na":
		return "write missing(x) or !missing(x)"
	case "matches":
		return "regular expressions are left out; use startsWith, endsWith, contains or in"
	case "all", "exists", "exists_one", "map", "filter":
		return "loops are left out; list the codes with in"
	case "_%_":
		return "the numbers of a cohort are real numbers"
	}
	return "a cohort has == != < <= > >= in && || ! ?: + - * /, missing(x), startsWith, endsWith and contains"
}

func (c *checker) affix(e ast.Expr, op string, target, arg ast.Expr) (any, error) {
	n, err := c.node(target)
	if err != nil {
		return nil, err
	}
	of, ok := n.(category)
	if !ok {
		return nil, c.fail(target, "%s; %s is for categories", describe(n), op)
	}
	part, err := c.node(arg)
	if err != nil {
		return nil, err
	}
	s, ok := part.(textual)
	if !ok {
		return nil, c.fail(arg, "%s takes a text in quotes", op)
	}
	for _, l := range of.levels {
		if affixes[op].test(l.Code, string(s)) {
			return affix{of.column, op, string(s)}, nil
		}
	}
	return nil, c.fail(arg, "no level of %s (%s) %s %q", of.name, some5(of.levels), map[string]string{
		"startsWith": "starts with", "endsWith": "ends with", "contains": "contains"}[op], string(s))
}
