package formula

import (
	"math"

	"hmsp.center/hmsp/table"
)

// Derived gives the numbers that the model makes of the rows of a table: its design
// columns, response and offsets, but for variables as they are. A formula can make one
// patient stand out as no variable does, as I(1/((x - 57)^2 + 1e-9)); the coefficient
// then gives that patient's response away. By name, one number for each row, NaN where
// the row has none; the names do not depend on the rows.
func (m *Model) Derived(t table.Table) (map[string][]float64, error) {
	d, err := m.Declared()
	if err != nil {
		return nil, err
	}
	f, place, err := d.Persons(t)
	if err != nil {
		return nil, err
	}
	plain := func(text string) bool { _, ok := t.Schema.Lookup(text); return ok }
	all := map[string]func(i int) float64{}
	row := make([]float64, len(d.Columns))
	for j, c := range d.Columns {
		if c.numeric() && !(len(c.Parts) == 1 && plain(d.Variables[c.Parts[0].Var].Expr)) {
			all[c.Name] = func(i int) float64 { f.Row(i, row); return row[j]*c.Scale + c.Centre }
		}
	}
	for k, text := range d.Response.Parts {
		if d.Response.Kind != Category && !plain(text) {
			all[text] = func(i int) float64 { return f.response[k][i] }
		}
	}
	for _, text := range d.Offsets {
		if !plain(text) {
			all[text] = f.Offset
		}
	}
	out := map[string][]float64{}
	for name, of := range all {
		xs := make([]float64, len(place))
		for r, i := range place {
			if xs[r] = math.NaN(); i != Nobody {
				xs[r] = of(i)
			}
		}
		out[name] = xs
	}
	return out, nil
}

// numeric says that a column is made of a number, and not of levels only.
func (c Column) numeric() bool {
	for _, p := range c.Parts {
		if p.Values == nil {
			return true
		}
	}
	return false
}
