package cohort

import (
	"math"
	"slices"
	"strings"
)

// A condition is a node that is true, false or unknown for a row.
type condition interface {
	holds(r *rows, row int) Truth
}

// A quantity is a node that is a number for a row; NaN is unknown.
type quantity interface {
	value(r *rows, row int) float64
}

// A column is a variable that the expression reads: at is its place in Expr.schema.
type column struct {
	at   int
	name string
}

type (
	constant   float64               // 40
	numeric    column                // age
	negative   struct{ of quantity } // -age
	arithmetic struct {
		op   string
		a, b quantity
	} // weight / 2
	choose struct { // sex == "m" ? 1 : 2
		when        condition
		then, else_ quantity
	}

	always     bool   // true
	flag       column // diabetes
	comparison struct {
		op   string
		a, b quantity
	} // age >= 40
	within struct {
		of     quantity
		values []float64
	} // age in [50, 60]
	coded struct {
		of    column
		codes []string
		not   bool
	} // sex == "f", stage in ["II", "III"]
	sameCode struct {
		a, b column
		not  bool
	} // birthplace == residence
	affix struct {
		of       column
		op, part string
	} // icd10.startsWith("C34")
	agree struct {
		a, b condition
		not  bool
	} // diabetes == smoker
	missing  column                                // missing(age)
	negation struct{ of condition }                // !diabetes
	all      []condition                           // a && b && c
	some     []condition                           // a || b || c
	decide   struct{ when, then, else_ condition } // a ? b : c
)

func (n constant) value(*rows, int) float64 { return float64(n) }

func (n numeric) value(r *rows, row int) float64 { return r.columns[n.at].Numbers[row] }

func (n negative) value(r *rows, row int) float64 { return -n.of.value(r, row) }

func (n arithmetic) value(r *rows, row int) float64 {
	a, b := n.a.value(r, row), n.b.value(r, row)
	switch n.op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return float64(a * b) // the conversion forbids a fused multiply-add, which SQL does not do
	default:
		return a / b
	}
}

func (n choose) value(r *rows, row int) float64 {
	switch n.when.holds(r, row) {
	case True:
		return n.then.value(r, row)
	case False:
		return n.else_.value(r, row)
	}
	return math.NaN()
}

func (n always) holds(*rows, int) Truth { return truth(bool(n)) }

func (n flag) holds(r *rows, row int) Truth {
	x := r.columns[n.at].Numbers[row]
	if math.IsNaN(x) {
		return Unknown
	}
	return truth(x != 0)
}

func (n comparison) holds(r *rows, row int) Truth {
	a, b := n.a.value(r, row), n.b.value(r, row)
	if !finite(a) || !finite(b) {
		return Unknown
	}
	switch n.op {
	case "==":
		return truth(a == b)
	case "!=":
		return truth(a != b)
	case "<":
		return truth(a < b)
	case "<=":
		return truth(a <= b)
	case ">":
		return truth(a > b)
	default:
		return truth(a >= b)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (n within) holds(r *rows, row int) Truth {
	x := n.of.value(r, row)
	if !finite(x) {
		return Unknown
	}
	return truth(slices.Contains(n.values, x))
}

// code is the text of a category's code in a row; false if it is missing.
func (c column) code(r *rows, row int) (string, bool) {
	k := r.columns[c.at].Codes[row]
	if k < 0 {
		return "", false
	}
	return r.levels[c.at][k].Code, true
}

func (n coded) holds(r *rows, row int) Truth {
	code, ok := n.of.code(r, row)
	if !ok {
		return Unknown
	}
	return truth(slices.Contains(n.codes, code) != n.not)
}

func (n sameCode) holds(r *rows, row int) Truth {
	a, oka := n.a.code(r, row)
	b, okb := n.b.code(r, row)
	if !oka || !okb {
		return Unknown
	}
	return truth((a == b) != n.not)
}

func (n affix) holds(r *rows, row int) Truth {
	code, ok := n.of.code(r, row)
	if !ok {
		return Unknown
	}
	return truth(affixes[n.op].test(code, n.part))
}

// An affixTest is a method on categories: its Go function and its SQL function.
type affixTest struct {
	test func(code, part string) bool
	sql  string
}

var affixes = map[string]affixTest{
	"startsWith": {strings.HasPrefix, "starts_with"},
	"endsWith":   {strings.HasSuffix, "ends_with"},
	"contains":   {strings.Contains, "contains"},
}

func (n agree) holds(r *rows, row int) Truth {
	a, b := n.a.holds(r, row), n.b.holds(r, row)
	if a == Unknown || b == Unknown {
		return Unknown
	}
	return truth((a == b) != n.not)
}

func (n missing) holds(r *rows, row int) Truth {
	if c := r.columns[n.at]; c.Codes != nil {
		return truth(c.Codes[row] < 0)
	}
	return truth(math.IsNaN(r.columns[n.at].Numbers[row]))
}

func (n negation) holds(r *rows, row int) Truth { return -n.of.holds(r, row) }

// In Kleene's logic "and" is the least and "or" the greatest of the truths.
func (n all) holds(r *rows, row int) Truth {
	least := True
	for _, c := range n {
		least = min(least, c.holds(r, row))
	}
	return least
}

func (n some) holds(r *rows, row int) Truth {
	greatest := False
	for _, c := range n {
		greatest = max(greatest, c.holds(r, row))
	}
	return greatest
}

func (n decide) holds(r *rows, row int) Truth {
	switch n.when.holds(r, row) {
	case True:
		return n.then.holds(r, row)
	case False:
		return n.else_.holds(r, row)
	}
	return Unknown
}
