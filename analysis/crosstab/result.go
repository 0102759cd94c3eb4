package crosstab

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/plot"
)

// result writes the tables and the figure; strata is nil where there is no
// stratified test.
func (r run) result(st state, strata *tally) *analysis.Result {
	p := r.pooled(st)
	res := &analysis.Result{Tables: []analysis.Table{r.counts(st), r.margins(p)}}
	if lost := st.Cells[len(st.Cells)-1]; lost > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%.0f people without a value of one of %s are left out.", lost, strings.Join(r.columns(), ", ")))
	}
	if !p.tested() {
		res.Notes = append(res.Notes, "All people are in one row or one column: there is no association to test.")
	} else {
		t := tests{g: p.keep(p.all), level: r.level}
		t.unstratified(r.names(p))
		if strata != nil {
			t.stratified(*strata)
		} else if len(r.axes) == 3 {
			t.notes = append(t.notes, "The table is too large for a stratified test.")
		}
		res.Tables = append(res.Tables, t.table())
		if len(t.terms) > 0 {
			res.Tables = append(res.Tables, t.effectTable())
		}
		res.Notes = append(res.Notes, r.dropped(p)...)
		res.Notes = append(res.Notes, t.notes...)
	}
	res.Figures = []plot.Figure{r.figure(p)}
	return res
}

// names are the observed levels, for the texts of ratios.
func (r run) names(p pooled) (rows, columns []string) {
	for _, i := range p.rows {
		rows = append(rows, r.axes[0].Variable.Name+" "+r.axes[0].Labels[i])
	}
	for _, j := range p.columns {
		columns = append(columns, r.axes[1].Variable.Name+" "+r.axes[1].Labels[j])
	}
	return rows, columns
}

func (r run) dropped(p pooled) (notes []string) {
	for k, kept := range [][]int{p.rows, p.columns} {
		if n := r.axes[k].Len() - len(kept); n > 0 {
			notes = append(notes, fmt.Sprintf("%d levels of %s that nobody has are not in the tests.", n, r.axes[k].Variable.Name))
		}
	}
	return notes
}

// counts is the opened table, long: a row per cell.
func (r run) counts(st state) analysis.Table {
	var row, column, stratum []string
	var count, ofRow, ofColumn, share, expected []float64
	strata := []string{""}
	if len(r.opened()) == 3 {
		strata = r.axes[2].Labels
	}
	for k, name := range strata {
		g := r.stratum(st, k)
		rows, columns, n := g.margins()
		for i, line := range g.n {
			for j, x := range line {
				row, column, stratum = append(row, r.axes[0].Labels[i]), append(column, r.axes[1].Labels[j]), append(stratum, name)
				count, share = append(count, x), append(share, part(x, n))
				ofRow, ofColumn = append(ofRow, part(x, rows[i])), append(ofColumn, part(x, columns[j]))
				expected = append(expected, part(rows[i]*columns[j], n))
			}
		}
	}
	cols := []analysis.Column{analysis.Text("row", row...), analysis.Text("column", column...)}
	title := r.axes[0].Variable.Name + " by " + r.axes[1].Variable.Name
	if len(strata) > 1 {
		cols = append(cols, analysis.Text("stratum", stratum...))
		title += " in strata of " + r.axes[2].Variable.Name
	}
	return analysis.Table{Name: "counts", Title: title, Columns: append(cols, analysis.Nums("count", count...),
		analysis.Nums("row.share", ofRow...), analysis.Nums("column.share", ofColumn...), analysis.Nums("share", share...), analysis.Nums("expected", expected...))}
}

// part is x/n; of nobody, nothing is a share of 0.
func part(x, n float64) float64 {
	if n == 0 {
		return 0
	}
	return x / n
}

func (r run) margins(p pooled) analysis.Table {
	rows, columns, n := p.all.margins()
	var variable, level []string
	var count, share []float64
	for k, sums := range [][]float64{rows, columns} {
		for i, x := range sums {
			variable, level = append(variable, r.axes[k].Variable.Name), append(level, r.axes[k].Labels[i])
			count, share = append(count, x), append(share, part(x, n))
		}
	}
	return analysis.Table{Name: "margins", Title: "Margins of the pooled table", Columns: []analysis.Column{
		analysis.Text("variable", variable...), analysis.Text("level", level...), analysis.Nums("count", count...), analysis.Nums("share", share...)}}
}

