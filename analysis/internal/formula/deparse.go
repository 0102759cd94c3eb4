package formula

import (
	"strconv"
	"strings"
	"unicode"
)

// deparse writes an expression as R's deparse does; R names coefficients so.
func deparse(e *expr) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

func write(b *strings.Builder, e *expr) {
	switch e.op {
	case opNumber:
		if e.text == "TRUE" || e.text == "FALSE" {
			b.WriteString(e.text)
		} else {
			b.WriteString(deparseNumber(e.num))
		}
	case opString:
		b.WriteString(strconv.Quote(e.text))
	case opName:
		b.WriteString(quoteName(e.text))
	case opParen:
		b.WriteByte('(')
		write(b, e.args[0])
		b.WriteByte(')')
	case opUnary:
		b.WriteString(e.text)
		write(b, e.args[0])
	case opCall:
		b.WriteString(e.text)
		b.WriteByte('(')
		for i, a := range e.args {
			if i > 0 {
				b.WriteString(", ")
			}
			write(b, a)
		}
		b.WriteByte(')')
	case opBinary:
		write(b, e.args[0])
		if e.text == "^" || e.text == "/" || e.text == ":" {
			b.WriteString(e.text)
		} else {
			b.WriteString(" " + e.text + " ")
		}
		write(b, e.args[1])
	}
}

// deparseNumber writes at most 15 significant digits, in scientific notation
// only where that is shorter.
func deparseNumber(x float64) string {
	sci := strconv.FormatFloat(x, 'e', -1, 64)
	if mantissa, _, _ := strings.Cut(sci, "e"); len(mantissa) > 16 {
		sci = strconv.FormatFloat(x, 'e', 14, 64)
		x, _ = strconv.ParseFloat(sci, 64)
		sci = strconv.FormatFloat(x, 'e', -1, 64)
	}
	fixed := strconv.FormatFloat(x, 'f', -1, 64)
	if len(fixed) <= len(sci) {
		return fixed
	}
	return sci
}

// quoteName puts a name that R would not read as one in backticks.
func quoteName(s string) string {
	for i, r := range s {
		ok := r == '.' || unicode.IsLetter(r)
		if i > 0 {
			ok = ok || r == '_' || unicode.IsDigit(r) || unicode.IsMark(r)
		}
		if !ok || i == 0 && r == '.' && isDigit(s, 1) {
			return "`" + s + "`"
		}
	}
	return s
}
