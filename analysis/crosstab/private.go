package crosstab

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/table"
)

// StartPrivate implements analysis.PrivateAnalysis: the counts of the cells under
// noise, of which a patient is in one. Margins are their sums, and tests repeat the
// noise. It refuses strata, whose noise adds up.
func (c crosstab) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	exact, _, err := c.Start(p, s)
	if err != nil {
		return nil, nil, err
	}
	r := exact.(run)
	if len(r.axes) > 2 {
		rows, columns, strata := r.axes[0].Variable.Name, r.axes[1].Variable.Name, r.axes[2].Variable.Name
		return nil, nil, analysis.Refuse("strata", "a table in strata has no private form: each stratum would carry the noise of a whole table. "+
			"To adjust the association for %s, use logistic (%s ~ %s + %s), whose odds ratios are adjusted; or leave strata out", strata, columns, rows, strata)
	}
	st, err := analysis.Encode(struct{}{})
	return private{r}, st, err
}

// A private run is one table under noise.
type private struct{ run }

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	return []analysis.Query{{
		Columns: v.columns(),
		Blocks:  []analysis.Block{{Len: v.size() + 1, L1: 1, L2: 1, Support: 1, Integer: true, Share: 1}},
		Opens:   fmt.Sprintf("The pooled table of %d cells, and how many people lack a value, under noise.", v.size()),
	}}
}

// Person implements analysis.PrivateRun. The last coordinate counts those without a
// value of either variable.
func (v private) Person(t table.Table, _ analysis.State) (func(int, func(int, float64)), error) {
	rows, err := v.axes[0].Of(t)
	if err != nil {
		return nil, err
	}
	columns, err := v.axes[1].Of(t)
	if err != nil {
		return nil, err
	}
	return func(row int, add func(int, float64)) {
		at := v.size()
		if i, j := rows[row], columns[row]; i >= 0 && j >= 0 {
			at = i*v.axes[1].Len() + j
		}
		add(at, 1)
	}, nil
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, _ analysis.State) (analysis.State, *analysis.Result, error) {
	if want := v.size() + 1; len(sum) != want || len(sd) != want {
		return nil, nil, fmt.Errorf("table: %d sums with %d deviations, want %d", len(sum), len(sd), want)
	}
	f := noisyTable{grid: newGrid(v.axes[0].Len(), v.axes[1].Len()), sd: sd[0], lost: noisy.Count{N: sum[v.size()], SD: sd[v.size()]}}
	for i, row := range f.n {
		copy(row, sum[i*len(row):])
	}
	return nil, v.noisyResult(f), nil
}

// A noisyTable is a table of counts that all carry noise of one standard deviation.
type noisyTable struct {
	grid
	sd   float64
	lost noisy.Count // people without a value
}

// of is a sum of so many cells.
func (f noisyTable) of(n float64, cells int) noisy.Count {
	return noisy.Count{N: n, SD: f.sd * math.Sqrt(float64(cells))}
}

// margins are those of the counts, with their noise.
func (f noisyTable) margins() (rows, columns []noisy.Count, all noisy.Count) {
	r, c, n := f.grid.margins()
	for _, x := range r {
		rows = append(rows, f.of(x, len(c)))
	}
	for _, x := range c {
		columns = append(columns, f.of(x, len(r)))
	}
	return rows, columns, f.of(n, len(r)*len(c))
}

// visible has the levels that stand out from the noise, which are tested.
func (f noisyTable) visible() pooled {
	rows, columns, _ := f.margins()
	seen := func(counts []noisy.Count) (out []int) {
		for i, c := range counts {
			if c.Visible() {
				out = append(out, i)
			}
		}
		return out
	}
	return pooled{all: f.grid, rows: seen(rows), columns: seen(columns)}
}

// Expect implements analysis.PrivateRun, for people who are spread evenly over rows.
func (v private) Expect(sd [][]float64, people int) []analysis.Expectation {
	n := math.Max(1, float64(people)/float64(v.axes[0].Len()))
	a, b := v.axes[0].Variable.Name, v.axes[1].Variable.Name
	out := []analysis.Expectation{
		{What: fmt.Sprintf("number in each cell of %s by %s", a, b), Within: noisy.L95 * sd[0][0], Unit: "people"},
		{What: fmt.Sprintf("share of each level of %s within a level of %s", b, a), Within: math.Min(1, noisy.L95*sd[0][0]/n)},
	}
	return out
}
