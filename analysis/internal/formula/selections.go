package formula

import (
	"slices"

	"hmsp.center/hmsp/table"
)

// Selections gives the rows that a formula chooses by comparisons that it reckons with
// as numbers, as in I(x * (y != 3)): where they are false, something else is summed, as
// if a cohort had left the patient out. Rows of which it is not known are in. What a
// comparison makes by itself is no selection: an event, or a factor, whose levels are
// counted.
func (s Source) Selections(t table.Table) ([]table.Subset, error) {
	texts := slices.Concat(s.Response.Parts, s.Offsets)
	if s.Response.Kind == Category {
		texts = slices.Clone(s.Offsets)
	}
	for _, v := range s.Variables {
		if !v.Factor {
			texts = append(texts, v.Expr)
		}
	}
	var out []table.Subset
	for _, text := range texts {
		e, err := parseExpr(text)
		if err != nil {
			return nil, err
		}
		for _, c := range e.selecting(false) {
			xs, err := c.eval(t)
			if err != nil {
				return nil, err
			}
			var rows table.Subset
			for i, x := range xs {
				if x != 0 {
					rows.Add(i)
				}
			}
			out = append(out, rows)
		}
	}
	return out, nil
}

// selecting lists the largest parts of an expression that are true or false and that it,
// or what it stands in, reckons with.
func (e *expr) selecting(reckoned bool) (out []*expr) {
	switch {
	case e.op == opBinary && (isComparison(e.text) || slices.Contains([]string{"&", "&&", "|", "||"}, e.text)), e.op == opUnary && e.text == "!":
		if reckoned {
			return []*expr{e}
		}
	case e.op == opBinary, e.op == opUnary, e.op == opCall && e.text != "I":
		reckoned = true
	}
	for _, a := range e.args {
		out = append(out, a.selecting(reckoned)...)
	}
	return out
}
