package formula

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Part is one factor of a column's product: the variable's number, or, for a
// factor, the coding value of the person's level.
type Part struct {
	Var    int       `json:"var"`
	Values []float64 `json:"values,omitempty"` // by observed level; nil for a number
}

// A Column of the design matrix holds (product of parts - Centre) / Scale,
// which is within -1..1 for everybody within the declared ranges.
type Column struct {
	Name   string  `json:"name"` // as R names the coefficient
	Term   int     `json:"term"` // 0 the intercept, then the terms in R's order
	Parts  []Part  `json:"parts,omitempty"`
	Centre float64 `json:"centre"`
	Scale  float64 `json:"scale"`
}

// A Design is the settled design matrix: public, plain data that encodes as
// JSON and means the same at every site.
type Design struct {
	Source
	Formula     string   `json:"formula"`
	Intercept   bool     `json:"intercept"` // the first column is ones
	Columns     []Column `json:"columns"`
	Terms       []string `json:"terms"`           // names of the terms, R's labels
	Rows        int      `json:"rows"`            // complete rows over all sites
	Left        int      `json:"left"`            // rows left out because of missing values
	Cells       []int    `json:"cells,omitempty"` // strata: declared cell of each observed stratum
	StrataNames []string `json:"strataNames,omitempty"`
	StrataRows  []int    `json:"strataRows,omitempty"`
	Notes       []string `json:"notes,omitempty"` // for the reader of the result
}

// Settle makes the design from the opened counts of the discovery round.
// Factor levels that no complete row has are dropped, as R drops them. The
// errors are texts for the researcher.
func (m *Model) Settle(counts []float64) (*Design, error) {
	if want := len(m.CountRanges()); len(counts) != want {
		return nil, fmt.Errorf("discovery opened %d counts, want %d", len(counts), want)
	}
	d := &Design{Source: m.Source, Formula: m.Formula, Intercept: m.Intercept && !m.implicit,
		Rows: int(counts[0]), Left: int(counts[1])}
	if d.Rows == 0 {
		return nil, fmt.Errorf("no row has values for all of %s (%d rows were left out)", strings.Join(m.columns, ", "), d.Left)
	}
	if d.Left > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d of %d rows were left out because a value of the formula is missing", d.Left, d.Left+d.Rows))
	}
	d.Variables = slices.Clone(m.Variables)
	at := 2
	for i := range d.Variables {
		v := &d.Variables[i]
		if !v.Factor {
			continue
		}
		if err := d.keep(v, counts[at:at+len(v.Levels)]); err != nil {
			return nil, err
		}
		at += len(v.Levels)
	}
	d.settleStrata(counts[at:])
	return d, m.code(d)
}

// keep drops unobserved levels; a factor of one level has no contrast.
func (d *Design) keep(v *Variable, counts []float64) error {
	v.Keep = nil
	var gone []string
	for i, c := range counts {
		if c > 0 {
			v.Keep = append(v.Keep, i)
		} else {
			gone = append(gone, v.Levels[i])
		}
	}
	if len(v.Keep) == 0 {
		return fmt.Errorf("%s: no row has a level of it", v.Name)
	}
	if len(v.Keep) < 2 {
		return fmt.Errorf("%s has the single level %q among the rows with complete values, so nothing can be compared: take it out of the formula", v.Name, v.Levels[v.Keep[0]])
	}
	if len(gone) > 0 && !v.Whole { // of whole numbers only the observed ones are levels anyway
		d.Notes = append(d.Notes, fmt.Sprintf("%s: no row has level %s; it was dropped", v.Name, strings.Join(gone, ", ")))
	}
	return nil
}

func (d *Design) settleStrata(counts []float64) {
	for cell, c := range counts {
		if c == 0 {
			continue
		}
		var name []string
		rest := cell
		for i := len(d.Strata) - 1; i >= 0; i-- {
			v := d.Strata[i]
			name = append(name, v.Name+"="+v.Levels[rest%len(v.Levels)])
			rest /= len(v.Levels)
		}
		slices.Reverse(name)
		d.Cells = append(d.Cells, cell)
		d.StrataNames = append(d.StrataNames, strings.Join(name, ", "))
		d.StrataRows = append(d.StrataRows, int(c))
	}
}

