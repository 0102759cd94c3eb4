package describe

import (
	"math"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// Round 0 counts. Per group: for each number the missing values, the sum of
// x - centre and the bars of the histogram; for each category the missing values
// and the levels. With groups, one more coordinate counts the people in none.

// countLen is the number of coordinates per group.
func (r run) countLen() int {
	n := 0
	for _, v := range r.numbers {
		n += 2 + len(v.starts)
	}
	for _, c := range r.categories {
		n += 1 + c.Len()
	}
	return n
}

func (r run) countRanges() []fixed.Range {
	one := fixed.Range{Max: 1, Integer: true}
	var out []fixed.Range
	for range r.groups {
		for _, v := range r.numbers {
			out = append(out, one, fixed.Range{Max: math.Max(v.hi-v.centre(), v.centre()-v.lo)})
			for range v.starts {
				out = append(out, one)
			}
		}
		for _, c := range r.categories {
			for range 1 + c.Len() {
				out = append(out, one)
			}
		}
	}
	if r.by != nil {
		out = append(out, one)
	}
	return out
}

func (r run) count(t table.Table, sum *fixed.Vector) error {
	group, err := r.groupOf(t)
	if err != nil {
		return err
	}
	at := 0
	for _, v := range r.numbers {
		xs := t.Numbers(v.Name)
		if err := v.check(xs); err != nil {
			return err
		}
		c := v.centre()
		for i, x := range xs {
			base := group[i]*r.countLen() + at
			switch {
			case group[i] < 0:
			case math.IsNaN(x):
				sum.Add(base, 1)
			default:
				sum.Add(base+1, x-c)
				sum.Add(base+2+v.bar(x), 1)
			}
		}
		at += 2 + len(v.starts)
	}
	for _, c := range r.categories {
		level, err := c.Of(t)
		if err != nil {
			return err
		}
		for i, l := range level {
			if group[i] >= 0 {
				sum.Add(group[i]*r.countLen()+at+1+l, 1) // missing is -1: the first
			}
		}
		at += 1 + c.Len()
	}
	if r.by != nil {
		for _, g := range group {
			if g < 0 {
				sum.Add(len(r.groups)*r.countLen(), 1)
			}
		}
	}
	return nil
}

// A tally is what round 0 opened of one number in one group.
type tally struct {
	n, missing, mean float64
	bars             []float64
}

func (r run) tally(counts []float64, group, number int) tally {
	at := group * r.countLen()
	for _, v := range r.numbers[:number] {
		at += 2 + len(v.starts)
	}
	v := r.numbers[number]
	t := tally{missing: counts[at], mean: v.centre(), bars: counts[at+2 : at+2+len(v.starts)]}
	for _, b := range t.bars {
		t.n += b
	}
	if t.n > 0 {
		t.mean = min(max(v.centre()+counts[at+1]/t.n, v.lo), v.hi)
	}
	return t
}

// levels is what round 0 opened of one category in one group: missing, then the
// levels.
func (r run) levels(counts []float64, group, category int) []float64 {
	at := (group + 1) * r.countLen()
	for _, c := range r.categories[category:] {
		at -= 1 + c.Len()
	}
	return counts[at : at+1+r.categories[category].Len()]
}

// cells are the pairs of group and number, in order.
func (r run) cells() int { return len(r.groups) * len(r.numbers) }

func (r run) cell(i int) (group, number int) { return i / len(r.numbers), i % len(r.numbers) }
