package execute

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// mostCompared is how many words Used compares at most; of a larger vector, rows
// that lack no value count as used without a look.
const mostCompared = 1 << 31

// Used lists the rows of t that count in a round's sum: those that add something
// else than a row of which nothing is known. What an analysis leaves out, by a
// missing value or by a formula that has no value there, shows in no other way.
func Used(ctx context.Context, t table.Table, run analysis.Run, s analysis.State, b analysis.Bounds, g fixed.Grid) ([]int, error) {
	complete := make([]bool, t.Rows())
	for i := range complete {
		complete[i] = !lacks(t, b.Columns, i)
	}
	blank, err := alone(ctx, unknown(t, b.Columns), run, s, g)
	if err != nil {
		return nil, err
	}
	far := float64(t.Rows())*float64(len(blank.Words)) > mostCompared
	var out []int
	v := fixed.NewVector(g)
	for i := range t.Rows() {
		if complete[i] && (far || b.OverSites) {
			out = append(out, i) // a stratum of one may well add nothing
			continue
		}
		clear(v.Words)
		if err := one(ctx, t.Slice(i, i+1), run, s, v); err != nil {
			return nil, err
		}
		if !slices.Equal(v.Words, blank.Words) {
			out = append(out, i)
		}
	}
	return out, v.Err()
}

func alone(ctx context.Context, t table.Table, run analysis.Run, s analysis.State, g fixed.Grid) (*fixed.Vector, error) {
	v := fixed.NewVector(g)
	if err := one(ctx, t, run, s, v); err != nil {
		return nil, fmt.Errorf("a row of which nothing is known: %w", err)
	}
	return v, v.Err()
}

// lacks says whether a row has no value in one of the columns.
func lacks(t table.Table, columns []string, row int) bool {
	for _, name := range columns {
		if codes := t.Codes(name); codes != nil && codes[row] < 0 {
			return true
		}
		if x := t.Numbers(name); x != nil && math.IsNaN(x[row]) {
			return true
		}
	}
	return false
}

// unknown is one row without a value in any of the columns.
func unknown(t table.Table, columns []string) table.Table {
	if t.Rows() == 0 {
		return t
	}
	out := t.Take([]int{0})
	for _, name := range columns {
		i := t.Schema.Index(name)
		switch {
		case i < 0 || name == charter.SiteVariable:
		case t.Schema[i].Numeric():
			out.Columns[i] = table.Column{Numbers: []float64{math.NaN()}}
		default:
			out.Columns[i] = table.Column{Codes: []int32{-1}}
		}
	}
	return out
}
