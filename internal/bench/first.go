package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/execute"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A FirstReport is the time from a registered dataset to the first sum over it, on the
// way that a study takes: registration, source and dictionary checked, the column
// checked against its checksum, its moments summed.
type FirstReport struct {
	Bytes, Rows, Columns int
	Warm                 cost
	Cold                 *cost // with none of it in memory; nil where the system does not let it go
}

// wideColumns are the columns of the dataset, of which one is asked about.
const wideColumns = 40

func firstAnalysis(ctx context.Context, c Config, folder string) (report, error) {
	r := FirstReport{Bytes: int(c.Data.First), Columns: wideColumns}
	o := work{Home: folder, Name: "wide", Dictionary: wideSchema(wideColumns), Folder: folder}
	data, err := wideDataset(&r, o)
	if err != nil {
		return nil, err
	}
	for range c.Repeats {
		for _, cold := range []bool{true, false} {
			if cold && !forget(data) {
				continue
			}
			var a answered
			peak, err := c.let(ctx, "first", o, &a)
			if err != nil {
				return nil, err
			}
			if a.Features.People != r.Rows {
				return nil, fmt.Errorf("the sum is over %d rows, not %d", a.Features.People, r.Rows)
			}
			a.Took.Anonymous, a.Took.Resident = peak.Anonymous, peak.Resident
			if !cold {
				r.Warm = r.Warm.better(a.Took)
			} else if r.Cold == nil {
				r.Cold = &a.Took
			} else {
				*r.Cold = r.Cold.better(a.Took)
			}
		}
	}
	return r, nil
}

// wideDataset makes a registered dataset without reading a source of that size: the
// source is a file with nothing in it but its length.
func wideDataset(r *FirstReport, o work) (data string, err error) {
	source := filepath.Join(o.Home, "wide.csv")
	if err := os.WriteFile(source, nil, 0o600); err != nil {
		return "", err
	}
	if err := os.Truncate(source, int64(r.Bytes)); err != nil {
		return "", err
	}
	info, err := os.Stat(source)
	if err != nil {
		return "", err
	}
	meta, err := json.Marshal(dataset.Meta{Hmsp: dataset.MetaVersion, Dataset: o.Name, Shape: dataset.Rows, Variables: o.Dictionary,
		Snapshot: dataset.Snapshot{Digest: "made up", Files: []dataset.FileState{{Size: info.Size(), Changed: info.ModTime().UTC()}}}})
	if err != nil {
		return "", err
	}
	d := dataset.File(o.Name, source)
	d.Pool = o.Name + ".made"
	for _, dir := range []string{"datasets", "pools"} {
		if err := os.Mkdir(filepath.Join(o.Home, dir), 0o700); err != nil {
			return "", err
		}
	}
	path := filepath.Join(o.Home, "pools", d.Pool)
	if r.Rows, err = wideTable(path, int64(r.Bytes), wideColumns, meta); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(path, "*.arrow"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("the pool has %d tables: %w", len(files), err)
	}
	return files[0], manifest.Write(filepath.Join(o.Home, "datasets", o.Name+".yaml"), d, "")
}

// analysing takes the first sum over one column.
func analysing(ctx context.Context, told *orders) (any, error) {
	var o work
	if err := told.into(&o); err != nil {
		return nil, err
	}
	cons, err := local.Found("bench", o.Dictionary, largeRules(), limitedSites()...)
	if err != nil {
		return nil, err
	}
	e := study.Entry{Name: "moments", Analysis: "moments"}
	p, err := cons.Plan(studyOf(e), catalog.Catalog{Analyses: []analysis.Analysis{moments{"x7"}}}, time.Now())
	if err != nil {
		return nil, err
	}
	var a answered
	a.Took, err = timed(func() (err error) { a.Features, err = o.first(ctx, p); return err })
	return a, err
}

func (o work) first(ctx context.Context, p *plan.Plan) (f features, err error) {
	k, err := o.registry(0).Open(ctx, o.Name, o.Dictionary)
	if err != nil {
		return f, err
	}
	defer k.Close()
	t, c, err := site.People(ctx, k, p, limitedSite, warehouse.Options{Pool: filepath.Join(o.Folder, "cohort")})
	if err != nil {
		return f, err
	}
	defer c.Close()
	b, err := engine.NewBundle(p)
	if err != nil {
		return f, err
	}
	task := b.Tasks()[0]
	v, err := execute.Local(ctx, t, task.Run, task.State, task.Bounds, task.Grid)
	if err != nil {
		return f, err
	}
	sums := fixed.Decode(task.Grid, v.Words)
	return features{People: int(sums[0]), Mean: sums[1] / sums[0]}, nil
}

// moments is an analysis of one round: number, sum and sum of squares of a variable.
type moments struct{ of string }

func (m moments) About() analysis.About { return analysis.About{Name: "moments", Version: "1"} }

func (m moments) Start(analysis.Params, table.Schema) (analysis.Run, analysis.State, error) {
	return m, analysis.State("{}"), nil
}

func (m moments) Bounds(analysis.State) (analysis.Bounds, error) {
	return analysis.Bounds{Columns: []string{m.of}, Ranges: []fixed.Range{{Max: 1, Integer: true}, {Max: 6}, {Max: 36}}, Opens: "the moments of made-up numbers"}, nil
}

func (m moments) Local(t table.Table, _ analysis.State, sum *fixed.Vector) error {
	for _, x := range t.Numbers(m.of) {
		if x == x {
			sum.Add(0, 1)
			sum.Add(1, x)
			sum.Add(2, x*x)
		}
	}
	return nil
}

func (m moments) Next([]float64, analysis.State) (analysis.State, *analysis.Result, error) {
	return nil, &analysis.Result{}, nil
}

func (r FirstReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("First analysis of a registered dataset of %d MB: moments of one of %d columns, %d rows", r.Bytes/1e6, r.Columns, r.Rows))
	g.row(costHead("")...)
	row := func(name string, c cost) {
		cells := append([]any{name}, c.cells()...)
		if r.Bytes >= targetFirstSize {
			cells = append(cells, fmt.Sprintf("below %.0f s, %s", targetFirst, met(c.Wall.Seconds(), targetFirst)))
		}
		g.row(cells...)
	}
	row("with its files in memory", r.Warm)
	if r.Cold != nil {
		row("with none of them in memory", *r.Cold)
	}
	return g.Flush()
}
