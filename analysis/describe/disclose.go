package describe

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// Disclose hides small counts (of bars, levels, missing values and groups) and
// what gives them away: other counts, and the number of people with a value, which
// with the missing ones adds to the group. Nothing is said of fewer than
// MinimumCell people, and quantiles have as many on either side. A moment, share
// or quantile from which a hidden count could be worked out is shown with as many
// digits as do not tell it. The moments of a variable with wider bars than single
// values are shown as they are: that they are of whole numbers is not used.
func (r run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		d.LeftOut("%v people without a value", "Fewer than %d people without a value", "About %v people without a value")
		parts := r.parts(d)
		hidden, err := r.hiddenGroups(d, parts[0])
		if err != nil {
			return err
		}
		for i := range parts {
			p := &parts[i]
			r.protect(d, p, hidden)
			r.hideCounts(d, p)
			if p.number >= 0 {
				r.hideQuantiles(d, p)
				r.hideMoments(d, p)
			}
			r.hideLevels(d, p)
			r.hideFigure(d, p)
		}
		return nil
	})
}

// A tallied is one variable: per group the people without a value, then those of each
// bar or level.
type tallied struct {
	name             string
	number, category int         // which of the run's; the other is -1
	levels           int         // first row of the table of levels, -1 if it has none
	counts           [][]float64 // per group; the first is the missing ones
	f                *disclosure.Frequency
	nothing          bool // no count of it is shown
}

// parts reads the counts from the tables.
func (r run) parts(d *disclosure.Draft) (out []tallied) {
	bars, rows := d.Numbers("histogram", "count"), 0
	for j, v := range r.numbers {
		p := tallied{name: v.Name, number: j, category: -1, levels: -1}
		if v.Kind == table.Flag && v.listed {
			p.levels, rows = rows, rows+2*len(r.groups)
		}
		for g := range r.groups {
			n := len(v.starts)
			p.counts = append(p.counts, append([]float64{d.Numbers("summary", "missing")[j*len(r.groups)+g]}, bars[:n]...))
			bars = bars[n:]
		}
		out = append(out, p)
	}
	for j, c := range r.categories {
		p := tallied{name: c.Variable.Name, number: -1, category: j, levels: rows}
		for range r.groups {
			missing, counts := 0.0, d.Numbers("levels", "count")[rows:rows+c.Len()]
			if c.Len() > 0 {
				missing = d.Numbers("levels", "missing")[rows]
			}
			p.counts = append(p.counts, append([]float64{missing}, counts...))
			rows += c.Len()
		}
		out = append(out, p)
	}
	return out
}

// hiddenGroups protects the sizes of the groups, which are the same for every
// variable: the small ones and another to hide them behind.
func (r run) hiddenGroups(d *disclosure.Draft, p tallied) ([]bool, error) {
	sizes := make([]float64, len(p.counts))
	for g, counts := range p.counts {
		sizes[g] = sum(counts)
	}
	f := disclosure.NewFrequency(d.Rules, sizes, len(sizes))
	if err := f.Protect(); err != nil {
		who := "the people of the cohort"
		if r.by != nil {
			who = "the groups of " + r.by.Variable.Name
		}
		return nil, fmt.Errorf("%s cannot be described: %w; use fewer or larger groups, or a larger cohort", who, err)
	}
	hidden := make([]bool, len(sizes))
	for g := range hidden {
		hidden[g] = f.Hidden(g)
	}
	return hidden, nil
}

// at is the place of bar b of group g, or of the missing ones (0), or of all.
func (p *tallied) at(g, b int) []int {
	if len(p.counts) == 1 {
		return []int{b}
	}
	return []int{g, b}
}

// protect decides which counts are hidden. Missing values and the places of
// quantiles are kept if the small counts can be hidden without them.
func (r run) protect(d *disclosure.Draft, p *tallied, hiddenGroup []bool) {
	for attempt := range 3 {
		p.begin(d.Rules, hiddenGroup)
		if attempt == 0 && p.number >= 0 {
			p.f.Also(r.sameBars(d, p))
		}
		if attempt < 2 {
			for g, counts := range p.counts {
				if !d.Rules.Small(sum(counts[1:])) {
					p.f.Show(p.at(g, 0)...)
				}
			}
			if len(p.counts) > 1 {
				p.f.Show(disclosure.Total, 0)
			}
		}
		if p.f.Protect() == nil {
			return
		}
	}
	p.nothing = true
}

