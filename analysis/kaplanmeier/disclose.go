package kaplanmeier

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// Disclose thins the curves, so that no step is of fewer than MinimumCell people
// and none is at the exact day of one (see thinning), and reads medians, numbers at
// risk and the figure from the thinned curves. Restricted means are of the exact
// curve, to four digits, up to a time that is shown. The log-rank test stays.
// Groups of fewer than MinimumCell people are refused, for they are part of every
// comparison.
//
// How many of those who leave between two times have the event can be estimated
// from the height of the step; that at least MinimumCell people leave is what is
// promised.
func (r *run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		raw, err := r.groupsOf(d)
		if err != nil {
			return err
		}
		for _, g := range raw {
			if rules.Small(g.counts.Records()) {
				return fmt.Errorf("a group of the curves has fewer than %d people: join groups, as with a coarser variable or a comparison, or leave the group out in the cohort", rules.MinimumCell)
			}
		}
		d.LeftOut("%v of %v rows were left out", "fewer than %d rows were left out", "about %v rows were left out")
		shown := raw
		if rules.MinimumCell > 1 {
			shown = r.thinned(raw, rules)
			r.writeCurves(d, raw, shown)
		}
		r.hideEvents(d, raw)
		return r.roundCounts(d, shown)
	})
}

// groupsOf reads the groups from the tables of curves.
func (r *run) groupsOf(d *disclosure.Draft) ([]group, error) {
	t, err := d.Table("curve")
	if err != nil {
		return nil, err
	}
	names, err := t.Column("strata")
	if err != nil {
		return nil, err
	}
	col := map[string]analysis.Numbers{}
	for _, c := range t.Columns {
		col[c.Name] = c.Numbers
	}
	var out []group
	for i, name := range names.Text {
		if len(out) == 0 || out[len(out)-1].name != name {
			out = append(out, group{name: name})
			if r.late {
				out[len(out)-1].counts.Enter = []float64{}
			}
		}
		g := &out[len(out)-1]
		c, n := &g.curve, len(g.curve.Time)
		if r.late && n > 0 { // who is at risk now and was not before has entered since
			g.counts.Enter[n-1] = col["n.risk"][i] - (c.Risk[n-1] - c.Event[n-1] - c.Censor[n-1])
		}
		for to, from := range map[*[]float64]string{&c.Time: "time", &c.Risk: "n.risk", &c.Event: "n.event", &c.Censor: "n.censor", &c.Surv: "estimate", &c.SE: "std.error", &c.Lo: "conf.low", &c.Hi: "conf.high"} {
			*to = append(*to, col[from][i])
		}
		if r.late {
			g.counts.Enter = append(g.counts.Enter, 0)
		}
		g.counts.Time, g.counts.Event, g.counts.Censor = c.Time, c.Event, c.Censor
	}
	return out, nil
}

func (r *run) thinned(raw []group, rules disclosure.Rules) []group {
	last := 0.0
	for _, g := range raw {
		last = math.Max(last, g.counts.Last())
	}
	grid := roundGrid(last, r.clock.Width)
	out := slices.Clone(raw)
	for i, g := range raw {
		out[i].curve = thinning{raw: g, least: float64(rules.MinimumCell), grid: grid}.curve(r.params.Numbers("times"))
	}
	return out
}

// writeCurves replaces all that is read from the curves.
func (r *run) writeCurves(d *disclosure.Draft, raw, shown []group) {
	before := len(d.Numbers("curve", "time"))
	d.Replace(curveTable(shown))
	d.Did("minimum_cell", "curve", before-len(d.Numbers("curve", "time")), "the curves are shown at round times between which enough people leave, up to the last time after which enough are left")
	end := math.Inf(1) // of all curves
	for _, g := range shown {
		end = math.Min(end, lastOf(g.curve))
	}
	tau := r.params.Number("tau")
	if tau == 0 {
		tau = end
	}
	d.Replace(r.glance(shown, tau))
	r.writeMeans(d, raw, shown, tau, end)
	if len(r.params.Numbers("times")) > 0 {
		d.Replace(r.shownTimes(shown))
		d.Did("minimum_cell", "times", 0, "times are read from the curves that are shown")
	}
	d.Notes = slices.DeleteFunc(d.Notes, func(n string) bool {
		return strings.HasPrefix(n, "the opened counts tell") || strings.HasPrefix(n, "tau is")
	})
	d.Note("the curves are shown at round times between which at least %d people of the group leave; probabilities and limits are exact at these times, n.risk is the number at risk after the time before, n.event and n.censor are counted since then; medians are read from these times", d.Rules.MinimumCell)
	if tau > end {
		d.Note("tau is %v, but a curve is shown up to %v only: it was held level after that for the restricted mean", tau, end)
	}
}

