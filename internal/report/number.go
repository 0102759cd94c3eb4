package report

import (
	"math"
	"strconv"
	"strings"

	"hmsp.center/hmsp/analysis"
)

// digits is how many significant digits the terminal shows.
const digits = 4

// Cells writes a column for people. Numbers are as R prints a data frame with
// options(digits = 4): the same number of decimals down the column, enough that
// every value shows four significant digits or all it has; scientific where that
// is shorter. Probabilities (p.value) stand each for itself, because one tiny
// one must not push the others into scientific notation.
func Cells(c analysis.Column) []string {
	if c.Text != nil {
		out := make([]string, len(c.Text))
		for i, s := range c.Text {
			out[i] = printable(s)
		}
		return out
	}
	if strings.HasPrefix(c.Name, "p.") || c.Name == "p" {
		out := make([]string, len(c.Numbers))
		for i, x := range c.Numbers {
			out[i] = formatReal([]float64{x})[0]
		}
		return out
	}
	return formatReal(c.Numbers)
}

// formatReal is R's rule (src/main/format.c, formatReal): the fewest decimals at
// which every number shows its significant digits, fixed notation unless it is
// wider than scientific.
func formatReal(xs []float64) []string {
	right, left, mantissa, negative, exponent := 0, 1, 1, 0, 2
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			continue
		}
		sig, exp := significant(x)
		right = max(right, sig-exp-1)
		left = max(left, exp+1)
		mantissa = max(mantissa, sig)
		if x < 0 {
			negative = 1
		}
		if exp > 99 || exp < -99 {
			exponent = 3
		}
	}
	fixed := negative + left
	if right > 0 {
		fixed += right + 1
	}
	wide := negative + mantissa + 2 + exponent
	if mantissa > 1 {
		wide++
	}
	out := make([]string, len(xs))
	for i, x := range xs {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			out[i] = analysis.FormatNumber(x)
		case fixed <= wide:
			out[i] = strconv.FormatFloat(x, 'f', right, 64)
		default:
			out[i] = strconv.FormatFloat(x, 'e', mantissa-1, 64)
		}
	}
	return out
}

// significant is the number of significant digits that x needs, at most digits,
// and its decimal exponent after rounding to them.
func significant(x float64) (sig, exp int) {
	if x == 0 {
		return 1, 0
	}
	m, e, _ := strings.Cut(strconv.FormatFloat(math.Abs(x), 'e', digits-1, 64), "e")
	exp, _ = strconv.Atoi(e)
	m = strings.TrimRight(strings.Replace(m, ".", "", 1), "0")
	return max(len(m), 1), exp
}

// printable replaces what could steer a terminal: a name in a result is text,
// never an escape sequence.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}
