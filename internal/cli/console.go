package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/internal/console"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/researcher"
)

func consoleCommand(a *app) *cobra.Command {
	var home, listen string
	c := &cobra.Command{Use: "console", Short: "Serve the page with studies, progress, results and receipts on this machine",
		Example: "  hmsp console --home ruth",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := a.researcher(home)
			if err != nil {
				return input(err)
			}
			go func() { // the page shows what the records hold; this keeps them fresh
				for c.Context().Err() == nil {
					if _, err := r.Poll(c.Context(), 20*time.Second); err != nil && c.Context().Err() == nil {
						fmt.Fprintf(a.err, "hmsp: %v\n", err)
						select {
						case <-c.Context().Done():
						case <-time.After(5 * time.Second):
						}
					}
				}
			}()
			return a.page(c.Context(), r, listen, func(url string) {
				a.printf("open %s\nCtrl-C ends it\n", url)
			})
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&listen, "listen", "", "address on this machine (default: any free port of 127.0.0.1)")
	return c
}

// page serves the console until ctx ends; ready hears its address.
func (a *app) page(ctx context.Context, r *researcher.Researcher, listen string, ready func(url string)) error {
	token, err := console.NewToken(rand.Reader)
	if err != nil {
		return err
	}
	c, err := console.New(console.Config{Studies: pages{r, a.catalog}, Token: token, Now: a.now})
	if err != nil {
		return err
	}
	l, err := console.Listen(listen)
	if err != nil {
		return input(err)
	}
	ready("http://" + l.Addr().String() + console.Path(token))
	return c.Serve(ctx, l)
}

// pages shows the researcher's records to the console.
type pages struct {
	r       *researcher.Researcher
	catalog catalog.Catalog
}

// List implements console.Studies.
func (p pages) List(context.Context) ([]console.Summary, error) {
	all, err := p.r.List()
	if err != nil {
		return nil, err
	}
	var out []console.Summary
	for _, d := range all {
		rec, err := p.r.Get(d)
		if err != nil {
			return nil, err
		}
		out = append(out, summary(d, rec))
	}
	return out, nil
}

// Get implements console.Studies.
func (p pages) Get(_ context.Context, id string) (console.View, error) {
	all, err := p.r.List()
	if err != nil {
		return console.View{}, err
	}
	i := slices.IndexFunc(all, func(d string) bool { return len(id) >= 12 && strings.HasPrefix(d, id) })
	if i < 0 {
		return console.View{}, console.ErrNotFound
	}
	rec, err := p.r.Get(all[i])
	if err != nil {
		return console.View{}, err
	}
	s := rec.Study.Study
	v := console.View{Summary: summary(all[i], rec), Digest: all[i], Purpose: s.Purpose, LegalBasis: s.LegalBasis, Dataset: s.Dataset,
		Cohort: s.Cohort, Researcher: rec.Study.Researcher, Outcome: rec.Outcome}
	for _, e := range s.Analyses {
		title := e.Analysis
		if an, err := p.catalog.Analysis(e.Analysis); err == nil {
			title = an.About().Title
		}
		v.Analyses = append(v.Analyses, console.Planned{Name: e.Name, Title: title})
	}
	return v, nil
}

func summary(digest string, rec researcher.Record) console.Summary {
	s := console.Summary{ID: digest[:12], Name: rec.Study.Study.Name, Question: rec.Study.Study.Question, Status: console.Submitted, Started: rec.Submitted}
	if n := len(rec.Progress); n > 0 {
		s.Status, s.Progress = console.Running, progress(rec)
	}
	if o := rec.Outcome; o != nil {
		s.Status, s.Ended, s.Reason = console.Status(o.Status), rec.Heard, o.Reason
	}
	return s
}

// progress is how far each site is, from what the lead told.
func progress(rec researcher.Record) console.Progress {
	last := rec.Progress[len(rec.Progress)-1]
	p := console.Progress{Phase: last.Phase, Round: last.Round, Message: last.Message}
	for _, site := range rec.Sites {
		sp := console.SiteProgress{Site: site, Phase: last.Sites[site], LastSeen: rec.Heard, Problem: rec.Left[site].Text}
		if !strings.HasPrefix(sp.Phase, engine.PhaseAbsent) {
			sp.Done = last.Round
		}
		if sp.Phase == engine.PhaseComputed || last.Phase == "signing" {
			sp.Done++
		}
		p.Sites = append(p.Sites, sp)
	}
	return p
}
