// Package crosstab counts people by two variables, and by strata of a third,
// and tests whether the two are associated: Pearson's chi-square, Fisher's exact
// test, odds and risk ratios, Cochran-Mantel-Haenszel. It serves categories,
// flags and small ranges of whole numbers, and refuses measurements.
//
// The strata of a Cochran-Mantel-Haenszel test may be the sites: then no table
// of a site is opened, only the sums over sites that the test is made of
// (methods C1).
package crosstab

import (
	"fmt"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/cells"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

const (
	mostLevels = 256
	mostCells  = 100_000
	// site is the variable whose strata are never opened one by one.
	site = "site"
)

// New returns the analysis.
func New() analysis.Analysis { return crosstab{} }

type crosstab struct{}

func (crosstab) About() analysis.About {
	low, high := 0.5, 0.9999
	return analysis.About{
		Name:    "table",
		Version: "1",
		Title:   "Contingency table and tests of association",
		Doc: "How many people have each combination of two variables, with margins and shares; Pearson's chi-square with and without Yates' correction, " +
			"Fisher's exact test, odds ratio and risk ratio; with strata, the Cochran-Mantel-Haenszel test and the Mantel-Haenszel odds ratio. " +
			"With `strata: site` the sites are the strata, and no site's table is opened. " +
			"In a study with privacy:, the counts carry noise, test and ratios of a table without strata include it.",
		Source: "Fisher, Statistical Methods for Research Workers, 1934; Mantel and Haenszel, JNCI 1959;22:719-748; Robins, Breslow and Greenland, Biometrics 1986;42:311-323; Agresti, Categorical Data Analysis, 2002, chapters 3 and 6-7",
		Parameters: []analysis.Parameter{
			{Name: "rows", Type: "variable", Required: true, Doc: "a category, flag or small range of whole numbers; its first level is the reference of the ratios"},
			{Name: "columns", Type: "variable", Required: true, Doc: "the second variable, of the same kinds; its second level is the event of the ratios"},
			{Name: "strata", Type: "variable", Doc: "a third variable, whose levels are kept apart in the Cochran-Mantel-Haenszel test"},
			{Name: "conf.level", Type: "number", Default: 0.95, Min: &low, Max: &high, Doc: "level of the confidence intervals"},
		},
		Example: "- name: response-by-smoking\n  analysis: table\n  rows: smoker\n  columns: response\n  strata: site\n",
	}
}

func (c crosstab) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	p, err := p.Check(c.About().Parameters)
	if err != nil {
		return nil, nil, err
	}
	r := run{level: p.Number("conf.level")}
	size := 1
	seen := map[string]string{}
	for _, param := range []string{"rows", "columns", "strata"} {
		name := p.String(param)
		if param == "strata" && name == "" {
			continue
		}
		axis, err := cells.New(param, name, s, mostLevels)
		if err != nil {
			return nil, nil, err
		}
		if other := seen[name]; other != "" {
			return nil, nil, analysis.Refuse(param, "%q is already %s", name, other)
		}
		seen[name] = param
		r.axes = append(r.axes, axis)
		size *= axis.Len()
	}
	if size > mostCells {
		return nil, nil, analysis.Refuse("rows", "the table would have %d cells, at most %d are opened; use coarser variables", size, mostCells)
	}
	r.bySite = p.String("strata") == site
	st, err := analysis.Encode(state{})
	return r, st, err
}

// A run is one table of one study.
type run struct {
	axes   []cells.Axis // rows, columns, and strata if there are any
	bySite bool         // the strata are the sites
	level  float64
}

// A state is the pooled table, once it is opened.
type state struct {
	Round int       `json:"round"`
	Cells []float64 `json:"cells,omitempty"` // row by row; the last is the people left out
}

// opened is the axes whose cells are opened in round 0.
func (r run) opened() []cells.Axis {
	if r.bySite {
		return r.axes[:2]
	}
	return r.axes
}

func (r run) size() int {
	n := 1
	for _, a := range r.opened() {
		n *= a.Len()
	}
	return n
}

