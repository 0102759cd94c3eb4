package features

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
)

// Name is the source's.
func (f Format) Name() string { return f.Source.Name() }

// Sniff is the source's.
func (f Format) Sniff(head []byte, filename string) int { return f.Source.Sniff(head, filename) }

// Companions are the source's, if it has any.
func (f Format) Companions(path string) []string {
	if c, ok := f.Source.(format.Companions); ok {
		return c.Companions(path)
	}
	return nil
}

// counted is the greatest file whose rows Describe counts.
const counted = 16 << 20

// Describe tells the columns that are no features, and in its notes the size.
func (f Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	m, err := f.Source.Open(ctx, path, o)
	if err != nil {
		return format.Description{}, err
	}
	defer m.Close()
	info := m.Info()
	if stat, err := os.Stat(path); info.Rows < 0 && err == nil && stat.Size() <= counted {
		info.Rows = 0
		if err := each(ctx, namesOnly{m}, func(*Row, int) error { info.Rows++; return nil }); err != nil {
			return format.Description{}, err
		}
	}
	d := format.Description{Columns: standard(info), Rows: int64(info.Rows), Exact: info.Rows >= 0}
	samples, features := info.Rows, len(info.Features)
	if info.Features == nil {
		samples, features = len(info.Samples), info.Rows
		d.Rows, d.Exact = int64(samples), true
	}
	d.Notes = append([]string{fmt.Sprintf("%s samples, %s features: %s", number(samples), number(features), info.Values)}, info.Notes...)
	return d, format.Unique(path, 0, d.Columns)
}

func number(n int) string {
	if n < 0 {
		return "an unknown number of"
	}
	return fmt.Sprint(n)
}

// namesOnly is a matrix whose values are not wanted.
type namesOnly struct{ Matrix }

func (m namesOnly) Next(r *Row) error {
	r.NamesOnly = true
	return m.Matrix.Next(r)
}

// Find tells which names of features, of taxa and of functions of them the file has.
func (f Format) Find(ctx context.Context, path string, o format.Options, wanted [][]string) (format.Found, error) {
	m, err := f.Source.Open(ctx, path, o)
	if err != nil {
		return format.Found{}, err
	}
	defer m.Close()
	p := &plan{path: path, info: m.Info()}
	columns := map[string]column{}
	unfit := map[string]error{}
	for _, names := range wanted {
		for _, n := range names {
			if c, err := p.column(n); err != nil {
				unfit[n] = err
			} else {
				columns[n] = c
			}
		}
	}
	known, err := p.find(ctx, m)
	if err != nil {
		return format.Found{}, err
	}
	out := format.Found{Columns: make([]format.Column, len(wanted)), Problems: map[int]format.Error{}}
	for i, names := range wanted {
		p.resolve(i, names, columns, unfit, known, &out)
	}
	return out, nil
}

// find meets every feature, and returns the names of the first ones.
func (p *plan) find(ctx context.Context, m Matrix) ([]string, error) {
	var known []string
	meet := func(f Feature) {
		p.match(f, func(*candidate) {})
		if len(known) < suggested && !p.info.Guessed {
			known = append(known, f.ID)
			for _, taxon := range f.Lineage {
				if rank, name := rankOf(taxon); rank == 'g' && name != "" {
					known = append(known, taxon)
				}
			}
		}
	}
	parts := 0
	count := func(f Feature) {
		meet(f)
		if !f.Within {
			parts++
		}
	}
	if p.info.Features != nil {
		for _, f := range p.info.Features {
			count(f)
		}
	} else if err := each(ctx, namesOnly{m}, func(r *Row, _ int) error { count(r.Feature); return nil }); err != nil {
		return nil, err
	}
	p.info.Rows = parts // what ilr reaches
	return known, nil
}

// suggested is among how many names a misspelt one is looked for.
const suggested = 20000

// resolve takes the first name that the file has.
func (p *plan) resolve(i int, names []string, columns map[string]column, unfit map[string]error, known []string, out *format.Found) {
	for _, n := range names {
		if err, ok := unfit[n].(*format.Error); ok {
			out.Problems[i] = *err
			continue
		}
		c := columns[n]
		has, problem := p.has(c)
		if problem != nil {
			out.Problems[i] = *problem
			continue
		}
		if has {
			out.Columns[i] = c.Column
			delete(out.Problems, i)
			return
		}
	}
	if _, ok := out.Problems[i]; ok || len(names) == 0 || len(out.Notes) >= 5 || strings.Contains(names[0], ":") {
		return
	}
	if close := spelling.Suggest(names[0], known); close != "" {
		out.Notes = append(out.Notes, fmt.Sprintf("there is no feature %q%s", names[0], close))
	}
}

// has says whether the file has all that a column needs.
func (p *plan) has(c column) (bool, *format.Error) {
	if c.expression.function == ilr {
		return c.expression.n < p.info.Rows, nil
	}
	for _, t := range slices.Concat(c.up, c.down) {
		best, problem := p.targets[t].choose(p.path, c.Name, p.info.Values)
		if problem != nil || best == nil {
			return false, problem
		}
	}
	return true, nil
}

// Open reads the columns that o names: all that Describe lists if it names none.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	m, err := f.Source.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	o = o.Defaults()
	p, err := newPlan(path, m.Info(), o.Columns)
	if err != nil {
		return nil, err
	}
	again := func() (Matrix, error) { return f.Source.Open(ctx, path, o) }
	got, err := p.gather(ctx, m, again, 4*o.MaxBytes)
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, rows: len(got.samples), most: o.BatchRows, values: got.columns}
	for _, c := range p.columns {
		r.columns = append(r.columns, c.Column)
	}
	r.most = max(1, min(r.most, o.MaxBytes/(16*max(1, len(r.columns)))))
	return r, nil
}

var (
	_ format.Wide       = Format{}
	_ format.Checked    = Format{}
	_ format.Companions = Format{}
)
