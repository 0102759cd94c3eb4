package formula

import (
	"math"
	"slices"
	"strconv"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A Model is a formula held against a schema: types fit and every expression
// has a bound. It is immutable.
type Model struct {
	Source
	Formula   string
	Intercept bool // the formula has one (or Options.Implicit)
	implicit  bool
	terms     []bitset
	contrasts []string // by variable
	columns   []string // columns read
}

// Model checks types against the schema and bounds every expression. The error
// is a *SyntaxError.
func (f *Formula) Model(s table.Schema, o Options) (*Model, error) {
	x, err := expand(f.right, f.dotNames(s))
	if err != nil {
		return nil, err
	}
	m := &Model{Formula: f.text, Intercept: x.intercept || o.Implicit, implicit: o.Implicit, terms: x.terms}
	var serr *SyntaxError
	if m.Response, serr = bindResponse(f.response, s); serr != nil {
		return nil, serr
	}
	for _, e := range x.vars {
		v, serr := bindVariable(e, s, o.Groups)
		if serr != nil {
			return nil, serr
		}
		m.Variables = append(m.Variables, v)
	}
	for _, e := range x.strata {
		for _, a := range e.args {
			v, serr := bindVariable(a, s, true)
			if serr != nil {
				return nil, serr
			}
			m.Strata = append(m.Strata, v)
		}
	}
	for _, e := range x.offsets {
		b, serr := e.args[0].bounds(s)
		if serr != nil {
			return nil, serr
		}
		m.Offsets = append(m.Offsets, e.args[0].src)
		m.OffsetLo, m.OffsetHi = m.OffsetLo+b.Lo, m.OffsetHi+b.Hi
	}
	if o.Groups {
		if err := m.group(f); err != nil {
			return nil, err
		}
	}
	if m.cells() > maxCells {
		return nil, f.right.err("the strata have more than %d cells in all: use fewer or coarser groups", maxCells)
	}
	if serr := m.setContrasts(o.Contrasts, f.right); serr != nil {
		return nil, serr
	}
	m.columns = f.read(s)
	return m, nil
}

// group moves all variables to the strata.
func (m *Model) group(f *Formula) error {
	for _, t := range m.terms {
		if t.count() > 1 {
			return f.right.err("groups are joined by +, which already makes a curve for every combination")
		}
	}
	if len(m.Offsets) > 0 {
		return f.right.err("offset() has no meaning for grouped curves")
	}
	m.Strata = append(m.Variables, m.Strata...)
	m.Variables, m.terms = nil, nil
	return nil
}

func (m *Model) setContrasts(want map[string]string, at *expr) *SyntaxError {
	m.contrasts = make([]string, len(m.Variables))
	for i := range m.contrasts {
		m.contrasts[i] = "treatment"
	}
	for name, kind := range want {
		i := slices.IndexFunc(m.Variables, func(v Variable) bool { return v.Name == name })
		if i < 0 || !m.Variables[i].Factor {
			return at.err("contrasts are given for %q, which is no factor of the formula", name)
		}
		if !slices.Contains([]string{"treatment", "sum", "helmert"}, kind) {
			return at.err("contrasts of %s: %q is not one of treatment, sum, helmert", name, kind)
		}
		m.contrasts[i] = kind
	}
	return nil
}

// bindVariable finds out whether a variable is a number or a factor. groups
// makes factors of whole numbers too.
func bindVariable(e *expr, s table.Schema, groups bool) (Variable, *SyntaxError) {
	v := Variable{Name: deparse(e), Expr: e.src}
	inner := e.unparen()
	if inner.op == opCall && (inner.text == "factor" || inner.text == "as.factor") {
		groups = true
		inner = inner.args[0].unparen()
	}
	if inner.op == opName {
		d, err := lookup(inner, s)
		if err != nil {
			return v, err
		}
		if d.Kind == table.Category {
			v.Factor, v.Expr = true, inner.src
			for _, l := range d.Levels {
				v.Levels = append(v.Levels, l.Code)
			}
			return v, nil
		}
	}
	b, err := inner.bounds(s)
	if err != nil {
		return v, err
	}
	switch {
	case b.Logical:
		v.Factor, v.Levels = true, []string{"FALSE", "TRUE"}
	case groups && (!b.Whole || b.Hi-b.Lo >= maxLevels):
		return v, e.err("%s has too many different values to be groups: use whole numbers with a declared range of at most %d values, or a category", inner.src, maxLevels)
	case groups:
		v.Factor, v.Whole, v.First = true, true, b.Lo
		for x := b.Lo; x <= b.Hi; x++ {
			v.Levels = append(v.Levels, strconv.FormatFloat(x, 'f', -1, 64))
		}
	default:
		v.Lo, v.Hi = b.Lo, b.Hi
	}
	v.Expr = inner.src
	return v, nil
}

func bindResponse(e *expr, s table.Schema) (Response, *SyntaxError) {
	if e == nil {
		return Response{Kind: NoResponse}, nil
	}
	out := Response{Kind: Number, Name: deparse(e), Parts: []string{e.src}}
	inner := e.unparen()
	switch {
	case inner.op == opCall && inner.text == "Surv":
		return bindSurv(inner, s, out)
	case inner.op == opCall && inner.text == "factor":
		return out, e.err("write the response as a comparison, as %s == 1, instead of factor()", inner.args[0].src)
	case inner.op == opName:
		d, err := lookup(inner, s)
		if err != nil {
			return out, err
		}
		if d.Kind == table.Category {
			out.Kind, out.Parts = Category, []string{inner.text}
			for _, l := range d.Levels {
				out.Levels = append(out.Levels, l.Code)
			}
			return out, nil
		}
	}
	b, err := e.bounds(s)
	out.Interval = b
	return out, err
}

// bindSurv reads Surv(). As in R, an event variable of 0 and 1 means 1, and one
// declared as 1 and 2 means 2; anything else must be a comparison.
func bindSurv(e *expr, s table.Schema, out Response) (Response, *SyntaxError) {
	out.Kind, out.Parts, out.EventOne = Survival, nil, 1
	for i, a := range e.args {
		b, err := a.bounds(s)
		if err != nil {
			return out, err
		}
		out.Parts = append(out.Parts, a.src)
		switch {
		case i == 0:
			out.Interval = Interval{Lo: b.Lo, Hi: b.Hi, Whole: b.Whole}
		case i < len(e.args)-1:
			t := out.Interval
			out.Interval = Interval{Lo: math.Min(t.Lo, b.Lo), Hi: math.Max(t.Hi, b.Hi), Whole: t.Whole && b.Whole}
		case b.Whole && b.Lo == 1 && b.Hi == 2:
			out.EventOne, out.Event = 2, deparse(a)+" == 2"
		case b.Whole && b.Lo >= 0 && b.Hi <= 1:
			out.Event = deparse(a)
		default:
			return out, a.err("the event of Surv() must be a flag or a comparison: write %s == 1 with the code that means an event", a.src)
		}
	}
	return out, nil
}

// dotNames lists what `.` stands for: all variables not on the left.
func (f *Formula) dotNames(s table.Schema) []string {
	used := map[string]bool{}
	if f.response != nil {
		collect(f.response, used)
	}
	out := []string{}
	for _, v := range s {
		if !used[v.Name] {
			out = append(out, v.Name)
		}
	}
	return out
}

func collect(e *expr, into map[string]bool) {
	if e.op == opName {
		into[e.text] = true
	}
	for _, a := range e.args {
		collect(a, into)
	}
}

// read lists the schema's variables that the formula names, in schema order.
func (f *Formula) read(s table.Schema) []string {
	used := map[string]bool{}
	collect(f.right, used)
	if used["."] {
		for _, n := range f.dotNames(s) {
			used[n] = true
		}
	}
	if f.response != nil {
		collect(f.response, used)
	}
	var out []string
	for _, v := range s {
		if used[v.Name] {
			out = append(out, v.Name)
		}
	}
	return out
}

// Columns lists the variables that are read, in schema order.
func (m *Model) Columns() []string { return m.columns }

// CountRanges bounds the discovery round: complete rows, rows left out, rows
// per declared level of every factor, rows per cell of the strata.
func (m *Model) CountRanges() []fixed.Range {
	n := 2 + m.cells()
	for _, v := range m.Variables {
		n += len(v.Levels)
	}
	return slices.Repeat([]fixed.Range{{Max: 1, Integer: true}}, n)
}

// Count adds a table's counts to sum, from coordinate at on.
func (m *Model) Count(t table.Table, sum *fixed.Vector, at int) error {
	r, err := m.read(t)
	if err != nil {
		return err
	}
	for i, ok := range r.complete {
		if !ok {
			sum.Add(at+1, 1)
			continue
		}
		sum.Add(at, 1)
		c := at + 2
		for v := range m.Variables {
			if m.Variables[v].Factor {
				sum.Add(c+int(r.levels[v][i]), 1)
				c += len(m.Variables[v].Levels)
			}
		}
		if len(m.Strata) > 0 {
			sum.Add(c+int(r.cells[i]), 1)
		}
	}
	return nil
}