// code makes the columns in R's order: terms, and within a term the first
// variable's levels fastest.
func (m *Model) code(d *Design) error {
	d.Columns = nil
	if d.Intercept {
		d.Columns = append(d.Columns, Column{Name: "(Intercept)", Scale: 1})
	}
	full := m.fullDummies()
	for t, term := range m.terms {
		cols := []Column{{Term: t + 1}}
		var label []string
		for i, v := range d.Variables {
			if !term.has(i) {
				continue
			}
			label = append(label, v.Name)
			cols = cross(cols, v.columns(i, m.contrasts[i], full[t].has(i)))
			if len(d.Columns)+len(cols) > MaxColumns {
				return fmt.Errorf("the design has more than %d columns: use fewer terms or coarser factors", MaxColumns)
			}
		}
		for _, c := range cols {
			d.scale(&c, m.Intercept)
			d.Columns = append(d.Columns, c)
		}
		d.Terms = append(d.Terms, strings.Join(label, ":"))
	}
	return nil
}

// fullDummies says, per term, which factors are coded by indicators of all
// levels instead of contrasts. R's TermCode: a factor is coded by contrasts if
// the term without it is empty or lies within an earlier term; and without an
// intercept the first factor of the first term that has one gets indicators.
func (m *Model) fullDummies() []bitset {
	full := make([]bitset, len(m.terms))
	for t, term := range m.terms {
		for i, v := range m.Variables {
			if !v.Factor || !term.has(i) {
				continue
			}
			rest := term
			rest.clear(i)
			if rest.count() > 0 && !slices.ContainsFunc(m.terms[:t], rest.within) {
				full[t].set(i)
			}
		}
	}
	if m.Intercept {
		return full
	}
	for t, term := range m.terms {
		for i, v := range m.Variables {
			if v.Factor && term.has(i) {
				full[t].set(i)
				return full
			}
		}
	}
	return full
}

// columns codes variable i: one column for a number, k-1 contrasts or k
// indicators for a factor of k observed levels.
func (v Variable) columns(i int, contrast string, full bool) []Column {
	if !v.Factor {
		return []Column{{Name: v.Name, Parts: []Part{{Var: i}}}}
	}
	k := len(v.Keep)
	var out []Column
	add := func(suffix string, value func(level int) float64) {
		values := make([]float64, k)
		for l := range values {
			values[l] = value(l)
		}
		out = append(out, Column{Name: v.Name + suffix, Parts: []Part{{Var: i, Values: values}}})
	}
	first := 1
	if full {
		first, contrast = 0, "treatment"
	}
	for j := first; j < k; j++ {
		switch contrast {
		case "sum":
			add(fmt.Sprint(j), func(l int) float64 {
				switch l {
				case j - 1:
					return 1
				case k - 1:
					return -1
				}
				return 0
			})
		case "helmert":
			add(fmt.Sprint(j), func(l int) float64 {
				switch {
				case l < j:
					return -1
				case l == j:
					return float64(j)
				}
				return 0
			})
		default:
			add(v.Levels[v.Keep[j]], func(l int) float64 {
				if l == j {
					return 1
				}
				return 0
			})
		}
	}
	return out
}

func cross(a, b []Column) []Column {
	var out []Column
	for _, y := range b {
		for _, x := range a {
			name := y.Name
			if x.Name != "" {
				name = x.Name + ":" + y.Name
			}
			out = append(out, Column{Name: name, Term: x.Term, Parts: slices.Concat(x.Parts, y.Parts)})
		}
	}
	return out
}

// scale chooses centre and scale from the declared bounds. Only with an
// intercept can a column be moved without changing the model. Indicators stay
// as they are.
func (d *Design) scale(c *Column, centre bool) {
	b := Interval{Lo: 1, Hi: 1}
	numeric := false
	for _, p := range c.Parts {
		v := d.Variables[p.Var]
		q := Interval{Lo: v.Lo, Hi: v.Hi}
		if p.Values != nil {
			q = Interval{Lo: slices.Min(p.Values), Hi: slices.Max(p.Values)}
		} else {
			numeric = true
		}
		b = corners(b, q, func(x, y float64) float64 { return x * y }, false)
	}
	c.Scale = math.Max(math.Abs(b.Lo), math.Abs(b.Hi))
	if numeric && centre {
		c.Centre = b.Lo + (b.Hi-b.Lo)/2
		c.Scale = math.Max(b.Hi-c.Centre, c.Centre-b.Lo)
	}
	if c.Scale == 0 {
		c.Scale = 1
	}
}

// Names lists the columns' names.
func (d *Design) Names() []string {
	out := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		out[i] = c.Name
	}
	return out
}
