package describe

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// result writes the tables and figures from all that was opened.
func (r run) result(st state) *analysis.Result {
	res := &analysis.Result{}
	if len(r.numbers) > 0 {
		res.Tables = append(res.Tables, r.summary(st), r.quantiles(st, res), r.histogram(st))
	}
	if t := r.levelTable(st); t.Rows() > 0 {
		res.Tables = append(res.Tables, t)
	}
	res.Figures = r.figures(st)
	if r.by != nil {
		if lost := st.Counts[len(st.Counts)-1]; lost > 0 {
			res.Notes = append(res.Notes, fmt.Sprintf("%.0f people without a value of %s are in no group and left out.", lost, r.by.Variable.Name))
		}
	}
	return res
}

// keys are the columns that say which variable and group a row is about.
type keys struct{ variables, groups []string }

func (k *keys) add(variable, group string) {
	k.variables, k.groups = append(k.variables, variable), append(k.groups, group)
}

// columns puts the keys before the others; the group only where there are any.
func (r run) keyed(k keys, more ...analysis.Column) []analysis.Column {
	out := []analysis.Column{analysis.Text("variable", k.variables...)}
	if r.by != nil {
		out = append(out, analysis.Text("group", k.groups...))
	}
	return append(out, more...)
}

func (r run) title(what string) string {
	if r.by != nil {
		return what + " by " + r.by.Variable.Name
	}
	return what
}

func (r run) summary(st state) analysis.Table {
	var k keys
	cols := make([][]float64, 6)
	for j, v := range r.numbers {
		for g, name := range r.groups {
			k.add(v.Name, name)
			t := r.tally(st.Counts, g, j)
			cell := g*len(r.numbers) + j
			m := moments(t, st.Powers[powerLen*cell:powerLen*(cell+1)], v)
			for i, x := range []float64{t.n, t.missing, m.mean, m.sd, m.variance, m.skewness} {
				cols[i] = append(cols[i], x)
			}
		}
	}
	return analysis.Table{Name: "summary", Title: r.title("Number, mean and spread"), Columns: r.keyed(k,
		analysis.Nums("n", cols[0]...), analysis.Nums("missing", cols[1]...), analysis.Nums("mean", cols[2]...),
		analysis.Nums("sd", cols[3]...), analysis.Nums("var", cols[4]...), analysis.Nums("skewness", cols[5]...))}
}

type spread struct{ mean, sd, variance, skewness float64 }

// moments are the mean, the variance with divisor n-1, and the skewness
// g1 = m3/m2^1.5 (Joanes and Gill 1998), from the sums of d, d², d³ about the
// mean of round 0. As in R: NaN where there are too few people, and the skewness
// of a constant.
func moments(t tally, sums []float64, v number) spread {
	n, nan := t.n, math.NaN()
	if n == 0 {
		return spread{nan, nan, nan, nan}
	}
	e := sums[0] / n // what rounding left of the mean
	m2 := sums[1]/n - e*e
	m3 := sums[2]/n - 3*e*(sums[1]/n) + 2*e*e*e
	if tiny := (v.hi - v.lo) * 0x1p-51; m2 < tiny*tiny { // below the resolution of x - centre: a constant
		m2 = 0
	}
	s := spread{mean: t.mean + e, variance: nan, sd: nan, skewness: nan}
	if n > 1 {
		s.variance = m2 * n / (n - 1)
		s.sd = math.Sqrt(s.variance)
	}
	if m2 > 0 {
		s.skewness = m3 / (m2 * math.Sqrt(m2))
	}
	return s
}

func (r run) quantiles(st state, res *analysis.Result) analysis.Table {
	var k keys
	var probs, values []float64
	var withheld []string
	for j, v := range r.numbers {
		for g, name := range r.groups {
			hidden := false
			for _, p := range r.probs {
				k.add(v.Name, name)
				x, shown := r.quantile(st, g, j, p)
				probs, values = append(probs, p), append(values, x)
				hidden = hidden || !shown
			}
			if hidden && name != "" {
				withheld = append(withheld, v.Name+" in "+name)
			} else if hidden {
				withheld = append(withheld, v.Name)
			}
		}
	}
	if len(withheld) > 0 {
		res.Notes = append(res.Notes, "Quantiles that need the smallest or the largest value, which is one person's, are not shown: too few people for some of "+strings.Join(withheld, ", ")+".")
	}
	return analysis.Table{Name: "quantiles", Title: r.title("Quantiles (R's type 7)"),
		Columns: r.keyed(k, analysis.Nums("prob", probs...), analysis.Nums("estimate", values...))}
}

