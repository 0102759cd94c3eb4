package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/study"
)

// askSites asks the sites of a planned study what they would say to it, and prints what
// they answered. Its error says that too few of them would take part.
func (a *app) askSites(ctx context.Context, r *researcher.Researcher, p *plan.Plan, signed *study.Signed, wait time.Duration) error {
	a.printf("asking %s; nothing is submitted\n", strings.Join(p.Sites, ", "))
	answers, err := r.Inquire(ctx, p, signed, wait, nil)
	if err != nil {
		return err
	}
	a.showAnswers(p, answers, wait)
	return tooFew(p, answers)
}

// showAnswers prints one line for each site, and why under those that would not run
// the study at once.
func (a *app) showAnswers(p *plan.Plan, answers map[string]engine.Answer, wait time.Duration) {
	width := len("site")
	for _, s := range p.Sites {
		width = max(width, len(s))
	}
	line := func(site, would, dataset, cost, left string) {
		a.printf("  %s\n", strings.TrimRight(fmt.Sprintf("%-*s  %-15s %-10s %-12s %s", width, site, would, dataset, cost, left), " "))
	}
	line("site", "would", "dataset", "cost", "budget left")
	for _, s := range p.Sites {
		x, ok := answers[s]
		if !ok {
			line(s, "(no answer)", "", "", "")
			continue
		}
		known := "known"
		if !x.Dataset {
			known = "not there"
		}
		line(s, would(x), known, cost(x), budgetLeft(x))
		for _, why := range x.Reasons {
			if x.Verdict != law.Permit || !x.Dataset {
				a.printf("  %-*s  %s: %s\n", width, "", why.Rule, why.Text)
			}
		}
		for _, q := range x.Quality {
			a.printf("  %-*s  %s\n", width, "", qualityLine(q))
		}
	}
	if missing := len(p.Sites) - len(answers); missing > 0 {
		a.printf("  %d of %d sites did not answer within %s: they may be down, or of an earlier version\n", missing, len(p.Sites), wait)
	}
	a.printf("  an answer binds nobody: rules, budgets and data may change before the study is submitted\n")
}

// qualityLine is what a site publishes of a dataset's quality, in a line.
func qualityLine(q quality.Public) string {
	if q.People == nil {
		return q.Dataset + ": too few patients for anything to be told of the data"
	}
	text := fmt.Sprintf("%s: about %d patients", q.Dataset, *q.People)
	if q.Score != nil {
		text += fmt.Sprintf(", quality %.2f", *q.Score)
	}
	for _, v := range q.Variables {
		if v.Completeness == nil {
			text += fmt.Sprintf("; %s: not told", v.Name)
			continue
		}
		text += fmt.Sprintf("; %s %.0f%% of them", v.Name, 100**v.Completeness)
		if len(v.Findings) > 0 {
			text += " (" + strings.Join(v.Findings, ", ") + ")"
		}
	}
	return text
}

// would is what a site would do with the study.
func would(x engine.Answer) string {
	switch {
	case x.Verdict == law.Refuse:
		return "refuse"
	case !x.Dataset:
		return "not be able to"
	case x.Verdict == law.Ask:
		return "ask a steward"
	}
	return "run"
}

// cost is what a site would book.
func cost(x engine.Answer) string {
	switch {
	case x.Repeat:
		return "paid before"
	case x.Rho > 0:
		return fmt.Sprintf("rho %.4g", x.Rho)
	}
	return "none"
}

func budgetLeft(x engine.Answer) string {
	if x.Left == nil {
		return ""
	}
	return fmt.Sprintf("rho %.4g", *x.Left)
}

// tooFew says that with those who refuse or lack the data the study cannot reach its
// minimum; who did not answer might take part.
func tooFew(p *plan.Plan, answers map[string]engine.Answer) error {
	var out []string
	for _, s := range p.Sites {
		if x, ok := answers[s]; ok && (x.Verdict == law.Refuse || !x.Dataset) {
			out = append(out, s)
		}
	}
	if most := len(p.Sites) - len(out); most < p.Minimum {
		return coded{errorf("the study asks for at least %d sites, and at most %d would take part (not %s)", p.Minimum, most, strings.Join(out, ", ")), exitRefused}
	}
	return nil
}
