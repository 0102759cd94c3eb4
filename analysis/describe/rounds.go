package describe

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// Round 0 counts; round 1 opens the moments about the means and begins the
// search for the quantiles; the rounds after it end the search.

func (r run) Bounds(s analysis.State) (analysis.Bounds, error) {
	st, err := r.decode(s)
	if err != nil {
		return analysis.Bounds{}, err
	}
	b := analysis.Bounds{Columns: r.columns()}
	if st.Round == 0 {
		b.Ranges = r.countRanges()
		b.Opens = "Pooled numbers of people, of missing values and of each histogram bar or level, and the sum of each number."
		return b, nil
	}
	if st.Round == 1 {
		b.Ranges = r.powerRanges(st)
	}
	open := unresolved(st.Search)
	for range (ways - 1) * len(open) {
		b.Ranges = append(b.Ranges, fixed.Range{Max: 1, Integer: true})
	}
	switch {
	case len(open) == 0:
		b.Opens = "Pooled sums of powers of the distance from the mean."
	case st.Round == 1:
		b.Opens = fmt.Sprintf("Pooled sums of powers of the distance from the mean, and how many people are in each of 16 parts of %d intervals that hold quantiles.", len(open))
	default:
		b.Opens = fmt.Sprintf("How many people in all are in each of 16 parts of %d intervals that hold quantiles.", len(open))
	}
	return b, nil
}

func (r run) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	st, err := r.decode(s)
	if err != nil {
		return err
	}
	if st.Round == 0 {
		return r.count(t, sum)
	}
	group, err := r.groupOf(t)
	if err != nil {
		return err
	}
	at := 0
	if st.Round == 1 {
		r.powers(t, group, st, sum)
		at = powerLen * r.cells()
	}
	r.probe(t, group, unresolved(st.Search), at, sum)
	return nil
}

func (r run) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := r.decode(s)
	if err != nil {
		return nil, nil, err
	}
	if b, err := r.Bounds(s); err != nil || len(b.Ranges) != len(sum) {
		return nil, nil, fmt.Errorf("round %d: a sum of %d coordinates does not fit the state", st.Round, len(sum))
	}
	switch st.Round {
	case 0:
		st.Counts = append([]float64(nil), sum...)
		st.Search = r.brackets(st.Counts)
	case 1:
		st.Powers = append([]float64(nil), sum[:powerLen*r.cells()]...)
		sum = sum[powerLen*r.cells():]
		fallthrough
	default:
		st.Search = r.narrow(st, sum)
	}
	st.Round++
	if st.Round > 1 && len(unresolved(st.Search)) == 0 || st.Round == 1 && len(r.numbers) == 0 {
		return nil, r.result(st), nil
	}
	next, err := analysis.Encode(st)
	return next, nil, err
}

// decode reads a state, refusing one that does not fit this run.
func (r run) decode(s analysis.State) (state, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return st, err
	}
	if st.Round > 0 && len(st.Counts) != len(r.countRanges()) || st.Round > 1 && len(st.Powers) != powerLen*r.cells() {
		return st, fmt.Errorf("state of round %d does not fit the study", st.Round)
	}
	for _, b := range st.Search {
		if b.Cell < 0 || b.Cell >= r.cells() || b.Lo > b.Hi {
			return st, fmt.Errorf("state of round %d has an interval that does not fit the study", st.Round)
		}
	}
	return st, nil
}

// powerLen is how many moments a cell has: the sums of d, d² and d³.
const powerLen = 3

func (r run) powerRanges(st state) []fixed.Range {
	var out []fixed.Range
	for i := range r.cells() {
		g, n := r.cell(i)
		v := r.numbers[n]
		mean := r.tally(st.Counts, g, n).mean
		d := math.Max(v.hi-mean, mean-v.lo)
		out = append(out, fixed.Range{Max: d}, fixed.Range{Max: d * d}, fixed.Range{Max: d * d * d})
	}
	return out
}

func (r run) powers(t table.Table, group []int, st state, sum *fixed.Vector) {
	means := make([]float64, r.cells())
	for i := range means {
		g, n := r.cell(i)
		means[i] = r.tally(st.Counts, g, n).mean
	}
	for j, v := range r.numbers {
		for i, x := range t.Numbers(v.Name) {
			if group[i] < 0 || math.IsNaN(x) {
				continue
			}
			cell := group[i]*len(r.numbers) + j
			d := x - means[cell]
			sum.Add(powerLen*cell, d)
			sum.Add(powerLen*cell+1, d*d)
			sum.Add(powerLen*cell+2, d*d*d)
		}
	}
}
