package dataset

import (
	"context"

	"hmsp.center/hmsp/table"
)

// A Difference counts the patients of two datasets whose sex is not the same in both:
// samples that were exchanged, or rows joined to the wrong patient.
type Difference struct {
	Datasets [2]string `json:"datasets"`
	Variable string    `json:"variable"`
	Patients int       `json:"patients"` // whose sex is known in both
	Differ   int       `json:"differ"`
}

// Exchanged compares the sex of the patients of the first dataset that knows it with
// that in each of the others that do.
func Exchanged(ctx context.Context, kept []*Kept) ([]Difference, error) {
	var out []Difference
	var first map[uint64]string
	var of *Kept
	for _, k := range kept {
		v, ok := k.sex()
		if !ok {
			continue
		}
		values, err := k.first(ctx, v)
		if err != nil {
			return nil, err
		}
		if of == nil {
			first, of = values, k
			continue
		}
		d := Difference{Datasets: [2]string{of.Dataset, k.Dataset}, Variable: v.Name}
		for who, x := range values {
			if y, ok := first[who]; ok {
				if d.Patients++; x != y {
					d.Differ++
				}
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// sex is the variable of the patients' sex.
func (k *Kept) sex() (table.Variable, bool) {
	for _, v := range k.Variables {
		if isSex(v) {
			return v, true
		}
	}
	return table.Variable{}, false
}

// first is the sex, female or male, that each patient's first value of a variable says, by
// pseudonym. Datasets may know it by two variables, or by levels in another order.
func (k *Kept) first(ctx context.Context, v table.Variable) (map[uint64]string, error) {
	l, err := k.see(ctx, v.Name)
	if err != nil {
		return nil, err
	}
	levels := sexes(v)
	out := map[uint64]string{}
	keep := func(who uint64, c table.Column, i int) {
		level := ""
		if v.Kind != table.Category {
			level = map[float64]string{0: "false", 1: "true"}[c.Numbers[i]]
		} else if at := c.Codes[i]; at >= 0 && int(at) < len(v.Levels) {
			level = v.Levels[at].Code
		}
		if level == "" || out[who] != "" {
			return
		}
		for _, sex := range []string{"female", "male"} {
			if levels[sex] == level {
				out[who] = sex
			}
		}
	}
	if k.Shape == History {
		e, _ := l.history.Lookup(v.Name)
		for i, p := range e.Patients {
			keep(l.people[p], e.Values, i)
		}
		return out, nil
	}
	c := l.rows.Columns[l.rows.Schema.Index(v.Name)]
	for i, who := range l.people {
		keep(who, c, i)
	}
	return out, nil
}
