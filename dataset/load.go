package dataset

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/table"
)

// Load reads the variables of schema of a flat file, and no other column, into memory.
// Rows keep the file's order; patients are numbered by first appearance, and every row
// is a person of its own where the dataset names no patient column. It fails with a
// *Refused if the data is not what the schema says, with a *format.Error if the file
// cannot be read, and with the context's error.
func (l Loader) Load(ctx context.Context, d Dataset, schema table.Schema) (table.Table, error) {
	if len(schema) == 0 {
		return table.Table{}, fmt.Errorf("load dataset %s: no variable is asked for", d.Name)
	}
	folder, err := os.MkdirTemp("", "hmsp-load-")
	if err != nil {
		return table.Table{}, fmt.Errorf("load dataset %s: %w", d.Name, err)
	}
	defer os.RemoveAll(folder)
	k, err := l.Keep(ctx, d, schema, Build{Path: filepath.Join(folder, "pool")})
	if err != nil {
		return table.Table{}, err
	}
	defer k.Close()
	t, err := k.Rows(ctx, schema)
	if err != nil {
		return t, err
	}
	for i, c := range t.Columns {
		t.Columns[i] = table.Column{Numbers: slices.Clone(c.Numbers), Codes: slices.Clone(c.Codes)}
	}
	t.Patients, t.Pseudonyms = slices.Clone(t.Patients), slices.Clone(t.Pseudonyms)
	return t, nil
}

// Keep is Make and Open, of a dataset that has all the variables of schema. What it
// maps besides them is left alone.
func (l Loader) Keep(ctx context.Context, d Dataset, schema table.Schema, b Build) (*Kept, error) {
	d.Mapping = maps.Clone(d.Mapping)
	maps.DeleteFunc(d.Mapping, func(name string, _ Source) bool { return schema.Index(name) < 0 })
	p, err := l.Make(ctx, d, schema, b)
	if err == nil {
		err = p.Fits(d)
	}
	if err == nil && len(p.Absent) > 0 {
		err = p.without(d)
	}
	if err != nil {
		return nil, err
	}
	return Open(b.Path)
}

// Check reads a dataset and keeps nothing.
func (l Loader) Check(ctx context.Context, d Dataset, dictionary table.Schema) (Profile, error) {
	folder, err := os.MkdirTemp("", "hmsp-check-")
	if err != nil {
		return Profile{}, fmt.Errorf("check dataset %s: %w", d.Name, err)
	}
	defer os.RemoveAll(folder)
	return l.Make(ctx, d, dictionary, Build{Path: filepath.Join(folder, "pool")})
}
