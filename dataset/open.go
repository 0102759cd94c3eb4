package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// A Kept is a dataset as it was registered: the pool of what was mapped.
type Kept struct {
	Meta
	Pool *pool.Pool
	// Of a database that is asked in place: where it is, and what its people are called.
	Address   string
	Pseudonym func(patient string) uint64
}

// Open opens the pool of a dataset. What is read of it is views of mapped memory, which
// end with Close.
func Open(path string) (*Kept, error) {
	p, err := pool.Open(path)
	if err != nil {
		return nil, err
	}
	k := &Kept{Pool: p}
	err = json.Unmarshal(p.Meta(), &k.Meta)
	if err == nil && k.Hmsp != MetaVersion {
		err = fmt.Errorf("%s is of the kind %q, not %s", path, k.Hmsp, MetaVersion)
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("open dataset: %w; register it again with `hmsp dataset add --replace`", err)
	}
	return k, nil
}

// Close ends the use of all views.
func (k *Kept) Close() error { return k.Pool.Close() }

// Lacks lists the variables of a schema that the dataset does not have.
func (k *Kept) Lacks(names ...string) []string {
	var out []string
	for _, n := range names {
		if k.Variables.Index(n) < 0 {
			out = append(out, n)
		}
	}
	return out
}

// Rows sees the variables of schema of a flat file, after checking them against their
// checksums.
func (k *Kept) Rows(ctx context.Context, schema table.Schema) (table.Table, error) {
	if k.Shape != Rows {
		return table.Table{}, fmt.Errorf("dataset %s holds people over time, not rows", k.Dataset)
	}
	if lacks := k.Lacks(schema.Names()...); len(lacks) > 0 {
		return table.Table{}, k.lacks(lacks)
	}
	t, ok := k.Pool.Table(pool.Rows)
	if !ok {
		return table.Table{}, pool.ErrDamaged
	}
	read := schema.Names()
	for _, f := range t.Fields() {
		if f.Name == "patient" || f.Name == "pseudonym" {
			read = append(read, f.Name)
		}
	}
	if err := k.Pool.Verify(ctx, pool.Rows, read...); err != nil {
		return table.Table{}, err
	}
	return t.TableOf(schema)
}

// History sees the people and the events of the named variables, after checking them
// against their checksums. Variables that the dataset does not have are an error.
func (k *Kept) History(ctx context.Context, names ...string) (table.History, error) {
	if k.Shape != History {
		return table.History{}, fmt.Errorf("dataset %s holds rows without a time: name the column that says when under time in its mapping", k.Dataset)
	}
	if lacks := k.Lacks(names...); len(lacks) > 0 {
		return table.History{}, k.lacks(lacks)
	}
	for _, t := range k.Pool.Tables() {
		if t != pool.People && !slices.ContainsFunc(names, func(n string) bool { return t == pool.EventTable(n) }) {
			continue
		}
		kept, _ := k.Pool.Table(t)
		var columns []string
		for _, f := range kept.Fields() {
			columns = append(columns, f.Name)
		}
		if err := k.Pool.Verify(ctx, t, columns...); err != nil {
			return table.History{}, err
		}
	}
	h, err := pool.History(k.Pool)
	h.Events = slices.DeleteFunc(h.Events, func(e table.Events) bool { return !slices.Contains(names, e.Variable.Name) })
	return h, err
}

func (k *Kept) lacks(names []string) error {
	r := &Refused{File: k.Profile.Dataset}
	for _, n := range names {
		r.Problems = append(r.Problems, Problem{Variable: n, Text: "the dataset has no such variable", Mend: "map it, and register the dataset again"})
	}
	return r
}
