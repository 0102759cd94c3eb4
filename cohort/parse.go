package cohort

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"

	"hmsp.center/hmsp/table"
)

// Parse reads an expression and checks it against the schema: every variable is
// known, every code is a level, both sides of an operator fit, and the whole is a
// condition. Blank text selects everyone. What is wrong is an *Error.
func Parse(expr string, schema table.Schema) (Expr, error) {
	if strings.TrimSpace(expr) == "" {
		return Expr{}, nil
	}
	if len(expr) > MaxLength {
		return Expr{}, &Error{1, 1, fmt.Sprintf("the expression has %d bytes; at most %d are allowed", len(expr), MaxLength)}
	}
	if !utf8.ValidString(expr) || strings.ContainsRune(expr, 0) {
		return Expr{}, &Error{1, 1, "the expression is not UTF-8 text; save the file as UTF-8"}
	}
	tree, err := grammar(expr)
	if err != nil {
		return Expr{}, err
	}
	c := &checker{schema: schema, info: tree.SourceInfo()}
	root, err := c.condition(tree.Expr())
	if err != nil {
		return Expr{}, err
	}
	return Expr{root: root, schema: c.read}, nil
}

// grammar is the syntax of CEL without its macros.
func grammar(expr string) (*ast.AST, error) {
	p, err := parser.NewParser(
		parser.MaxRecursionDepth(MaxDepth),
		parser.ExpressionSizeCodePointLimit(MaxLength),
		parser.ErrorRecoveryLimit(4),
		parser.ErrorReportingLimit(4),
		parser.EnableVariadicOperatorASTs(true),
	)
	if err != nil {
		return nil, fmt.Errorf("set up the grammar: %w", err)
	}
	tree, errs := p.Parse(common.NewTextSource(expr))
	if found := errs.GetErrors(); len(found) > 0 {
		first := found[0]
		for _, e := range found[1:] {
			if before(e.Location, first.Location) {
				first = e
			}
		}
		return nil, &Error{max(first.Location.Line(), 1), max(first.Location.Column()+1, 1), plainly(first.Message)}
	}
	if n := ast.NodeCount(tree); n > MaxNodes {
		return nil, &Error{1, 1, fmt.Sprintf("the expression has %d parts; at most %d are allowed", n, MaxNodes)}
	}
	return tree, nil
}

func before(a, b common.Location) bool {
	return a.Line() < b.Line() || a.Line() == b.Line() && a.Column() < b.Column()
}

// plainly puts the parser's message in words for a person who knows R or SQL.
func plainly(message string) string {
	message, _, _ = strings.Cut(strings.TrimPrefix(message, "Syntax error: "), ", expecting {")
	message, _, _ = strings.Cut(message, " expecting {")
	for _, m := range []struct{ sign, words string }{
		{"token recognition error at: '= ", "= is not an operator; write == to compare"},
		{"token recognition error at: '='", "= is not an operator; write == to compare"},
		{"token recognition error at: '& ", "& is not an operator; write && for and"},
		{"token recognition error at: '| ", "| is not an operator; write || for or"},
		{"at '<EOF>'", "the expression ends too early; a bracket or quote is still open"},
		{"input '<EOF>'", "the expression ends too early; a bracket or the right side of an operator is missing"},
		{"recursion", fmt.Sprintf("the expression is nested deeper than %d; write it flatter", MaxDepth)},
	} {
		if strings.Contains(message, m.sign) {
			return m.words
		}
	}
	return "this is not a CEL expression: " + message
}
