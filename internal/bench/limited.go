package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/table"
)

// A LimitedReport is what a site with limited memory does with many rows: it registers
// them, and answers a study about half of them.
type LimitedReport struct {
	What         string
	Rows, Cohort int
	Bytes, Limit int64
	Register     cost
	Answer       cost
	Answered     string
}

// largeRules are the rules of a charter for sites of many rows.
func largeRules() charter.Rules {
	r := exactRules()
	r.MaxRows = 1 << 27
	return r
}

// limitedSite is the one that is measured; the others are small, and there because a
// study needs them.
const limitedSite = "large"

func limitedSites() []string { return []string{limitedSite, "east", "north", "west"} }

func fourColumns() table.Schema {
	number := func(name string) table.Variable {
		return table.Variable{Name: name, Kind: table.Number, Min: -10, Max: 10}
	}
	return table.Schema{{Name: "age", Kind: table.Integer, Min: 0, Max: 120}, number("x"), number("z"), number("y")}
}

// halfStudy is about the younger half of everybody.
const halfStudy = `hmsp: study/v1
name: half
question: What does it cost?
purpose: research
legal_basis: made-up data
dataset: rows
cohort: age < 60
analyses:
  - {name: who, analysis: describe, variables: [age, x]}
  - {name: line, analysis: linear, formula: y ~ x + z}
`

// writeRows writes n rows of the four columns; what they say is y = 1 + x/2 - z/4.
func writeRows(path string, n int, seed draws) error {
	return writeLines(path, func(w *bufio.Writer) error {
		fmt.Fprintln(w, "age,x,z,y")
		var line []byte
		for range n {
			x, z := seed.normal(), seed.normal()
			line = strconv.AppendInt(line[:0], 20+int64(seed.next()*80), 10)
			for _, v := range []float64{x, z, 1 + x/2 - z/4 + seed.normal()/4} {
				line = strconv.AppendFloat(append(line, ','), v, 'f', 3, 64)
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}

// An ending is what a child says of a study.
type ending struct {
	Took   cost
	Status string
	Rows   int
}

func limitedRows(ctx context.Context, c Config, folder string) (report, error) {
	r := LimitedReport{What: "rows of four columns", Rows: c.Data.Rows, Limit: c.Data.Memory,
		Answered: "a study of the younger half: describe two variables, a linear model of three"}
	if err := found(folder, fourColumns(), largeRules(), limitedSites()); err != nil {
		return nil, err
	}
	for i, name := range limitedSites() {
		path, n := filepath.Join(folder, name+".csv"), 2000
		if name == limitedSite {
			n = c.Data.Rows
		}
		if err := writeRows(path, n, draws(i)); err != nil {
			return nil, err
		}
		o := work{Home: filepath.Join(folder, name), Name: "rows", Path: path, Dictionary: fourColumns(), Dataset: dataset.File("rows", path), Memory: c.Data.Memory}
		took, err := c.registered(ctx, o)
		if err != nil {
			return nil, err
		}
		if name != limitedSite {
			continue
		}
		r.Register = took
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		r.Bytes = info.Size()
	}
	var a ending
	peak, err := c.let(ctx, "study", work{Folder: folder, Memory: c.Data.Memory}, &a)
	if err != nil {
		return nil, err
	}
	r.Answer, r.Cohort = a.Took, a.Rows-3*2000/2
	r.Answer.Anonymous, r.Answer.Resident = peak.Anonymous, peak.Resident
	return r, nil
}

// studying answers a study with all four sites in one process: what the small ones need
// is in the large one's memory too.
func studying(ctx context.Context, told *orders) (any, error) {
	var o work
	if err := told.into(&o); err != nil {
		return nil, err
	}
	limited(o.Memory)
	var e ending
	var err error
	e.Took, err = timed(func() error {
		out, err := asked(ctx, o.Folder, halfStudy, limitedSites(), o.Memory)
		if err := released(out, err); err != nil {
			return err
		}
		e.Status = string(out.Status)
		who, err := out.Analyses[0].Result.Table("summary")
		if err != nil {
			return err
		}
		n, err := who.Column("n")
		if err != nil {
			return err
		}
		e.Rows = int(n.Numbers[0])
		return nil
	})
	return e, err
}

func limitedHistory(ctx context.Context, c Config, folder string) (report, error) {
	path := filepath.Join(folder, "visits.csv")
	if err := writeVisits(path, c.Data.Rows); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r := LimitedReport{What: fmt.Sprintf("observations of %d people", c.Data.Rows/visitsOf), Rows: c.Data.Rows, Bytes: info.Size(), Limit: c.Data.Memory,
		Answered: "a cohort with three windowed features"}
	o := work{Home: folder, Name: "visits", Path: path, Dictionary: visitsDictionary(), Dataset: visitsDataset("visits", path), Folder: folder, Memory: c.Data.Memory}
	if r.Register, err = c.registered(ctx, o); err != nil {
		return nil, err
	}
	var a answered
	peak, err := c.let(ctx, "evaluate", o, &a)
	r.Answer, r.Cohort = a.Took, a.Features.People
	r.Answer.Anonymous, r.Answer.Resident = peak.Anonymous, peak.Resident
	return r, err
}

func (r LimitedReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("A site of %d MiB of memory: %d %s, %d MB of CSV", r.Limit>>20, r.Rows, r.What, r.Bytes/1e6))
	g.row(costHead("")...)
	row := func(name string, c cost) {
		cells := append([]any{name}, c.cells()...)
		if r.Rows >= targetRows && c.Anonymous > 0 {
			cells = append(cells, fmt.Sprintf("below %d MiB, %s", r.Limit>>20, met(float64(c.Anonymous), float64(r.Limit))))
		}
		g.row(cells...)
	}
	row("register", r.Register)
	row(fmt.Sprintf("%s (%d)", r.Answered, r.Cohort), r.Answer)
	return g.Flush()
}
