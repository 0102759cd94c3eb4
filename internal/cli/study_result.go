package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/report"
	"hmsp.center/hmsp/receipt"
)

func studyResult(a *app) *cobra.Command {
	var home, out string
	var asJSON bool
	c := &cobra.Command{Use: "result STUDY", Short: "Show a study's result and write it to a folder",
		Example: "  hmsp study result lung-survival --home ruth --out result",
		Args:    exactArgs("a study"),
		RunE: func(c *cobra.Command, args []string) error {
			r, d, err := a.find(home, args[0])
			if err != nil {
				return err
			}
			rec, err := r.Get(d)
			if err != nil {
				return err
			}
			if rec.Outcome == nil {
				if _, err := r.Poll(c.Context(), 0); err != nil {
					return err
				}
				if rec, err = r.Get(d); err != nil {
					return err
				}
			}
			if rec.Outcome == nil {
				return coded{fmt.Errorf("study %s has no result yet (%s): `hmsp study watch` shows its progress", rec.Study.Study.Name, state(rec)), exitNoResult}
			}
			if err := a.deliver(*rec.Outcome, out, asJSON); err != nil {
				return err
			}
			return ended(*rec.Outcome)
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&out, "out", "", "folder for result.json, one CSV per table, figures as SVG, receipt.json")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

// deliver prints an outcome, and writes it to a folder where one is named.
func (a *app) deliver(o receipt.Outcome, out string, asJSON bool) error {
	if out != "" {
		if err := report.Write(out, o); err != nil {
			return err
		}
	}
	if asJSON {
		return report.JSON(a.out, o)
	}
	if err := report.Text(a.out, o, terminalWidth(a.out)); err != nil {
		return err
	}
	if out != "" {
		abs, err := filepath.Abs(out)
		if err != nil {
			abs = out
		}
		a.printf("\nwritten to %s\n", abs)
	}
	return nil
}
