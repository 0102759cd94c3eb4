package dataset

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/table"
)

// Load reads the variables of schema, and no other column, into a table. Rows keep
// the file's order; patients are numbered by first appearance, and every row is a
// person of its own where the dataset names no patient column. It fails with a
// *Refused if the data is not what the schema says, with a *format.Error if the
// file cannot be read, and with the context's error.
func (l Loader) Load(ctx context.Context, d Dataset, schema table.Schema) (table.Table, error) {
	if len(schema) == 0 {
		return table.Table{}, fmt.Errorf("load dataset %s: no variable is asked for", d.Name)
	}
	b, err := l.bind(ctx, d, schema)
	if err != nil {
		return table.Table{}, err
	}
	for _, name := range b.absent {
		b.column(name, name) // says that the file lacks it
	}
	if len(b.problems) > 0 {
		return table.Table{}, &Refused{d.Path, b.problems}
	}
	c := newCollector(b, l.Pseudonym)
	rows, err := b.scan(ctx, c.keep, c.id)
	if err != nil {
		return table.Table{}, err
	}
	if b.judge(rows); len(b.problems) > 0 {
		return table.Table{}, &Refused{d.Path, b.problems}
	}
	t, err := table.New(slices.Clone(schema), c.columns, c.patients)
	t.Pseudonyms = c.pseudonyms
	return t, err
}

// A collector grows the columns of a table. Its patient numbers are all that stays
// of the patients' names.
type collector struct {
	columns  []table.Column
	category []bool
	patients []int32
	number   map[string]int32

	pseudonym  func(string) uint64 // nil: none are made
	pseudonyms []uint64
}

func newCollector(b *binding, pseudonym func(string) uint64) *collector {
	c := &collector{pseudonym: pseudonym, columns: make([]table.Column, len(b.variables)), category: make([]bool, len(b.variables))}
	for i, v := range b.variables {
		c.category[i] = v.variable.Kind == table.Category
	}
	if b.patient >= 0 {
		c.patients, c.number = []int32{}, map[string]int32{}
	}
	return c
}

func (c *collector) keep(i, _ int, x float64, is verdict) {
	col := &c.columns[i]
	switch {
	case c.category[i] && is == good:
		col.Codes = append(col.Codes, int32(x))
	case c.category[i]:
		col.Codes = append(col.Codes, -1)
	case is == good:
		col.Numbers = append(col.Numbers, x)
	default:
		col.Numbers = append(col.Numbers, math.NaN())
	}
}

func (c *collector) id(name string) {
	n, ok := c.number[name]
	if !ok {
		n = int32(len(c.number))
		c.number[name] = n
	}
	c.patients = append(c.patients, n)
	if c.pseudonym != nil {
		c.pseudonyms = append(c.pseudonyms, c.pseudonym(name))
	}
}