func (r run) columns() (out []string) {
	for _, a := range r.axes {
		out = append(out, a.Variable.Name)
	}
	return out
}

func (r run) Bounds(s analysis.State) (analysis.Bounds, error) {
	st, err := r.decode(s)
	if err != nil {
		return analysis.Bounds{}, err
	}
	b := analysis.Bounds{Columns: r.columns()}
	if st.Round == 0 {
		for range r.size() + 1 {
			b.Ranges = append(b.Ranges, fixed.Range{Max: 1, Integer: true})
		}
		b.Together = len(r.opened()) < len(r.axes) // the strata are the sites, and their tables stay there
		b.Opens = fmt.Sprintf("The pooled table of %d cells, and how many people lack a value.", r.size())
		return b, nil
	}
	b.OverSites = true
	b.Ranges = tallyRanges(r.pooled(st).shape())
	b.Opens = "Sums over the sites of the differences between observed and expected counts, their variances, and the terms of the common odds ratio; no site's table."
	return b, nil
}

func (r run) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	st, err := r.decode(s)
	if err != nil {
		return err
	}
	index := make([][]int, len(r.axes))
	for i, a := range r.axes {
		if index[i], err = a.Of(t); err != nil {
			return err
		}
	}
	if st.Round == 0 {
		r.count(index, t.Rows(), sum)
		return nil
	}
	p := r.pooled(st)
	for _, site := range r.tables(index, t.Rows()) {
		newTally(p.keep(site)).addTo(sum)
	}
	return nil
}

// count adds each row to its cell, or to those left out.
func (r run) count(index [][]int, rows int, sum *fixed.Vector) {
	open := r.opened()
	for i := range rows {
		at := 0
		for k, a := range r.axes {
			if index[k][i] < 0 {
				at = r.size()
				break
			}
			if k < len(open) {
				at = at*a.Len() + index[k][i]
			}
		}
		sum.Add(at, 1)
	}
}

// tables are a site's own tables, one per stratum.
func (r run) tables(index [][]int, rows int) []grid {
	out := make([]grid, r.axes[2].Len())
	for i := range out {
		out[i] = newGrid(r.axes[0].Len(), r.axes[1].Len())
	}
	for i := range rows {
		if index[0][i] >= 0 && index[1][i] >= 0 && index[2][i] >= 0 {
			out[index[2][i]].n[index[0][i]][index[1][i]]++
		}
	}
	return out
}

func (r run) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := r.decode(s)
	if err != nil {
		return nil, nil, err
	}
	b, err := r.Bounds(s)
	if err != nil || len(b.Ranges) != len(sum) {
		return nil, nil, fmt.Errorf("round %d: a sum of %d coordinates does not fit the state", st.Round, len(sum))
	}
	if st.Round == 1 {
		res := r.result(st, readTally(r.pooled(st), sum))
		return nil, res, nil
	}
	st.Cells, st.Round = append([]float64(nil), sum...), 1
	if p := r.pooled(st); !r.bySite || !p.tested() || p.tooWide() {
		return nil, r.result(st, r.stratified(st)), nil
	}
	next, err := analysis.Encode(st)
	return next, nil, err
}

// stratified is the tally over the opened strata; nil without strata.
func (r run) stratified(st state) *tally {
	if len(r.axes) < 3 || r.bySite {
		return nil
	}
	p := r.pooled(st)
	if !p.tested() || p.tooWide() {
		return nil
	}
	total := newTally(p.keep(newGrid(r.axes[0].Len(), r.axes[1].Len())))
	for k := range r.axes[2].Len() {
		total.add(newTally(p.keep(r.stratum(st, k))))
	}
	return &total
}

func (r run) decode(s analysis.State) (state, error) {
	st, err := analysis.Decode[state](s)
	if err == nil && (st.Round < 0 || st.Round > 1 || st.Round == 1 && (len(st.Cells) != r.size()+1 || !r.bySite || !r.pooled(st).tested())) {
		err = fmt.Errorf("state of round %d does not fit the study", st.Round)
	}
	return st, err
}
