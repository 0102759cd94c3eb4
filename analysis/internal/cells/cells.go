// Package cells sees a variable as a short list of values: the levels of a
// category, yes and no, a small range of whole numbers. It serves the analyses
// that count people, and refuses measurements, which have no list of values.
package cells

import (
	"fmt"
	"math"
	"strconv"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// An Axis is a variable with its possible values in order. They come from the
// dictionary, not from the data.
type Axis struct {
	Variable table.Variable
	Labels   []string // as shown to people
}

// New makes the axis of the named variable, of at most most values. The error is
// a refusal of the parameter that named it.
func New(param, name string, s table.Schema, most int) (Axis, error) {
	v, ok := s.Lookup(name)
	if !ok {
		return Axis{}, analysis.Refuse(param, "variable %q is not in the dictionary%s", name, analysis.Suggest(name, s.Names()))
	}
	n := Count(v)
	switch {
	case n == 0:
		return Axis{}, analysis.Refuse(param, "%q is a measurement without a list of values; use a category, a flag or a small range of whole numbers", name)
	case n > float64(most):
		return Axis{}, analysis.Refuse(param, "%q can take %.0f values, at most %d are counted here; use a coarser variable", name, n, most)
	}
	a := Axis{Variable: v, Labels: make([]string, int(n))}
	lo, _ := v.Range()
	for i := range a.Labels {
		if v.Kind == table.Category {
			a.Labels[i] = v.Levels[i].Code
		} else {
			a.Labels[i] = strconv.FormatFloat(lo+float64(i), 'f', -1, 64)
		}
	}
	return a, nil
}

// Count is the number of values that a variable can take, 0 for a measurement.
func Count(v table.Variable) float64 {
	switch v.Kind {
	case table.Category:
		return float64(len(v.Levels))
	case table.Flag, table.Integer:
		lo, hi := v.Range()
		return hi - lo + 1
	}
	return 0
}

// Len is the number of values.
func (a Axis) Len() int { return len(a.Labels) }

// Of returns for each row the index of its value, -1 where it is missing. A
// value that is not on the axis is an error; the error does not name it.
func (a Axis) Of(t table.Table) ([]int, error) {
	out := make([]int, t.Rows())
	if a.Variable.Kind == table.Category {
		for i, c := range t.Codes(a.Variable.Name) {
			if int(c) >= a.Len() || c < -1 {
				return nil, a.stray()
			}
			out[i] = int(c)
		}
		return out, nil
	}
	lo, hi := a.Variable.Range()
	for i, x := range t.Numbers(a.Variable.Name) {
		switch {
		case math.IsNaN(x):
			out[i] = -1
		case x < lo || x > hi || x != math.Trunc(x):
			return nil, a.stray()
		default:
			out[i] = int(x - lo)
		}
	}
	return out, nil
}

func (a Axis) stray() error {
	return fmt.Errorf("variable %q has a value that its dictionary entry does not list: check the mapping of the dataset", a.Variable.Name)
}
