package formula

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/table"
)

// eval evaluates an expression for every row, column by column. Missing in any
// part is NaN in the result. The expression has passed bounds on this schema.
func (e *expr) eval(t table.Table) ([]float64, error) {
	switch e.op {
	case opNumber:
		return fill(t.Rows(), e.num), nil
	case opName:
		if xs := t.Numbers(e.text); xs != nil || t.Rows() == 0 {
			return xs, nil
		}
		return nil, fmt.Errorf("the table has no numeric column %q", e.text)
	case opParen:
		return e.args[0].eval(t)
	case opUnary, opCall:
		a, err := e.args[0].eval(t)
		if err != nil || e.text == "I" || e.op == opUnary && e.text == "+" {
			return a, err
		}
		f, err := e.unaryFunc()
		if err != nil {
			return nil, err
		}
		out := make([]float64, len(a))
		for i, x := range a {
			out[i] = f(x)
		}
		return out, nil
	case opBinary:
		return e.evalBinary(t)
	}
	return nil, fmt.Errorf("%s cannot be evaluated", e.src)
}

func fill(n int, x float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func (e *expr) unaryFunc() (func(float64) float64, error) {
	switch e.text {
	case "-":
		return func(x float64) float64 { return -x }, nil
	case "!":
		return func(x float64) float64 { return 1 - x }, nil
	case "abs":
		return math.Abs, nil
	}
	if f, ok := functions[e.text]; ok {
		return f.f, nil
	}
	return nil, fmt.Errorf("%s() cannot be evaluated", e.text)
}

var binaryFuncs = map[string]func(x, y float64) float64{
	"+": func(x, y float64) float64 { return x + y },
	"-": func(x, y float64) float64 { return x - y },
	"*": func(x, y float64) float64 { return x * y },
	"/": func(x, y float64) float64 { return x / y },
	"^": func(x, y float64) float64 {
		if x != x || y != y { // unlike Pow, NaN^0 is missing: R leaves the row out
			return math.NaN()
		}
		return math.Pow(x, y)
	},
	"==": func(x, y float64) float64 { return truth(x, y, x == y) },
	"!=": func(x, y float64) float64 { return truth(x, y, x != y) },
	"<":  func(x, y float64) float64 { return truth(x, y, x < y) },
	">":  func(x, y float64) float64 { return truth(x, y, x > y) },
	"<=": func(x, y float64) float64 { return truth(x, y, x <= y) },
	">=": func(x, y float64) float64 { return truth(x, y, x >= y) },
	// R: FALSE & NA is FALSE, TRUE | NA is TRUE.
	"&": and, "&&": and, "|": or, "||": or,
}

func truth(x, y float64, is bool) float64 {
	if x != x || y != y {
		return math.NaN()
	}
	if is {
		return 1
	}
	return 0
}

func and(x, y float64) float64 {
	if x == 0 || y == 0 {
		return 0
	}
	return x * y
}

func or(x, y float64) float64 {
	if x == 1 || y == 1 {
		return 1
	}
	return x + y // 0, or NaN
}

func (e *expr) evalBinary(t table.Table) ([]float64, error) {
	if isComparison(e.text) {
		a, b := e.args[0].unparen(), e.args[1].unparen()
		for _, pair := range [][2]*expr{{a, b}, {b, a}} {
			if v, code, ok := categoryOf(pair[0], pair[1], t.Schema); ok {
				return compareCodes(t.Codes(pair[0].text), int32(v.Level(code)), e.text == "=="), nil
			}
		}
	}
	a, err := e.args[0].eval(t)
	if err != nil {
		return nil, err
	}
	b, err := e.args[1].eval(t)
	if err != nil {
		return nil, err
	}
	f, ok := binaryFuncs[e.text]
	if !ok {
		return nil, fmt.Errorf("the operator %s cannot be evaluated", e.text)
	}
	out := make([]float64, len(a))
	for i := range out {
		out[i] = f(a[i], b[i])
	}
	return out, nil
}

func compareCodes(codes []int32, want int32, equal bool) []float64 {
	out := make([]float64, len(codes))
	for i, c := range codes {
		switch {
		case c < 0:
			out[i] = math.NaN()
		case (c == want) == equal:
			out[i] = 1
		}
	}
	return out
}
