package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
)

func studyCheck(a *app) *cobra.Command {
	var home, path string
	var ask bool
	var wait time.Duration
	c := &cobra.Command{Use: "check STUDY", Short: "Say what a study would do, or what is wrong with it; with --ask also what each site would say to it",
		Example: "  hmsp study check study.yaml --home ruth\n  hmsp study check study.yaml --charter charter.yaml\n  hmsp study check study.yaml --home ruth --ask",
		Args:    exactArgs("a study file"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := study.Read(args[0])
			if err != nil {
				return input(err)
			}
			var r *researcher.Researcher
			var signed *study.Signed
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
				if signed, err = study.Submit(s, ch.Digest(), id, a.now(), nil); err != nil {
					return input(err)
				}
				p, problems = plan.New(ch, signed, a.catalog)
			} else {
				if r, err = a.researcher(home); err != nil {
					return input(err)
				}
				if p, signed, problems, err = r.Plan(s); err != nil {
					return input(err)
				}
			}
			if len(problems) > 0 {
				return explain(s, problems)
			}
			a.showPlan(p)
			if ask {
				return a.askSites(c.Context(), r, p, signed, wait)
			}
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&path, "charter", "", "check against this charter instead of the one joined in --home")
	c.Flags().BoolVar(&ask, "ask", false, "ask the sites what they would say; they run nothing and read no data")
	c.Flags().DurationVar(&wait, "wait", 30*time.Second, "how long to wait for the sites' answers")
	c.MarkFlagsMutuallyExclusive("charter", "ask")
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
		if p.Key != nil {
			es = append(es, &manifest.Error{Position: s.Key(p.Key...), Text: p.Text})
			continue
		}
		es = append(es, &manifest.Error{Position: s.Key(strings.SplitN(p.Param, ".", 2)[0]), Text: p.Error()})
	}
	return input(manifest.Join(es...))
}

// showBudget says what a private study costs and how good its results will be.
func (a *app) showBudget(p *plan.Plan) {
	b := p.Budget
	if b == nil {
		if r := p.Disclosure; r != nil {
			a.printf("  results     exact, under the consortium's rules of disclosure control (counts below %d are not shown)\n", r.MinimumCell)
		}
		return
	}
	a.printf("  privacy     epsilon %v, delta %v per patient; each site books rho %.4g\n", b.Epsilon, b.Delta, b.Rho)
	if f := b.Gaussian; f != nil {
		a.printf("              with noise: gaussian it would book rho %.4g, and have up to %.2g times the noise\n", f.Rho, f.Times)
	}
	for _, e := range p.Entries {
		for _, x := range e.Expect {
			a.printf("  %-11s with epsilon %v and %d patients, %s\n", e.Name, b.Epsilon, b.Patients, x)
		}
	}
}

func (a *app) showPlan(p *plan.Plan) {
	a.printf("%s can be run\n", p.Study.Name)
	a.printf("  sites       %s (at least %d must take part)\n", strings.Join(p.Sites, ", "), p.Minimum)
	a.printf("  reads       %s\n", strings.Join(p.Columns, ", "))
	a.showData(p.Study)
	who := "every patient of the dataset"
	if p.Cohort != nil {
		who = p.Cohort.String()
	}
	a.printf("  cohort      %s\n", who)
	if !p.Trial {
		a.printf("  protection  a sum opens when %d of %d sites agree; %d may side with the hub and learn no part\n", p.Quorum(), len(p.Sites), p.Colluders)
	}
	for _, e := range p.Entries {
		a.printf("  %-11s %s; first opens %d numbers: %s\n", e.Name, e.About.Title, e.Numbers, e.Opens)
	}
	a.showBudget(p)
	a.printf("  each site decides for itself; nothing else leaves a site than these sums\n")
}
