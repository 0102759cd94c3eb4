package correlation

import (
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

// Disclose takes away the correlations of few people, refuses a matrix of nearly as
// many variables as people, and gives two digits of a correlation of two variables
// of two values: with their shares it would tell the four counts.
func (r run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		t, err := d.Table("correlations")
		if err != nil {
			return err
		}
		pairs, err := r.pairsOf(d)
		if err != nil {
			return err
		}
		least := math.Max(rules.PeoplePerParameter, float64(rules.MinimumCell))
		if n := pairs[0].n; len(r.sets) == 1 && n < least*float64(len(r.variables)) {
			return fmt.Errorf("the correlations cannot be released: there are fewer than %v people with all values for each of %d variables (people_per_parameter); use fewer variables, use: pairwise, or a larger cohort", least, len(r.variables))
		}
		var few, coarse, rounded int
		for i, p := range pairs {
			switch {
			case p.n < least:
				pairs[i] = r.test(pair{x: p.x, y: p.y, r: math.NaN(), n: math.NaN()})
				few++
			case rules.MinimumCell > 1 && r.two(p.x) && r.two(p.y) && !math.IsNaN(p.r):
				pairs[i] = r.test(pair{x: p.x, y: p.y, r: disclosure.Coarse(p.r, 0.01), n: p.n})
				coarse++
			}
			if n := rules.Rounded(pairs[i].n); n != pairs[i].n && !math.IsNaN(n) {
				pairs[i].n = n
				rounded++
			}
		}
		columns := len(t.Columns) - 2
		r.report(d, few*columns, coarse*(columns-1), rounded)
		if few+coarse+rounded == 0 {
			return nil
		}
		d.Replace(r.table(pairs))
		d.Figures = nil
		if f, ok := r.drawable(pairs); ok {
			d.Figures = append(d.Figures, f)
		}
		return nil
	})
}

func (r run) report(d *disclosure.Draft, few, coarse, rounded int) {
	if few > 0 {
		d.Did("minimum_cell", "correlations", few, "correlations of pairs of variables that few people have both values of are not shown")
	}
	if coarse > 0 {
		d.Did("minimum_cell", "correlations", coarse, "correlations of two variables of two values have two digits")
	}
	if rounded > 0 {
		d.Did("round", "correlations", rounded, "numbers of people are rounded")
	}
}

// drawable is the figure without the variables that lack most correlations, one by
// one, until none is lacking.
func (r run) drawable(pairs []pair) (plot.Figure, bool) {
	for {
		lacking, worst := make([]int, len(r.variables)), 0
		for _, p := range pairs {
			if math.IsNaN(p.r) {
				lacking[p.x]++
				lacking[p.y]++
			}
		}
		for i, n := range lacking {
			if n >= lacking[worst] { // of several, the last
				worst = i
			}
		}
		if len(lacking) == 0 || lacking[worst] == 0 {
			return r.figure(pairs)
		}
		r.variables = slices.Delete(slices.Clone(r.variables), worst, worst+1)
		var rest []pair
		for _, p := range pairs {
			if p.x == worst || p.y == worst {
				continue
			}
			if p.x > worst {
				p.x--
			}
			if p.y > worst {
				p.y--
			}
			rest = append(rest, p)
		}
		pairs = rest
	}
}

// two says that a variable has two values only.
func (r run) two(i int) bool {
	v := r.variables[i]
	return v.Kind != table.Number && v.hi-v.lo == 1
}

// pairsOf reads the table back, in the order of coefficients.
func (r run) pairsOf(d *disclosure.Draft) ([]pair, error) {
	var out []pair
	for i := range r.variables {
		for j := i + 1; j < len(r.variables); j++ {
			out = append(out, pair{x: i, y: j})
		}
	}
	col := map[string]analysis.Numbers{}
	for _, name := range []string{"estimate", "statistic", "p.value", "n", "conf.low", "conf.high"} {
		if col[name] = d.Numbers("correlations", name); col[name] == nil { // no interval of ranks
			col[name] = make(analysis.Numbers, len(out))
		}
	}
	if len(col["n"]) != len(out) {
		return nil, fmt.Errorf("the table of correlations has %d rows, want %d", len(col["n"]), len(out))
	}
	for k := range out {
		out[k].r, out[k].statistic, out[k].p, out[k].n = col["estimate"][k], col["statistic"][k], col["p.value"][k], col["n"][k]
		out[k].low, out[k].high = col["conf.low"][k], col["conf.high"][k]
	}
	return out, nil
}

var _ disclosure.Discloser = run{}
