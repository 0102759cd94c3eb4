package cli

import (
	"os/exec"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/bench"
)

// benchCommand measures on the machine at hand what docs/performance.md shows.
func benchCommand(a *app) *cobra.Command {
	var c bench.Config
	var data bool
	var size string
	var dataRows int
	cmd := &cobra.Command{Use: "bench", Short: "Measure on this machine what sums, a regression, a study and data cost",
		Long: `Measure four things on this machine, all parties in this process: a secure sum of
a million values over six sites beside plain addition; a logistic regression of
100,000 rows and 20 covariates over six sites, beside R's glm on the pooled table
where Rscript is installed; the demonstration's study, by phase; and what privacy
costs: accounting, noise, ledger, and a private study beside an exact one. It takes
about a minute and needs no network.

With --data, measure instead what it costs to read, keep and ask data, beside
DuckDB: FHIR to a table, a cohort with windowed features, memory that processes
share, the time to a first analysis, and a site of 2 GiB of memory. It takes a
minute or two and 2 GB of disk; --data-size full, with 50 million rows and a dataset
of 5 GB, half an hour and 15 GB. What is written is removed again.`,
		Example: "  hmsp bench\n  hmsp bench --data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, n := range map[string]int{"values": c.Values, "rows": c.Rows, "columns": c.Columns, "repeats": c.Repeats} {
				if n < 1 {
					return inputf("--%s %d: want at least 1", name, n)
				}
			}
			switch size {
			case "small":
				c.Data = bench.SmallData()
			case "full":
				c.Data = bench.FullData()
			default:
				return inputf("--data-size %q: want small or full", size)
			}
			if dataRows < 0 {
				return inputf("--data-rows %d: want 0 or more", dataRows)
			}
			if dataRows > 0 {
				c.Data.Rows = dataRows
			}
			if data {
				return bench.Data(cmd.Context(), a.out, c)
			}
			if path, err := exec.LookPath("Rscript"); err == nil {
				c.Rscript = path
			}
			return bench.Run(cmd.Context(), a.out, c)
		}}
	f := cmd.Flags()
	f.IntVar(&c.Values, "values", 1_000_000, "values of the secure sum")
	f.IntVar(&c.Rows, "rows", 100_000, "rows of the regression")
	f.IntVar(&c.Columns, "columns", 20, "covariates of the regression")
	f.IntVar(&c.Repeats, "repeats", 3, "repetitions, of which the best counts")
	f.BoolVar(&data, "data", false, "measure what data cost, and nothing else")
	f.StringVar(&size, "data-size", "small", "of how much data: small, or full for the sizes of the targets")
	f.IntVar(&dataRows, "data-rows", 0, "rows, and observations, of the limited site (default: as --data-size has it)")
	f.StringVar(&c.Only, "only", "", "with --data: the measurements with this in their names, such as FHIR or limited")
	f.StringVar(&c.Folder, "folder", "", "with --data: where it writes meanwhile (default: the system's folder for such files)")
	cmd.AddCommand(&cobra.Command{Use: "child WORK", Short: "Do the work of one process of a measurement", Example: "  hmsp bench child first", Hidden: true, Args: exactArgs("the work"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench.Child(cmd.Context(), args[0], a.in, a.out)
		}})
	return cmd
}
