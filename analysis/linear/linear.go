// Package linear is ordinary least squares over several sites: one round of
// counts, one round of cross-products, one solution; and, where the columns are
// so nearly dependent that rounding costs digits, one round of refinement. The
// result is that of R's lm on the pooled rows.
//
// It refuses responses that are no numbers, and formulas with as many columns
// as rows. Bounds on all sums follow from the declared ranges: every column of
// the design and the response are scaled to at most 1 (methods C3: Longley's
// data are the reason for centring).
package linear

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/table"
)

// New returns the analysis "linear".
func New() analysis.Analysis { return linear{} }

type linear struct{}

func (linear) About() analysis.About {
	least, most := 0.5, 0.9999
	return analysis.About{
		Name:    "linear",
		Version: "1",
		Title:   "Linear regression",
		Doc: "Ordinary least squares with t tests and confidence intervals, equal to R's lm on the pooled rows. " +
			"Rows with a missing value in any variable of the formula are left out; factor levels that no row has are dropped; " +
			"columns that depend linearly on earlier ones are not estimated (NA).",
		Source: "Chambers, Linear models, in: Statistical Models in S (1992); Golub and Van Loan, Matrix Computations, section 5.3",
		Parameters: []analysis.Parameter{
			{Name: "formula", Type: "formula", Required: true, Doc: "response ~ terms, as in R: sbp ~ age * sex + log(bmi) + factor(grade)"},
			{Name: "conf.level", Type: "number", Default: 0.95, Min: &least, Max: &most, Doc: "level of the confidence intervals"},
			formula.ContrastsParameter(),
		},
		Example: "- name: weight\n  analysis: linear\n  formula: bmi ~ age * sex + log(crp) + stage\n",
	}
}

func (l linear) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	r, err := l.read(p, s)
	if err != nil {
		return nil, nil, err
	}
	state, err := analysis.Encode(state{})
	return r, state, err
}

// read holds parameters and formula against the schema.
func (l linear) read(p analysis.Params, s table.Schema) (run, error) {
	p, err := p.Check(l.About().Parameters)
	if err != nil {
		return run{}, err
	}
	contrasts, err := formula.Contrasts(p)
	if err != nil {
		return run{}, err
	}
	m, err := formula.Read(p.String("formula"), s, formula.Options{Contrasts: contrasts})
	if err != nil {
		return run{}, err
	}
	switch {
	case m.Response.Kind == formula.Category:
		err = analysis.Refuse("formula", "the response %s is a category: use logistic for two outcomes, as %s == %q", m.Response.Name, m.Response.Name, m.Response.Levels[len(m.Response.Levels)-1])
	case m.Response.Kind != formula.Number:
		err = analysis.Refuse("formula", "a linear model needs a numeric response left of ~; for Surv() use cox")
	case len(m.Offsets) > 0:
		err = analysis.Refuse("formula", "offset() is not supported here: subtract it from the response, as y - %s ~ ...", m.Offsets[0])
	case len(m.Strata) > 0:
		err = analysis.Refuse("formula", "strata() is for survival models: add the variable as a term instead")
	}
	return run{model: m, level: p.Number("conf.level")}, err
}
