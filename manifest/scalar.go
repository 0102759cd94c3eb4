package manifest

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// The plain scalars of YAML 1.2's core schema (section 10.3.2), without octal
// and hexadecimal numbers, which are text here.
var (
	nullForm   = regexp.MustCompile(`^(|~|null|Null|NULL)$`)
	trueForm   = regexp.MustCompile(`^(true|True|TRUE)$`)
	falseForm  = regexp.MustCompile(`^(false|False|FALSE)$`)
	numberForm = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	wholeForm  = regexp.MustCompile(`^[-+]?[0-9]+$`)
	paddedForm = regexp.MustCompile(`^[-+]?0[0-9]`)
	finiteForm = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// largestWhole is the largest whole number that no other is rounded to.
const largestWhole = 1<<53 - 1

// scalar reads a scalar from its characters, not from the library's reading of
// them, which differs from the core schema in places (1e3, 017).
func (r *reader) scalar(out *node, n ast.Node) {
	t := n.GetToken()
	p := t.Position
	if t.Type == token.ImplicitNullType {
		return
	}
	if t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
		r.text(out, p, t.Value)
		return
	}
	s := strings.TrimSpace(t.Value)
	switch {
	case nullForm.MatchString(s):
	case trueForm.MatchString(s), falseForm.MatchString(s):
		out.kind, out.boolean = boolean, trueForm.MatchString(s)
	case finiteForm.MatchString(s):
		r.fail(p, "want a finite number, got %s: write the number out, or put text in quotes", s)
	case numberForm.MatchString(s):
		out.kind = number
		x, err := strconv.ParseFloat(s, 64)
		switch {
		case paddedForm.MatchString(s):
			r.fail(p, "%s begins with 0: write %s if it is a number, %q in quotes if it is a code", quote(s), strings.TrimLeft(s, "+-0"), s)
		case err != nil || math.IsInf(x, 0):
			r.fail(p, "the number %s is too large", quote(s))
		case wholeForm.MatchString(s) && math.Abs(x) > largestWhole:
			r.fail(p, "%s has more digits than a number keeps exactly: put it in quotes if it is a code", quote(s))
		}
		out.number = x + 0 // no negative zero
	default:
		r.text(out, p, s)
	}
}
