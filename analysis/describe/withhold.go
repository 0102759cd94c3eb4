package describe

import (
	"math"
	"slices"

	"hmsp.center/hmsp/disclosure"
)

// An edit changes figures of tables and counts what it took away.
type edit struct {
	d       *disclosure.Draft
	tables  []string
	hidden  map[string]int
	rounded map[string]int
}

func newEdit(d *disclosure.Draft) *edit {
	return &edit{d: d, hidden: map[string]int{}, rounded: map[string]int{}}
}

func (e *edit) set(table string, to *float64, x float64) {
	if *to == x || math.IsNaN(*to) && math.IsNaN(x) {
		return
	}
	if e.hidden[table]+e.rounded[table] == 0 {
		e.tables = append(e.tables, table)
	}
	if math.IsNaN(x) || x == 0 {
		e.hidden[table]++
	} else {
		e.rounded[table]++
	}
	*to = x
}

// report notes the actions; it says whether anything was taken away.
func (e *edit) report(variable string) bool {
	took := false
	for _, t := range e.tables {
		if n := e.hidden[t]; n > 0 {
			e.d.Did("minimum_cell", t, n, "%s: figures of few people, and those that would give them away, are not shown", variable)
			took = true
		}
		if n := e.rounded[t]; n > 0 {
			rule := "minimum_cell"
			if e.d.Rules.Round > 1 {
				rule = "round"
			}
			e.d.Did(rule, t, n, "%s: figures are shown coarser", variable)
		}
	}
	return took
}

// filled are the counts of a group in a filling.
func (p *tallied) filled(x disclosure.Filling, g int) []float64 {
	out := make([]float64, len(p.counts[g]))
	for b := range out {
		out[b] = x.At(p.at(g, b)...)
	}
	return out
}

// sameBars says whether a filling leaves the order statistics of all quantiles
// that are shown in their bars.
func (r run) sameBars(d *disclosure.Draft, p *tallied) func(disclosure.Filling) bool {
	return func(x disclosure.Filling) bool {
		for g, counts := range p.counts {
			filled := p.filled(x, g)
			for _, prob := range r.probs {
				if enough(d.Rules, sum(counts[1:]), prob) && barsOf(counts[1:], prob) != barsOf(filled[1:], prob) {
					return false
				}
			}
		}
		return true
	}
}

// enough says whether there are MinimumCell people on either side of a quantile.
func enough(rules disclosure.Rules, n, prob float64) bool {
	at, m := type7(n, prob), float64(rules.MinimumCell)
	return m < 2 || at.lo-1 >= m && n-at.hi >= m
}

// barsOf are the bars that hold the two order statistics of a quantile.
func barsOf(bars []float64, prob float64) (at [2]int) {
	q := type7(sum(bars), prob)
	for i, k := range []float64{q.lo, q.hi} {
		for b, n := range bars {
			if k -= n; k <= 0 {
				at[i] = b
				break
			}
		}
	}
	return at
}

// hideQuantiles takes away those with few people on one side, and those that
// would narrow a hidden count. Where the number of people is hidden they are
// rounded, for how far between two people a quantile lies tells it.
func (r run) hideQuantiles(d *disclosure.Draft, p *tallied) {
	e := newEdit(d)
	v, values := r.numbers[p.number], d.Numbers("quantiles", "estimate")
	for g, counts := range p.counts {
		for i, prob := range r.probs {
			to := &values[r.row(p, g)*len(r.probs)+i]
			x := *to
			switch {
			case p.few(d.Rules, g) || !enough(d.Rules, sum(counts[1:]), prob) || p.hides(g) && !p.settled(g, prob):
				x = math.NaN()
			case p.unknown(g) && v.whole:
				x = math.Round(x)
			case p.unknown(g):
				x = disclosure.Digits(x, 3)
			}
			e.set("quantiles", to, x)
		}
	}
	e.report(p.name)
}

// hideMoments takes away those of few people. Moments of listed values follow from
// the bars: where some are hidden, the moments have the digits that all fillings
// agree on. Otherwise, where only the number of people is hidden, they are rounded
// so far that a sum of whole values divided by any number near it can be meant.
func (r run) hideMoments(d *disclosure.Draft, p *tallied) {
	e := newEdit(d)
	v := r.numbers[p.number]
	for g, counts := range p.counts {
		n := sum(counts[1:])
		for i, name := range []string{"mean", "sd", "var", "skewness"} {
			to := &d.Numbers("summary", name)[r.row(p, g)]
			x := *to
			switch {
			case p.few(d.Rules, g) || p.nothing && v.listed:
				x = math.NaN()
			case v.listed && p.hides(g):
				x = p.agreed(func(counts []float64) float64 { return listedMoments(v.starts, counts[1:])[i] }, g)
			case p.unknown(g) && i < 2:
				x = disclosure.Coarse(x, (v.hi-v.lo)/float64(len(v.starts))/n)
			case p.unknown(g):
				x = disclosure.Digits(x, 2)
			}
			e.set("summary", to, x)
		}
	}
	e.report(p.name)
}

// listedMoments are mean, sd, variance and skewness of values that have a bar each.
func listedMoments(values, bars []float64) [4]float64 {
	n, mean, m2, m3 := sum(bars), 0.0, 0.0, 0.0
	for i, c := range bars {
		mean += c * values[i] / n
	}
	for i, c := range bars {
		d := values[i] - mean
		m2, m3 = m2+c*d*d/n, m3+c*d*d*d/n
	}
	variance := m2 * n / (n - 1)
	return [4]float64{mean, math.Sqrt(variance), variance, m3 / (m2 * math.Sqrt(m2))}
}

// agreed is a figure of a group's counts, rounded to the finest step at which it is
// the same in all fillings, of three digits at most; NaN where that is more than half
// of the figure.
func (p *tallied) agreed(figure func(counts []float64) float64, g int) float64 {
	x := figure(p.counts[g])
	if p.nothing || math.IsNaN(x) || x == 0 {
		return math.NaN()
	}
	var others []float64
	for _, f := range p.f.Fillings() {
		others = append(others, figure(p.filled(f, g)))
	}
	unit := math.Pow(10, math.Ceil(math.Log10(math.Abs(x)))-3)
	for _, step := range []float64{1, 2, 5, 10, 20, 50, 100, 200, 500} {
		want := nearest(x, step*unit)
		if step*unit > math.Abs(want)/2 {
			break
		}
		if !slices.ContainsFunc(others, func(o float64) bool { return nearest(o, step*unit) != want }) {
			return want
		}
	}
	return math.NaN()
}

// nearest is the multiple of step next to x.
func nearest(x, step float64) float64 {
	return disclosure.Digits(math.Round(x/step)*step, 6)
}

// settled says whether a quantile is in the same bars in all fillings.
func (p *tallied) settled(g int, prob float64) bool {
	at := barsOf(p.counts[g][1:], prob)
	return !p.nothing && !slices.ContainsFunc(p.f.Fillings(), func(f disclosure.Filling) bool { return barsOf(p.filled(f, g)[1:], prob) != at })
}
