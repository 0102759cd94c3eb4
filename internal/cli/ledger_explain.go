package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
)

func ledgerExplain(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "explain STUDY", Short: "Say in words what a study did to privacy at this site: its noise, its price, and what that means",
		Long: `STUDY is the study's name, or the beginning of its digest. Every figure is an
upper bound of what whoever sees the results can learn of one patient.`,
		Example: "  hmsp ledger explain lung-survival --home north",
		Args:    exactArgs("a study"),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := a.readBook(home)
			if err != nil {
				return err
			}
			e, err := b.find(args[0])
			if err != nil {
				return err
			}
			return a.explain(b, e)
		}}
	homeFlag(c, &home)
	return c
}

// find is the newest entry of a study of that name, or whose digest begins so.
func (b *book) find(what string) (ledger.Entry, error) {
	for _, e := range b.Entries {
		if b.studies[e.Study] == what || len(what) >= 6 && strings.HasPrefix(e.Study, what) {
			return e, nil
		}
	}
	return ledger.Entry{}, inputf("the ledger of %s has no study %q: only studies with a privacy budget are in it; `hmsp ledger show` lists them", b.Site, what)
}

func (a *app) explain(b *book, e ledger.Entry) error {
	who := "everybody"
	if e.Predicate != "" {
		who = "the cohort " + e.Predicate
	}
	a.printf("study %s (%s), asked by %s for %s on %s\nof the dataset %s: %s\n\n", b.name(e.Study), e.Study[:min(len(e.Study), 12)], e.Researcher, e.Purpose, e.At.Format(day), e.Dataset, who)
	var all, left []dp.Event
	for i, r := range e.Rounds {
		a.explainRound(b, e, i, r)
		all = append(all, r.Events...)
		if r.Stage == stageSpent {
			left = append(left, r.Events...)
		}
	}
	a.printf("\n")
	if err := a.explainTotal(e, all, "all rounds together"); err != nil {
		return err
	}
	if len(left) < len(all) {
		if err := a.explainTotal(e, left, "of these, what has left"); err != nil {
			return err
		}
	}
	a.explainMeaning(e, left)
	a.explainPayment(b, e)
	return nil
}

// stageSpent is the stage of a round whose vector may have left.
const stageSpent = "spent"

func (a *app) explainRound(b *book, e ledger.Entry, i int, r ledger.Round) {
	fate := "never left; given back"
	switch r.Stage {
	case stageSpent:
		fate = "left on " + r.At.Format(day)
	case "reserved":
		fate = "reserved"
	}
	if r.Payer != "" && r.Payer != e.Study {
		fate += ", paid by " + b.name(r.Payer)
	}
	a.printf("round %d: rho %s, %s\n", i+1, rho(r.Rho), fate)
	for _, v := range r.Events {
		a.printf("  %s\n", inWords(v))
	}
}

// inWords says what an event is.
func inWords(e dp.Event) string {
	var s string
	times := fmt.Sprintf("%.4g times what one patient can change", e.Noise)
	switch e.Kind {
	case dp.Gaussian, dp.DiscreteGaussian, dp.SampledGaussian:
		s = "Gaussian noise with a standard deviation of " + times
	case dp.Laplace, dp.DiscreteLaplace, dp.SampledLaplace:
		s = "Laplace noise with a scale of " + times
	case dp.Tree:
		s = fmt.Sprintf("Gaussian noise on the partial sums of %d steps, with a standard deviation of %s", e.Steps, times)
	default:
		s = fmt.Sprintf("%s noise of %s", e.Kind, times)
	}
	if e.Kind == dp.DiscreteGaussian || e.Kind == dp.DiscreteLaplace {
		s = "discrete " + s + ", on whole numbers"
	}
	if e.Rate > 0 {
		s += fmt.Sprintf(", over a random %.3g %% of patients", 100*e.Rate)
	}
	if n := e.Times(); n > 1 {
		s = fmt.Sprintf("%d times: %s", n, s)
	}
	return s
}

// explainTotal prints rho, and epsilon by each accountant. A study of pure privacy
// states its epsilon at delta 0, which some accountants cannot.
func (a *app) explainTotal(e ledger.Entry, events []dp.Event, what string) error {
	total, err := account.RhoOf(events)
	if err != nil {
		return err
	}
	var by []string
	for _, x := range account.All() {
		epsilon, err := x.Epsilon(events, e.Delta)
		if err != nil {
			return fmt.Errorf("epsilon by %s: %w", x.Name(), err)
		}
		if math.IsInf(epsilon, 1) {
			by = append(by, x.Name()+" none")
			continue
		}
		by = append(by, fmt.Sprintf("%s %.4g", x.Name(), account.Ceil(epsilon)))
	}
	a.printf("%s: rho %s\n  epsilon at delta %.3g by accountant: %s\n", what, rho(total), e.Delta, strings.Join(by, ", "))
	return nil
}

// explainMeaning says what the closest epsilon of what left means to a patient.
func (a *app) explainMeaning(e ledger.Entry, left []dp.Event) {
	if len(left) == 0 {
		a.printf("\nNothing has left the site: nobody has learnt anything.\n")
		return
	}
	epsilon, err := account.PLD().Epsilon(left, e.Delta)
	if err != nil || math.IsInf(epsilon, 1) {
		return // said above
	}
	but := ""
	if e.Delta > 0 {
		but = fmt.Sprintf(", but for a chance of %.3g", e.Delta)
	}
	even := 100 / (1 + math.Exp(-epsilon))
	a.printf("\nWhat it means: to whoever sees the results, anything about one patient is at most %.3g\ntimes as likely, or as unlikely, as it would be had that patient not been in the data%s.\nWho was undecided, 50:50, is at most %.1f %% sure afterwards.\nWhat is true of patients in general is not hidden: that is what a study is for.\n", math.Exp(epsilon), but, even)
}

func (a *app) explainPayment(b *book, e ledger.Entry) {
	a.printf("\n")
	switch {
	case e.Sticky():
		a.printf("Sticky: the same question on the same data at the same sites was paid for by %s.\nIt gets the same noise and so the same answer, which tells nothing new and costs nothing.\n", b.name(e.Rounds[0].Payer))
	case e.Running:
		a.printf("The study runs: it holds rho %s. What it does not use comes back when it is over.\n", rho(e.Charged))
	default:
		a.printf("The study is over: rho %s stays spent for 365 days.\n", rho(e.Spent()))
	}
	switch {
	case e.Burnt:
		a.printf("Its noise is burnt: the same question would get other noise and be paid for anew.\n")
	case !e.Sticky():
		a.printf("The same question would get the same answer, for nothing.\n")
	}
	for i, r := range e.Rounds {
		if len(r.Contributors) > 0 {
			a.printf("round %d was opened as the sum of %s\n", i+1, strings.Join(r.Contributors, ", "))
		}
	}
}
