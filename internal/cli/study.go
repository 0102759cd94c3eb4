package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/study"
)

func studyCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "study", Short: "Ask a question: write, check, run, submit a study and get its result",
		Example: "  hmsp study new kaplan-meier cox > study.yaml\n  hmsp study check study.yaml --home ruth\n  hmsp study submit study.yaml --home ruth\n  hmsp study result lung-survival --home ruth --out result"}
	c.AddCommand(studyNew(a), studyCheck(a), studyRun(a), studySubmit(a), studyList(a), studyWatch(a), studyResult(a), studyCancel(a))
	return c
}

func (a *app) researcher(home string) (*researcher.Researcher, error) {
	return researcher.Open(home, a.catalog, a.now, nil, func(err error, wait time.Duration) {
		fmt.Fprintf(a.err, "hmsp: %v; trying again in %s\n", err, wait.Round(100*time.Millisecond))
	})
}

func studySubmit(a *app) *cobra.Command {
	var home string
	var watch bool
	c := &cobra.Command{Use: "submit STUDY", Short: "Sign a study and send it to its sites",
		Example: "  hmsp study submit study.yaml --home ruth --watch",
		Args:    exactArgs("a study file"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := study.Read(args[0])
			if err != nil {
				return input(err)
			}
			r, err := a.researcher(home)
			if err != nil {
				return input(err)
			}
			p, signed, problems, err := r.Plan(s)
			if err != nil {
				return input(err)
			}
			if len(problems) > 0 {
				return explain(s, problems)
			}
			if err := r.Submit(c.Context(), p, signed); err != nil {
				return err
			}
			a.printf("submitted %s as %s to %s\n", s.Name, p.Digest[:12], strings.Join(p.Sites, ", "))
			if watch {
				return a.watch(c.Context(), r, p.Digest)
			}
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&watch, "watch", false, "stay and show the progress until the study ends")
	return c
}

func studyList(a *app) *cobra.Command {
	var home string
	var offline bool
	c := &cobra.Command{Use: "list", Short: "List the studies submitted from here",
		Example: "  hmsp study list --home ruth",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := a.researcher(home)
			if err != nil {
				return input(err)
			}
			all, err := r.List()
			if err != nil {
				return err
			}
			if !offline {
				for _, d := range all {
					if err := r.Resend(c.Context(), d); err != nil {
						return err
					}
				}
				if _, err := r.Poll(c.Context(), 0); err != nil {
					return err
				}
			}
			for _, d := range all {
				rec, err := r.Get(d)
				if err != nil {
					return err
				}
				a.printf("%s  %-24s %-10s %s\n", d[:12], rec.Study.Study.Name, state(rec), rec.Submitted.Format(time.DateTime))
			}
			if len(all) == 0 {
				a.printf("no study was submitted from %s\n", home)
			}
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&offline, "offline", false, "do not ask the hub for news")
	return c
}

// state is where a study stands, in a word.
func state(rec researcher.Record) string {
	switch {
	case rec.Outcome != nil:
		return string(rec.Outcome.Status)
	case rec.Cancelled:
		return "cancelling"
	case len(rec.Progress) > 0:
		return rec.Progress[len(rec.Progress)-1].Phase
	}
	return "submitted"
}

func studyCancel(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "cancel STUDY", Short: "Ask the sites to stop a study",
		Example: "  hmsp study cancel lung-survival --home ruth",
		Args:    exactArgs("a study"),
		RunE: func(c *cobra.Command, args []string) error {
			r, d, err := a.find(home, args[0])
			if err != nil {
				return err
			}
			if err := r.Cancel(c.Context(), d); err != nil {
				return input(err)
			}
			a.printf("asked the sites to stop %s\n", d[:12])
			return nil
		}}
	homeFlag(c, &home)
	return c
}

func (a *app) find(home, what string) (*researcher.Researcher, string, error) {
	r, err := a.researcher(home)
	if err != nil {
		return nil, "", input(err)
	}
	d, err := r.Find(what)
	if err != nil {
		return nil, "", input(err)
	}
	return r, d, nil
}
