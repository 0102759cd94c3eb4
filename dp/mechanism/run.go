package mechanism

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A state is the public state of a program: which round it is, and the run's own.
type state struct {
	Round int            `json:"round"`
	Inner analysis.State `json:"inner"`
}

// Start wraps the first state of the private run.
func (p *Program) Start(inner analysis.State) (analysis.State, error) {
	return analysis.Encode(state{Inner: inner})
}

// round reads the state and finds its round.
func (p *Program) round(s analysis.State) (state, round, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return st, round{}, err
	}
	if st.Round < 0 || st.Round >= len(p.rounds) {
		return st, round{}, fmt.Errorf("round %d of a private run of %d: nothing more is paid for", st.Round, len(p.rounds))
	}
	return st, p.rounds[st.Round], nil
}

// Bounds implements analysis.Run: the ranges of one patient, on the grid of the
// noise.
func (p *Program) Bounds(s analysis.State) (analysis.Bounds, error) {
	_, d, err := p.round(s)
	if err != nil {
		return analysis.Bounds{}, err
	}
	b := analysis.Bounds{Columns: d.query.Columns, Opens: d.query.Opens}
	for _, k := range d.parts {
		for range k.Len {
			b.Ranges = append(b.Ranges, fixed.Range{Max: k.Most(), Integer: k.Integer})
			b.Frac = append(b.Frac, k.frac)
			b.Margin = append(b.Margin, float64(k.noise.Bound()))
		}
	}
	return b, nil
}

// Local implements analysis.Run: each row is one patient, whose contribution is
// scaled down to the norms of its block before it is added.
func (p *Program) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	st, d, err := p.round(s)
	if err != nil {
		return err
	}
	person, err := p.run.Person(t, st.Inner)
	if err != nil {
		return err
	}
	c := newClipper(d.parts)
	for row := range t.Rows() {
		c.reset()
		person(row, c.add)
		if err := c.into(sum); err != nil {
			return err
		}
	}
	return nil
}

// Next implements analysis.Run.
func (p *Program) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, d, err := p.round(s)
	if err != nil {
		return nil, nil, err
	}
	inner, result, err := p.run.Next(sum, d.sd, st.Inner)
	if err != nil || result != nil {
		return nil, result, err
	}
	next, err := analysis.Encode(state{Round: st.Round + 1, Inner: inner})
	return next, nil, err
}

// Noise adds this site's share of the noise to the words of its vector. It is
// drawn from source before any of it is added; an error leaves words as they were.
func (p *Program) Noise(s analysis.State, words []uint64, source *noise.Source) error {
	_, d, err := p.round(s)
	if err != nil {
		return err
	}
	if len(words) != len(d.sd) {
		return fmt.Errorf("noise for %d coordinates on a vector of %d words", len(d.sd), len(words))
	}
	draws := make([]int64, 0, len(words))
	for _, k := range d.parts {
		for range k.Len {
			n, err := k.noise.Draw(source)
			if err != nil {
				return fmt.Errorf("draw noise: %w", err)
			}
			draws = append(draws, n)
		}
	}
	for i, n := range draws {
		words[i] += uint64(n)
	}
	return nil
}

// A clipper collects what one patient adds and scales it down, block by block.
type clipper struct {
	parts   []part
	block   []int // of each coordinate
	value   []float64
	seen    []bool
	touched []int
	bad     bool
}

func newClipper(parts []part) *clipper {
	c := &clipper{parts: parts}
	for i, k := range parts {
		for range k.Len {
			c.block = append(c.block, i)
		}
	}
	c.value, c.seen = make([]float64, len(c.block)), make([]bool, len(c.block))
	return c
}

func (c *clipper) reset() {
	for _, i := range c.touched {
		c.value[i], c.seen[i] = 0, false
	}
	c.touched = c.touched[:0]
}

func (c *clipper) add(i int, x float64) {
	if i < 0 || i >= len(c.value) || math.IsNaN(x) || math.IsInf(x, 0) {
		c.bad = true
		return
	}
	if !c.seen[i] && x != 0 {
		c.seen[i], c.touched = true, append(c.touched, i)
	}
	c.value[i] += x
}

// into adds the patient's contribution, each block within its norms.
func (c *clipper) into(sum *fixed.Vector) error {
	if c.bad {
		return fmt.Errorf("a private run adds to a coordinate that it did not declare, or adds no number")
	}
	type size struct {
		l1, l2 float64
		n      int
	}
	var few [8]size
	sizes := few[:]
	if len(c.parts) > len(few) {
		sizes = make([]size, len(c.parts))
	}
	for _, i := range c.touched {
		x := c.value[i]
		z := &sizes[c.block[i]]
		z.l1, z.l2, z.n = z.l1+math.Abs(x), z.l2+x*x, z.n+1
	}
	for _, i := range c.touched {
		k, z := &c.parts[c.block[i]], sizes[c.block[i]]
		if z.n > k.Touches() || k.Integer && c.value[i] != math.Trunc(c.value[i]) {
			return fmt.Errorf("a private run adds to more coordinates than it declared, or fractions to a count")
		}
		x := c.value[i]
		if f := math.Min(k.L1/z.l1, k.L2/math.Sqrt(z.l2)); f < 1 {
			if x *= f; k.Integer {
				x = math.Trunc(x)
			}
		}
		sum.Add(i, x)
	}
	return nil
}
