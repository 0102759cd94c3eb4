// Package cox fits Cox's proportional hazards model over several sites, in two
// ways (methods C7).
//
// With baseline site, every site (and every combination of strata() in it) has
// a baseline hazard of its own. A site computes its log partial likelihood, the
// gradient and the information by itself, and only their sums are opened: no
// risk set leaves a site. This is coxph with strata(site).
//
// With baseline coarsened, all sites share one baseline hazard on bins of time
// that hold at least min_events events each. Per bin, sums over the people at
// risk and over the events are opened; the partial likelihood follows from
// them. This is coxph on times rounded up to the bins.
package cox

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/survival"
	"hmsp.center/hmsp/table"
)

// New returns the analysis.
func New() analysis.Analysis { return cox{} }

type cox struct{}

// Kinds of baseline hazard.
const (
	perSite   = "site"
	coarsened = "coarsened"
)

func (cox) About() analysis.About {
	zero, one, hundred, least, most, low, high := 0.0, 1.0, 100.0, 1e-15, 1e-4, 0.5, 0.9999
	return analysis.About{
		Name:    "cox",
		Version: "1",
		Title:   "Cox proportional hazards regression",
		Doc: "Hazard ratios with standard errors, likelihood-ratio, Wald and score tests and concordance. baseline: site (the default) gives every site " +
			"its own baseline hazard and opens only the pooled log-likelihood and its derivatives, 5 to 7 rounds; strata() adds further baselines. " +
			"baseline: coarsened gives all sites one baseline hazard on bins of time (width, min_events) and opens sums over the people at risk per bin. " +
			"Late entry and time-dependent covariates are written Surv(start, stop, event). Estimates are on the log scale unless exponentiate is true; " +
			"standard errors always are. nobs and BIC count events, as R does.",
		Source: "Cox, J R Stat Soc B 1972;34:187; Efron, J Am Stat Assoc 1977;72:557; Breslow, Biometrics 1974;30:89; Harrell, JAMA 1982;247:2543 (concordance)",
		Parameters: []analysis.Parameter{
			{Name: "formula", Type: "formula", Required: true, Doc: "Surv(time, event) ~ covariates, as Surv(time, status == 2) ~ age + sex + strata(inst)"},
			{Name: "baseline", Type: "string", Default: perSite, Options: []string{perSite, coarsened}, Doc: "site: a baseline hazard per site; coarsened: one for all sites, on bins of time"},
			{Name: "ties", Type: "string", Default: "efron", Options: []string{"efron", "breslow"}, Doc: "how events at the same time are treated"},
			{Name: "width", Type: "number", Default: 7.0, Min: &zero, Doc: "coarsened: width of the time grid that bins are made of, in the unit of time"},
			{Name: "min_events", Type: "integer", Default: 5.0, Min: &one, Doc: "coarsened: the least number of events per bin; neighbouring points of the grid are joined"},
			formula.ContrastsParameter(),
			{Name: "conf.level", Type: "number", Default: 0.95, Min: &low, Max: &high, Doc: "level of the confidence intervals"},
			{Name: "exponentiate", Type: "boolean", Default: false, Doc: "give hazard ratios in place of log hazard ratios"},
			{Name: "tolerance", Type: "number", Default: 1e-11, Min: &least, Max: &most, Doc: "relative change of the log-likelihood that ends the search"},
			{Name: "max_iter", Type: "integer", Default: 60.0, Min: &one, Max: &hundred, Doc: "the most evaluations of the log-likelihood"},
		},
		Example: "- name: hazards\n  analysis: cox\n  formula: Surv(time, status == 2) ~ age + sex + ph.ecog",
	}
}

// maxSums bounds the coordinates of one round: 64 MiB a site.
const maxSums = 1 << 22

// Start reads the formula and holds it against the schema.
func (a cox) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	p, err := p.Check(a.About().Parameters)
	if err != nil {
		return nil, nil, err
	}
	r := &run{params: p, efron: p.String("ties") == "efron", coarse: p.String("baseline") == coarsened}
	if err := r.read(p, s); err != nil {
		return nil, nil, err
	}
	state, err := analysis.Encode(state{Phase: counting})
	return r, state, err
}

func (r *run) read(p analysis.Params, s table.Schema) error {
	contrasts, err := formula.Contrasts(p)
	if err != nil {
		return err
	}
	if r.model, err = formula.Read(p.String("formula"), s, formula.Options{Contrasts: contrasts, Implicit: true}); err != nil {
		return err
	}
	response := r.model.Response
	if response.Kind != formula.Survival {
		return analysis.Refuse("formula", "the left side is %q; write Surv(time, event) ~ ... with the time and the event", response.Name)
	}
	if len(r.model.Variables) == 0 {
		return analysis.Refuse("formula", "there is no covariate after ~; for curves without covariates use the analysis kaplan-meier")
	}
	r.late = len(response.Parts) == 3
	// Every declared level counts as observed until the counts are opened: this
	// design only reads the response.
	all := make([]float64, len(r.model.CountRanges()))
	for i := range all {
		all[i] = 1
	}
	if r.declared, err = r.model.Settle(all); err != nil {
		return analysis.Refuse("formula", "%v", err)
	}
	if !r.coarse {
		return nil
	}
	t := response.Interval
	if t.Lo < 0 {
		return analysis.Refuse("formula", "times can be as low as %v by the dictionary; a shared grid of times starts at 0: declare min: 0", t.Lo)
	}
	r.clock = survival.Clock{Width: p.Number("width"), Max: t.Hi}
	if size := t.Hi / r.clock.Width; !(size < maxSums) {
		return analysis.Refuse("width", "%v makes %.0f points of time up to %v, more than %d: take a larger width", r.clock.Width, size, t.Hi, maxSums)
	}
	return nil
}
