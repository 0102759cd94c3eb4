package features

import (
	"math"
	"slices"
	"strings"

	"hmsp.center/hmsp/composition"
	"hmsp.center/hmsp/format"
)

// A plan is what to read for the columns that are wanted.
type plan struct {
	path    string
	info    Info
	columns []column
	matcher
	logs   bool  // logarithms of all parts are wanted
	whole  bool  // so are all parts of each sample
	pivots []int // coordinates of ilr
}

// A column that is wanted.
type column struct {
	format.Column
	computed   string // one of the computed ones, or ""
	attribute  int    // -1 if none
	expression expression
	up, down   []int // places of the targets
	pivot      int   // of ilr: its place among the plan's
}

// standard lists the columns that are no features.
func standard(info Info) []format.Column {
	out := []format.Column{{Name: format.SampleColumn, Kind: format.Text}}
	for _, a := range info.Attributes {
		if a != format.SampleColumn && !slices.Contains(computed(info.Values), a) { // those come first
			out = append(out, format.Column{Name: a, Kind: format.Text})
		}
	}
	for _, c := range computed(info.Values) {
		out = append(out, format.Column{Name: c, Kind: kindOf(c)})
	}
	return out
}

func kindOf(computed string) format.Kind {
	if computed == librarySize || computed == observed {
		return format.Int
	}
	return format.Float
}

// newPlan says what the named columns need; what the values do not have is an error.
func newPlan(path string, info Info, names []string) (*plan, error) {
	p := &plan{path: path, info: info}
	if names == nil {
		for _, c := range standard(info) {
			names = append(names, c.Name)
		}
	}
	for _, name := range names {
		c, err := p.column(name)
		if err != nil {
			return nil, err
		}
		p.columns = append(p.columns, c)
	}
	return p, nil
}

func (p *plan) column(name string) (column, error) {
	c := column{Column: format.Column{Name: name, Kind: format.Float}, attribute: -1}
	if name == format.SampleColumn {
		c.Kind = format.Text
		return c, nil
	}
	plain := strings.TrimPrefix(name, "hmsp:")
	if slices.Contains(computed(p.info.Values), plain) {
		c.Kind, c.computed = kindOf(plain), plain
		p.whole = p.whole || !streams(plain)
		return c, nil
	}
	if i := slices.Index(p.info.Attributes, name); i >= 0 {
		c.Kind, c.attribute = format.Text, i
		return c, nil
	}
	if c.expression = split(plain); c.expression.function == raw { // hmsp:NAME is a feature of that name, if no function
		c.expression = split(name)
	}
	f := c.expression.function
	if !f.of(p.info.Values) {
		return c, unfit(p.path, name, f, p.info.Values)
	}
	p.logs = p.logs || f == clr || f == ilr
	p.whole = p.whole || f == rarefied
	if f == ilr {
		c.pivot = len(p.pivots)
		p.pivots = append(p.pivots, c.expression.n)
	}
	for _, n := range c.expression.up {
		c.up = append(c.up, p.want(n))
	}
	for _, n := range c.expression.down {
		c.down = append(c.down, p.want(n))
	}
	return c, nil
}

// A subject is what is known of one sample.
type subject struct {
	tally  tally
	parts  []float64 // if the plan wants them whole
	value  []float64 // of the targets
	before []tally   // of the parts before each pivot
	pivot  []float64 // the part of each pivot
	values Values
}

// value gives a numeric column of a sample.
func (c column) value(s *subject) float64 {
	if c.computed != "" {
		return compute(c.computed, s.tally, s.parts)
	}
	switch c.expression.function {
	case ilr:
		return s.coordinate(c.expression.n, c.pivot)
	case rarefied:
		return composition.RarefiedRichness(s.parts, c.expression.n)
	case balance:
		return s.balance(c.up, c.down)
	}
	x := s.value[c.up[0]]
	switch c.expression.function {
	case relative:
		return x / s.tally.total
	case clr:
		return s.tally.replaced(x, s.values) - s.tally.sum(s.tally, s.values)/float64(s.tally.parts)
	case log2:
		if s.values == Counts {
			return math.Log2(x + 1)
		}
		return math.Log2(x) // of what is not positive NaN or -Inf, which are missing
	case logcpm:
		return math.Log2((x + 0.5) / (s.tally.total + 1) * 1e6)
	case beta:
		if s.values == MValues {
			return 1 / (1 + math.Exp2(-x))
		}
	case mvalue:
		if s.values == Betas {
			return math.Log2(x / (1 - x))
		}
	}
	return x
}

func (s *subject) coordinate(n, pivot int) float64 {
	if s.tally.missing > 0 {
		return math.NaN()
	}
	first := s.before[pivot]
	return composition.PivotCoordinate(n, s.tally.sum(first, s.values), s.tally.replaced(s.pivot[pivot], s.values))
}

func (s *subject) balance(up, down []int) float64 {
	return composition.Balance(s.positive(up), s.positive(down))
}

// positive are parts without zeros, on any common scale.
func (s *subject) positive(targets []int) []float64 {
	out := make([]float64, len(targets))
	for i, t := range targets {
		out[i] = math.Exp(s.tally.replaced(s.value[t], s.values))
	}
	return out
}
