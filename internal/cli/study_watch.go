package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/receipt"
)

func studyWatch(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "watch STUDY", Short: "Show a study's progress until it ends",
		Example: "  hmsp study watch lung-survival --home ruth",
		Args:    exactArgs("a study"),
		RunE: func(c *cobra.Command, args []string) error {
			r, d, err := a.find(home, args[0])
			if err != nil {
				return err
			}
			return a.watch(c.Context(), r, d)
		}}
	homeFlag(c, &home)
	return c
}

// watch shows how far a study is until it ends. What was not sent when the
// submission was cut is sent now.
func (a *app) watch(ctx context.Context, r *researcher.Researcher, digest string) error {
	if err := r.Resend(ctx, digest); err != nil {
		return err
	}
	v := a.progressView()
	for wait := time.Duration(0); ; wait = 20 * time.Second {
		if _, err := r.Poll(ctx, wait); err != nil {
			return err
		}
		rec, err := r.Get(digest)
		if err != nil {
			return err
		}
		v.show(rec)
		if o := rec.Outcome; o != nil {
			return ended(*o)
		}
	}
}

// ended is nil for a released study, and says why another was not.
func ended(o receipt.Outcome) error {
	if o.Status == receipt.Released {
		return nil
	}
	return coded{fmt.Errorf("study %s ended without a result (%s): %s", o.Study.Name, o.Status, o.Reason), exitNoResult}
}
