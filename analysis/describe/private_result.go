package describe

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

// noisyResult writes the tables of the exact form. Columns whose names begin with
// noise say how far the noise can move a figure.
func (v private) noisyResult(st noisyState) *analysis.Result {
	res := &analysis.Result{Notes: []string{
		"This is a private result: every figure carries noise. noise.n, noise.missing, noise.mean, noise.sd and noise.share are standard deviations of the noise in the figure that they name; " +
			"between noise.low and noise.high is the figure without noise, in 95 of 100 studies. Neither says how the patients differ from others.",
		"Counts are shown as they came out under noise: they need not be whole, and small ones can be below 0.",
	}}
	if len(v.numbers) > 0 {
		res.Tables = append(res.Tables, v.noisySummary(st), v.noisyQuantiles(st), v.noisyHistogram(st))
		res.Notes = append(res.Notes, "The skewness has no private form. Mean and sd are of values cut to cut.low..cut.high: beyond, the noise hides whether anybody is.")
	}
	if t := v.noisyLevels(st); t.Rows() > 0 {
		res.Tables = append(res.Tables, t)
	}
	var hidden []string
	for i, p := range v.parts {
		for g, name := range v.groups {
			if st.cell(v, i, g).N.Visible() {
				continue
			}
			if hidden = append(hidden, p.name); name != "" {
				hidden[len(hidden)-1] += " in " + name
			}
		}
	}
	if hidden != nil {
		res.Notes = append(res.Notes, "Moments, quantiles and shares are not given where too few people have a value for the noise: "+strings.Join(hidden, ", ")+".")
	}
	if v.by != nil {
		low, high := st.Lost.Interval()
		res.Notes = append(res.Notes, fmt.Sprintf("People without a value of %s are in no group and left out: about %.0f, with noise (without it %.0f to %.0f).", v.by.Variable.Name, math.Max(0, st.Lost.N), math.Max(0, low), math.Max(0, high)))
	}
	res.Figures = v.noisyFigures(st)
	return res
}

// A sheet collects rows that begin with a variable and a group.
type sheet struct {
	keys
	names  []string
	values [][]float64
}

func newSheet(names ...string) *sheet {
	return &sheet{names: names, values: make([][]float64, len(names))}
}

func (s *sheet) row(variable, group string, values ...float64) {
	s.add(variable, group)
	for i, x := range values {
		s.values[i] = append(s.values[i], x)
	}
}

func (s *sheet) columns() (out []analysis.Column) {
	for i, name := range s.names {
		out = append(out, analysis.Nums(name, s.values[i]...))
	}
	return out
}

func (v private) noisySummary(st noisyState) analysis.Table {
	s := newSheet("n", "missing", "mean", "sd", "var", "noise.n", "noise.missing", "noise.mean", "noise.sd", "cut.low", "cut.high")
	nan := math.NaN()
	for i, p := range v.parts {
		if p.number < 0 {
			continue
		}
		for g, name := range v.groups {
			c := st.cell(v, i, g)
			mean, noise, sd, variance, noiseSD := nan, nan, nan, nan, nan
			if m := c.Moments; m != nil {
				mean, noise = m[0], m[2]
				if c.N.N > 1 {
					variance = m[1] * c.N.N / (c.N.N - 1)
					sd = math.Sqrt(variance)
					noiseSD = rootNoise(m[1], m[3])
				}
			}
			s.row(p.name, name, c.N.N, c.Missing.N, mean, sd, variance, c.N.SD, c.Missing.SD, noise, noiseSD, c.Low, c.High)
		}
	}
	return analysis.Table{Name: "summary", Title: v.title("Number, mean and spread, under noise"), Columns: v.keyed(s.keys, s.columns()...)}
}

// rootNoise is the noise of the root of x: by the delta method, or, where x is lost
// in it, what the root of the noise alone would be.
func rootNoise(x, noise float64) float64 {
	if root := math.Sqrt(noise); noise > x {
		return root
	}
	if noise == 0 {
		return 0
	}
	return noise / (2 * math.Sqrt(x))
}

func (v private) noisyQuantiles(st noisyState) analysis.Table {
	s := newSheet("prob", "estimate", "noise.low", "noise.high")
	for i, p := range v.parts {
		if p.number < 0 {
			continue
		}
		for g, name := range v.groups {
			for k, prob := range v.probs {
				q := [3]float64{math.NaN(), math.NaN(), math.NaN()}
				if c := st.cell(v, i, g); c.Quantiles != nil {
					q = c.Quantiles[k]
				}
				s.row(p.name, name, prob, q[0], q[1], q[2])
			}
		}
	}
	return analysis.Table{Name: "quantiles", Title: v.title("Quantiles, under noise"), Columns: v.keyed(s.keys, s.columns()...)}
}

