package site

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/internal/warehouse/postgres"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/table"
)

// People reads what a study may see of a kept dataset at the site of that name: people
// or rows that belong to its cohort, with the variables of its plan. What it returns is
// views, of the dataset and of a pool in o.Folder, that end with Close of both.
func People(ctx context.Context, k *dataset.Kept, p *plan.Plan, name string, o warehouse.Options) (table.Table, io.Closer, error) {
	own := slices.DeleteFunc(slices.Clone(p.Schema), func(v table.Variable) bool { return v.Name == charter.SiteVariable })
	if k.Shape == dataset.Rows {
		if p.OverTime {
			return table.Table{}, nothing{}, &dataset.Refused{File: "dataset " + k.Dataset, Problems: []dataset.Problem{{Text: "the study asks for events over time, and this dataset holds rows without a time", Mend: "name the column that says when under time in its mapping"}}}
		}
		t, err := k.Rows(ctx, own)
		if err == nil {
			t, err = withSite(t, p.Schema, name)
		}
		if err != nil || p.Cohort == nil {
			return t, nothing{}, err
		}
		return selected(ctx, t, *p.Cohort, o)
	}
	if k.Address != "" {
		return inPlace(ctx, k, p, name, own)
	}
	h, err := k.History(ctx, p.Timeline.Reads()...)
	if err != nil {
		return table.Table{}, nothing{}, err
	}
	q := warehouse.Question{Timeline: p.Timeline, Cohort: p.Cohort, Variables: own}
	tellsSites := p.Cohort != nil && slices.Contains(p.Cohort.Columns(), charter.SiteVariable)
	if tellsSites {
		q.Cohort = nil // the history does not know where it is
	}
	t, done, err := warehouse.Evaluate(ctx, h, q, o)
	if o.Pool != "" { // what is mapped stays; the name goes, so that nothing is left if the process ends
		err = errors.Join(err, os.RemoveAll(o.Pool))
	}
	if err != nil {
		return t, nothing{}, err
	}
	if t, err = withSite(t, p.Schema, name); err == nil && tellsSites {
		t, err = warehouse.Select(ctx, t, *p.Cohort)
	}
	if err != nil {
		done.Close()
		return table.Table{}, nothing{}, err
	}
	return t, done, nil
}

// selected are the rows of a cohort.
func selected(ctx context.Context, t table.Table, e cohort.Expr, o warehouse.Options) (table.Table, io.Closer, error) {
	return unnamed(o, func() (table.Table, io.Closer, error) { return warehouse.SelectInto(ctx, t, e, o) })
}

// unnamed makes a table in the pool of the options. What is mapped of it stays; the name
// goes, so that nothing is left if the process ends.
func unnamed(o warehouse.Options, do func() (table.Table, io.Closer, error)) (table.Table, io.Closer, error) {
	t, done, err := do()
	if o.Pool != "" {
		err = errors.Join(err, os.RemoveAll(o.Pool))
	}
	if err == nil {
		return t, done, nil
	}
	if done != nil {
		done.Close()
	}
	return table.Table{}, nothing{}, err
}

// inPlace asks a database where it is.
func inPlace(ctx context.Context, k *dataset.Kept, p *plan.Plan, name string, own table.Schema) (table.Table, io.Closer, error) {
	s, err := postgres.Open(ctx, k.Address)
	if err != nil {
		return table.Table{}, nothing{}, err
	}
	defer s.Close()
	within := p.Cohort
	if within != nil && slices.Contains(within.Columns(), charter.SiteVariable) {
		within = nil // the database does not know where it is
	}
	t, err := s.Evaluate(ctx, k.Meta, p.Timeline, within, own, k.Pseudonym)
	if c := (*postgres.Changed)(nil); errors.As(err, &c) {
		err = &Changed{k.Dataset, "its database changed since it was registered"}
	}
	if err == nil {
		t, err = withSite(t, p.Schema, name)
	}
	if err == nil && within == nil && p.Cohort != nil {
		t, err = warehouse.Select(ctx, t, *p.Cohort)
	}
	return t, nothing{}, err
}

// nothing needs no closing.
type nothing struct{}

func (nothing) Close() error { return nil }

// both closes one thing after another.
type both []io.Closer

func (b both) Close() error {
	var err error
	for _, c := range b {
		err = errors.Join(err, c.Close())
	}
	return err
}

// withSite adds the built-in variable, whose value is this site's name in every row,
// where the schema has it.
func withSite(t table.Table, schema table.Schema, name string) (table.Table, error) {
	at := schema.Index(charter.SiteVariable)
	if at < 0 {
		return t, nil
	}
	codes := make([]int32, t.Rows())
	for i := range codes {
		codes[i] = int32(schema[at].Level(name))
	}
	columns := slices.Insert(slices.Clone(t.Columns), at, table.Column{Codes: codes})
	out, err := table.New(schema, columns, t.Patients)
	out.Pseudonyms = t.Pseudonyms
	return out, err
}

// read opens the datasets of a plan and reads the people that it may see.
func (s *Site) read(ctx context.Context, p *plan.Plan) (table.Table, dataset.Shape, io.Closer, error) {
	k, err := s.kept(ctx, p)
	if err != nil {
		return table.Table{}, "", nil, err
	}
	t, done, err := People(ctx, k, p, s.Name(), s.warehouse())
	if err == nil && counted(k, p, t) > p.MaxRows {
		done.Close()
		err = fmt.Errorf("more than %d rows, which is what the charter allows a site", p.MaxRows)
	}
	if err != nil {
		k.Close()
		return table.Table{}, "", nil, err
	}
	return t, k.Shape, both{done, k}, nil
}

