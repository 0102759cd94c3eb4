package crosstab

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/plot"
)

// noisyResult writes the tables of the exact form.
func (v private) noisyResult(f noisyTable) *analysis.Result {
	low, high := f.lost.Interval()
	res := &analysis.Result{Tables: []analysis.Table{v.noisyCounts(f), v.noisyMargins(f)}, Notes: []string{
		fmt.Sprintf("This is a private result: every count carries noise of standard deviation %.3g. Between noise.low and noise.high is the count without noise, in 95 of 100 studies. "+
			"Counts are shown as they came out: they need not be whole, and small ones can be below 0.", f.sd),
		fmt.Sprintf("People without a value of one of %s are left out: about %.0f, with noise (without it %.0f to %.0f).", strings.Join(v.columns(), ", "), math.Max(0, f.lost.N), math.Max(0, low), math.Max(0, high)),
	}}
	if rows, columns, all := f.margins(); !all.Visible() || hidden(rows) || hidden(columns) {
		res.Notes = append(res.Notes, "Shares are not given of a row, column or table whose people do not stand out from the noise.")
	}
	p := f.visible()
	if !p.tested() {
		res.Notes = append(res.Notes, "Fewer than two rows or two columns have people that stand out from the noise: there is no association to test. Ask for more patients, coarser variables or a larger epsilon.")
	} else {
		t := tests{g: p.keep(p.all), level: v.level}
		rows, columns := v.names(p)
		t.underNoise(f.sd, rows, columns)
		res.Tables = append(res.Tables, t.table())
		if len(t.terms) > 0 {
			res.Tables = append(res.Tables, t.effectTable())
		}
		for k, kept := range [][]int{p.rows, p.columns} {
			if n := v.axes[k].Len() - len(kept); n > 0 {
				res.Notes = append(res.Notes, fmt.Sprintf("%d levels of %s whose people do not stand out from the noise are not in the tests.", n, v.axes[k].Variable.Name))
			}
		}
		res.Notes = append(res.Notes, t.notes...)
	}
	res.Figures = []plot.Figure{v.noisyFigure(f)}
	return res
}

func hidden(counts []noisy.Count) bool {
	for _, c := range counts {
		if !c.Visible() {
			return true
		}
	}
	return false
}

// underNoise tests the table, and has the ratios of a two by two table.
func (t *tests) underNoise(sd float64, rows, columns []string) {
	i, j := t.g.shape()
	statistic, p := independence(t.g, sd, drawn(i*j))
	t.test("Pearson's Chi-squared test with simulated p-value, noise included", statistic, math.NaN(), p)
	t.notes = append(t.notes, "The p-value of the test is from tables drawn under independence, with noise as in this one. Fisher's exact test has no private form, and the simulated test serves; its degrees of freedom are not given.")
	if i != 2 || j != 2 {
		return
	}
	odds, risk, ok := ratios(t.g, sd, t.level)
	if !ok {
		t.notes = append(t.notes, "Odds ratio and risk ratio are not given: a cell is within two standard deviations of the noise from 0.")
		return
	}
	t.effect("odds ratio", odds)
	t.effect("risk ratio", risk)
	t.notes = append(t.notes, fmt.Sprintf("Odds ratio and risk ratio are of %s in %s against %s; their intervals include the noise.", columns[1], rows[1], rows[0]))
}

// share is x of a sum, between 0 and 1; not given where the sum is lost in the noise.
func share(x float64, of noisy.Count) float64 {
	if !of.Visible() {
		return math.NaN()
	}
	return math.Min(math.Max(x/of.N, 0), 1)
}

func (v private) noisyCounts(f noisyTable) analysis.Table {
	var row, column []string
	cols := make([][]float64, 7)
	rows, columns, all := f.margins()
	for i, line := range f.n {
		for j, x := range line {
			row, column = append(row, v.axes[0].Labels[i]), append(column, v.axes[1].Labels[j])
			expected := math.NaN()
			if all.Visible() {
				expected = math.Max(rows[i].N, 0) * math.Max(columns[j].N, 0) / all.N
			}
			low, high := f.of(x, 1).Interval()
			for k, y := range []float64{x, share(x, rows[i]), share(x, columns[j]), share(x, all), expected, low, high} {
				cols[k] = append(cols[k], y)
			}
		}
	}
	return analysis.Table{Name: "counts", Title: v.axes[0].Variable.Name + " by " + v.axes[1].Variable.Name + ", under noise", Columns: []analysis.Column{
		analysis.Text("row", row...), analysis.Text("column", column...), analysis.Nums("count", cols[0]...), analysis.Nums("row.share", cols[1]...),
		analysis.Nums("column.share", cols[2]...), analysis.Nums("share", cols[3]...), analysis.Nums("expected", cols[4]...),
		analysis.Nums("noise.low", cols[5]...), analysis.Nums("noise.high", cols[6]...)}}
}

func (v private) noisyMargins(f noisyTable) analysis.Table {
	var variable, level []string
	cols := make([][]float64, 4)
	rows, columns, all := f.margins()
	for k, sums := range [][]noisy.Count{rows, columns} {
		for i, c := range sums {
			variable, level = append(variable, v.axes[k].Variable.Name), append(level, v.axes[k].Labels[i])
			low, high := c.Interval()
			for k, y := range []float64{c.N, share(c.N, all), low, high} {
				cols[k] = append(cols[k], y)
			}
		}
	}
	return analysis.Table{Name: "margins", Title: "Margins of the pooled table, under noise", Columns: []analysis.Column{
		analysis.Text("variable", variable...), analysis.Text("level", level...), analysis.Nums("count", cols[0]...),
		analysis.Nums("share", cols[1]...), analysis.Nums("noise.low", cols[2]...), analysis.Nums("noise.high", cols[3]...)}}
}

// noisyFigure is that of the exact form; a row that is lost in the noise has no bars.
func (v private) noisyFigure(f noisyTable) plot.Figure {
	near := newGrid(f.shape())
	rows, _, _ := f.margins()
	for i, r := range rows {
		if r.Visible() {
			copy(near.n[i], f.n[i])
			noisy.Simplex(near.n[i], r.N)
		}
	}
	fig := v.figure(pooled{all: near})
	fig.Caption += " The numbers carry noise."
	return fig
}
