package cli

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/policy"
)

func siteCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "site", Short: "An organisation that holds data",
		Example: "  hmsp site init north --home north\n  hmsp site join --home north --charter charter.yaml\n  hmsp site serve --home north"}
	c.AddCommand(memberInit(a, identity.Site), memberJoin(a, identity.Site), siteServe(a), siteDoctor(a), sitePending(a), siteApprove(a), siteRefuse(a))
	return c
}

func researcherCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "researcher", Short: "Who asks: keys and charter of a researcher",
		Example: "  hmsp researcher init ruth --home ruth\n  hmsp researcher join --home ruth --charter charter.yaml"}
	c.AddCommand(memberInit(a, identity.Researcher), memberJoin(a, identity.Researcher))
	return c
}

// memberInit is `init` of a site or a researcher.
func memberInit(a *app, role identity.Role) *cobra.Command {
	var home, decide string
	c := &cobra.Command{Use: "init NAME", Short: "Make a home folder with fresh keys and a card",
		Example: "  hmsp " + string(role) + " init north --home north",
		Args:    exactArgs("a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			if home == "" {
				home = args[0]
			}
			if decide != "" && !slices.Contains([]string{"ask", "approve", "refuse"}, decide) {
				return inputf("--decide %q: want ask, approve or refuse", decide)
			}
			public, err := member.Init(home, args[0], role)
			if err != nil {
				return input(err)
			}
			if decide != "" {
				if err := member.SetDecide(home, decide); err != nil {
					return err
				}
			}
			path, err := member.NewCard(public).Write(home)
			if err != nil {
				return err
			}
			a.printf("%s %s in %s, card %s (%s)\nnext: give the card to whoever keeps the charter (`hmsp charter add`)\n", role, args[0], home, path, public.Fingerprint())
			return nil
		}}
	c.Flags().StringVar(&home, "home", "", "folder to make (default: the name)")
	if role == identity.Site {
		c.Flags().StringVar(&decide, "decide", "", "what to do with a study that the charter permits: ask (default), approve, refuse")
	}
	return c
}

// memberJoin is `join` of a site or a researcher.
func memberJoin(a *app, role identity.Role) *cobra.Command {
	var home, path string
	var replace bool
	c := &cobra.Command{Use: "join", Short: "Join a charter that every site has signed; its digest is pinned",
		Example: "  hmsp " + string(role) + " join --home north --charter charter.yaml",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			m, err := member.Open(home)
			if err != nil {
				return input(err)
			}
			if m.Identity.Role() != role {
				return inputf("%s belongs to the %s %s: use `hmsp %s join`", home, m.Identity.Role(), m.Identity.Name(), m.Identity.Role())
			}
			if role == identity.Site {
				if err := allowed(home, policy.Configure); err != nil {
					return err
				}
			}
			if err := m.Join(path, replace); err != nil {
				return coded{err, exitRefused}
			}
			a.printf("%s joined %s, digest %s\n", m.Identity.Name(), m.Charter.Name, m.Charter.Digest())
			if role != identity.Site {
				return nil
			}
			return site.Note(m, a.now, audit.Entry{Kind: audit.CharterJoined, Who: audit.FormatWho(member.Account(home)), Facts: map[string]string{"charter": m.Charter.Digest()}})
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&path, "charter", "", "the charter file")
	c.Flags().BoolVar(&replace, "replace", false, "the charter takes the place of the one joined before")
	_ = c.MarkFlagRequired("charter")
	return c
}

func siteServe(a *app) *cobra.Command {
	var home, memory string
	c := &cobra.Command{Use: "serve", Short: "Run the site until Ctrl-C",
		Example: "  hmsp site serve --home north",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			limit, err := parseBytes(memory)
			if err != nil {
				return inputf("--memory %q: %v", memory, err)
			}
			m, err := siteHome(home, policy.Serve)
			if err != nil {
				return err
			}
			if err := m.Joined(); err != nil {
				return input(err)
			}
			log := a.logger("site", m.Identity.Name())
			s, err := site.New(site.Config{Home: home, Catalog: a.catalog, Now: a.now, Log: log, Memory: limit})
			if err != nil {
				return err
			}
			debug.SetMemoryLimit(limit / 2) // the other half is the embedded database's
			log.Info("serving", "charter", m.Charter.Digest(), "hub", m.Charter.Hub.URL)
			return s.Serve(c.Context())
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&memory, "memory", "4GiB", "memory that the site may use; mapped data, which the system takes back when it needs room, does not count")
	a.untilEOF(c)
	return c
}

func siteDoctor(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "doctor", Short: "Check what a site needs: keys, charter, proxy, certificate, clock, disk, hub, data",
		Example: "  hmsp site doctor --home north",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			bad := 0
			for _, f := range site.Doctor(c.Context(), home, a.catalog, a.now) {
				mark := "ok  "
				if f.Problem != "" {
					mark = "FAIL"
					bad++
				}
				a.printf("%s  %-12s %s\n", mark, f.Name, f.Found)
				if f.Problem != "" {
					a.printf("      problem: %s\n      mend:    %s\n", f.Problem, f.Mend)
				}
			}
			if bad > 0 {
				return coded{errorf("%d of the checks failed", bad), exitFailed}
			}
			return nil
		}}
	homeFlag(c, &home)
	return c
}

func sitePending(a *app) *cobra.Command {
	var home string
	var all bool
	c := &cobra.Command{Use: "pending", Short: "List the studies that wait for this site's decision",
		Example: "  hmsp site pending --home north",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if _, err := siteHome(home, policy.Read); err != nil {
				return err
			}
			records, order, err := site.Studies(home)
			if err != nil {
				return err
			}
			n := 0
			for _, d := range order {
				r := records[d]
				if r.State != "pending" && !all {
					continue
				}
				n++
				s := r.Study.Study
				a.printf("%s  %s  %s\n  from %s, %s, %s\n  %s\n  dataset %s", d[:12], r.State, s.Name, r.Study.Researcher, s.Purpose, s.LegalBasis, s.Question, s.Dataset)
				if s.Cohort != "" {
					a.printf(", cohort %s", s.Cohort)
				}
				a.printf("\n")
				a.showData(s)
				for _, e := range s.Analyses {
					a.printf("  %s: %s %s\n", e.Name, e.Analysis, params(e.Params))
				}
				if r.Reason != "" {
					a.printf("  %s\n", r.Reason)
				}
			}
			if n == 0 {
				a.printf("no study waits\n")
			}
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&all, "all", false, "list every study this site was asked")
	return c
}

func siteApprove(a *app) *cobra.Command { return siteDecide(a, "approve", true) }
func siteRefuse(a *app) *cobra.Command  { return siteDecide(a, "refuse", false) }

func siteDecide(a *app, verb string, approve bool) *cobra.Command {
	var home, reason string
	c := &cobra.Command{Use: verb + " STUDY", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a pending study, by name or the beginning of its digest",
		Example: "  hmsp site " + verb + " lung-survival --home north",
		Args:    exactArgs("a study"),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := siteHome(home, policy.Decide); err != nil {
				return err
			}
			digest, err := site.Decide(home, args[0], site.Decision{Approve: approve, By: member.Account(home), Reason: reason, At: a.now()})
			if err != nil {
				return input(err)
			}
			a.printf("%s: %s; the site carries it out while it runs\n", digest[:12], verb)
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&reason, "reason", "", "why; told to the researcher, so write no data")
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
