package site

import (
	"context"
	"fmt"
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
	}
	d.sets, err = d.run.site.guard.Admit(d.run.patients(), t, uses)
	return err
}

// patients names whose history counts: that of the dataset, or of the one with
// the same patients that the site's budget names.
func (x *run) patients() string { return x.site.limits.Account(x.plan.Study.Dataset) }

// dominated names a variable whose sum over the rows is mostly one patient's, in
// however many rows.
func dominated(t table.Table, columns []string, rows []int, rules disclosure.Rules) string {
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
// has the same, the model's coefficient would be that patient's own.
func standsOut(t table.Table, run analysis.Run, rows []int, rules disclosure.Rules) (string, error) {
	d, ok := run.(disclosure.Deriver)
	if !ok {
		return "", nil
	}
	derived, err := d.Derived(t)
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(derived)) {
		xs := derived[name]
		var present []float64
		for _, r := range rows {
			if xs[r] == xs[r] {
				present = append(present, xs[r])
			}
		}
		if len(present) == 0 {
			continue
		}
		slices.Sort(present)
		middle := present[len(present)/2]
		for i := range xs {
			xs[i] -= middle
		}
		if dominates(t, xs, rows, rules) {
			return name, nil
		}
	}
	return "", nil
}

// dominates says whether one patient, or a few, make up most of a sum of magnitudes.
func dominates(t table.Table, xs []float64, rows []int, rules disclosure.Rules) bool {
	of := map[int32]float64{}
	var sizes []float64
	for _, r := range rows {
		switch {
		case xs[r] != xs[r]: // missing
		case t.Patients == nil:
			sizes = append(sizes, xs[r])
		default:
			of[t.Patients[r]] += math.Abs(xs[r])
		}
	}
	sizes = slices.AppendSeq(sizes, maps.Values(of))
	return len(sizes) > 0 && disclosure.Dominated(sizes, rules)
}
