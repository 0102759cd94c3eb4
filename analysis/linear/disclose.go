package linear

import (
	"fmt"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/support"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// perfect is the share of the variance, of 1, beyond which a fit gives the
// responses back.
const perfect = 1 - 1e-9

// Disclose refuses models of few people per coefficient, with a level of few
// people, with nearly as many coefficients as people, or that fit perfectly.
func (r run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		if rules.MinimumCell > 1 && support.Number(res, "r.squared") > perfect {
			return fmt.Errorf("the model cannot be released: it fits perfectly, so that it gives everybody's response back; use fewer terms or a larger cohort")
		}
		sigma := support.Number(res, "sigma")
		return support.Evidence{Model: r.model, Intercept: r.model.Intercept, Counted: support.Number(res, "nobs"), Of: "people",
			Scale: sigma * sigma, Exact: true}.Release(d)
	})
}

var _ disclosure.Discloser = run{}

// Derived implements disclosure.Deriver.
func (r run) Derived(t table.Table) (map[string][]float64, error) { return r.model.Derived(t) }

// Selections implements disclosure.Selector.
func (r run) Selections(t table.Table) ([]table.Subset, error) { return r.model.Selections(t) }
