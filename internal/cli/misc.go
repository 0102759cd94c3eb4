package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/hub"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// receiptCommand verifies the evidence of a result without a network.
func receiptCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "receipt", Short: "The evidence of a result",
		Example: "  hmsp receipt verify result/receipt.json --charter charter.yaml"}
	var path string
	v := &cobra.Command{Use: "verify RECEIPT", Short: "Check offline that every contributor signed a receipt",
		Example: "  hmsp receipt verify result/receipt.json --charter charter.yaml",
		Args:    exactArgs("a receipt"),
		RunE: func(_ *cobra.Command, args []string) error {
			ch, err := charter.Read(path)
			if err != nil {
				return input(err)
			}
			if err := ch.Verify(); err != nil {
				return coded{err, exitRefused}
			}
			data, err := os.ReadFile(args[0])
			if err != nil {
				return input(err)
			}
			r, err := receipt.Parse(data)
			if err != nil {
				return input(fmt.Errorf("%s: %w", args[0], err))
			}
			if err := researcher.VerifyReceipt(ch, r); err != nil {
				return coded{fmt.Errorf("%s: %w", args[0], err), exitRefused}
			}
			a.printf("good: the receipt of %s is signed by %d contributors of %s\n", r.Study.Name, len(r.Contributors), ch.Name)
			a.showEvidence(r)
			return nil
		}}
	v.Flags().StringVar(&path, "charter", "", "the charter under which the study ran")
	_ = v.MarkFlagRequired("charter")
	c.AddCommand(v)
	return c
}

// showEvidence says what the signatures stand under.
func (a *app) showEvidence(r receipt.Receipt) {
	for _, m := range r.Absent {
		a.printf("  without %s: %s\n", m.Site, m.Reason)
	}
	if p := r.Privacy; p != nil {
		a.printf("  privacy: epsilon %v at delta %v per %s was allowed; computed again from the noise of %d honest contributors:\n", p.Epsilon, p.Delta, p.Unit, p.Honest)
		for _, s := range p.Spent {
			a.printf("    %-6s epsilon %v at delta %v\n", s.Accountant, s.Epsilon, s.Delta)
		}
		a.printf("    each site's ledger books rho %v\n", p.Rho)
	} else {
		a.printf("  exact figures: no noise\n")
	}
	for _, d := range r.Disclosure {
		a.printf("  disclosure rule %s on %s %s: %s (%d not shown)\n", d.Rule, d.Analysis, d.Table, d.Text, d.Suppressed)
	}
	for _, l := range r.Logs {
		if c, err := audit.ParseCheckpoint([]byte(l.Checkpoint)); err == nil {
			a.printf("  audit log of %s: %d entries, signed\n", l.Member, c.Size)
		}
	}
}

// schemaCommand prints the published JSON Schemas.
func schemaCommand(a *app) *cobra.Command {
	all := schemas()
	return &cobra.Command{Use: "schema [NAME]", Short: "Print the JSON Schema of a file that people write: charter, dictionary, study, dataset, member, card, hub, budget, roles",
		Example:   "  hmsp schema study",
		ValidArgs: []string{"charter", "dictionary", "study", "dataset", "member", "card", "hub", "budget", "roles"},
		Args:      exactArgs("a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, ok := all[args[0]]
			if !ok {
				return inputf("no schema %q: charter, dictionary, study, dataset, member, card, hub, budget or roles", args[0])
			}
			_, err := a.out.Write(append(s, '\n'))
			return err
		}}
}

func schemas() map[string][]byte {
	return map[string][]byte{"charter": charter.JSONSchema(), "dictionary": charter.DictionarySchema(), "study": study.JSONSchema(),
		"dataset": dataset.JSONSchema(), "member": member.JSONSchema(), "card": member.CardJSONSchema(), "hub": hub.JSONSchema(), "budget": ledger.JSONSchema(), "roles": member.RolesJSONSchema()}
}

func versionCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "version", Short: "Print the version and what this build can do", Example: "  hmsp version", Args: noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			v := "development"
			if i, ok := debug.ReadBuildInfo(); ok && i.Main.Version != "" {
				v = i.Main.Version
			}
			var names []string
			for _, an := range a.catalog.Analyses {
				names = append(names, an.About().Name+" "+an.About().Version)
			}
			if asJSON {
				return json.NewEncoder(a.out).Encode(map[string]any{"version": v, "analyses": names})
			}
			a.printf("hmsp %s\n", v)
			for _, n := range names {
				a.printf("  analysis %s\n", n)
			}
			for _, f := range a.catalog.Formats {
				a.printf("  format   %s\n", f.Name())
			}
			return nil
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// terminalWidth is the number of columns to print for.
func terminalWidth(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		return n
	}
	if isTerminal(w) {
		return 80
	}
	return 100
}
