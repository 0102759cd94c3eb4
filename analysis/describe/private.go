package describe

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/cells"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/table"
)

const (
	mostCounted = 16      // values of a whole number that are counted one by one
	mostPrivate = 300_000 // coordinates of a private run
)

// StartPrivate implements analysis.PrivateAnalysis. Every variable has an equal
// share of the budget. What has few values is counted, value by value. Of other
// numbers, round 0 counts a hierarchy of intervals (methods B6), from which follow
// quantiles and histogram; round 1 adds up the values and their squares, within the
// part of the declared range where round 0 shows people, so that a wide declaration
// costs little. Groups are cells of the same blocks: a patient is in one of them.
func (d describe) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	exact, _, err := d.Start(p, s)
	if err != nil {
		return nil, nil, err
	}
	if p, err = p.Check(d.About().Parameters); err != nil {
		return nil, nil, err
	}
	v := private{run: exact.(run)}
	for most := noisy.MostLeaves; ; most /= noisy.Ways {
		if most < noisy.Ways {
			return nil, nil, analysis.Refuse("variables", "the groups and levels make %d counts under noise, at most %d are opened; use fewer variables, or groups and levels that are coarser", v.coordinates(), mostPrivate)
		}
		if v.parts, err = v.layOut(p.Int("bins"), most); err != nil {
			return nil, nil, err
		}
		if v.coordinates() <= mostPrivate {
			break
		}
	}
	st, err := analysis.Encode(noisyState{})
	return v, st, err
}

// A private run describes the variables of one study under noise.
type private struct {
	run
	parts []variate // the numbers, then the categories
}

// A variate is one variable in the private form.
type variate struct {
	name     string
	number   int // index among the numbers, or -1
	category int // index among the categories, or -1
	values   int // that are counted one by one; 0 for a number with a scale
	scale    scale
	share    float64 // of each of its blocks
	at, sums int     // first coordinate in round 0 and round 1
}

func (v private) layOut(bins, most int) ([]variate, error) {
	var out []variate
	at, sums := 0, 0
	each := 1 / float64(len(v.numbers)+len(v.categories))
	add := func(p variate) {
		p.at, p.sums, p.share = at, sums, each
		for _, n := range p.lengths() {
			at += n * len(v.groups)
		}
		if len(out) == 0 && v.by != nil {
			at++ // those in no group
		}
		if p.values == 0 {
			p.share = each / float64(len(p.lengths())+1)
			sums += 2 * len(v.groups)
		}
		out = append(out, p)
	}
	for i, n := range v.numbers {
		p := variate{name: n.Name, number: i, category: -1}
		if count := cells.Count(n.Variable); count > 0 && count <= mostCounted {
			p.values = int(count)
		}
		var err error
		if p.scale, err = newScale(n, bins, most, p.values); err != nil {
			return nil, err
		}
		add(p)
	}
	for i, c := range v.categories {
		add(variate{name: c.Variable.Name, number: -1, category: i, values: c.Len()})
	}
	return out, nil
}

// lengths are the coordinates of one group in each block of round 0: missing and
// the values; or missing and present, then the levels of the hierarchy.
func (p variate) lengths() []int {
	if p.values > 0 {
		return []int{1 + p.values}
	}
	return append([]int{2}, p.scale.shape.Levels()...)
}

// coordinates of all rounds.
func (v private) coordinates() int {
	n := v.lost() - v.lostAt()
	for _, p := range v.parts {
		for _, l := range p.lengths() {
			n += l * len(v.groups)
		}
		if p.values == 0 {
			n += 2 * len(v.groups)
		}
	}
	return n
}

// lostAt is the coordinate that counts people in no group, at the end of the first
// block; lost is the one after it, where there are groups.
func (v private) lostAt() int { return v.parts[0].lengths()[0] * len(v.groups) }

func (v private) lost() int {
	if v.by == nil {
		return v.lostAt()
	}
	return v.lostAt() + 1
}

