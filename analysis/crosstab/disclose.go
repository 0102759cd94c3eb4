package crosstab

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/plot"
)

// Disclose hides small counts and what gives them away: other counts, margins, and
// the shares and expected counts made of them. Tests and ratios are of the table in
// which the levels with hidden counts are one, which a reader could make from what
// is shown; where that leaves nothing to test they are left out.
func (r run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		t, err := r.protected(d)
		if err != nil {
			return err
		}
		d.LeftOut("%v people without a value", "Fewer than %d people without a value", "About %v people without a value")
		if t.f.Suppressed() == 0 && rules.Round < 2 {
			return nil
		}
		r.showCounts(d, t)
		r.showMargins(d, t)
		r.showFigure(d, t)
		r.retest(d, t)
		return nil
	})
}

// A protectedTable is the opened table with what is hidden of it.
type protectedTable struct {
	f      *disclosure.Frequency
	strata int // 0 without
	rules  disclosure.Rules
}

// at is the place of a count; of the pooled table if k is Total or there are no
// strata.
func (t protectedTable) at(i, j, k int) []int {
	if t.strata == 0 {
		return []int{i, j}
	}
	return []int{i, j, k}
}

// shown is a count as the reader sees it, NaN where it is hidden.
func (t protectedTable) shown(i, j, k int) float64 {
	if t.f.Hidden(t.at(i, j, k)...) {
		return math.NaN()
	}
	return t.rules.Rounded(t.f.At(t.at(i, j, k)...))
}

// protected reads the table of counts and protects it: the margins by themselves
// first, so that they are hidden alike wherever they are shown.
func (r run) protected(d *disclosure.Draft) (protectedTable, error) {
	rows, columns := r.axes[0].Len(), r.axes[1].Len()
	t := protectedTable{rules: d.Rules}
	shape := []int{rows, columns}
	if len(r.opened()) == 3 {
		t.strata = r.axes[2].Len()
		shape = append(shape, t.strata)
	}
	counts := d.Numbers("counts", "count")
	strata := max(t.strata, 1)
	if len(counts) != rows*columns*strata {
		return t, fmt.Errorf("the table of counts has %d rows, want %d", len(counts), rows*columns*strata)
	}
	cells := make([]float64, len(counts))
	for at, x := range counts { // written stratum by stratum
		k, cell := at/(rows*columns), at%(rows*columns)
		cells[cell*strata+k] = x
	}
	t.f = disclosure.NewFrequency(d.Rules, cells, shape...)
	for dim, n := range shape {
		place := func(i int) []int {
			at := []int{disclosure.Total, disclosure.Total, disclosure.Total}[:len(shape)]
			at[dim] = i
			return at
		}
		sums := make([]float64, n)
		for i := range sums {
			sums[i] = t.f.At(place(i)...)
		}
		margin := disclosure.NewFrequency(d.Rules, sums, n)
		if err := margin.Protect(); err != nil {
			return t, r.tooFine(err)
		}
		for i := range n {
			if margin.Hidden(i) {
				t.f.Hide(place(i)...)
			}
		}
	}
	if err := t.f.Protect(); err != nil {
		return t, r.tooFine(err)
	}
	return t, nil
}

func (r run) tooFine(err error) error {
	return fmt.Errorf("the table of %s cannot be released: %w; use variables with fewer levels, leave out rare levels in the cohort, or take a larger cohort", strings.Join(r.columns(), " by "), err)
}

// ratio is a share of two shown counts; that of a zero is zero.
func (t protectedTable) ratio(x, n []int) float64 {
	switch {
	case t.f.At(x...) == 0:
		return 0
	case t.f.Hidden(x...) || t.f.Hidden(n...):
		return math.NaN()
	}
	return part(t.rules.Rounded(t.f.At(x...)), t.rules.Rounded(t.f.At(n...)))
}

const total = disclosure.Total

func (r run) showCounts(d *disclosure.Draft, t protectedTable) {
	count, ofRow, ofColumn := d.Numbers("counts", "count"), d.Numbers("counts", "row.share"), d.Numbers("counts", "column.share")
	share, expected := d.Numbers("counts", "share"), d.Numbers("counts", "expected")
	rows, columns, hidden := r.axes[0].Len(), r.axes[1].Len(), 0
	for at := range count {
		i, j, k := at/columns%rows, at%columns, at/(rows*columns)
		x := t.at(i, j, k)
		count[at] = t.shown(i, j, k)
		ofRow[at], ofColumn[at] = t.ratio(x, t.at(i, total, k)), t.ratio(x, t.at(total, j, k))
		share[at] = t.ratio(x, t.at(total, total, k))
		expected[at] = part(t.shown(i, total, k)*t.shown(total, j, k), t.shown(total, total, k))
		for _, c := range []analysis.Numbers{count, ofRow, ofColumn, share, expected} {
			if math.IsNaN(c[at]) {
				hidden++
			}
		}
	}
	r.acted(d, t, "counts", hidden)
}

