package cli

import (
	"os/exec"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/bench"
)

// benchCommand measures on the machine at hand what docs/performance.md shows.
func benchCommand(a *app) *cobra.Command {
	var c bench.Config
	cmd := &cobra.Command{Use: "bench", Short: "Measure on this machine what sums, a regression and a study cost",
		Long: `Measure four things on this machine, all parties in this process: a secure sum of
a million values over six sites beside plain addition; a logistic regression of
100,000 rows and 20 covariates over six sites, beside R's glm on the pooled table
where Rscript is installed; the demonstration's study, by phase; and what privacy
costs: accounting, noise, ledger, and a private study beside an exact one. It takes
about a minute and needs no network.`,
		Example: "  hmsp bench",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, n := range map[string]int{"values": c.Values, "rows": c.Rows, "columns": c.Columns, "repeats": c.Repeats} {
				if n < 1 {
					return inputf("--%s %d: want at least 1", name, n)
				}
			}
			if path, err := exec.LookPath("Rscript"); err == nil {
				c.Rscript = path
			}
			return bench.Run(cmd.Context(), a.out, c)
		}}
	cmd.Flags().IntVar(&c.Values, "values", 1_000_000, "values of the secure sum")
	cmd.Flags().IntVar(&c.Rows, "rows", 100_000, "rows of the regression")
	cmd.Flags().IntVar(&c.Columns, "columns", 20, "covariates of the regression")
	cmd.Flags().IntVar(&c.Repeats, "repeats", 3, "repetitions, of which the best counts")
	return cmd
}