// tests collects the rows of two tables.
type tests struct {
	g                       grid
	level                   float64
	methods, terms          []string
	statistic, parameter, p []float64
	estimates, lows, highs  []float64
	notes                   []string
}

func (t *tests) test(method string, statistic, parameter, p float64) {
	t.methods = append(t.methods, method)
	t.statistic, t.parameter, t.p = append(t.statistic, statistic), append(t.parameter, parameter), append(t.p, p)
}

func (t *tests) chiSquare(method string, statistic, df float64) {
	t.test(method, statistic, df, stat.ChiSquareUpper(statistic, df))
}

func (t *tests) effect(term string, e estimate) {
	t.terms = append(t.terms, term)
	t.estimates, t.lows, t.highs = append(t.estimates, e.value), append(t.lows, e.low), append(t.highs, e.high)
}

func (t *tests) unstratified(rows, columns []string) {
	nan := math.NaN()
	statistic, df, expected := pearson(t.g, false)
	t.chiSquare("Pearson's Chi-squared test", statistic, df)
	if expected < 5 {
		t.notes = append(t.notes, "An expected count is below 5: prefer Fisher's exact test to the chi-squared approximation.")
	}
	if i, j := t.g.shape(); i != 2 || j != 2 {
		if p, ok := exact(t.g); ok {
			t.test("Fisher's Exact Test for Count Data", nan, nan, p)
		} else {
			t.notes = append(t.notes, "Fisher's exact test is left out: the table has too many counts to enumerate, and the chi-squared test serves.")
		}
		return
	}
	statistic, df, _ = pearson(t.g, true)
	t.chiSquare("Pearson's Chi-squared test with Yates' continuity correction", statistic, df)
	d := newNoncentral(t.g)
	t.test("Fisher's Exact Test for Count Data", nan, nan, d.pValue())
	t.effect("odds ratio (conditional, Fisher)", d.oddsRatio(t.level))
	t.effect("odds ratio", oddsRatio(t.g, t.level))
	t.effect("risk ratio", riskRatio(t.g, t.level))
	t.notes = append(t.notes, fmt.Sprintf("Odds ratio and risk ratio are of %s in %s against %s.", columns[1], rows[1], rows[0]))
}

func (t *tests) stratified(s tally) {
	if s.small > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%.0f strata with one person are not in the stratified test.", s.small))
	}
	if s.used == 0 {
		t.notes = append(t.notes, "No stratum has two people: there is no stratified test.")
		return
	}
	statistic, df := s.test(false)
	if s.terms == nil {
		t.chiSquare("Cochran-Mantel-Haenszel test", statistic, df)
		return
	}
	t.chiSquare("Mantel-Haenszel chi-squared test without continuity correction", statistic, df)
	statistic, df = s.test(true)
	t.chiSquare("Mantel-Haenszel chi-squared test with continuity correction", statistic, df)
	t.effect("common odds ratio (Mantel-Haenszel)", bounded(s.oddsRatio(t.level)))
}

func (t *tests) table() analysis.Table {
	return analysis.Table{Name: "tests", Title: "Tests of association", Columns: []analysis.Column{analysis.Text("method", t.methods...),
		analysis.Nums("statistic", t.statistic...), analysis.Nums("parameter", t.parameter...), analysis.Nums("p.value", t.p...)}}
}

func (t *tests) effectTable() analysis.Table {
	return analysis.Table{Name: "effects", Title: fmt.Sprintf("Ratios with intervals at level %v", t.level), Columns: []analysis.Column{analysis.Text("term", t.terms...),
		analysis.Nums("estimate", t.estimates...), analysis.Nums("conf.low", t.lows...), analysis.Nums("conf.high", t.highs...)}}
}

func (r run) figure(p pooled) plot.Figure {
	a, b := r.axes[0], r.axes[1]
	f := plot.Figure{Name: "shares", Title: b.Variable.Name + " by " + a.Variable.Name, Kind: plot.Bar,
		X: plot.Axis{Label: a.Variable.Name, Labels: a.Labels}, Y: plot.Axis{Label: "share of the row"},
		Caption: fmt.Sprintf("For each level of %s, of all sites together, the share of people with each level of %s; the bars of one group sum to 1.", a.Variable.Name, b.Variable.Name)}
	rows, _, _ := p.all.margins()
	for j, name := range b.Labels {
		s := plot.Series{Name: name}
		for i := range rows {
			s.Y = append(s.Y, part(p.all.n[i][j], rows[i]))
		}
		f.Series = append(f.Series, s)
	}
	return f
}
