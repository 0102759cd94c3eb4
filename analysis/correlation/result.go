package correlation

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/plot"
)

// A pair is the correlation of two variables.
type pair struct {
	x, y         int
	r, n         float64
	statistic    float64
	p, low, high float64
}

func (r run) result(st state, sum []float64) *analysis.Result {
	pairs := r.coefficients(st, sum)
	res := &analysis.Result{Tables: []analysis.Table{r.table(pairs)}}
	for _, p := range pairs {
		if math.IsNaN(p.r) {
			res.Notes = append(res.Notes, fmt.Sprintf("%s and %s have no correlation: one of them does not vary, or too few people have both.", r.variables[p.x].Name, r.variables[p.y].Name))
		}
	}
	if f, ok := r.figure(pairs); ok {
		res.Figures = append(res.Figures, f)
	}
	return res
}

func (r run) coefficients(st state, sum []float64) (out []pair) {
	ns, all := r.scores(st)
	base := 0
	for k, set := range r.sets {
		p := len(set)
		sums, products := sum[base:base+p], stat.Symmetric(sum[base+p:base+p+stat.Triangle(p)], p)
		about := func(i, j int) float64 { return products.At(i, j) - sums[i]*sums[j]/ns[k] }
		varies := func(i int) bool { // by more than the rounding of x - mean
			tiny := (r.variables[set[i]].hi - r.variables[set[i]].lo) * 0x1p-51
			return ns[k] > 1 && about(i, i) > ns[k]*tiny*tiny && all[k][i].most > 0
		}
		for i := range set {
			for j := i + 1; j < p; j++ {
				c := math.NaN()
				if varies(i) && varies(j) {
					c = min(max(about(i, j)/math.Sqrt(about(i, i))/math.Sqrt(about(j, j)), -1), 1)
				}
				out = append(out, r.test(pair{x: set[i], y: set[j], n: ns[k], r: c}))
			}
		}
		base += p + stat.Triangle(p)
	}
	return out
}

// test is Student's t with n-2 degrees of freedom; the interval is Fisher's,
// tanh(atanh(r) +- z/sqrt(n-3)). The statistic of Spearman's test is S, as in R.
func (r run) test(p pair) pair {
	p.statistic, p.p, p.low, p.high = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if p.n < 3 || math.IsNaN(p.r) {
		return p
	}
	t := math.Sqrt(p.n-2) * p.r / math.Sqrt((1-p.r)*(1+p.r))
	p.statistic, p.p = t, stat.TTwoSided(t, p.n-2)
	if r.ranked {
		p.statistic = (p.n*p.n*p.n - p.n) * (1 - p.r) / 6
	} else if p.n > 3 {
		z := stat.NormalQuantile((1+r.level)/2) / math.Sqrt(p.n-3)
		p.low, p.high = math.Tanh(math.Atanh(p.r)-z), math.Tanh(math.Atanh(p.r)+z)
	}
	return p
}

func (r run) table(pairs []pair) analysis.Table {
	var x, y []string
	cols := make([][]float64, 6)
	for _, p := range pairs {
		x, y = append(x, r.variables[p.x].Name), append(y, r.variables[p.y].Name)
		for i, v := range []float64{p.r, p.statistic, p.p, p.low, p.high, p.n} {
			cols[i] = append(cols[i], v)
		}
	}
	t := analysis.Table{Name: "correlations", Title: "Pearson's correlation", Columns: []analysis.Column{
		analysis.Text("x", x...), analysis.Text("y", y...), analysis.Nums("estimate", cols[0]...),
		analysis.Nums("statistic", cols[1]...), analysis.Nums("p.value", cols[2]...)}}
	if r.ranked {
		t.Title = "Spearman's rank correlation (test by Student's t)"
	} else {
		t.Columns = append(t.Columns, analysis.Nums("conf.low", cols[3]...), analysis.Nums("conf.high", cols[4]...))
	}
	t.Columns = append(t.Columns, analysis.Nums("n", cols[5]...))
	return t
}

// figure is the matrix of the variables that have a correlation with every other.
func (r run) figure(pairs []pair) (plot.Figure, bool) {
	p := len(r.variables)
	m := make([]float64, p*p)
	drawn := make([]bool, p)
	for i := range p {
		m[i*p+i], drawn[i] = 1, true
	}
	for _, c := range pairs {
		m[c.x*p+c.y], m[c.y*p+c.x] = c.r, c.r
	}
	for i := range p { // leave out, one by one, what is undefined with a variable still drawn
		for j := range p {
			if drawn[j] && math.IsNaN(m[i*p+j]) {
				drawn[i] = false
			}
		}
	}
	f := plot.Figure{Name: "correlations", Title: r.table(nil).Title, Kind: plot.Heat,
		Caption: "Each cell is the correlation of its row with its column, from -1 to 1; the diagonal is 1."}
	var labels []string
	var z []float64
	for i, v := range r.variables {
		if !drawn[i] {
			continue
		}
		labels = append(labels, v.Name)
		for j := range p {
			if drawn[j] {
				z = append(z, m[i*p+j])
			}
		}
	}
	f.X.Labels, f.Y.Labels = labels, labels
	f.Series = []plot.Series{{Z: z, Labels: labels}}
	return f, len(labels) > 1
}