func (p *tallied) begin(rules disclosure.Rules, hiddenGroup []bool) {
	var cells []float64
	for _, counts := range p.counts {
		cells = append(cells, counts...)
	}
	if len(p.counts) == 1 {
		p.f = disclosure.NewFrequency(rules, cells, len(cells))
	} else {
		p.f = disclosure.NewFrequency(rules, cells, len(p.counts), len(p.counts[0]))
	}
	for g, counts := range p.counts {
		if len(p.counts) > 1 {
			if hiddenGroup[g] {
				p.f.Hide(g, disclosure.Total)
			} else {
				p.f.Show(g, disclosure.Total)
			}
		}
		if rules.Small(sum(counts[1:])) {
			p.f.Hide(p.at(g, 0)...) // with the missing ones, those with a value add to the group
		}
	}
}

// hidden says whether bar b of group g is not shown; 0 are the missing ones.
func (p *tallied) hidden(g, b int) bool { return p.nothing || p.f.Hidden(p.at(g, b)...) }

// unknown says that the number of people with a value is not shown.
func (p *tallied) unknown(g int) bool {
	return p.hidden(g, 0) || len(p.counts) > 1 && p.f.Hidden(g, disclosure.Total)
}

// hides says that not all is shown of a group.
func (p *tallied) hides(g int) bool {
	for b := range p.counts[g] {
		if p.hidden(g, b) {
			return true
		}
	}
	return p.unknown(g)
}

// few says that so few have a value that nothing is said of them.
func (p *tallied) few(rules disclosure.Rules, g int) bool { return rules.Small(sum(p.counts[g][1:])) }

func sum(xs []float64) (s float64) {
	for _, x := range xs {
		s += x
	}
	return s
}

// row is the row of the tables that have one per variable and group.
func (r run) row(p *tallied, g int) int { return p.number*len(r.groups) + g }

// shown is a count as it is shown.
func (p *tallied) shown(rules disclosure.Rules, g, b int) float64 {
	if p.hidden(g, b) {
		return math.NaN()
	}
	return rules.Rounded(p.counts[g][b])
}

// hideCounts writes numbers of people, missing values and bars.
func (r run) hideCounts(d *disclosure.Draft, p *tallied) {
	if p.number < 0 {
		return
	}
	e := newEdit(d)
	from := 0
	for _, v := range r.numbers[:p.number] {
		from += len(v.starts) * len(r.groups)
	}
	n, missing, bars := d.Numbers("summary", "n"), d.Numbers("summary", "missing"), d.Numbers("histogram", "count")[from:]
	for g, counts := range p.counts {
		known := d.Rules.Rounded(sum(counts[1:]))
		if p.unknown(g) {
			known = math.NaN()
		}
		e.set("summary", &n[r.row(p, g)], known)
		e.set("summary", &missing[r.row(p, g)], p.shown(d.Rules, g, 0))
		for b := range counts[1:] {
			e.set("histogram", &bars[g*(len(counts)-1)+b], p.shown(d.Rules, g, b+1))
		}
	}
	e.report(p.name)
}

// hideLevels writes the counts and shares of levels.
func (r run) hideLevels(d *disclosure.Draft, p *tallied) {
	if p.levels < 0 {
		return
	}
	e := newEdit(d)
	count, share, missing := d.Numbers("levels", "count"), d.Numbers("levels", "share"), d.Numbers("levels", "missing")
	at := p.levels
	for g, counts := range p.counts {
		for b := range counts[1:] {
			e.set("levels", &count[at], p.shown(d.Rules, g, b+1))
			e.set("levels", &share[at], p.share(d.Rules, g, b+1))
			e.set("levels", &missing[at], p.shown(d.Rules, g, 0))
			at++
		}
	}
	e.report(p.name)
}

// share is a bar's share of the people with a value, with as many digits as do
// not tell their number if that is hidden.
func (p *tallied) share(rules disclosure.Rules, g, b int) float64 {
	n := sum(p.counts[g][1:])
	switch {
	case n == 0:
		return math.NaN() // as in R
	case p.counts[g][b] == 0:
		return 0
	case p.hidden(g, b):
		return math.NaN()
	case !p.unknown(g):
		return rules.Rounded(p.counts[g][b]) / rules.Rounded(n)
	}
	return p.agreed(func(counts []float64) float64 { return counts[b] / sum(counts[1:]) }, g)
}

// hideFigure takes away the bars of hidden counts.
func (r run) hideFigure(d *disclosure.Draft, p *tallied) {
	name := "levels-" + p.name
	if p.number >= 0 {
		name = "histogram-" + p.name
	}
	for n := range d.Figures {
		f := &d.Figures[n]
		if f.Name != name {
			continue
		}
		e := newEdit(d)
		for g := range p.counts {
			for b := range f.Series[g].Y {
				y := p.shown(d.Rules, g, b+1)
				if r.by != nil {
					y = p.share(d.Rules, g, b+1)
				}
				if math.IsNaN(y) {
					y = 0
				}
				e.set(name, &f.Series[g].Y[b], y)
			}
		}
		if e.report(p.name) {
			f.Caption += " Bars of few people, and those that would give them away, are not drawn."
		}
	}
}

var _ disclosure.Discloser = run{}
