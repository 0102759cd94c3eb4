package cli

import (
	"github.com/spf13/cobra"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
)

func policyTest(a *app) *cobra.Command {
	var home, path, researcher string
	var left float64
	c := &cobra.Command{Use: "test STUDY", Short: "Say what this site's policy, or another, would say to a study file; nothing is asked or changed",
		Example: "  hmsp policy test study.yaml --home north\n  hmsp policy test study.yaml --home north --policy my.cedar --researcher ruth --left 0.1",
		Args:    exactArgs("a study file"),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := siteHome(home, policy.Read)
			if err != nil {
				return err
			}
			if err := m.Joined(); err != nil {
				return input(err)
			}
			rules, err := policyOr(path, home)
			if err != nil {
				return err
			}
			s, err := study.Read(args[0])
			if err != nil {
				return input(err)
			}
			p, err := a.supposed(m, s, researcher)
			if err != nil {
				return err
			}
			r := site.Request(p, string(identity.Researcher), m.Config.Decide)
			if c.Flags().Changed("left") {
				r.Left = &left
			}
			a.printVerdict(rules.Study(r))
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&path, "policy", "", "a policy file instead of the one in force")
	c.Flags().StringVar(&researcher, "researcher", "a-researcher", "the researcher of the charter who would ask")
	c.Flags().Float64Var(&left, "left", 0, "rho that would be left of the dataset's budget (default: not told to the policy)")
	return c
}

// policyOr reads a policy file, or without one the policy in force.
func policyOr(path, home string) (*policy.Policy, error) {
	if path != "" {
		return readPolicy(path)
	}
	p, err := member.ReadPolicy(home)
	return p, input(err)
}

// supposed plans a study as if that researcher had submitted it.
func (a *app) supposed(m *member.Member, s *study.Study, researcher string) (*plan.Plan, error) {
	id, err := identity.Generate(researcher, identity.Researcher, nil)
	if err != nil {
		return nil, input(err)
	}
	signed, err := study.Submit(s, m.Charter.Digest(), id, a.now(), nil)
	if err != nil {
		return nil, input(err)
	}
	p, problems := plan.New(m.Charter, signed, a.catalog)
	if len(problems) > 0 {
		return nil, explain(s, problems)
	}
	return p, nil
}

func (a *app) printVerdict(d law.Decision) {
	a.printf("%s\n", verdictWords(d.Verdict))
	for _, r := range d.Reasons {
		a.printf("  %s: %s\n", r.Rule, r.Text)
	}
}

// verdictWords is a verdict as people read it.
func verdictWords(v law.Verdict) string {
	switch v {
	case law.Permit:
		return "runs"
	case law.Ask:
		return "asks a steward"
	}
	return "refuses"
}
