package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/report"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

func studyCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "study", Short: "Ask a question: write, check, run, submit a study and get its result",
		Example: "  hmsp study new kaplan-meier cox > study.yaml\n  hmsp study check study.yaml --home ruth\n  hmsp study submit study.yaml --home ruth\n  hmsp study result lung-survival --home ruth --out result"}
	c.AddCommand(studyNew(a), studyCheck(a), studyRun(a), studySubmit(a), studyList(a), studyWatch(a), studyResult(a), studyCancel(a))
	return c
}

func studyNew(a *app) *cobra.Command {
	var list bool
	c := &cobra.Command{Use: "new [ANALYSIS...]", Short: "Print a study file to begin with",
		Example: "  hmsp study new kaplan-meier cox > study.yaml\n  hmsp study new --list",
		RunE: func(_ *cobra.Command, args []string) error {
			if list {
				for _, an := range a.catalog.Analyses {
					ab := an.About()
					a.printf("%-14s %s\n", ab.Name, ab.Title)
				}
				return nil
			}
			if len(args) == 0 {
				args = []string{a.catalog.Analyses[0].About().Name}
			}
			a.printf("%s", studyHead)
			for _, name := range args {
				an, err := a.catalog.Analysis(name)
				if err != nil {
					return input(err)
				}
				ab := an.About()
				a.printf("  # %s. %s\n", ab.Title, strings.Join(strings.Fields(ab.Doc), " "))
				a.printf("%s", indent(ab.Example, "  "))
				for _, p := range ab.Parameters {
					def := ""
					if p.Default != nil {
						def = fmt.Sprintf(" (default %v)", p.Default)
					}
					a.printf("    # %s: %s%s\n", p.Name, strings.Join(strings.Fields(p.Doc), " "), def)
				}
			}
			return nil
		}}
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, an := range a.catalog.Analyses {
			names = append(names, an.About().Name+"\t"+an.About().Title)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	c.Flags().BoolVar(&list, "list", false, "list the analyses")
	return c
}

const studyHead = `hmsp: study/v1
name: my-study
question: What do you want to know?
purpose: research            # research, quality, public-health or education
legal_basis: GDPR Art. 9(2)(j)
dataset: lung                # the name that the sites registered their data under
# sites: [north, south]      # default: every site of the charter
# participation: {minimum: 5, patience: 1h}   # default: every site asked, 24h
# cohort: 'age >= 40'        # default: everybody
# verify: true               # check every opened sum against the sites' commitments
analyses:
`

func indent(text, by string) string {
	var b strings.Builder
	for _, l := range strings.Split(strings.Trim(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight(by+l, " ") + "\n")
	}
	return b.String()
}

func studyCheck(a *app) *cobra.Command {
	var home, path string
	c := &cobra.Command{Use: "check STUDY", Short: "Say what a study would do, or what is wrong with it, without sending anything",
		Example: "  hmsp study check study.yaml --home ruth\n  hmsp study check study.yaml --charter charter.yaml",
		Args:    exactArgs("a study file"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := study.Read(args[0])
			if err != nil {
				return input(err)
			}
			var p *plan.Plan
			var problems []plan.Problem
			if path != "" {
				ch, err := charter.Read(path)
				if err != nil {
					return input(err)
				}
				id, err := identity.Generate("checker", identity.Researcher, nil)
				if err != nil {
					return err
				}
				signed, err := study.Submit(s, ch.Digest(), id, a.now(), nil)
				if err != nil {
					return input(err)
				}
				p, problems = plan.New(ch, signed, a.catalog)
			} else {
				r, err := a.researcher(home)
				if err != nil {
					return input(err)
				}
				if p, _, problems, err = r.Plan(s); err != nil {
					return input(err)
				}
			}
			if len(problems) > 0 {
				return explain(s, problems)
			}
			a.showPlan(p)
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&path, "charter", "", "check against this charter instead of the one joined in --home")
	return c
}

// explain turns a plan's problems into errors at their places in the file.
func explain(s *study.Study, problems []plan.Problem) error {
	var es []*manifest.Error
	for _, p := range problems {
		i := slices.IndexFunc(s.Analyses, func(e study.Entry) bool { return e.Name == p.Entry })
		if i >= 0 {
			es = append(es, s.Problem(i, p.Param, p.Text))
			continue
		}
		es = append(es, &manifest.Error{Position: s.Key(strings.SplitN(p.Param, ".", 2)[0]), Text: p.Error()})
	}
	return input(manifest.Join(es...))
}

func (a *app) showPlan(p *plan.Plan) {
	a.printf("%s can be run\n", p.Study.Name)
	a.printf("  sites       %s (at least %d must take part)\n", strings.Join(p.Sites, ", "), p.Minimum)
	a.printf("  reads       %s\n", strings.Join(p.Columns, ", "))
	who := "every patient of the dataset"
	if p.Cohort != nil {
		who = p.Cohort.String()
	}
	a.printf("  cohort      %s\n", who)
	if !p.Trial {
		a.printf("  protection  a sum opens when %d of %d sites agree; %d may side with the hub and learn no part\n", p.Threshold(len(p.Sites)), len(p.Sites), p.Colluders)
	}
	for _, e := range p.Entries {
		a.printf("  %-11s %s; first opens %d numbers: %s\n", e.Name, e.About.Title, e.Numbers, e.Opens)
	}
	a.printf("  each site decides for itself; nothing else leaves a site than these sums\n")
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
				return a.watch(c.Context(), r, p.Digest, a.progressLines())
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
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := a.researcher(home)
			if err != nil {
				return input(err)
			}
			if !offline {
				if _, err := r.Poll(c.Context(), 0); err != nil {
					return err
				}
			}
			all, err := r.List()
			if err != nil {
				return err
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

func studyWatch(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "watch STUDY", Short: "Show a study's progress until it ends",
		Example: "  hmsp study watch lung-survival --home ruth",
		Args:    exactArgs("a study"),
		RunE: func(c *cobra.Command, args []string) error {
			r, d, err := a.find(home, args[0])
			if err != nil {
				return err
			}
			return a.watch(c.Context(), r, d, a.progressLines())
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

// watch polls until the study ends; show sees the record after every change.
func (a *app) watch(ctx context.Context, r *researcher.Researcher, digest string, show func(researcher.Record)) error {
	for {
		rec, err := r.Get(digest)
		if err != nil {
			return err
		}
		show(rec)
		if o := rec.Outcome; o != nil {
			return ended(*o)
		}
		if _, err := r.Poll(ctx, 20*time.Second); err != nil {
			return err
		}
	}
}

// ended is nil for a released study, and says why another was not.
func ended(o receipt.Outcome) error {
	if o.Status == receipt.Released {
		return nil
	}
	return coded{fmt.Errorf("study %s ended without a result (%s): %s", o.Study.Name, o.Status, o.Reason), exitNoResult}
}

// progressLines prints a line whenever something moved.
func (a *app) progressLines() func(researcher.Record) {
	seen, left := 0, map[string]bool{}
	return func(rec researcher.Record) {
		for _, p := range rec.Progress[seen:] {
			a.printf("%s\n", progressLine(p.Phase, p.Round, p.Sites, p.Message))
		}
		seen = len(rec.Progress)
		for site, why := range rec.Left {
			if !left[site] {
				left[site] = true
				a.printf("%s left: %s\n", site, why.Text)
			}
		}
		if rec.Outcome != nil {
			a.printf("%s\n", rec.Outcome.Status)
		}
	}
}

func progressLine(phase string, round int, sites map[string]string, text string) string {
	line := phase
	if phase == "computing" {
		line = fmt.Sprintf("%s, round %d", phase, round)
	}
	var names []string
	for s := range sites {
		names = append(names, s)
	}
	slices.Sort(names)
	for _, s := range names {
		if sites[s] != phase {
			line += fmt.Sprintf("  %s: %s", s, sites[s])
		}
	}
	if text != "" && text != phase {
		line += "  (" + text + ")"
	}
	return line
}

func studyResult(a *app) *cobra.Command {
	var home, out string
	var asJSON bool
	c := &cobra.Command{Use: "result STUDY", Short: "Show a study's result and write it to a folder",
		Example: "  hmsp study result lung-survival --home ruth --out result",
		Args:    exactArgs("a study"),
		RunE: func(c *cobra.Command, args []string) error {
			r, d, err := a.find(home, args[0])
			if err != nil {
				return err
			}
			rec, err := r.Get(d)
			if err != nil {
				return err
			}
			if rec.Outcome == nil {
				if _, err := r.Poll(c.Context(), 0); err != nil {
					return err
				}
				if rec, err = r.Get(d); err != nil {
					return err
				}
			}
			if rec.Outcome == nil {
				return coded{fmt.Errorf("study %s has no result yet (%s): `hmsp study watch` shows its progress", rec.Study.Study.Name, state(rec)), exitNoResult}
			}
			if err := a.deliver(*rec.Outcome, out, asJSON); err != nil {
				return err
			}
			return ended(*rec.Outcome)
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&out, "out", "", "folder for result.json, one CSV per table, figures as SVG, receipt.json")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

// deliver prints an outcome, and writes it to a folder where one is named.
func (a *app) deliver(o receipt.Outcome, out string, asJSON bool) error {
	if out != "" {
		if err := report.Write(out, o); err != nil {
			return err
		}
	}
	if asJSON {
		return report.JSON(a.out, o)
	}
	if err := report.Text(a.out, o, terminalWidth(a.out)); err != nil {
		return err
	}
	if out != "" {
		abs, err := filepath.Abs(out)
		if err != nil {
			abs = out
		}
		a.printf("\nwritten to %s\n", abs)
	}
	return nil
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

func params(p map[string]any) string {
	var keys []string
	for k := range p {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%s: %v", k, p[k]))
	}
	return strings.Join(out, ", ")
}

var errNoSites = errors.New("name each site's file with --site NAME=PATH")
