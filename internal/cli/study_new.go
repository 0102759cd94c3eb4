package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

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