// quantile is R's type 7. It is not shown where it needs the first or the last
// order statistic of a variable whose values are not all in the histogram.
func (r run) quantile(st state, group, number int, prob float64) (x float64, shown bool) {
	v, t := r.numbers[number], r.tally(st.Counts, group, number)
	at := type7(t.n, prob)
	order := func(k float64) float64 { return st.found(v, group*len(r.numbers)+number, k) }
	switch {
	case t.n == 0:
		return math.NaN(), true
	case v.listed:
		order = func(k float64) float64 { return v.counted(t.bars, k) }
	case !at.open(t.n):
		return math.NaN(), false
	}
	lo, hi := order(at.lo), order(at.hi)
	if at.h == 0 || lo == hi {
		return lo, true
	}
	return float64((1-at.h)*lo) + float64(at.h*hi), true // rounded thrice, as R does, on every machine
}

// found is the order statistic k that the search resolved.
func (st state) found(v number, cell int, k float64) float64 {
	for _, b := range st.Search {
		if b.Cell == cell && b.Below < k && k <= b.Below+b.In {
			return v.value(b.Lo)
		}
	}
	return math.NaN()
}

// counted is the order statistic k of a variable with one bar per value.
func (v number) counted(bars []float64, k float64) float64 {
	for i, n := range bars {
		if k -= n; k <= 0 {
			return v.starts[i]
		}
	}
	return math.NaN()
}

func (r run) histogram(st state) analysis.Table {
	var k keys
	var from, to, count []float64
	for j, v := range r.numbers {
		for g, name := range r.groups {
			for i, n := range r.tally(st.Counts, g, j).bars {
				k.add(v.Name, name)
				from, to, count = append(from, v.starts[i]), append(to, v.upper(i)), append(count, n)
			}
		}
	}
	return analysis.Table{Name: "histogram", Title: r.title("Histogram (from is in the bar; to is, for whole numbers and the last bar)"),
		Columns: r.keyed(k, analysis.Nums("from", from...), analysis.Nums("to", to...), analysis.Nums("count", count...))}
}

// levelTable has the categories, and the flags with their two values.
func (r run) levelTable(st state) analysis.Table {
	var k keys
	var level, label []string
	var count, share, missing []float64
	rows := func(variable, group string, codes, labels []string, counts []float64, without float64) {
		total := 0.0
		for _, c := range counts {
			total += c
		}
		for i, c := range counts {
			k.add(variable, group)
			level, label = append(level, codes[i]), append(label, labels[i])
			count, share = append(count, c), append(share, c/total) // NaN without people, as in R
			missing = append(missing, without)
		}
	}
	for j, v := range r.numbers {
		if v.Kind != table.Flag || !v.listed {
			continue
		}
		for g, name := range r.groups {
			t := r.tally(st.Counts, g, j)
			rows(v.Name, name, []string{"0", "1"}, []string{"no", "yes"}, t.bars, t.missing)
		}
	}
	for j, c := range r.categories {
		labels := make([]string, c.Len())
		for i, l := range c.Variable.Levels {
			labels[i] = l.Label
		}
		for g, name := range r.groups {
			counts := r.levels(st.Counts, g, j)
			rows(c.Variable.Name, name, c.Labels, labels, counts[1:], counts[0])
		}
	}
	return analysis.Table{Name: "levels", Title: r.title("Levels, shares among people with a value"), Columns: r.keyed(k,
		analysis.Text("level", level...), analysis.Text("label", label...), analysis.Nums("count", count...), analysis.Nums("share", share...),
		analysis.Nums("missing", missing...))}
}
