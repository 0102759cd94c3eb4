package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/table"
)

// A CohortReport is what it costs to make a cohort with three windowed features.
type CohortReport struct {
	Events, People int
	Bytes          int64 // of the CSV file
	Register       cost  // once
	Evaluate       cost  // of the registered dataset, by the definitions in Go, as a site does
	Ask            cost  // of the same, by the embedded database
	DuckDB         cost  // of the CSV file, from scratch
}

// A work is what a child is told.
type work struct {
	Home, Name, Path string
	Dictionary       table.Schema
	Dataset          dataset.Dataset
	Memory           int64
	Folder           string
}

// An answered is what a child says of a cohort.
type answered struct {
	Took     cost
	Features features
}

// windowedCohort measures it; of each way the best of the repeats counts. They take
// turns, each in a process of its own.
func windowedCohort(ctx context.Context, c Config, folder string) (report, error) {
	path := filepath.Join(folder, "visits.csv")
	if err := writeVisits(path, c.Data.Events); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r := CohortReport{Events: c.Data.Events, Bytes: info.Size()}
	o := work{Home: folder, Name: "visits", Path: path, Dictionary: visitsDictionary(), Dataset: visitsDataset("visits", path), Folder: folder}
	if r.Register, err = c.registered(ctx, o); err != nil {
		return nil, err
	}
	for range c.Repeats {
		var last *features
		for _, m := range []struct {
			best *cost
			work string
		}{{&r.Evaluate, "evaluate"}, {&r.Ask, "ask"}, {&r.DuckDB, "duckdb"}} {
			var a answered
			peak, err := c.let(ctx, m.work, o, &a)
			if err != nil {
				return nil, err
			}
			a.Took.Anonymous, a.Took.Resident = peak.Anonymous, peak.Resident
			*m.best = m.best.better(a.Took)
			if last != nil && !last.same(a.Features) {
				return nil, fmt.Errorf("%s finds %+v, and the way before %+v", m.work, a.Features, *last)
			}
			last = &a.Features
		}
		r.People = last.People
	}
	return r, nil
}

// registered has a child register a dataset.
func (c Config) registered(ctx context.Context, o work) (cost, error) {
	var a answered
	peak, err := c.let(ctx, "register", o, &a)
	a.Took.Anonymous, a.Took.Resident = peak.Anonymous, peak.Resident
	return a.Took, err
}

func (o work) registry(rows int) site.Registry {
	return site.Registry{Home: o.Home, Loader: dataset.Loader{Formats: standard.Catalog().Formats, MaxRows: rows}}
}

// registering is the work of `hmsp dataset add`.
func registering(ctx context.Context, told *orders) (any, error) {
	var o work
	if err := told.into(&o); err != nil {
		return nil, err
	}
	limited(o.Memory)
	var a answered
	var err error
	a.Took, err = timed(func() error {
		p, err := o.registry(1<<30).Add(ctx, o.Dataset, o.Dictionary, false, dataset.Build{Memory: o.Memory / 4})
		if err == nil && len(p.Problems) > 0 {
			err = fmt.Errorf("%s: %v", o.Name, p.Problems[0])
		}
		return err
	})
	return a, err
}

// asking has the embedded database make the features.
func asking(ctx context.Context, told *orders) (any, error) {
	return answering(ctx, told, func(h table.History, q warehouse.Question, o warehouse.Options) (table.Table, io.Closer, error) {
		return warehouse.Ask(ctx, h, q, o)
	})
}

// evaluating is how a site reads a study's people.
func evaluating(ctx context.Context, told *orders) (any, error) {
	return answering(ctx, told, func(h table.History, q warehouse.Question, o warehouse.Options) (table.Table, io.Closer, error) {
		return warehouse.Evaluate(ctx, h, q, o)
	})
}

// answering opens a registered dataset and asks it.
func answering(ctx context.Context, told *orders, ask func(table.History, warehouse.Question, warehouse.Options) (table.Table, io.Closer, error)) (any, error) {
	var o work
	if err := told.into(&o); err != nil {
		return nil, err
	}
	limited(o.Memory)
	q, err := windows()
	if err != nil {
		return nil, err
	}
	var a answered
	a.Took, err = timed(func() error {
		k, err := o.registry(1<<30).Open(ctx, o.Name, o.Dictionary)
		if err != nil {
			return err
		}
		defer k.Close()
		h, err := k.History(ctx, q.Timeline.Reads()...)
		if err != nil {
			return err
		}
		t, c, err := ask(h, q, warehouse.Options{Memory: o.Memory / 2, Pool: filepath.Join(o.Folder, "answer")})
		if err != nil {
			return err
		}
		a.Features = featuresOf(t)
		return c.Close()
	})
	return a, err
}

// withDuckDB answers the same from the file.
func withDuckDB(ctx context.Context, told *orders) (any, error) {
	var o work
	if err := told.into(&o); err != nil {
		return nil, err
	}
	var a answered
	var err error
	a.Took, err = timed(func() error {
		d, err := openDuckDB()
		if err != nil {
			return err
		}
		a.Features, err = d.windows(ctx, o.Path)
		return errors.Join(err, d.Close())
	})
	return a, err
}

func (r CohortReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("Cohort of %d people with three windowed features, of %d observations in %d MB of CSV", r.People, r.Events, r.Bytes/1e6))
	g.row(costHead("")...)
	g.row(append([]any{"register the file, once"}, r.Register.cells()...)...)
	g.row(append([]any{"the registered dataset, in Go, as a site does it"}, r.Evaluate.cells()...)...)
	g.row(append([]any{"the same, in SQL by the embedded database"}, r.Ask.cells()...)...)
	g.row(append([]any{"DuckDB, from the file"}, r.DuckDB.cells()...)...)
	g.row("DuckDB's time, a site's is 1", fmt.Sprintf("%.1f", r.DuckDB.Wall.Seconds()/r.Evaluate.Wall.Seconds()), fmt.Sprintf("%.1f", r.DuckDB.Processor.Seconds()/r.Evaluate.Processor.Seconds()))
	return g.Flush()
}
