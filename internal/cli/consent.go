package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/spelling"
)

func consentCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "consent", Short: "What patients consented to, and proof that it was obeyed",
		Example: "  hmsp consent show lung --home north\n  hmsp consent prove - --dataset lung --home north --out proof.json\n  hmsp consent verify proof.json --charter charter.yaml"}
	c.AddCommand(consentShow(a), consentProve(a), consentVerify(a))
	return c
}

func consentShow(a *app) *cobra.Command {
	var home, purpose, on string
	var asJSON bool
	c := &cobra.Command{Use: "show DATASET", Short: "Count how many patients permit a purpose, refuse it or say nothing of it",
		Long: `Read the consents of a dataset's patients as a study's cohort would, and count what
they say. The counts are exact, and so for the site alone; no patient is named.`,
		Example: "  hmsp consent show lung --home north\n  hmsp consent show lung --home north --purpose quality --day 2026-11-24",
		Args:    exactArgs("a dataset"),
		RunE: func(c *cobra.Command, args []string) error {
			when := a.now()
			if on != "" {
				d, err := time.Parse(day, on)
				if err != nil {
					return inputf("--day %q: write the day as 2024-01-31", on)
				}
				when = d
			}
			if !slices.Contains(consent.Purposes(), purpose) {
				return inputf("--purpose %q: want one of %s%s", purpose, strings.Join(consent.Purposes(), ", "), spelling.Suggest(purpose, consent.Purposes()))
			}
			r, _, err := a.registry(home, policy.Read)
			if err != nil {
				return err
			}
			v, err := r.Consenting(c.Context(), args[0], purpose, when)
			if err != nil {
				return input(err)
			}
			if asJSON {
				e := json.NewEncoder(a.out)
				e.SetIndent("", "  ")
				return e.Encode(v)
			}
			a.showConsent(v)
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&purpose, "purpose", "research", "purpose of the studies: "+strings.Join(consent.Purposes(), ", "))
	c.Flags().StringVar(&on, "day", "", "day that is asked about, as 2024-01-31 (default: today)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) showConsent(v site.Consenting) {
	a.printf("%s of the patients of %s on %s\n", v.Purpose, v.Dataset, v.Day)
	a.printf("read at each cohort from %s, by the rules of %s (digest %.12s)\n\n", v.Source, v.Date, v.Rules)
	rows := [][]string{{"", "in the data", "in the consents"}}
	add := func(name string, of func(consent.Summary) int) {
		data := fmt.Sprint(of(v.Data))
		if v.InPlace {
			data = "-"
		}
		rows = append(rows, []string{name, data, fmt.Sprint(of(v.Known))})
	}
	add("people", func(s consent.Summary) int { return s.People })
	add("permit", func(s consent.Summary) int { return s.Permitted })
	add("deny", func(s consent.Summary) int { return s.Denied })
	add("  withdrawn", func(s consent.Summary) int { return s.Withdrawn })
	add("  refused", func(s consent.Summary) int { return s.Refused })
	add("  not-given", func(s consent.Summary) int { return s.NotGiven })
	add("silent", func(s consent.Summary) int { return s.Silent })
	add("  expired", func(s consent.Summary) int { return s.Expired })
	add("  not-yet", func(s consent.Summary) int { return s.NotYet })
	add("  other", func(s consent.Summary) int { return s.Other })
	add("  unknown", func(s consent.Summary) int { return s.Unknown })
	a.columns(rows)
	a.printf("\n%s\n", permitting(v))
}

// permitting says in a line how many of a dataset's people a study may see.
func permitting(v site.Consenting) string {
	if v.InPlace {
		return fmt.Sprintf("%d people in the consents permit %s on %s; who of them is in the database is found at each cohort", v.Known.Permitted, v.Purpose, v.Day)
	}
	text := fmt.Sprintf("%d of %d people in the data permit %s on %s; studies see nobody else", v.Data.Permitted, v.Data.People, v.Purpose, v.Day)
	if v.Data.People > 0 && v.Data.Unknown == v.Data.People {
		text += "\nnote: the consents know nobody in the data: are patients named in both in the same way?"
	}
	return text
}

// tellConsent says after a registration how many of the dataset's people permit
// research today; nothing where they are not asked.
func (a *app) tellConsent(c *cobra.Command, r site.Registry, name string) error {
	v, err := r.Consenting(c.Context(), name, "research", a.now())
	if errors.Is(err, site.ErrNoConsent) {
		return nil
	}
	if err != nil {
		return input(err)
	}
	a.printf("%s\n", permitting(v))
	return nil
}
