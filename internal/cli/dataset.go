package cli

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/quality"
)

func datasetCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "dataset", Short: "What a site's data are and how they map to the dictionary",
		Example: "  hmsp dataset add lung.csv --name lung --home north\n  hmsp dataset show lung --home north"}
	c.AddCommand(datasetAdd(a), datasetList(a), datasetShow(a), datasetLink(a), datasetRemove(a))
	return c
}

// siteHome opens the home of a site for an action of its policy (policy.Read,
// policy.Decide, policy.Configure, policy.Serve), if this account may do it.
func siteHome(home, action string) (*member.Member, error) {
	m, err := member.Open(home)
	if err != nil {
		return nil, input(err)
	}
	if m.Identity.Role() != identity.Site {
		return nil, inputf("%s belongs to the %s %s, not to a site: name the site's folder with --home", home, m.Identity.Role(), m.Identity.Name())
	}
	return m, allowed(home, action)
}

// allowed says whether this account may do what an action of the policy names at
// the site with this home.
func allowed(home, action string) error {
	return notAllowed(member.Allowed(home, member.Account(home), action))
}

// notAllowed gives an error of the policy its exit code.
func notAllowed(err error) error {
	if f := (*member.Forbidden)(nil); errors.As(err, &f) {
		return coded{err, exitRefused}
	}
	return input(err)
}

// registry opens the datasets of a site's home and the charter's dictionary.
func (a *app) registry(home, action string) (site.Registry, *member.Member, error) {
	m, err := siteHome(home, action)
	if err != nil {
		return site.Registry{}, nil, err
	}
	if err := m.Joined(); err != nil {
		return site.Registry{}, nil, input(err)
	}
	return site.Registry{Home: home, Loader: dataset.Loader{Formats: a.catalog.Formats, MaxRows: m.Charter.Rules.MaxRows}}, m, nil
}

func datasetList(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "list", Short: "List the registered datasets", Example: "  hmsp dataset list --home north", Args: noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if _, err := siteHome(home, policy.Read); err != nil {
				return err
			}
			r := site.Registry{Home: home}
			names, err := r.List()
			if err != nil {
				return err
			}
			for _, n := range names {
				d, err := r.Get(n)
				if err != nil {
					return input(err)
				}
				a.printf("%-20s %s\n", n, d.Path)
			}
			if len(names) == 0 {
				a.printf("no dataset is registered in %s\n", home)
			}
			return nil
		}}
	homeFlag(c, &home)
	return c
}

func datasetShow(a *app) *cobra.Command {
	var home string
	var asJSON, published bool
	var figure string
	c := &cobra.Command{Use: "show NAME", Short: "Show what a dataset was when it was registered, and whether it still is", Example: "  hmsp dataset show lung --home north", Args: exactArgs("a name"),
		RunE: func(c *cobra.Command, args []string) error {
			r, m, err := a.registry(home, policy.Read)
			if err != nil {
				return err
			}
			k, err := r.Open(c.Context(), args[0], m.Charter.Dictionary)
			if err != nil {
				return input(err)
			}
			defer k.Close()
			q, err := r.Quality(args[0])
			if err != nil {
				return input(err)
			}
			if asJSON {
				e := json.NewEncoder(a.out)
				e.SetIndent("", "  ")
				return e.Encode(struct {
					Mapping dataset.Profile `json:"mapping"`
					Quality quality.Profile `json:"quality"`
				}{k.Profile, q})
			}
			a.printf("%s\n%s", k.Profile.String(), q.String())
			if published {
				a.printf("\npublished to other members:\n%s", quality.Published(q, m.Charter.Rules.DisclosureRules()).String())
			}
			if figure == "" {
				return nil
			}
			return input(atomicfile.Write(figure, plot.SVG(q.Figure(), plot.Options{}), 0o644))
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&published, "published", false, "also show what other members are told of it")
	c.Flags().StringVar(&figure, "figure", "", "file for a figure of the completeness, as SVG")
	return c
}

// datasetLink shows what a study that links datasets would find.
func datasetLink(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "link NAME NAME...", Short: "Show how many patients several datasets have in common", Example: "  hmsp dataset link clinic genome --home north", Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			r, m, err := a.registry(home, policy.Read)
			if err != nil {
				return err
			}
			var kept []*dataset.Kept
			for _, name := range args {
				k, err := r.Open(c.Context(), name, m.Charter.Dictionary)
				if err != nil {
					return input(err)
				}
				defer k.Close()
				kept = append(kept, k)
			}
			shares, err := dataset.Overlap(c.Context(), kept)
			if err != nil {
				return input(err)
			}
			for _, s := range shares {
				a.printf("%8d  %s\n", s.Patients, strings.Join(s.Datasets, " and "))
			}
			exchanged, err := dataset.Exchanged(c.Context(), kept)
			if err != nil {
				return input(err)
			}
			for _, d := range exchanged {
				if d.Differ > 0 {
					a.printf("%s is not the same in %s and %s for %d of %d patients: samples may have been exchanged, or rows joined to the wrong patient\n", d.Variable, d.Datasets[0], d.Datasets[1], d.Differ, d.Patients)
				}
			}
			limits, err := ledger.ReadLimits(home)
			if err != nil {
				return input(err)
			}
			for _, name := range args[1:] {
				if limits.Account(name) != limits.Account(args[0]) {
					a.printf("a study can link %s to %s once they spend together: in %s, datasets: {%s: {with: %s}}\n", name, args[0], ledger.File, name, args[0])
				}
			}
			return nil
		}}
	homeFlag(c, &home)
	return c
}

func datasetRemove(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "remove NAME", Short: "Forget a registration; the data stay where they are", Example: "  hmsp dataset remove lung --home north", Args: exactArgs("a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := siteHome(home, policy.Configure)
			if err != nil {
				return err
			}
			if err := (site.Registry{Home: home}).Remove(cmd.Context(), args[0]); err != nil {
				return input(err)
			}
			a.printf("removed %s; the data were left alone\n", args[0])
			return site.Note(m, a.now, audit.Entry{Kind: audit.DatasetRegistered, Who: audit.FormatWho(member.Account(home)), Facts: map[string]string{"dataset": args[0], "change": "removed"}})
		}}
	homeFlag(c, &home)
	return c
}
