package features

import (
	"context"
	"fmt"
	"io"

	"hmsp.center/hmsp/format"
)

// features reads a matrix whose rows are features. The parts of all samples may be more
// than memory should hold; then the second half of the samples is let go, and read by
// another pass.
func (p *plan) features(ctx context.Context, m Matrix, again func() (Matrix, error), maxBytes int, out *result) error {
	n := len(p.info.Samples)
	if err := p.distinct(); err != nil {
		return err
	}
	subjects := make([]subject, n)
	for i := range subjects {
		subjects[i] = subject{values: p.info.Values, value: make([]float64, len(p.targets)), before: make([]tally, len(p.pivots)), pivot: make([]float64, len(p.pivots))}
	}
	to, err := p.first(ctx, m, subjects, maxBytes)
	if err != nil {
		return err
	}
	out.samples = p.info.Samples
	for from := 0; from < n; {
		for i := from; i < to; i++ {
			out.add(p, &subjects[i], nil)
			subjects[i] = subject{}
		}
		if from = to; from == n {
			break
		}
		if m, err = again(); err != nil {
			return err
		}
		to, err = p.more(ctx, m, subjects, from, maxBytes)
		m.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// first is the first pass: it sums everything, and keeps the parts of the samples up to
// the place that it returns.
func (p *plan) first(ctx context.Context, m Matrix, subjects []subject, maxBytes int) (int, error) {
	to, held, parts := len(subjects), 0, 0
	seen := map[string]bool{}
	var list []string
	err := each(ctx, m, func(r *Row, n int) error {
		if r.Feature.ID == "" || seen[r.Feature.ID] {
			return p.named(r, n, r.Feature.ID == "", "feature")
		}
		seen[r.Feature.ID] = true
		list = append(list, r.Feature.ID)
		p.match(r.Feature, func(c *candidate) { c.sum(r.Values) })
		for i, x := range r.Values {
			if err := plausible(p.path, r, n, x, p.info.Values); err != nil {
				return err
			}
			if r.Feature.Within {
				continue
			}
			p.tallied(&subjects[i], x)
			if p.whole && i < to && p.keeps(x) {
				subjects[i].parts = append(subjects[i].parts, x)
				held += 8
			}
		}
		if !r.Feature.Within {
			parts++
		}
		to, held = p.shorten(subjects, 0, to, held, maxBytes)
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := p.reach(make([]bool, parts)); err != nil {
		return 0, err
	}
	chosen, err := p.chosen(list)
	if err != nil {
		return 0, err
	}
	for t, c := range chosen {
		for i := range subjects {
			if c != nil {
				subjects[i].value[t] = c.values[i]
			}
		}
	}
	return to, nil
}

// tallied is part without keeping it.
func (p *plan) tallied(s *subject, x float64) {
	for k, at := range p.pivots {
		if at == s.tally.parts {
			s.before[k], s.pivot[k] = s.tally, x
		}
	}
	s.tally.add(x, p.info.Values, p.logs)
}

// more is a pass for the parts of samples that the passes before let go.
func (p *plan) more(ctx context.Context, m Matrix, subjects []subject, from, maxBytes int) (int, error) {
	to, held := len(subjects), 0
	err := each(ctx, m, func(r *Row, _ int) error {
		if r.Feature.Within {
			return nil
		}
		for i := from; i < to; i++ {
			if x := r.Values[i]; p.keeps(x) {
				subjects[i].parts = append(subjects[i].parts, x)
				held += 8
			}
		}
		to, held = p.shorten(subjects, from, to, held, maxBytes)
		return nil
	})
	return to, err
}

// shorten lets the second half of the samples go where they hold too much.
func (p *plan) shorten(subjects []subject, from, to, held, maxBytes int) (int, int) {
	for held > maxBytes && to-from > 1 {
		half := from + (to-from+1)/2
		for i := half; i < to; i++ {
			held -= 8 * len(subjects[i].parts)
			subjects[i].parts = nil
		}
		to = half
	}
	return to, held
}

// each calls do with the rows of a matrix.
func each(ctx context.Context, m Matrix, do func(r *Row, n int) error) error {
	var r Row
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := m.Next(&r)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = do(&r, n)
		}
		if err != nil {
			return err
		}
	}
}

// sum adds a feature's values of all samples.
func (c *candidate) sum(values []float64) {
	if c.values == nil {
		c.values = make([]float64, len(values))
	}
	for i, x := range values {
		c.values[i] += x
	}
}

// distinct refuses columns of samples that are named alike.
func (p *plan) distinct() error {
	seen := map[string]int{}
	for i, s := range p.info.Samples {
		if k, ok := seen[s]; ok || s == "" {
			e := &format.Error{File: p.path, Text: fmt.Sprintf("samples %d and %d have the same name", k+1, i+1), Mend: "rename one of them"}
			if s == "" {
				e.Text, e.Mend = fmt.Sprintf("sample %d has no name", i+1), "name it"
			}
			return e
		}
		seen[s] = i
	}
	return nil
}
