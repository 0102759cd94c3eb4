package bench

import (
	"context"
	"fmt"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// An EngineReport is what a study of one wide sum costs a site and the lead, with
// everything but network and sealing: keys, encoding, hashes, signatures, and
// each site's own check of what was opened.
type EngineReport struct {
	Site   time.Duration // processor time of a site that does not lead, the mean
	Lead   time.Duration // of the site that leads, its own part included
	Upload int           // bytes that a site which does not lead sends, the largest
}

// engineSum runs the study of one wide sum; the best of the repeats counts.
func engineSum(ctx context.Context, c Config) (EngineReport, error) {
	var out EngineReport
	names := siteNames(c.Sites)
	cons, err := local.Found("bench", table.Schema{{Name: "x", Kind: table.Flag}}, exactRules(), names...)
	if err != nil {
		return out, err
	}
	p, err := cons.Plan(studyOf(study.Entry{Name: "sum", Analysis: "wide"}), catalog.Catalog{Analyses: []analysis.Analysis{wide{c.Values}}}, time.Now())
	if err != nil {
		return out, err
	}
	tables := local.Tables{}
	for _, s := range names {
		if tables[s], err = table.New(p.Schema, []table.Column{{Numbers: []float64{1}}}, nil); err != nil {
			return out, err
		}
	}
	for range c.Repeats {
		took, sent := map[string]time.Duration{}, map[string]int{}
		begin, cpu := time.Now(), processor()
		clock := func() time.Time { return begin.Add(processor() - cpu) } // so that what a step took is processor time
		if err := released(local.Watched(ctx, p, cons.Signers, tables, clock, func(s local.Step) {
			took[s.Site] += s.Took
			for _, m := range s.Sent {
				sent[s.Site] += len(m.Body) + len(m.Blob)
			}
		})); err != nil {
			return out, err
		}
		var others time.Duration
		for _, s := range names {
			if s != p.Lead {
				others += took[s]
				out.Upload = max(out.Upload, sent[s])
			}
		}
		out.Site = least(out.Site, others/time.Duration(c.Sites-1))
		out.Lead = least(out.Lead, took[p.Lead])
	}
	return out, nil
}

func siteNames(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("site-%02d", i+1))
	}
	return out
}

// studyOf is a study of made-up data.
func studyOf(e ...study.Entry) study.Study {
	return study.Study{Hmsp: study.Version, Name: "bench", Question: "What does it cost?", Purpose: "quality", LegalBasis: "made-up data", Dataset: "bench",
		Participation: study.Participation{Patience: study.DefaultPatience}, Analyses: e}
}

// released is nil where a run ended with a result.
func released(o *receipt.Outcome, err error) error {
	if err != nil {
		return err
	}
	if o.Status != receipt.Released {
		return fmt.Errorf("the study ended %s: %s", o.Status, o.Reason)
	}
	for _, f := range o.Analyses {
		if f.Failed != "" {
			return fmt.Errorf("%s: %s", f.Name, f.Failed)
		}
	}
	return nil
}

// wide is an analysis of one round that sums whole numbers below 8.
type wide struct{ values int }

func (w wide) About() analysis.About { return analysis.About{Name: "wide", Version: "1"} }

func (w wide) Start(analysis.Params, table.Schema) (analysis.Run, analysis.State, error) {
	return w, analysis.State("{}"), nil
}

func (w wide) Bounds(analysis.State) (analysis.Bounds, error) {
	b := analysis.Bounds{Columns: []string{"x"}, Ranges: make([]fixed.Range, w.values), Opens: "made-up numbers"}
	for i := range b.Ranges {
		b.Ranges[i] = fixed.Range{Max: 7, Integer: true}
	}
	return b, nil
}

func (w wide) Local(t table.Table, _ analysis.State, sum *fixed.Vector) error {
	for range t.Rows() {
		for k := range w.values {
			sum.Add(k, float64(k&7))
		}
	}
	return nil
}

func (w wide) Next(sum []float64, _ analysis.State) (analysis.State, *analysis.Result, error) {
	for k, x := range sum {
		if x != sum[min(1, len(sum)-1)]*float64(k&7) {
			return nil, nil, fmt.Errorf("number %d is not the sum", k)
		}
	}
	return nil, &analysis.Result{}, nil
}

// exactRules are the default rules of a charter that lets every exact figure out:
// what is measured is the way to it.
func exactRules() charter.Rules {
	r := charter.DefaultRules()
	r.Disclosure = &charter.Disclosure{}
	return r
}
