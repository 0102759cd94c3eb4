package cox

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/support"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// Disclose refuses models of few events per coefficient, or with a level among
// whose people there is little information: the information on an indicator is at
// most the number of events among them.
func (r *run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		return support.Evidence{Model: r.model, Counted: support.Number(res, "nevent"), Of: "events", Scale: 1}.Release(d)
	})
}

var _ disclosure.Discloser = (*run)(nil)

// Derived implements disclosure.Deriver.
func (r *run) Derived(t table.Table) (map[string][]float64, error) { return r.model.Derived(t) }

// Selections implements disclosure.Selector.
func (r *run) Selections(t table.Table) ([]table.Subset, error) { return r.model.Selections(t) }