// counted is how many rows are held against what the charter allows a site. Of a private
// study it is all of the dataset: a refusal must not depend on who is in the cohort.
func counted(k *dataset.Kept, p *plan.Plan, t table.Table) int {
	switch {
	case p.Budget == nil:
		return t.Rows()
	case k.Shape == dataset.Rows:
		return k.Profile.Rows
	}
	return k.Profile.People
}

// kept opens what was kept of the dataset of a plan, or of several, linked.
func (s *Site) kept(ctx context.Context, p *plan.Plan) (*dataset.Kept, error) {
	r, dictionary := s.registry(), s.member.Charter.Dictionary
	if len(p.Study.Link) == 0 {
		return r.Open(ctx, p.Study.Dataset, dictionary)
	}
	var parts []*dataset.Kept
	defer func() {
		for _, k := range parts {
			k.Close()
		}
	}()
	for _, name := range p.Study.Datasets() {
		k, err := r.Open(ctx, name, dictionary)
		if err != nil {
			return nil, err
		}
		parts = append(parts, k)
	}
	path := s.scratch(linkedScratch)
	k, err := dataset.Link(ctx, parts, p.Reads(), dataset.Build{Path: path, Memory: s.cfg.Memory / 4})
	return k, errors.Join(err, os.RemoveAll(path)) // what is mapped stays
}

// oneAccount says whether the datasets of a study are on one account: they are of the
// same patients, who have one budget and one history.
func (s *Site) oneAccount(p *plan.Plan) error {
	for _, name := range p.Study.Link {
		if first := p.Study.Dataset; s.limits.Account(name) != s.limits.Account(first) {
			return engine.Reason{Kind: engine.ReasonData, Text: fmt.Sprintf("datasets %s and %s are linked, and so of the same patients, but have two budgets: the site has to say that they spend together", first, name)}
		}
	}
	return nil
}

// tidy removes what studies left of their scratch when the process was killed.
func (s *Site) tidy() error {
	if err := s.registry().tidy(); err != nil {
		return err
	}
	folder := filepath.Join(s.cfg.Home, poolsDir)
	for _, name := range []string{cohortScratch, linkedScratch} {
		left, err := filepath.Glob(filepath.Join(folder, "."+name+"-*"))
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("remove what a study left: %w", err)
			}
		}
	}
	return nil
}

// What a study keeps on disk while it runs.
const (
	cohortScratch = "cohort" // who belongs to it
	linkedScratch = "linked" // the datasets that it links
)

// scratch is a path for what a study needs while it runs. Its name begins with a dot:
// what a process that was killed leaves behind is swept when the site starts.
func (s *Site) scratch(name string) string {
	return filepath.Join(s.cfg.Home, poolsDir, "."+name+"-"+strings.ToLower(rand.Text()))
}

// warehouse says where and within which memory a study's people are selected.
func (s *Site) warehouse() warehouse.Options {
	return warehouse.Options{Memory: s.cfg.Memory / 2, Pool: s.scratch(cohortScratch)}
}

// Try reads the people of a plan from datasets that nobody registered, those of the
// study in its order, as a site of that name would: it is for studies over local files.
// What it keeps meanwhile is in the folder.
func Try(ctx context.Context, l dataset.Loader, data []dataset.Dataset, p *plan.Plan, dictionary table.Schema, name, folder string) (table.Table, error) {
	read := slices.Concat(p.Timeline.Reads(), p.Columns)
	needed := slices.DeleteFunc(slices.Clone(dictionary), func(v table.Variable) bool { return !slices.Contains(read, v.Name) })
	build := func(i int) dataset.Build {
		return dataset.Build{Path: filepath.Join(folder, fmt.Sprintf("%s.%d", name, i))}
	}
	var k *dataset.Kept
	var err error
	if len(data) == 1 {
		k, err = l.Keep(ctx, data[0], needed, build(0))
	} else {
		k, err = tryLinked(ctx, l, data, p, needed, build)
	}
	if err != nil {
		return table.Table{}, err
	}
	t, _, err := People(ctx, k, p, name, warehouse.Options{}) // mapped for as long as the process lives
	return t, err
}

// tryLinked keeps each of several datasets, and links them.
func tryLinked(ctx context.Context, l dataset.Loader, data []dataset.Dataset, p *plan.Plan, needed table.Schema, build func(int) dataset.Build) (*dataset.Kept, error) {
	var parts []*dataset.Kept
	defer func() {
		for _, k := range parts {
			k.Close()
		}
	}()
	for i, d := range data {
		proposed, err := l.Propose(ctx, d, needed) // whose a row is has to be known
		if err != nil {
			return nil, err
		}
		if len(proposed.Asks) > 0 {
			return nil, fmt.Errorf("%s: not clear: %s: write a mapping (hmsp: dataset/v1) that says it", d.Path, strings.Join(proposed.Asks, "; "))
		}
		d = proposed.Dataset
		d.Mapping = maps.Clone(d.Mapping)
		maps.DeleteFunc(d.Mapping, func(v string, _ dataset.Source) bool { return needed.Index(v) < 0 })
		b := build(i)
		profile, err := l.Make(ctx, d, needed, b)
		if err == nil {
			err = profile.Fits(d)
		}
		if err != nil {
			return nil, err
		}
		k, err := dataset.Open(b.Path)
		if err != nil {
			return nil, err
		}
		parts = append(parts, k)
	}
	return dataset.Link(ctx, parts, p.Reads(), build(len(data)))
}