// coordinate is where block k of a variate begins for a group, in round 0.
func (v private) coordinate(p variate, k, group int) int {
	at := p.at
	for _, n := range p.lengths()[:k] {
		at += n * len(v.groups)
	}
	if p.at == 0 && k > 0 {
		at += v.lost() - v.lostAt()
	}
	return at + p.lengths()[k]*group
}

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	counts := analysis.Query{Columns: v.columns(), Opens: "Pooled numbers of people, under noise: missing values, each level, and a hierarchy of intervals of each number."}
	sums := analysis.Query{Opens: "Pooled sums of each number and of its squares, under noise, within the range where people are."}
	for i, p := range v.parts {
		for k, n := range p.lengths() {
			b := analysis.Block{Len: n * len(v.groups), L1: 1, L2: 1, Support: 1, Integer: true, Share: p.share}
			if i == 0 && k == 0 {
				b.Len += v.lost() - v.lostAt()
			}
			counts.Blocks = append(counts.Blocks, b)
		}
		if p.values == 0 {
			// z and 1-z^2 for z in -1..1: z^2 + (1-z^2)^2 = 1 - z^2 (1-z^2) is at most 1,
			// |z| + 1 - z^2 at most 5/4.
			sums.Columns = append(sums.Columns, p.name)
			sums.Blocks = append(sums.Blocks, analysis.Block{Len: 2 * len(v.groups), L1: 1.25, L2: 1, Support: 2, Share: p.share})
		}
	}
	if sums.Blocks == nil {
		return []analysis.Query{counts}
	}
	if v.by != nil {
		sums.Columns = append(sums.Columns, v.by.Variable.Name)
	}
	return []analysis.Query{counts, sums}
}

// Person implements analysis.PrivateRun.
func (v private) Person(t table.Table, s analysis.State) (func(int, func(int, float64)), error) {
	st, err := v.read(s)
	if err != nil {
		return nil, err
	}
	group, err := v.groupOf(t)
	if err != nil {
		return nil, err
	}
	columns := make([]func(row, group int, add func(int, float64)), len(v.parts))
	for i, p := range v.parts {
		if columns[i], err = v.column(t, p, st, i); err != nil {
			return nil, err
		}
	}
	return func(row int, add func(int, float64)) {
		if group[row] < 0 {
			if st.Round == 0 {
				add(v.lostAt(), 1)
			}
			return
		}
		for _, c := range columns {
			c(row, group[row], add)
		}
	}, nil
}

// column is what a person adds of one variate.
func (v private) column(t table.Table, p variate, st noisyState, i int) (func(row, group int, add func(int, float64)), error) {
	if st.Round == 1 && p.values > 0 {
		return func(int, int, func(int, float64)) {}, nil
	}
	if p.number < 0 {
		level, err := v.categories[p.category].Of(t)
		return func(row, group int, add func(int, float64)) {
			add(v.coordinate(p, 0, group)+1+level[row], 1) // missing is -1: the first
		}, err
	}
	n := v.numbers[p.number]
	xs := t.Numbers(n.Name)
	if err := n.check(xs); err != nil {
		return nil, err
	}
	switch {
	case st.Round == 1:
		return func(row, group int, add func(int, float64)) {
			if x := xs[row]; !math.IsNaN(x) {
				z := st.cell(v, i, group).standard(x)
				add(p.sums+2*group, z)
				add(p.sums+2*group+1, (1-z)*(1+z))
			}
		}, nil
	case p.values > 0:
		return func(row, group int, add func(int, float64)) {
			k := 0
			if x := xs[row]; !math.IsNaN(x) {
				k = 1 + int(x-n.lo)
			}
			add(v.coordinate(p, 0, group)+k, 1)
		}, nil
	}
	levels := len(p.scale.shape.Levels())
	return func(row, group int, add func(int, float64)) {
		x := xs[row]
		if math.IsNaN(x) {
			add(v.coordinate(p, 0, group), 1)
			return
		}
		add(v.coordinate(p, 0, group)+1, 1)
		leaf := p.scale.leaf(x)
		for l := range levels {
			add(v.coordinate(p, 1+l, group)+p.scale.shape.Node(l, leaf), 1)
		}
	}, nil
}
