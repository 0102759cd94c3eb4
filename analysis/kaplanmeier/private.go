package kaplanmeier

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/table"
)

// StartPrivate implements analysis.PrivateAnalysis. The private form counts on a
// coarse grid: the noise of a number at risk is the sum of that of all later
// counts, so fewer intervals are better curves. The parameter width sets them;
// without it there are about 35 up to the declared maximum of the time.
func (a kaplanMeier) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	p, err := p.Check(a.About().Parameters)
	if err != nil {
		return nil, nil, err
	}
	r := &run{params: p}
	if err := r.read(p.String("formula"), s); err != nil {
		return nil, nil, err
	}
	if p.Number("width") == 0 {
		p["width"] = coarse(r.design.Response.Interval)
	}
	if err := r.layGrid(); err != nil {
		return nil, nil, err
	}
	v := private{r}
	if n := v.cells() * v.bins() * r.kinds; n > maxPrivate {
		return nil, nil, analysis.Refuse("width", "%d counts under noise (intervals of %v up to %v, %d groups, %d strata) would drown every curve: take at most %d, with a larger width or fewer groups",
			n, r.clock.Width, r.clock.Max, len(r.groups), len(r.strata), maxPrivate)
	}
	state, err := analysis.Encode(state{Round: 0})
	return v, state, err
}

// maxPrivate bounds the counts of a private run: with more the noise of a number
// at risk is that of thousands of cells.
const maxPrivate = 1 << 14

// coarse is the round width nearest to a thirty-fifth of the declared range: 30
// days for three years.
func coarse(t formula.Interval) float64 {
	const intervals = 35
	want := t.Hi / intervals
	if !(want > 0) {
		return 1
	}
	if t.Whole && want < 1 {
		return 1
	}
	size := math.Pow(10, math.Floor(math.Log10(want)))
	best := size
	for _, m := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if math.Abs(math.Log(m*size/want)) < math.Abs(math.Log(best/want)) {
			best = m * size
		}
	}
	if t.Whole {
		best = math.Round(best)
	}
	return best
}

// A private run is one round: a histogram of (group, stratum, event or censored,
// interval of leaving), in which one patient is one cell; and, with late entry,
// another one of the interval of entering.
type private struct{ *run }

func (v private) cells() int { return len(v.groups) * len(v.strata) }

// bins is the number of intervals. The grid's point 0, time 0 itself, is counted
// with the first interval.
func (v private) bins() int { return max(1, v.clock.Points()-1) }

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	out := analysis.Query{
		Columns: v.columns,
		Opens: fmt.Sprintf("Pooled numbers of events and censorings, under noise, in each of %d intervals of %v, for each of %d groups and %d strata.",
			v.bins(), v.clock.Width, len(v.groups), len(v.strata)),
	}
	count := analysis.Block{Len: v.cells() * 2 * v.bins(), L1: 1, L2: 1, Support: 1, Integer: true, Share: 1}
	if v.late {
		count.Share = 0.5
		entries := count
		entries.Len = v.cells() * v.bins()
		out.Blocks = []analysis.Block{count, entries}
		return []analysis.Query{out}
	}
	out.Blocks = []analysis.Block{count}
	return []analysis.Query{out}
}

// leaving is the coordinate of a cell's first interval, of events (kind 0) or
// censorings (1); entering that of its entries.
func (v private) leaving(cell, kind int) int { return (2*cell + kind) * v.bins() }
func (v private) entering(cell int) int      { return (2*v.cells() + cell) * v.bins() }

// Person implements analysis.PrivateRun.
func (v private) Person(t table.Table, _ analysis.State) (func(int, func(int, float64)), error) {
	f, place, err := v.design.Persons(t)
	if err != nil {
		return nil, err
	}
	return func(row int, add func(int, float64)) {
		i := place[row]
		if i == formula.Nobody {
			return
		}
		start, stop, event := f.Surv(i)
		cell, exit, kind := f.Stratum(i), max(1, v.clock.Exit(stop)), 1
		if event == 1 {
			kind = 0
		}
		add(v.leaving(cell, kind)+exit-1, 1)
		if !v.late {
			return
		}
		if enter := min(v.clock.Entry(start), exit-1); enter > 0 {
			add(v.entering(cell)+enter-1, 1)
		}
	}, nil
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, _ analysis.State) (analysis.State, *analysis.Result, error) {
	n := v.entering(0)
	if v.late {
		n = v.entering(v.cells())
	}
	if len(sum) != n || len(sd) != n {
		return nil, nil, fmt.Errorf("kaplan-meier: %d sums with %d deviations, want %d", len(sum), len(sd), n)
	}
	res, err := v.noisyResult(sum, sd)
	return nil, res, err
}
