package cli

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/policy"
)

func datasetCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "dataset", Short: "What a site's data are and how they map to the dictionary",
		Example: "  hmsp dataset add lung.csv --name lung --home north\n  hmsp dataset show lung --home north"}
	c.AddCommand(datasetAdd(a), datasetList(a), datasetShow(a), datasetRemove(a))
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

func datasetAdd(a *app) *cobra.Command {
	var home, name, patient string
	var replace bool
	c := &cobra.Command{Use: "add FILE", Short: "Register a data file (CSV, Parquet) or a mapping (hmsp: dataset/v1)",
		Example: "  hmsp dataset add lung.csv --name lung --home north\n  hmsp dataset add lung-mapping.yaml --home north",
		Args:    exactArgs("a file"),
		RunE: func(c *cobra.Command, args []string) error {
			r, m, err := a.registry(home, policy.Configure)
			if err != nil {
				return err
			}
			var d dataset.Dataset
			if ext := filepath.Ext(args[0]); ext == ".yaml" || ext == ".yml" {
				if d, err = dataset.ReadFile(args[0]); err != nil {
					return input(err)
				}
			} else {
				if name == "" {
					name = strings.ToLower(strings.SplitN(filepath.Base(args[0]), ".", 2)[0])
				}
				d = dataset.File(name, args[0])
				d.Patient = patient
			}
			p, err := r.Add(c.Context(), d, m.Charter.Dictionary, replace)
			if err != nil {
				return input(err)
			}
			a.printf("%s", p.String())
			if len(p.Absent) > 0 {
				a.printf("  not in the file: %s\n", strings.Join(p.Absent, ", "))
			}
			a.printf("registered %s for studies over %q\n", d.Path, d.Name)
			change := "added"
			if replace {
				change = "replaced"
			}
			return site.Note(m, a.now, audit.Entry{Kind: audit.DatasetRegistered, Who: audit.FormatWho(member.Account(home)), Facts: map[string]string{"dataset": d.Name, "change": change}})
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&name, "name", "", "name that studies use (default: the file's name)")
	c.Flags().StringVar(&patient, "patient", "", "column that names the patient (default: one row a patient)")
	c.Flags().BoolVar(&replace, "replace", false, "take the place of a registration of that name")
	return c
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
	var asJSON bool
	c := &cobra.Command{Use: "show NAME", Short: "Read a dataset again and show its quality profile and problems", Example: "  hmsp dataset show lung --home north", Args: exactArgs("a name"),
		RunE: func(c *cobra.Command, args []string) error {
			r, m, err := a.registry(home, policy.Read)
			if err != nil {
				return err
			}
			d, err := r.Get(args[0])
			if err != nil {
				return input(err)
			}
			p, err := r.Loader.Check(c.Context(), d, m.Charter.Dictionary)
			if err != nil {
				return input(err)
			}
			if asJSON {
				e := json.NewEncoder(a.out)
				e.SetIndent("", "  ")
				return e.Encode(p)
			}
			a.printf("%s", p.String())
			return input(p.Fits(d))
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func datasetRemove(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "remove NAME", Short: "Forget a registration; the data stay where they are", Example: "  hmsp dataset remove lung --home north", Args: exactArgs("a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := siteHome(home, policy.Configure)
			if err != nil {
				return err
			}
			if err := (site.Registry{Home: home}).Remove(args[0]); err != nil {
				return input(err)
			}
			a.printf("removed %s; the data were left alone\n", args[0])
			return site.Note(m, a.now, audit.Entry{Kind: audit.DatasetRegistered, Who: audit.FormatWho(member.Account(home)), Facts: map[string]string{"dataset": args[0], "change": "removed"}})
		}}
	homeFlag(c, &home)
	return c
}
