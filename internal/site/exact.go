package site

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/disclosure/difference"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/execute"
	"hmsp.center/hmsp/table"
)

// admit holds an exact study against the site's rules and its history, before its
// first vector: no value may make up most of a variable's sum, and no combination
// with earlier answers may tell of few patients. What it finds is kept before it
// returns; asked again, it finds the same.
func (d *door) admit(ctx context.Context, t table.Table, tasks []engine.Task) error {
	if d.sets != nil {
		return nil
	}
	var uses []difference.Use
	var err error
	for _, task := range tasks {
		rows, err := execute.Used(ctx, t, task.Run, task.State, task.Bounds, task.Grid)
		if err != nil {
			return d.private(0, task.Name, err)
		}
		if name := dominated(t, task.Bounds.Columns, rows, *d.run.plan.Disclosure); name != "" {
			return engine.Reason{Kind: engine.ReasonDisclosure, Text: fmt.Sprintf("%s: a few patients make up most of the sum of %q at this site: leave the variable out, or use a private study (`privacy:`)", task.Name, name)}
		}
		if name, err := standsOut(t, task.Run, rows, *d.run.plan.Disclosure); err != nil {
			return d.private(0, task.Name, err)
		} else if name != "" {
			return engine.Reason{Kind: engine.ReasonDisclosure, Text: fmt.Sprintf("%s: in %q one patient of this site is apart from all others, and the model would be about that one: leave the term out, or use a private study (`privacy:`)", task.Name, name)}
		}
		uses = append(uses, difference.Use{Variables: task.Bounds.Columns, As: d.run.plan.Tells, Rows: rows})
		picked, err := chosen(t, task.Run, rows)
		if err != nil {
			return d.private(0, task.Name, err)
		}
		uses = append(uses, picked...)
	}
	d.sets, err = d.run.site.guard.Admit(d.run.patients(), t, uses)
	return err
}

// chosen are the patients whom a formula chooses, of those that count: as many must be
// chosen, and not, as of a cohort.
func chosen(t table.Table, run analysis.Run, rows table.Subset) (out []difference.Use, err error) {
	s, ok := run.(disclosure.Selector)
	if !ok {
		return nil, nil
	}
	picked, err := s.Selections(t)
	for _, c := range picked {
		var of table.Subset
		for r := range rows.All() {
			if c.Has(r) {
				of.Add(r)
			}
		}
		out = append(out, difference.Use{Rows: of})
	}
	return out, err
}

// patients names whose history counts: that of the dataset, or of the one with
// the same patients that the site's budget names.
func (x *run) patients() string { return x.site.limits.Account(x.plan.Study.Dataset) }

// dominated names a variable whose sum over the rows is mostly one patient's, in
// however many rows.
func dominated(t table.Table, columns []string, rows table.Subset, rules disclosure.Rules) string {
	for _, name := range columns {
		v, ok := t.Schema.Lookup(name)
		if lo, hi := v.Range(); !ok || !v.Numeric() || v.Kind != table.Number && hi-lo <= 1 {
			continue // a count of people is judged as a cell
		}
		if dominates(t, t.Numbers(name), rows, rules) {
			return name
		}
	}
	return ""
}

// standsOut names a number that a model makes of the rows, in which one patient is
// apart from all others, as far as they are from their median. Where everybody else
// has the same, the model's coefficient would be that patient's own. Numbers that are 0
// or 1 in everybody are counts of people. Of the numbers of many million rows it holds
// those of one name at a time.
func standsOut(t table.Table, run analysis.Run, rows table.Subset, rules disclosure.Rules) (string, error) {
	d, ok := run.(disclosure.Deriver)
	if !ok || t.Rows() == 0 {
		return "", nil
	}
	names, err := d.Derived(t.Slice(0, 1))
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		xs, counts, err := derived(d, t, name)
		if err != nil {
			return "", err
		}
		if counts {
			continue
		}
		middle, ok := median(xs, rows)
		if !ok {
			continue
		}
		for i := range xs {
			xs[i] -= middle
		}
		if dominates(t, xs, rows, rules) {
			return name, nil
		}
	}
	return "", nil
}

// derivedRows is how many rows a model makes numbers of at once.
const derivedRows = 1 << 16

// derived are the numbers of that name, and whether they are 0 or 1 in everybody.
func derived(d disclosure.Deriver, t table.Table, name string) (xs []float64, counts bool, err error) {
	xs, counts = make([]float64, 0, t.Rows()), true
	for from := 0; from < t.Rows(); from += derivedRows {
		all, err := d.Derived(t.Slice(from, min(from+derivedRows, t.Rows())))
		if err != nil {
			return nil, false, err
		}
		for _, x := range all[name] {
			counts = counts && !(math.Min(math.Abs(x), math.Abs(x-1)) >= 1e-9)
		}
		xs = append(xs, all[name]...)
	}
	return xs, counts, nil
}

// median is the middle of the numbers of the rows, the upper of two, without those that
// are none; false where all are. It is found by counting, 16 bits at a time, so that
// nothing is copied or sorted.
func median(xs []float64, rows table.Subset) (float64, bool) {
	n := 0
	for r := range rows.All() {
		if xs[r] == xs[r] {
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	found, before := uint64(0), n/2 // how many of those that begin as found are smaller
	for shift := 48; shift >= 0; shift -= 16 {
		counts := make([]int, 1<<16)
		for r := range rows.All() {
			if k := ascending(xs[r]); xs[r] == xs[r] && (shift == 48 || k>>(shift+16) == found) {
				counts[k>>shift&0xffff]++
			}
		}
		digit := 0
		for ; before >= counts[digit]; digit++ {
			before -= counts[digit]
		}
		found = found<<16 | uint64(digit)
	}
	if found>>63 == 1 {
		return math.Float64frombits(found &^ (1 << 63)), true
	}
	return math.Float64frombits(^found), true
}

// ascending is a number's bits in an order that is the numbers'.
func ascending(x float64) uint64 {
	b := math.Float64bits(x)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// dominates says whether one patient, or a few, make up most of a sum of magnitudes.
func dominates(t table.Table, xs []float64, rows table.Subset, rules disclosure.Rules) bool {
	if t.Patients != nil && t.People() < t.Rows() {
		return disclosure.Dominated(magnitudes(t, xs, rows), rules)
	}
	return disclosure.Dominated(func(yield func(float64) bool) {
		for r := range rows.All() {
			if xs[r] == xs[r] && !yield(xs[r]) {
				return
			}
		}
	}, rules)
}

// magnitudes are the patients' sums. Their numbers are dense as a rule.
func magnitudes(t table.Table, xs []float64, rows table.Subset) iter.Seq[float64] {
	least, most := int(slices.Min(t.Patients)), int(slices.Max(t.Patients))
	if most-least > 4*t.Rows() {
		of := map[int32]float64{}
		for r := range rows.All() {
			if xs[r] == xs[r] {
				of[t.Patients[r]] += math.Abs(xs[r])
			}
		}
		return maps.Values(of)
	}
	of := make([]float64, most-least+1)
	for r := range rows.All() {
		if xs[r] == xs[r] {
			of[int(t.Patients[r])-least] += math.Abs(xs[r])
		}
	}
	return slices.Values(of)
}
