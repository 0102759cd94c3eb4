package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A LogisticReport is what a logistic regression over sites costs, beside R.
type LogisticReport struct {
	Rows, Columns, Sites int
	Wall                 time.Duration // of the whole study, all sites in turn
	Processor            time.Duration // of all sites together
	Compute              time.Duration // of the sites' sums, the time of day, within Wall
	Rounds               int
	R                    *RReport // nil where there is no R
}

// Logistic measures a study of one regression, and R's glm on the pooled table.
// The two take turns.
func Logistic(ctx context.Context, c Config) (LogisticReport, error) {
	c = c.defaults()
	r := LogisticReport{Rows: c.Rows, Columns: c.Columns, Sites: c.Sites}
	pooled, formula, err := simulated(c.Rows, c.Columns)
	if err != nil {
		return r, err
	}
	names := siteNames(c.Sites)
	cons, err := local.Found("bench", pooled.Schema, exactRules(), names...)
	if err != nil {
		return r, err
	}
	p, err := cons.Plan(studyOf(study.Entry{Name: "fit", Analysis: "logistic", Params: analysis.Params{"formula": formula}}), standard.Catalog(), time.Now())
	if err != nil {
		return r, err
	}
	tables := local.Tables{}
	for i, s := range names {
		tables[s] = pooled.Slice(i*c.Rows/c.Sites, (i+1)*c.Rows/c.Sites)
	}
	for range c.Repeats {
		o, err := r.fit(ctx, p, cons, tables)
		if err != nil {
			return r, err
		}
		if c.Rscript == "" {
			continue
		}
		if r.R == nil {
			r.R = &RReport{}
		}
		if err := r.R.fit(ctx, c.Rscript, pooled, o); err != nil {
			return r, fmt.Errorf("beside R: %w", err)
		}
	}
	return r, nil
}

func (r *LogisticReport) fit(ctx context.Context, p *plan.Plan, cons *local.Consortium, tables local.Tables) (*receipt.Outcome, error) {
	var compute time.Duration
	wall, cpu := time.Now(), processor()
	o, err := local.Watched(ctx, p, cons.Signers, tables, time.Now, func(s local.Step) {
		if phaseOf(s) == computing {
			compute += s.Took
		}
	})
	if err := released(o, err); err != nil {
		return nil, err
	}
	if took := time.Since(wall); r.Wall == 0 || took < r.Wall {
		r.Wall, r.Compute = took, compute
	}
	r.Processor = least(r.Processor, processor()-cpu)
	r.Rounds = len(o.Receipt.Rounds)
	return o, nil
}

// simulated is rows people with columns standard normal covariates and an outcome
// of known odds.
func simulated(rows, columns int) (table.Table, string, error) {
	d := draws(7)
	s := table.Schema{{Name: "y", Kind: table.Flag}}
	data := make([]table.Column, columns+1)
	for j := range data {
		data[j].Numbers = make([]float64, rows)
	}
	var terms []string
	for j := range columns {
		name := fmt.Sprintf("x%d", j+1)
		s = append(s, table.Variable{Name: name, Kind: table.Number, Min: -6, Max: 6})
		terms = append(terms, name)
	}
	for i := range rows {
		eta := -1.0
		for j := range columns {
			x := d.normal()
			data[j+1].Numbers[i] = x
			eta += x * math.Sin(float64(j)) / 3
		}
		if d.next() < 1/(1+math.Exp(-eta)) {
			data[0].Numbers[i] = 1
		}
	}
	t, err := table.New(s, data, nil)
	return t, "y ~ " + strings.Join(terms, " + "), err
}

func (r LogisticReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("Logistic regression, %d rows, %d covariates, %d sites, %d rounds", r.Rows, r.Columns, r.Sites, r.Rounds))
	g.row("", "time", "processor")
	g.row("whole study, all sites in this process", seconds(r.Wall), seconds(r.Processor))
	g.row("  of it the sites' sums", seconds(r.Compute))
	g.row("  of it the sums of one site, the mean", seconds(r.Compute/time.Duration(r.Sites)))
	if r.R == nil {
		g.row("R's glm on the pooled table", "not measured: no Rscript here")
		return g.Flush()
	}
	g.row("R's glm on the pooled table", seconds(r.R.Wall), seconds(r.R.Processor))
	g.row("ratio to R", fmt.Sprintf("%.2f", r.Wall.Seconds()/r.R.Wall.Seconds()), fmt.Sprintf("%.2f", r.Processor.Seconds()/r.R.Processor.Seconds()))
	g.row("largest difference of a coefficient", fmt.Sprintf("%.1e standard errors", r.R.Difference))
	return g.Flush()
}
