package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/manifest"
)

func policyCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "The rules of a site: which studies run, which a steward decides, which are refused, and who may do what",
		Example: "  hmsp policy show --home north\n  hmsp policy check my.cedar\n  hmsp policy test study.yaml --home north --policy my.cedar\n  hmsp policy set my.cedar --home north"}
	c.AddCommand(policyShow(a), policyCheck(a), policyTest(a), policySet(a), policySchema(a))
	return c
}

func policyShow(a *app) *cobra.Command {
	var home string
	var text, byDefault bool
	c := &cobra.Command{Use: "show", Short: "Show the policy in force: its rules, what it says to usual studies, and who may do what",
		Example: "  hmsp policy show --home north\n  hmsp policy show --default > my.cedar",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if byDefault {
				_, err := a.out.Write(policy.Default())
				return err
			}
			m, err := siteHome(home, policy.Read)
			if err != nil {
				return err
			}
			if text {
				b, err := member.PolicyText(home)
				if err != nil {
					return input(err)
				}
				_, err = a.out.Write(b)
				return err
			}
			p, err := member.ReadPolicy(home)
			if err != nil {
				return input(err)
			}
			a.printf("policy of %s, digest %.12s\n", m.Identity.Name(), p.Digest())
			for _, r := range p.Rules() {
				a.printf("  %-26s %s\n", r.Rule, r.Text)
			}
			a.showVerdicts(p, m.Config.Decide)
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&text, "text", false, "print the file as it is")
	c.Flags().BoolVar(&byDefault, "default", false, "print the policy that a new site has, to begin one's own with")
	c.MarkFlagsMutuallyExclusive("text", "default")
	return c
}

func policyCheck(a *app) *cobra.Command {
	var decide string
	c := &cobra.Command{Use: "check FILE", Short: "Check a policy, and show what it would say to usual studies; nothing is changed",
		Example: "  hmsp policy check my.cedar",
		Args:    exactArgs("a policy file"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			a.printf("%s is a policy of %d rules\n", args[0], len(p.Rules()))
			a.showVerdicts(p, decide)
			return nil
		}}
	c.Flags().StringVar(&decide, "decide", "ask", "the setting in member.yaml to show verdicts for: ask, approve, refuse")
	return c
}

func policySet(a *app) *cobra.Command {
	var home string
	var byDefault bool
	c := &cobra.Command{Use: "set [FILE]", Short: "Put a policy in force, also at a site that runs; nothing is changed if anything is wrong with it",
		Example: "  hmsp policy set my.cedar --home north\n  hmsp policy set --default --home north",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if byDefault == (len(args) == 1) {
				return inputf("hmsp policy set takes a policy file, or --default")
			}
			m, err := member.Open(home)
			if err != nil {
				return input(err)
			}
			if m.Identity.Role() != identity.Site {
				return inputf("%s belongs to the %s %s: only sites have a policy", home, m.Identity.Role(), m.Identity.Name())
			}
			return a.setPolicy(m, args)
		}}
	homeFlag(c, &home)
	c.Flags().BoolVar(&byDefault, "default", false, "the policy that a new site has")
	return c
}

// setPolicy puts the file, or without one the default, in force.
func (a *app) setPolicy(m *member.Member, file []string) error {
	who := member.Account(m.Home)
	if err := notAllowed(member.MayReplacePolicy(m.Home, who)); err != nil {
		return err
	}
	path, text := "the default policy", policy.Default()
	if len(file) == 1 {
		var err error
		path = file[0]
		if text, err = manifest.ReadFile(path, "policy"); err != nil {
			return input(err)
		}
	}
	facts := map[string]string{}
	if before, err := member.ReadPolicy(m.Home); err == nil {
		facts["from"] = before.Digest()
	}
	if err := member.SetPolicy(m.Home, who, path, text); err != nil {
		return input(err)
	}
	now, err := member.ReadPolicy(m.Home)
	if err != nil {
		return err
	}
	facts["to"] = now.Digest()
	a.printf("%s: %s is in force, digest %.12s; studies that run go on\n", m.Identity.Name(), path, now.Digest())
	return site.Note(m, a.now, audit.Entry{Kind: audit.PolicyChanged, Who: audit.FormatWho(who), Facts: facts})
}

func policySchema(a *app) *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "Print what a rule can speak of, as a Cedar schema", Example: "  hmsp policy schema", Args: noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			_, err := a.out.Write(policy.Schema())
			return err
		}}
}

// readPolicy reads and checks a policy file.
func readPolicy(path string) (*policy.Policy, error) {
	text, err := manifest.ReadFile(path, "policy")
	if err != nil {
		return nil, input(err)
	}
	p, err := policy.Parse(path, text)
	return p, input(err)
}

// showVerdicts prints what a policy says to usual studies, and who may do what.
func (a *app) showVerdicts(p *policy.Policy, decide string) {
	a.printf("studies, with `decide: %s` in member.yaml\n", decide)
	for _, u := range usualStudies(decide) {
		a.printf("  %-34s %s\n", u.name, p.Study(u.request))
	}
	a.printf("accounts, by role\n")
	for _, role := range policy.Roles() {
		var may []string
		for _, action := range policy.Actions() {
			if p.Command("anybody", []string{role}, action).Allowed() {
				may = append(may, action)
			}
		}
		if len(may) == 0 {
			may = []string{"nothing"}
		}
		a.printf("  %-14s %s\n", role, strings.Join(may, ", "))
	}
}

// A usualStudy is a request that shows what a policy does.
type usualStudy struct {
	name    string
	request policy.Request
}

func usualStudies(decide string) []usualStudy {
	exact := policy.Request{Researcher: "a-researcher", Role: "researcher", Dataset: "a-dataset", Purpose: "research", LegalBasis: "GDPR Art. 9(2)(j)", Question: "Who lives longer?",
		Analyses: []string{"describe"}, Variables: []string{"age"}, Sites: 6, Decide: decide}
	private := func(epsilon, left float64) policy.Request {
		r := exact
		r.Private, r.Epsilon, r.Delta, r.Rho, r.Left = true, epsilon, 1e-6, 0.02*epsilon*epsilon, &left
		return r
	}
	with := func(change func(*policy.Request)) policy.Request {
		r := exact
		change(&r)
		return r
	}
	return []usualStudy{
		{"exact, for research", exact},
		{"exact, for quality", with(func(r *policy.Request) { r.Purpose = "quality" })},
		{"exact, for public health", with(func(r *policy.Request) { r.Purpose = "public-health" })},
		{"exact, for education", with(func(r *policy.Request) { r.Purpose = "education" })},
		{"exact, of three sites", with(func(r *policy.Request) { r.Sites = 3 })},
		{"exact, of somebody else", with(func(r *policy.Request) { r.Role = "" })},
		{"private, epsilon 1", private(1, 10)},
		{"private, epsilon 10", private(10, 10)},
		{"private, with the budget exhausted", private(1, 0)},
	}
}