// bars are the histogram of a number, as the parameter bins asks for.
func (v private) bars(p variate, c noisyCell) (from, to []float64, counts []noisy.Count) {
	n := v.numbers[p.number]
	if p.values == 0 || n.listed {
		for i, x := range c.Counts {
			low, high := p.scale.limits(i*p.scale.per, (i+1)*p.scale.per)
			if len(n.starts) == len(c.Counts) { // the bars of the exact form
				low, high = n.starts[i], n.upper(i)
			}
			from, to, counts = append(from, low), append(to, high), append(counts, x)
		}
		return from, to, counts
	}
	for i, start := range n.starts { // several counted values to a bar
		var sum noisy.Count
		for x := start; x <= n.upper(i); x++ {
			k := c.Counts[int(x-n.lo)]
			sum = noisy.Count{N: sum.N + k.N, SD: math.Hypot(sum.SD, k.SD)}
		}
		from, to, counts = append(from, start), append(to, n.upper(i)), append(counts, sum)
	}
	return from, to, counts
}

func (v private) noisyHistogram(st noisyState) analysis.Table {
	s := newSheet("from", "to", "count", "noise.low", "noise.high")
	for i, p := range v.parts {
		if p.number < 0 {
			continue
		}
		for g, name := range v.groups {
			from, to, counts := v.bars(p, st.cell(v, i, g))
			for k, c := range counts {
				low, high := c.Interval()
				s.row(p.name, name, from[k], to[k], c.N, low, high)
			}
		}
	}
	return analysis.Table{Name: "histogram", Title: v.title("Histogram, under noise (from is in the bar; to is, for whole numbers and the last bar)"), Columns: v.keyed(s.keys, s.columns()...)}
}

// noisyLevels has the categories, and the flags with their two values.
func (v private) noisyLevels(st noisyState) analysis.Table {
	s := newSheet("count", "share", "missing", "noise.low", "noise.high", "noise.share", "noise.missing")
	var level, label []string
	for _, flags := range []bool{true, false} {
		for i, p := range v.parts {
			if flags != (p.number >= 0) || flags && v.numbers[p.number].Kind != table.Flag {
				continue
			}
			codes, labels := []string{"0", "1"}, []string{"no", "yes"}
			if !flags {
				codes, labels = v.categories[p.category].Labels, nil
				for _, l := range v.categories[p.category].Variable.Levels {
					labels = append(labels, l.Label)
				}
			}
			for g, name := range v.groups {
				c := st.cell(v, i, g)
				for k, n := range c.Counts {
					low, high := n.Interval()
					share, noise := c.share(k)
					s.row(p.name, name, n.N, share, c.Missing.N, low, high, noise, c.Missing.SD)
					level, label = append(level, codes[k]), append(label, labels[k])
				}
			}
		}
	}
	more := append([]analysis.Column{analysis.Text("level", level...), analysis.Text("label", label...)}, s.columns()...)
	return analysis.Table{Name: "levels", Title: v.title("Levels, shares among people with a value, under noise"), Columns: v.keyed(s.keys, more...)}
}

// share is that of count k among all counts, and its noise: (1-p) of its own and
// p of all others'.
func (c noisyCell) share(k int) (p, noise float64) {
	if !c.N.Visible() {
		return math.NaN(), math.NaN()
	}
	p = math.Min(math.Max(c.Counts[k].N/c.N.N, 0), 1)
	own := c.Counts[k].SD * c.Counts[k].SD
	others := math.Max(0, c.N.SD*c.N.SD-own)
	return p, math.Sqrt((1-p)*(1-p)*own+p*p*others) / c.N.N
}

// noisyFigures are those of the exact form; a bar is not drawn below 0.
func (v private) noisyFigures(st noisyState) []plot.Figure {
	var out []plot.Figure
	for i, p := range v.parts {
		f := plot.Figure{Kind: plot.Bar}
		if p.number >= 0 {
			n := v.numbers[p.number]
			f.Name, f.Title, f.X.Label = "histogram-"+p.name, v.title("Distribution of "+p.name), named(p.name, n.Unit)
			if n.listed {
				f.X.Labels = v.listedLabels(n)
			}
		} else {
			f.Name, f.Title, f.X = "levels-"+p.name, v.title("Levels of "+p.name), plot.Axis{Label: p.name, Labels: v.categories[p.category].Labels}
		}
		for g, name := range v.groups {
			c := st.cell(v, i, g)
			s := plot.Series{Name: name}
			counts := c.Counts
			if p.number >= 0 {
				var from []float64
				if from, _, counts = v.bars(p, c); !v.numbers[p.number].listed {
					s.X = append(from, v.numbers[p.number].end())
				}
			}
			heights := make([]float64, len(counts))
			for k, n := range counts {
				heights[k] = math.Max(0, n.N)
			}
			s.Y = v.heights(heights)
			f.Series = append(f.Series, s)
		}
		f = v.explain(f)
		f.Caption += " The numbers carry noise."
		out = append(out, f)
	}
	return out
}