// acted notes what was done to a table.
func (r run) acted(d *disclosure.Draft, t protectedTable, table string, hidden int) {
	if hidden > 0 {
		d.Did("minimum_cell", table, hidden, "small counts, and counts and shares from which they could be worked out, are not shown")
	}
	if t.rules.Round > 1 {
		d.Did("round", table, 0, "counts are rounded, and shares are of rounded counts")
	}
}

func (r run) showMargins(d *disclosure.Draft, t protectedTable) {
	count, share := d.Numbers("margins", "count"), d.Numbers("margins", "share")
	hidden := 0
	for at := range count {
		i, j := at, total
		if at >= r.axes[0].Len() {
			i, j = total, at-r.axes[0].Len()
		}
		count[at], share[at] = t.shown(i, j, total), t.ratio(t.at(i, j, total), t.at(total, total, total))
		if math.IsNaN(count[at]) {
			hidden += 2
		}
	}
	r.acted(d, t, "margins", hidden)
}

func (r run) showFigure(d *disclosure.Draft, t protectedTable) {
	hidden := 0
	for n := range d.Figures {
		f := &d.Figures[n]
		if f.Name != "shares" || f.Kind != plot.Bar {
			continue
		}
		for j := range f.Series {
			for i := range f.Series[j].Y {
				y := t.ratio(t.at(i, j, total), t.at(i, total, total))
				if math.IsNaN(y) {
					y = 0
					hidden++
				}
				f.Series[j].Y[i] = y
			}
		}
		if hidden > 0 {
			f.Caption += " Shares of small groups, and those that would give them away, are not drawn."
		}
	}
	if hidden > 0 {
		d.Did("minimum_cell", "shares", hidden, "bars of hidden counts are not drawn")
	}
}

// retest writes the tests anew, of what a reader can work out.
func (r run) retest(d *disclosure.Draft, t protectedTable) {
	before, err := d.Table("tests")
	if err != nil {
		return // there was nothing to test
	}
	var old []string // notes that are not about the tests
	for _, n := range d.Notes {
		if strings.Contains(n, "people without a value of one of") || strings.Contains(n, "that nobody has are not in the tests") {
			old = append(old, n)
		}
	}
	d.Notes = old
	test := tests{level: r.level}
	m, ok := r.join(t, false)
	if ok {
		test.g = m.grid(t, total)
		test.unstratified(m.names(r))
		test.notes = append(test.notes, m.notes...)
	} else {
		test.notes = append(test.notes, "Without the hidden counts there is nothing left to test.")
	}
	if len(r.axes) == 3 {
		r.retestStrata(&test, t)
	}
	d.Notes = append(d.Notes, test.notes...)
	r.replace(d, "tests", test.table(), len(test.methods))
	r.replace(d, "effects", test.effectTable(), len(test.terms))
	text := "tests are of the table in which levels with hidden counts are joined"
	if t.f.Suppressed() == 0 {
		d.Did("round", "tests", 0, "tests are of the rounded counts")
		return
	}
	if !ok {
		text = "tests of hidden counts are left out"
	}
	d.Did("minimum_cell", "tests", before.Rows(), "%s", text)
}

func (r run) replace(d *disclosure.Draft, name string, t analysis.Table, rows int) {
	if rows == 0 {
		d.Drop(name)
		return
	}
	d.Replace(t)
}

func (r run) retestStrata(test *tests, t protectedTable) {
	if r.bySite {
		test.notes = append(test.notes, "The test over sites is left out, for it is of the exact table, of which not all is shown.")
		return
	}
	m, ok := r.join(t, true)
	switch rows, columns := m.shape(); {
	case !ok:
		test.notes = append(test.notes, "Without the hidden counts there is nothing left for a stratified test.")
		return
	case (rows-1)*(columns-1) > 60:
		test.notes = append(test.notes, "The table is too large for a stratified test.")
		return
	}
	sum := newTally(newGrid(m.shape()))
	for k := range t.strata {
		sum.add(newTally(m.grid(t, k)))
	}
	sum.small = 0 // how many strata are of one person is not told
	test.stratified(sum)
}
