package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A phase is a part of a study's life.
type phase int

const (
	reading   phase = iota // the site's file, and its cohort from the embedded database
	planning               // the study and its plan
	keying                 // decisions, the epoch's keys, agreeing on pair secrets
	computing              // the sites' vectors; deriving each round's question from the last sum
	masking                // masks, commitments, shares
	opening                // the lead's adding; who contributed, confirmed by all; unmasking
	verifying              // the check of each opened sum by every site
	signing                // the receipt and the outcome, checked and signed by every site
	phases
)

var phaseNames = [phases]string{"read data, select cohort", "plan", "keys", "compute", "mask", "confirm and open", "verify", "sign"}

// phaseOf says to which phase a step of a run belongs.
func phaseOf(s local.Step) phase {
	if s.Work && s.Event == engine.EventComputed {
		return computing
	}
	switch s.Event {
	case engine.EventComputed:
		return masking
	case engine.EventMessage:
	default:
		return keying
	}
	switch s.Message {
	case engine.KindRound:
		return computing
	case engine.KindContribution, engine.KindSet, engine.KindConfirm, engine.KindQuorum, engine.KindUnmask:
		return opening
	case engine.KindCheck:
		return verifying
	case engine.KindRelease, engine.KindEndorse, engine.KindOutcome:
		return signing
	}
	return keying
}

// A StudyReport is the demonstration's study, all parties in turn, by phase.
type StudyReport struct {
	Name          string
	Sites, Rounds int
	Analyses      int
	Verified      bool
	Numbers       int // opened, in all rounds
	Phase         [phases]time.Duration
	Messages      int
	Bytes         int
}

// Study runs the demonstration's study over the six sites; of each phase the best
// of the repeats counts.
func Study(ctx context.Context, c Config) (StudyReport, error) {
	best, err := studyOnce(ctx, "study.yaml", func(*study.Study) {})
	for range c.defaults().Repeats - 1 {
		if err != nil {
			break
		}
		var r StudyReport
		r, err = studyOnce(ctx, "study.yaml", func(*study.Study) {})
		for i, d := range r.Phase {
			best.Phase[i] = min(best.Phase[i], d)
		}
	}
	return best, err
}

// studyOnce runs a study of the demonstration as edit leaves it.
func studyOnce(ctx context.Context, file string, edit func(*study.Study)) (StudyReport, error) {
	var r StudyReport
	folder, err := os.MkdirTemp("", "hmsp-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	if err := os.CopyFS(folder, demo.Files); err != nil {
		return r, err
	}
	cons, err := demoConsortium(filepath.Join(folder, "dictionary.yaml"))
	if err != nil {
		return r, err
	}
	begin := time.Now()
	s, err := study.Read(filepath.Join(folder, file))
	if err != nil {
		return r, err
	}
	edit(s)
	p, err := cons.Plan(*s, standard.Catalog(), time.Now())
	if err != nil {
		return r, err
	}
	r.Phase[planning] = time.Since(begin)
	begin = time.Now()
	tables, err := demoTables(ctx, folder, p, cons.Charter.Dictionary)
	if err != nil {
		return r, err
	}
	r.Phase[reading] = time.Since(begin)
	o, err := local.Watched(ctx, p, cons.Signers, tables, time.Now, func(s local.Step) {
		r.Phase[phaseOf(s)] += s.Took
		r.Messages += len(s.Sent)
		for _, m := range s.Sent {
			r.Bytes += len(m.Body) + len(m.Blob)
		}
	})
	if err := released(o, err); err != nil {
		return r, err
	}
	r.Name, r.Sites, r.Rounds, r.Analyses, r.Verified = s.Name, len(o.Contributors), len(o.Receipt.Rounds), len(o.Analyses), o.Receipt.Verified
	for _, round := range o.Receipt.Rounds {
		for _, x := range round.Opened {
			r.Numbers += x.Numbers
		}
	}
	return r, nil
}

func demoConsortium(dictionary string) (*local.Consortium, error) {
	data, err := os.ReadFile(dictionary)
	if err != nil {
		return nil, err
	}
	var f struct {
		Hmsp       string       `json:"hmsp"`
		Dictionary table.Schema `json:"dictionary"`
	}
	if err := manifest.Decode(dictionary, data, charter.DictionarySchema(), &f); err != nil {
		return nil, err
	}
	return local.Found("ncctg", f.Dictionary, charter.DefaultRules(), demo.Sites()...)
}

func demoTables(ctx context.Context, folder string, p *plan.Plan, dictionary table.Schema) (local.Tables, error) {
	out := local.Tables{}
	l := dataset.Loader{Formats: standard.Catalog().Formats}
	for _, name := range p.Sites {
		t, err := site.Try(ctx, l, []dataset.Dataset{dataset.File(name, filepath.Join(folder, "lung", name+".csv"))}, p, dictionary, name, folder)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", name, err)
		}
		out[name] = t
	}
	return out, nil
}

// together is the time of all parties' work.
func (r StudyReport) together() (all time.Duration) {
	for _, d := range r.Phase {
		all += d
	}
	return all
}

func (r StudyReport) write(w io.Writer) error {
	check := "not verified"
	if r.Verified {
		check = "every sum verified"
	}
	g := newGrid(w, fmt.Sprintf("Study %s: %d analyses, %d sites, %d rounds, %d numbers opened, %s", r.Name, r.Analyses, r.Sites, r.Rounds, r.Numbers, check))
	g.row("phase, all parties in turn", "time", "share")
	all := r.together()
	for i, d := range r.Phase {
		g.row(phaseNames[i], seconds(d), fmt.Sprintf("%.0f %%", 100*d.Seconds()/all.Seconds()))
	}
	g.row("together", seconds(all))
	g.row("messages", fmt.Sprintf("%d, %d bytes", r.Messages, r.Bytes))
	return g.Flush()
}
