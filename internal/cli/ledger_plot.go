package cli

import (
	"fmt"
	"strings"
	"time"

	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/plot"
)

// figure is the year's spending of one account: cumulative rho against the limit.
func (b *book) figure(x accountView) plot.Figure {
	from := b.Now.Add(-ledger.Window)
	days := func(t time.Time) float64 { return t.Sub(from).Hours() / 24 }
	spent := plot.Series{Name: "spent", X: []float64{0}, Y: []float64{0}}
	for _, s := range b.Spending(x.Dataset, b.Now) {
		spent.X, spent.Y = append(spent.X, days(s.At)), append(spent.Y, s.Rho)
	}
	end := days(b.Now)
	spent.X, spent.Y = append(spent.X, end), append(spent.Y, spent.Y[len(spent.Y)-1])
	zero := 0.0
	return plot.Figure{Name: "spending-" + x.Dataset, Kind: plot.Step,
		Title: fmt.Sprintf("Privacy spent of %s at %s in 365 days", x.Dataset, b.Site),
		X:     plot.Axis{Label: "days since " + from.Format("2 January 2006"), Min: &zero, Max: &end},
		Y:     plot.Axis{Label: "rho, summed up", Min: &zero},
		Series: []plot.Series{spent,
			{Name: "limit", X: []float64{0, end}, Y: []float64{x.Limit, x.Limit}}},
		Caption: b.caption(x)}
}

func (b *book) caption(x accountView) string {
	var s strings.Builder
	fmt.Fprintf(&s, "Each step is a round of a study whose sum left the site. On %s rho %s of %s is spent (epsilon %.3g at delta %.3g), %s is reserved by running studies and %s is left.",
		b.Now.Format("2 January 2006"), rho(x.Spent), rho(x.Limit), x.EpsilonSpent, x.Delta, rho(x.Reserved), rho(x.Left))
	if sum := b.sum(x); sum > x.Spent+1e-9 {
		fmt.Fprintf(&s, " The curve is the plain sum, %s; some cohorts are provably disjoint, no patient is in two of them, and what counts is what any one patient can have lost.", rho(sum))
	}
	return s.String()
}

// sum is the plain sum of an account's spending.
func (b *book) sum(x accountView) float64 {
	steps := b.Spending(x.Dataset, b.Now)
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1].Rho
}

// weeks is how many columns the chart in the terminal has.
const weeks = 52

// chart is the same in the terminal: a column for each week, as high as the share
// of the limit that was spent by its end.
func (b *book) chart(x accountView) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	steps := b.Spending(x.Dataset, b.Now)
	var line strings.Builder
	spent := 0.0
	for w := 1; w <= weeks; w++ {
		end := b.Now.Add(-ledger.Window * time.Duration(weeks-w) / weeks)
		for len(steps) > 0 && !steps[0].At.After(end) {
			spent, steps = steps[0].Rho, steps[1:]
		}
		if spent == 0 {
			line.WriteRune('·')
			continue
		}
		line.WriteRune(bars[min(int(spent/x.Limit*float64(len(bars))), len(bars)-1)])
	}
	out := fmt.Sprintf("  |%s| %s of %s (%.0f %%)\n", line.String(), rho(x.Spent), rho(x.Limit), 100*x.Spent/x.Limit)
	if sum := b.sum(x); sum > x.Spent+1e-9 {
		out += fmt.Sprintf("  the columns are the plain sum, %s; disjoint cohorts share\n", rho(sum))
	}
	return out
}
