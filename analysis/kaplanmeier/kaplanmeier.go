// Package kaplanmeier estimates survival curves over several sites: Kaplan-Meier
// curves with Greenwood's standard errors, medians, restricted means, and
// log-rank tests, all from one round.
//
// Time runs on a public grid, from 0 to the declared maximum of the time
// variable. Each site counts, per group and stratum, the people who have the
// event, who are censored and who enter late at each point of the grid; the sum
// of the counts over the sites is all that is opened, and everything else
// follows from it. With whole-numbered times the grid is exact, so the curves
// are those of the pooled table, digit for digit.
//
// What the sum tells: exact event times. A time at which one person had the
// event states a fact about one person (methods C6). The parameter width opens
// counts of wider intervals instead.
package kaplanmeier

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/table"
)

// New returns the analysis.
func New() analysis.Analysis { return kaplanMeier{} }

type kaplanMeier struct{}

func (kaplanMeier) About() analysis.About {
	zero, one, low, high := 0.0, 1.0, 0.5, 0.9999
	return analysis.About{
		Name:    "kaplan-meier",
		Version: "1",
		Title:   "Kaplan-Meier survival curves",
		Doc: "Survival curves per group with confidence bands, medians, restricted mean survival times and the log-rank test, " +
			"from one round of counts of events and censorings on a public grid of times. Variables after ~ make groups, one curve for each " +
			"combination of their levels; strata() stratifies the test and leaves the curves alone. Late entry is written Surv(start, stop, event). " +
			"std.error is the standard error of the survival probability (Greenwood), as R's summary.survfit prints it. " +
			"A width above 1 (or any for times that are not whole numbers) puts times at the end of their interval.",
		Source: "Kaplan and Meier, J Am Stat Assoc 1958;53:457; Greenwood 1926; Harrington and Fleming, Biometrika 1982;69:553; " +
			"Brookmeyer and Crowley, Biometrics 1982;38:29",
		Parameters: []analysis.Parameter{
			{Name: "formula", Type: "formula", Required: true, Doc: "Surv(time, event) ~ groups, as Surv(time, status == 2) ~ sex + strata(ph.ecog), or ~ 1 for one curve"},
			{Name: "width", Type: "number", Min: &zero, Doc: "width of the intervals of the time grid, in the unit of time; default 1 for whole-numbered times, required for others; in a private study about a thirty-fifth of the declared range"},
			{Name: "conf.level", Type: "number", Default: 0.95, Min: &low, Max: &high, Doc: "level of the confidence limits"},
			{Name: "conf.type", Type: "string", Default: "log", Options: []string{"log", "log-log", "plain"}, Doc: "scale on which the curves' confidence limits are symmetric"},
			{Name: "rho", Type: "number", Default: 0.0, Min: &zero, Doc: "weight S(t-)^rho of the rank test: 0 log-rank, 1 Peto-Peto"},
			{Name: "tau", Type: "number", Min: &zero, Doc: "end of the restricted mean survival time; default: the largest time that every group reaches"},
			{Name: "times", Type: "numbers", Min: &zero, Doc: "times at which to list the curves"},
			{Name: "marks", Type: "integer", Default: 6.0, Min: &one, Doc: "number of times in the table of people at risk"},
		},
		Example: "- name: by-sex\n  analysis: kaplan-meier\n  formula: Surv(time, status == 2) ~ sex\n  times: [90, 180, 365, 730]",
	}
}

// maxPoints bounds the counts of one round: 32 MiB a site.
const maxPoints = 1 << 22

// Start reads the formula and lays the grid.
func (a kaplanMeier) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	p, err := p.Check(a.About().Parameters)
	if err != nil {
		return nil, nil, err
	}
	r := &run{params: p}
	if err := r.read(p.String("formula"), s); err != nil {
		return nil, nil, err
	}
	if err := r.layGrid(); err != nil {
		return nil, nil, err
	}
	state, err := analysis.Encode(state{Round: 0})
	return r, state, err
}

// state is all that is public before the only round: nothing yet.
type state struct {
	Round int `json:"round"`
}

// read makes the design, in which every declared combination of groups and
// strata is a cell: no discovery round is needed.
func (r *run) read(text string, s table.Schema) error {
	plain, err := formula.Read(text, s, formula.Options{Implicit: true})
	if err != nil {
		return err
	}
	if plain.Response.Kind != formula.Survival {
		return analysis.Refuse("formula", "the left side is %q; write Surv(time, event) ~ ... with the time and the event", plain.Response.Name)
	}
	if len(plain.Variables) == 0 && len(plain.Strata) > 0 {
		return analysis.Refuse("formula", "strata() stratifies the test between groups, and there are none; for a curve per level write the variable without strata()")
	}
	model, err := formula.Read(text, s, formula.Options{Implicit: true, Groups: true})
	if err != nil {
		return err
	}
	everything := make([]float64, len(model.CountRanges()))
	for i := range everything {
		everything[i] = 1
	}
	if r.design, err = model.Settle(everything); err != nil {
		return analysis.Refuse("formula", "%v", err)
	}
	r.columns = model.Columns()
	time := r.design.Response.Parts[len(r.design.Response.Parts)-2]
	r.axis = time
	if v, ok := s.Lookup(time); ok && v.Unit != "" {
		r.axis, r.unit = fmt.Sprintf("%s (%s)", time, v.Unit), v.Unit
	}
	by := r.design.Strata[:len(plain.Variables)]
	r.title = titleOf(by)
	r.groups = combinations(by)
	r.strata = combinations(r.design.Strata[len(plain.Variables):])
	r.kinds = 2
	if r.late = len(r.design.Response.Parts) == 3; r.late {
		r.kinds = 3
	}
	return nil
}

// layGrid chooses the grid of times from what is declared.
func (r *run) layGrid() error {
	t := r.design.Response.Interval
	if t.Lo < 0 {
		return analysis.Refuse("formula", "times can be as low as %v by the dictionary; survival times start at 0: declare min: 0 or narrow the cohort's variable", t.Lo)
	}
	r.clock = survival.Clock{Width: r.params.Number("width"), Max: t.Hi}
	switch {
	case r.clock.Width == 0 && t.Whole:
		r.clock.Width = 1
	case r.clock.Width == 0:
		return analysis.Refuse("width", "the times are not whole numbers, so their grid must be given: width: %v would make 1000 intervals", math.Ceil(t.Hi)/1000)
	}
	if size := t.Hi / r.clock.Width * float64(len(r.groups)*len(r.strata)*r.kinds); size > maxPoints {
		return analysis.Refuse("width", "the grid has %.0f counts (times up to %v, %d groups, %d strata), more than %d: take a larger width or fewer groups",
			size, t.Hi, len(r.groups), len(r.strata), maxPoints)
	}
	return nil
}

// titleOf is "Survival by sex and ph.ecog".
func titleOf(by []formula.Variable) string {
	var names []string
	for _, v := range by {
		names = append(names, v.Name)
	}
	if len(names) == 0 {
		return "Survival"
	}
	return "Survival by " + strings.Join(names, " and ")
}

// combinations lists the names of all combinations of the variables' declared
// levels, the last variable fastest; one nameless cell for none.
func combinations(vars []formula.Variable) []string {
	out := []string{""}
	for _, v := range vars {
		var next []string
		for _, name := range out {
			for _, l := range v.Levels {
				sep := ", "
				if name == "" {
					sep = ""
				}
				next = append(next, name+sep+v.Name+"="+l)
			}
		}
		out = next
	}
	return out
}
