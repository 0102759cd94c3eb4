package kaplanmeier

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/survival"
)

// A group is one curve with what it is made of.
type group struct {
	name   string
	counts survival.Counts // over all strata
	curve  survival.Curve
}

func (r *run) result(sum []float64) (*analysis.Result, error) {
	counts, names := r.counts(sum)
	groups := make([]group, len(names))
	for g, name := range names {
		var c survival.Counts
		for s := range counts {
			c = join(c, counts[s][g])
		}
		groups[g] = group{name: name, counts: c, curve: survival.KaplanMeier(c, r.params.String("conf.type"), r.params.Number("conf.level"))}
	}
	tau, tauNote := r.tau(groups)
	var test survival.RankTest
	if len(groups) > 1 {
		test = survival.CompareGroups(counts, r.params.Number("rho"))
	}
	res := r.report(groups, tau, test, len(counts))
	res.Notes = append(r.notes(sum, groups), tauNote...)
	return res, nil
}

// report writes all tables and the figure; the test is of two groups or more.
func (r *run) report(groups []group, tau float64, test survival.RankTest, strata int) *analysis.Result {
	res := &analysis.Result{Tables: []analysis.Table{curveTable(groups), r.glance(groups, tau)}}
	if len(groups) > 1 {
		names := make([]string, len(groups))
		for g := range groups {
			names[g] = groups[g].name
		}
		res.Tables = append(res.Tables, r.testTable(test, strata), testGroups(test, names))
	}
	res.Tables = append(res.Tables, r.meanTable(groups, tau))
	if len(groups) > 1 {
		res.Tables = append(res.Tables, r.differenceTable(groups, tau))
	}
	if times := r.params.Numbers("times"); len(times) > 0 {
		res.Tables = append(res.Tables, timesTable(groups, times))
	}
	risk := riskTable(groups, r.ticks(groups))
	res.Tables = append(res.Tables, risk)
	res.Figures = append(res.Figures, r.figure(groups, risk))
	return res
}

func join(a, b survival.Counts) survival.Counts {
	if a.Time == nil {
		return b
	}
	return a.Plus(b)
}

// tau is the end of the restricted means: as asked for, or the largest time at
// which somebody of every group is still observed.
func (r *run) tau(groups []group) (float64, []string) {
	tau := math.Inf(1)
	for _, g := range groups {
		tau = math.Min(tau, g.counts.Last())
	}
	asked := r.params.Number("tau")
	if asked == 0 {
		return tau, nil
	}
	if asked > tau {
		return asked, []string{fmt.Sprintf("tau is %v, but the last time of a group is %v: its curve was held level after that, so its restricted mean is uncertain in a way that the standard error does not show", asked, tau)}
	}
	return asked, nil
}

func (r *run) notes(sum []float64, groups []group) []string {
	var out []string
	if sum[1] > 0 {
		out = append(out, fmt.Sprintf("%.0f of %.0f rows were left out because a value of the formula is missing", sum[1], sum[0]+sum[1]))
	}
	if r.clock.Width != 1 || !r.design.Response.Interval.Whole {
		out = append(out, fmt.Sprintf("times are the ends of intervals of %v: curves and medians can be late by up to that", r.clock.Width))
	}
	if len(r.strata) > 1 {
		out = append(out, "strata stratify the test; the curves are those of the groups over all strata")
	}
	single, times := 0, 0
	for _, g := range groups {
		for _, d := range g.counts.Event {
			if d > 0 {
				times++
			}
			if d == 1 {
				single++
			}
		}
	}
	if single > 0 {
		out = append(out, fmt.Sprintf("the opened counts tell exact times of events: at %d of %d event times it is one person's; a larger width opens counts of wider intervals", single, times))
	}
	return out
}

func curveTable(groups []group) analysis.Table {
	var cols [8][]float64
	var strata []string
	for _, g := range groups {
		c := g.curve
		for i, xs := range [][]float64{c.Time, c.Risk, c.Event, c.Censor, c.Surv, c.SE, c.Lo, c.Hi} {
			cols[i] = append(cols[i], xs...)
		}
		for range c.Time {
			strata = append(strata, g.name)
		}
	}
	return analysis.Table{Name: "curve", Title: "Survival curves", Columns: curveColumns(cols, strata)}
}

// curveColumns names columns as broom does for survfit, the lower limit first.
func curveColumns(cols [8][]float64, strata []string) []analysis.Column {
	var out []analysis.Column
	for i, name := range []string{"time", "n.risk", "n.event", "n.censor", "estimate", "std.error", "conf.low", "conf.high"} {
		out = append(out, analysis.Nums(name, cols[i]...))
	}
	return append(out, analysis.Text("strata", strata...))
}

