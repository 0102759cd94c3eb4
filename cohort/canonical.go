package cohort

import (
	"regexp"
	"strconv"
	"strings"
)

// Binding strengths of CEL's operators, weakest first.
const (
	bindChoose = iota
	bindOr
	bindAnd
	bindRelation
	bindSum
	bindProduct
	bindUnary
	bindPrimary
)

// text writes a node as CEL, in brackets if it binds weaker than around.
func text(n any, around int) string {
	s, binds := write(n)
	if binds < around {
		return "(" + s + ")"
	}
	return s
}

func write(n any) (s string, binds int) {
	switch n := n.(type) {
	case constant:
		return number(float64(n)), bindPrimary
	case numeric:
		return name(n.name), bindPrimary
	case negative:
		return "-" + text(n.of, bindPrimary), bindUnary
	case arithmetic:
		bind := bindSum
		if n.op == "*" || n.op == "/" {
			bind = bindProduct
		}
		return text(n.a, bind) + " " + n.op + " " + text(n.b, bind+1), bind
	case choose:
		return ternary(n.when, n.then, n.else_)
	case always:
		return strconv.FormatBool(bool(n)), bindPrimary
	case flag:
		return name(n.name), bindPrimary
	case comparison:
		return text(n.a, bindSum) + " " + n.op + " " + text(n.b, bindSum), bindRelation
	case within:
		return text(n.of, bindSum) + " in " + listText(n.values, number), bindRelation
	case coded:
		if len(n.codes) == 1 {
			return name(n.of.name) + equals(n.not) + strconv.Quote(n.codes[0]), bindRelation
		}
		return name(n.of.name) + " in " + listText(n.codes, strconv.Quote), bindRelation
	case sameCode:
		return name(n.a.name) + equals(n.not) + name(n.b.name), bindRelation
	case affix:
		return name(n.of.name) + "." + n.op + "(" + strconv.Quote(n.part) + ")", bindPrimary
	case agree:
		return text(n.a, bindSum) + equals(n.not) + text(n.b, bindSum), bindRelation
	case missing:
		return "missing(" + name(n.name) + ")", bindPrimary
	case negation:
		return "!" + text(n.of, bindPrimary), bindUnary
	case all:
		return joined(n, " && ", bindAnd), bindAnd
	case some:
		return joined(n, " || ", bindOr), bindOr
	case decide:
		return ternary(n.when, n.then, n.else_)
	}
	panic("cohort: no text for a node") // every node of node.go is above
}

func ternary(when, then, else_ any) (string, int) {
	return text(when, bindOr) + " ? " + text(then, bindOr) + " : " + text(else_, bindChoose), bindChoose
}

func equals(not bool) string {
	if not {
		return " != "
	}
	return " == "
}

func joined(cs []condition, op string, binds int) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = text(c, binds+1)
	}
	return strings.Join(parts, op)
}

func listText[T any](xs []T, one func(T) string) string {
	parts := make([]string, len(xs))
	for i, x := range xs {
		parts[i] = one(x)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// number writes x so that CEL reads it back exactly; -0 is 0.
func number(x float64) string {
	if x == 0 {
		return "0"
	}
	if s := strconv.FormatFloat(x, 'f', -1, 64); len(s) <= 18 {
		return s
	}
	s := strconv.FormatFloat(x, 'e', -1, 64)
	if !strings.Contains(s, ".") { // 1e+30 and 1.5e+30 are CEL; so that the reader sees a real number
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

var identifiers = regexp.MustCompile(`^[_a-zA-Z][_a-zA-Z0-9]*(\.[_a-zA-Z][_a-zA-Z0-9]*)*$`)

// reserved words of CEL cannot name a variable.
var reserved = map[string]bool{
	"in": true, "true": true, "false": true, "null": true, "as": true, "break": true, "const": true,
	"continue": true, "else": true, "for": true, "function": true, "if": true, "import": true, "let": true,
	"loop": true, "package": true, "namespace": true, "return": true, "var": true, "void": true, "while": true,
}

// name writes a variable's name, quoted where it is not a CEL identifier.
func name(s string) string {
	plain := identifiers.MatchString(s)
	for _, part := range strings.Split(s, ".") {
		plain = plain && !reserved[part]
	}
	if plain {
		return s
	}
	return "variable(" + strconv.Quote(s) + ")"
}