func lastOf(c survival.Curve) float64 {
	if len(c.Time) == 0 {
		return 0
	}
	return c.Time[len(c.Time)-1]
}

// writeMeans writes the restricted means: of the exact curve where it is shown to
// the end, else of the shown one.
func (r *run) writeMeans(d *disclosure.Draft, raw, shown []group, tau, end float64) {
	est, se := make([]float64, len(raw)), make([]float64, len(raw))
	names := make([]string, len(raw))
	for i, g := range raw {
		c := g.curve
		if tau > end {
			c = shown[i].curve
			c.Event = estimatedEvents(c)
		}
		est[i], se[i] = c.RestrictedMean(tau)
		if end == 0 {
			est[i], se[i] = math.NaN(), math.NaN()
		}
		est[i], se[i], names[i] = disclosure.Digits(est[i], 4), disclosure.Digits(se[i], 3), g.name
	}
	copy(d.Numbers("glance", "rmst"), est)
	copy(d.Numbers("glance", "rmst.std.error"), se)
	d.Replace(r.estimates("rmst", fmt.Sprintf("Restricted mean survival time up to %v", tau), "strata", names, est, se, tau, false))
	d.Did("minimum_cell", "rmst", 2*len(raw), "restricted means have four digits")
	if len(raw) < 2 {
		return
	}
	var contrasts []string
	var diff, diffSE []float64
	for i := range raw[1:] {
		contrasts = append(contrasts, fmt.Sprintf("%s - %s", label(names[i+1]), label(names[0])))
		diff, diffSE = append(diff, disclosure.Digits(est[i+1]-est[0], 4)), append(diffSE, disclosure.Digits(math.Hypot(se[i+1], se[0]), 3))
	}
	d.Replace(r.estimates("rmst-difference", fmt.Sprintf("Difference of restricted mean survival time up to %v", tau), "contrast", contrasts, diff, diffSE, tau, true))
}

// estimatedEvents are the numbers of events that the steps of a shown curve
// amount to: its standard error needs them where they are hidden.
func estimatedEvents(c survival.Curve) []float64 {
	out, before := make([]float64, len(c.Time)), 1.0
	for k, s := range c.Surv {
		out[k] = c.Risk[k] * (1 - s/before)
		before = s
	}
	return out
}

// shownTimes lists the curves at the times asked for that are among the shown.
func (r *run) shownTimes(groups []group) analysis.Table {
	var cols [8][]float64
	var strata []string
	for _, g := range groups {
		c, events, censored := g.curve, 0.0, 0.0
		for k, time := range c.Time {
			events, censored = events+c.Event[k], censored+c.Censor[k]
			if !slices.Contains(r.params.Numbers("times"), time) {
				continue
			}
			for i, x := range []float64{time, c.Risk[k], events, censored, c.Surv[k], c.SE[k], c.Lo[k], c.Hi[k]} {
				cols[i] = append(cols[i], x)
			}
			strata = append(strata, g.name)
			events, censored = 0, 0
		}
	}
	return analysis.Table{Name: "times", Title: "Survival at chosen times", Columns: curveColumns(cols, strata)}
}

// hideEvents takes away the numbers of events of groups in which few had the
// event, or few did not.
func (r *run) hideEvents(d *disclosure.Draft, raw []group) {
	hidden := 0
	for i, g := range raw {
		events := g.counts.Events()
		if !d.Rules.Small(events) && !d.Rules.Small(g.counts.Records()-events) {
			continue
		}
		for _, xs := range []analysis.Numbers{d.Numbers("glance", "events"), d.Numbers("logrank-groups", "obs"), d.Numbers("logrank-groups", "exp")} {
			if xs != nil {
				xs[i] = math.NaN()
				hidden++
			}
		}
	}
	if hidden > 0 {
		d.Did("minimum_cell", "glance", hidden, "numbers of events of groups in which few had the event, or few did not, are not shown")
	}
	if xs := d.Numbers("logrank-groups", "exp"); xs != nil && d.Rules.MinimumCell > 1 {
		for i, x := range xs {
			xs[i] = disclosure.Digits(x, 4)
		}
		d.Did("minimum_cell", "logrank-groups", len(xs), "expected numbers of events have four digits")
	}
}

