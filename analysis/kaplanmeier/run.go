package kaplanmeier

import (
	"fmt"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A run counts on one grid. The vector is: rows with all values, rows left out,
// then per group and stratum the grid's events, censorings and (with late
// entry) entries, one after the other.
type run struct {
	params  analysis.Params
	design  *formula.Design
	columns []string
	groups  []string // names of the groups
	strata  []string // names of the strata of the test
	late    bool     // people enter after time 0
	kinds   int      // 2, or 3 with entries
	clock   survival.Clock
	axis    string // label of the time axis
	unit    string // of time, where the dictionary has one
	title   string // of the figure
}

// head is the number of coordinates before the grid.
const head = 2

// at is the coordinate of grid point 0 of a cell's events (kind 0), censorings
// (1) or entries (2).
func (r *run) at(cell, kind int) int { return head + (cell*r.kinds+kind)*r.clock.Points() }

func (r *run) Bounds(analysis.State) (analysis.Bounds, error) {
	n := r.at(len(r.groups)*len(r.strata), 0)
	what := "events and censorings"
	if r.late {
		what = "events, censorings and entries"
	}
	of := fmt.Sprintf("for each of %d groups", len(r.groups))
	if len(r.groups) == 1 {
		of = "for all people together"
	}
	if len(r.strata) > 1 {
		of += fmt.Sprintf(" in each of %d strata", len(r.strata))
	}
	return analysis.Bounds{
		Columns: r.columns,
		Ranges:  slices.Repeat([]fixed.Range{{Max: 1, Integer: true}}, n),
		Opens:   fmt.Sprintf("Pooled numbers of %s at each of %d times (intervals of %v), %s, and of rows with and without all values.", what, r.clock.Points(), r.clock.Width, of),
	}, nil
}

func (r *run) Local(t table.Table, _ analysis.State, sum *fixed.Vector) error {
	f, err := r.design.Frame(t)
	if err != nil {
		return err
	}
	sum.AddSum(0, float64(f.N))
	sum.AddSum(1, float64(t.Rows()-f.N))
	for i := range f.N {
		start, stop, event := f.Surv(i)
		cell, exit, kind := f.Stratum(i), r.clock.Exit(stop), 1
		if event == 1 {
			kind = 0
		}
		sum.Add(r.at(cell, kind)+exit, 1)
		if r.late {
			sum.Add(r.at(cell, 2)+min(r.clock.Entry(start), exit-1), 1)
		}
	}
	return nil
}

func (r *run) Next(sum []float64, _ analysis.State) (analysis.State, *analysis.Result, error) {
	if want := r.at(len(r.groups)*len(r.strata), 0); len(sum) != want {
		return nil, nil, fmt.Errorf("kaplan-meier: %d sums, want %d", len(sum), want)
	}
	if sum[0] == 0 {
		return nil, nil, fmt.Errorf("no row has all values of %s (%.0f rows were left out)", r.design.Formula, sum[1])
	}
	res, err := r.result(sum)
	return nil, res, err
}

// counts takes the sum apart: counts[stratum][group], strata and groups that
// nobody is in left out; names of the groups that stay.
func (r *run) counts(sum []float64) (counts [][]survival.Counts, names []string) {
	points := r.clock.Points()
	times := make([]float64, points)
	for k := range times {
		times[k] = r.clock.Time(k)
	}
	cell := func(g, s int) survival.Counts {
		c := g*len(r.strata) + s
		part := func(kind int) []float64 { return sum[r.at(c, kind) : r.at(c, kind)+points] }
		out := survival.Counts{Time: times, Event: part(0), Censor: part(1)}
		if r.late {
			out.Enter = part(2)
		}
		return out
	}
	var kept []int
	for g, name := range r.groups {
		var n float64
		for s := range r.strata {
			n += cell(g, s).Records()
		}
		if n > 0 {
			kept, names = append(kept, g), append(names, name)
		}
	}
	for s := range r.strata {
		var row []survival.Counts
		var n float64
		for _, g := range kept {
			row = append(row, cell(g, s))
			n += cell(g, s).Records()
		}
		if n > 0 {
			counts = append(counts, row)
		}
	}
	if r.groups[0] == "" { // ~ 1
		names = []string{"all"}
	}
	return counts, names
}
