package cohort

import (
	"fmt"
	"strings"
)

// SQL compiles the expression: where is a condition over columns c0, c1, ... (ci
// is the variable columns[i]) with a ? for each of args. Numbers are DOUBLE, flags
// BOOLEAN, categories VARCHAR holding the code. where is made of a fixed
// vocabulary only: it holds no text of the expression and none of the schema.
func (e Expr) SQL() (where string, args []any, columns []string) {
	if e.root == nil {
		return "TRUE", nil, nil
	}
	w := &sqlWriter{}
	w.condition(e.root)
	return w.String(), w.args, e.Columns()
}

type sqlWriter struct {
	strings.Builder
	args []any
}

func (w *sqlWriter) put(parts ...any) {
	for _, p := range parts {
		switch p := p.(type) {
		case column:
			fmt.Fprintf(w, "c%d", p.at)
		case float64:
			w.WriteString("CAST(? AS DOUBLE)")
			w.args = append(w.args, p)
		case code:
			w.WriteString("CAST(? AS VARCHAR)")
			w.args = append(w.args, string(p))
		case condition:
			w.condition(p)
		case quantity:
			w.quantity(p)
		case string:
			w.WriteString(p)
		default:
			panic(fmt.Sprintf("cohort: no SQL for %T", p))
		}
	}
}

// A code is a text that comes from the expression: always a parameter.
type code string

func (w *sqlWriter) quantity(n quantity) {
	switch n := n.(type) {
	case constant:
		w.put(float64(n))
	case numeric:
		w.put(column(n))
	case negative:
		w.put("(- ", n.of, ")")
	case arithmetic:
		w.put("(", n.a, " ", sqlOperators[n.op], " ", n.b, ")")
	case choose:
		w.put("(CASE ", n.when, " WHEN TRUE THEN ", n.then, " WHEN FALSE THEN ", n.else_, " END)")
	default:
		panic(fmt.Sprintf("cohort: no SQL for %T", n))
	}
}

var sqlOperators = map[string]string{
	"+": "+", "-": "-", "*": "*", "/": "/",
	"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}

// known is a quantity as a comparison sees it: unknown unless finite. Only what
// was calculated can be anything else.
func (w *sqlWriter) known(n quantity) {
	switch n.(type) {
	case constant, numeric:
		w.quantity(n)
	default:
		w.put("(CASE WHEN isfinite(", n, ") THEN ", n, " END)")
	}
}

func (w *sqlWriter) condition(n condition) {
	switch n := n.(type) {
	case always:
		w.put(map[bool]string{true: "TRUE", false: "FALSE"}[bool(n)])
	case flag:
		w.put(column(n))
	case comparison:
		w.put("(")
		w.known(n.a)
		w.put(" ", sqlOperators[n.op], " ")
		w.known(n.b)
		w.put(")")
	case within:
		w.put("(")
		w.known(n.of)
		w.put(" IN ")
		list(w, n.values, func(x float64) any { return x })
		w.put(")")
	case coded:
		w.put("(", n.of, map[bool]string{false: " IN ", true: " NOT IN "}[n.not])
		list(w, n.codes, func(s string) any { return code(s) })
		w.put(")")
	case sameCode:
		w.put("(", n.a, equality(n.not), n.b, ")")
	case affix:
		w.put(affixes[n.op].sql, "(", n.of, ", ", code(n.part), ")")
	case agree:
		w.put("(", n.a, equality(n.not), n.b, ")")
	case missing:
		w.put("(", column(n), " IS NULL)")
	case negation:
		w.put("(NOT ", n.of, ")")
	case all:
		w.chain(n, " AND ")
	case some:
		w.chain(n, " OR ")
	case decide:
		w.put("(CASE ", n.when, " WHEN TRUE THEN ", n.then, " WHEN FALSE THEN ", n.else_, " END)")
	default:
		panic(fmt.Sprintf("cohort: no SQL for %T", n))
	}
}

func equality(not bool) string {
	if not {
		return " <> "
	}
	return " = "
}

func (w *sqlWriter) chain(cs []condition, op string) {
	w.put("(")
	for i, c := range cs {
		if i > 0 {
			w.put(op)
		}
		w.condition(c)
	}
	w.put(")")
}

func list[T any](w *sqlWriter, xs []T, arg func(T) any) {
	w.put("(")
	for i, x := range xs {
		if i > 0 {
			w.put(", ")
		}
		w.put(arg(x))
	}
	w.put(")")
}