// roundCounts rounds the numbers of people in tables, and draws the figure anew.
func (r *run) roundCounts(d *disclosure.Draft, shown []group) error {
	if d.Rules.MinimumCell > 1 {
		risk := r.shownRisk(shown)
		d.Replace(risk)
		d.Did("minimum_cell", "risk", risk.Rows(), "numbers at risk are read from the curves that are shown")
	}
	if d.Rules.Round > 1 {
		for _, c := range [][2]string{{"curve", "n.risk"}, {"curve", "n.event"}, {"curve", "n.censor"}, {"times", "n.risk"}, {"times", "n.event"}, {"times", "n.censor"},
			{"glance", "records"}, {"glance", "events"}, {"risk", "n.risk"}, {"logrank-groups", "N"}, {"logrank-groups", "obs"}} {
			xs := d.Numbers(c[0], c[1])
			for i, x := range xs {
				xs[i] = d.Rules.Rounded(x)
			}
			if len(xs) > 0 {
				d.Did("round", c[0], 0, "%s is rounded", c[1])
			}
		}
	}
	risk, err := d.Table("risk")
	if err != nil {
		return err
	}
	for i := range d.Figures {
		if d.Figures[i].Name == "survival" {
			d.Figures[i] = r.figure(shown, risk)
			before, _, _ := strings.Cut(d.Figures[i].Caption, " Number at risk: ")
			d.Figures[i].Caption = before + " Number at risk: " + shownAtRisk(risk, shown) + "."
			for k, row := range d.Figures[i].AtRisk.Rows {
				d.Figures[i].AtRisk.Rows[k].N = known(row.N)
			}
		}
	}
	return nil
}

// shownRisk is the number at risk as the shown curves tell it: that after the last
// shown time before, none after a curve's end.
func (r *run) shownRisk(groups []group) analysis.Table {
	ends := make([]group, len(groups))
	for i, g := range groups {
		end := lastOf(g.curve)
		ends[i] = group{counts: survival.Counts{Time: []float64{end}, Event: []float64{1}, Censor: []float64{0}}}
	}
	var at, risk []float64
	var strata []string
	for _, g := range groups {
		for _, t := range r.ticks(ends) {
			n := math.NaN()
			k, _ := slices.BinarySearch(g.curve.Time, t) // the first shown time that is not before
			switch {
			case k < len(g.curve.Time):
				n = g.curve.Risk[k]
			case t == 0:
				n = g.counts.Records()
			}
			at, risk, strata = append(at, t), append(risk, n), append(strata, g.name)
		}
	}
	return analysis.Table{Name: "risk", Title: "Number at risk", Columns: []analysis.Column{
		analysis.Nums("time", at...), analysis.Nums("n.risk", risk...), analysis.Text("strata", strata...),
	}}
}

// known are the numbers up to the first that is not.
func known(xs []float64) []float64 {
	if i := slices.IndexFunc(xs, math.IsNaN); i >= 0 {
		return xs[:i]
	}
	return xs
}

// shownAtRisk says the table of people at risk in words.
func shownAtRisk(risk analysis.Table, groups []group) string {
	times, n := risk.Columns[0].Numbers, risk.Columns[1].Numbers
	per := len(times) / len(groups)
	var parts []string
	for i, g := range groups {
		var at []string
		for k, x := range known(n[i*per : (i+1)*per]) {
			at = append(at, fmt.Sprintf("%v at %v", x, round(times[k])))
		}
		parts = append(parts, g.name+" "+strings.Join(at, ", "))
	}
	return strings.Join(parts, "; ")
}

var _ disclosure.Discloser = (*run)(nil)

// Selections implements disclosure.Selector.
func (r *run) Selections(t table.Table) ([]table.Subset, error) { return r.design.Selections(t) }
