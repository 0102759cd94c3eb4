package features

import (
	"context"
	"fmt"
	"io"
	"math"

	"hmsp.center/hmsp/format"
)

// A result is every wanted column of every sample.
type result struct {
	samples []string
	columns []format.Values // in the plan's order
}

// gather reads a matrix for a plan. Open gives it once more where a second pass is needed.
func (p *plan) gather(ctx context.Context, m Matrix, again func() (Matrix, error), maxBytes int) (*result, error) {
	out := &result{columns: make([]format.Values, len(p.columns))}
	if p.info.Features != nil {
		return out, p.samples(ctx, m, out)
	}
	return out, p.features(ctx, m, again, maxBytes, out)
}

// samples reads a matrix whose rows are samples: each is finished with its row.
func (p *plan) samples(ctx context.Context, m Matrix, out *result) error {
	within := make([]bool, len(p.info.Features))
	for i, f := range p.info.Features {
		within[i] = f.Within
		p.match(f, func(c *candidate) { c.places = append(c.places, i) })
	}
	chosen, err := p.chosen(p.known())
	if err != nil {
		return err
	}
	if err := p.reach(within); err != nil {
		return err
	}
	seen := map[string]bool{}
	var r Row
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := m.Next(&r); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case r.Sample == "" || seen[r.Sample]:
			return p.named(&r, n, r.Sample == "", "sample")
		}
		seen[r.Sample] = true
		s, err := p.subject(&r, n, within, chosen)
		if err != nil {
			return err
		}
		out.samples = append(out.samples, r.Sample)
		out.add(p, s, r.Attributes)
	}
}

// subject sums one row.
func (p *plan) subject(r *Row, n int, within []bool, chosen []*candidate) (*subject, error) {
	dense := r.Values
	if r.Places != nil {
		dense = make([]float64, len(within))
		for k, place := range r.Places {
			dense[place] = r.Values[k]
		}
	}
	s := &subject{values: p.info.Values, value: make([]float64, len(chosen)), before: make([]tally, len(p.pivots)), pivot: make([]float64, len(p.pivots))}
	for i, x := range dense {
		if err := plausible(p.path, r, n, x, p.info.Values); err != nil {
			return nil, err
		}
		if !within[i] {
			p.part(s, x)
		}
	}
	for t, c := range chosen {
		if c == nil {
			continue
		}
		for _, place := range c.places {
			s.value[t] += dense[place]
		}
	}
	return s, nil
}

// part adds a part of the composition to a sample.
func (p *plan) part(s *subject, x float64) {
	p.tallied(s, x)
	if p.whole && p.keeps(x) {
		s.parts = append(s.parts, x)
	}
}

// keeps says that a part changes the computed columns that want them all.
func (p *plan) keeps(x float64) bool {
	return x == x && (x != 0 || !p.info.Values.additive())
}

// chosen is the candidate of each target; every one must have one.
func (p *plan) chosen(known []string) ([]*candidate, error) {
	out := make([]*candidate, len(p.targets))
	for _, c := range p.columns {
		for _, group := range [][]int{c.up, c.down} {
			for _, t := range group {
				best, problem := p.targets[t].choose(p.path, c.Name, p.info.Values)
				if problem != nil {
					return nil, problem
				}
				if best == nil {
					return nil, p.unknown(c.Name, p.targets[t].name, known)
				}
				out[t] = best
			}
		}
	}
	return out, nil
}

// unknown names a column that the file lacks; of a function the name in it.
func (p *plan) unknown(column, name string, known []string) error {
	if p.info.Guessed {
		known = nil
	}
	for _, c := range standard(p.info) {
		known = append(known, c.Name)
	}
	e := unknown(p.path, name, known)
	e.Column = column
	return e
}

func (p *plan) known() []string {
	var out []string
	for _, f := range p.info.Features {
		out = append(out, f.ID)
	}
	return out
}

// reach refuses coordinates behind the last.
func (p *plan) reach(within []bool) error {
	parts := 0
	for _, w := range within {
		if !w {
			parts++
		}
	}
	for _, k := range p.pivots {
		if k >= parts {
			return &format.Error{File: p.path, Column: fmt.Sprintf("ilr(%d)", k), Text: fmt.Sprintf("a composition of %d parts has %d coordinates", parts, max(parts-1, 0))}
		}
	}
	return nil
}

// named refuses a row without a name and one whose name another has.
func (p *plan) named(r *Row, n int, empty bool, what string) error {
	e := &format.Error{File: p.path, Line: r.Line, Text: "two rows have the name of the same " + what, Mend: "rename one of them, or leave it out"}
	if empty {
		e.Text, e.Mend = "a row has no name of its "+what, "name it"
	}
	if r.Line == 0 {
		e.Row = n + 1
	}
	return e
}

// add gives each column the sample's value.
func (out *result) add(p *plan, s *subject, attributes []string) {
	for i, c := range p.columns {
		v := &out.columns[i]
		row := max(len(v.Text), len(v.Float), len(v.Int))
		missing := false
		switch {
		case c.attribute >= 0:
			v.Text = append(v.Text, attributes[c.attribute])
			missing = attributes[c.attribute] == ""
		case c.Name == format.SampleColumn:
			v.Text = append(v.Text, out.samples[row])
		default:
			x := c.value(s)
			if missing = math.IsNaN(x) || math.IsInf(x, 0); missing {
				x = 0
			}
			if c.Kind == format.Int {
				v.Int = append(v.Int, int64(x))
			} else {
				v.Float = append(v.Float, x)
			}
		}
		if missing && v.Null == nil {
			v.Null = make([]bool, row)
		}
		if v.Null != nil {
			v.Null = append(v.Null, missing)
		}
	}
}