func (r *run) glance(groups []group, tau float64) analysis.Table {
	names := make([]string, len(groups))
	var cols [7][]float64
	for i, g := range groups {
		names[i] = g.name
		median, lo, hi := g.curve.Quantile(0.5)
		mean, se := g.curve.RestrictedMean(tau)
		for j, x := range []float64{g.counts.Records(), g.counts.Events(), median, lo, hi, mean, se} {
			cols[j] = append(cols[j], x)
		}
	}
	columns := []analysis.Column{analysis.Text("strata", names...)}
	for j, name := range []string{"records", "events", "median", "conf.low", "conf.high", "rmst", "rmst.std.error"} {
		columns = append(columns, analysis.Nums(name, cols[j]...))
	}
	return analysis.Table{Name: "glance", Title: "Groups, with median and restricted mean survival", Columns: columns}
}

func (r *run) testTable(t survival.RankTest, strata int) analysis.Table {
	rho := r.params.Number("rho")
	name := map[float64]string{0: "Log-rank test", 1: "Peto-Peto test"}[rho]
	if name == "" {
		name = fmt.Sprintf("Harrington-Fleming test, rho = %v", rho)
	}
	if len(r.strata) > 1 {
		name = fmt.Sprintf("%s, stratified (%d strata)", name, strata)
	}
	return analysis.Table{Name: "logrank", Title: name, Columns: []analysis.Column{
		analysis.Nums("statistic", t.ChiSq), analysis.Nums("df", float64(t.DF)), analysis.Nums("p.value", t.P), analysis.Nums("rho", rho), analysis.Text("method", name),
	}}
}

func testGroups(t survival.RankTest, names []string) analysis.Table {
	return analysis.Table{Name: "logrank-groups", Title: "Observed and expected events", Columns: []analysis.Column{
		analysis.Text("strata", names...), analysis.Nums("N", t.N...), analysis.Nums("obs", t.Observed...), analysis.Nums("exp", t.Expected...),
	}}
}

func (r *run) meanTable(groups []group, tau float64) analysis.Table {
	names := make([]string, len(groups))
	var est, se []float64
	for i, g := range groups {
		m, s := g.curve.RestrictedMean(tau)
		names[i], est, se = g.name, append(est, m), append(se, s)
	}
	return r.estimates("rmst", fmt.Sprintf("Restricted mean survival time up to %v", tau), "strata", names, est, se, tau, false)
}

// differenceTable compares each later group with the first; groups are
// independent, so variances add.
func (r *run) differenceTable(groups []group, tau float64) analysis.Table {
	var names []string
	var est, se []float64
	m0, s0 := groups[0].curve.RestrictedMean(tau)
	for _, g := range groups[1:] {
		m, s := g.curve.RestrictedMean(tau)
		names = append(names, fmt.Sprintf("%s - %s", label(g.name), label(groups[0].name)))
		est, se = append(est, m-m0), append(se, math.Hypot(s, s0))
	}
	return r.estimates("rmst-difference", fmt.Sprintf("Difference of restricted mean survival time up to %v", tau), "contrast", names, est, se, tau, true)
}

// label brackets a name of several parts.
func label(name string) string {
	if strings.Contains(name, ", ") {
		return "(" + name + ")"
	}
	return name
}

// estimates is a table of normal estimates with intervals, and tests against 0
// where that is a question.
func (r *run) estimates(name, title, key string, keys []string, est, se []float64, tau float64, tests bool) analysis.Table {
	z := survival.NormalQuantile(r.params.Number("conf.level"))
	n := len(est)
	lo, hi, stat, p, ends := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range est {
		lo[i], hi[i], ends[i] = est[i]-z*se[i], est[i]+z*se[i], tau
		stat[i] = est[i] / se[i]
		p[i] = survival.TwoSided(stat[i])
	}
	cols := []analysis.Column{analysis.Text(key, keys...), analysis.Nums("tau", ends...), analysis.Nums("estimate", est...), analysis.Nums("std.error", se...)}
	if tests {
		cols = append(cols, analysis.Nums("statistic", stat...), analysis.Nums("p.value", p...))
	}
	return analysis.Table{Name: name, Title: title, Columns: append(cols, analysis.Nums("conf.low", lo...), analysis.Nums("conf.high", hi...))}
}

// timesTable lists the curves at given times, as R's summary.survfit: events
// and censorings are those since the time before in the list, and times after a
// group's last are left out.
func timesTable(groups []group, times []float64) analysis.Table {
	var cols [8][]float64
	var strata []string
	for _, g := range groups {
		c, from := g.curve, -1
		for _, t := range times {
			if t > g.counts.Last() {
				continue
			}
			k := c.At(t)
			row := [8]float64{t, g.counts.RiskAt(t), 0, 0, 1, 0, 1, 1}
			for i := from + 1; i <= k; i++ {
				row[2] += c.Event[i]
				row[3] += c.Censor[i]
			}
			if k >= 0 {
				row[4], row[5], row[6], row[7] = c.Surv[k], c.SE[k], c.Lo[k], c.Hi[k]
			}
			from = max(from, k)
			for i := range row {
				cols[i] = append(cols[i], row[i])
			}
			strata = append(strata, g.name)
		}
	}
	return analysis.Table{Name: "times", Title: "Survival at chosen times", Columns: curveColumns(cols, strata)}
}
