package glm

import (
	"fmt"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/support"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// A Rarer is a family of two outcomes: it knows from the null model how many
// people have the rarer one, who are what a model rests on. ok is false where the
// null model does not tell.
type Rarer interface {
	Rarer(n, nullDeviance float64) (people float64, ok bool)
}

// Disclose refuses models of few people per coefficient (of two outcomes, of the
// rarer), or with a level that few people, or few with the outcome, have.
func (r run) Disclose(res *analysis.Result, rules disclosure.Rules) (*analysis.Result, []disclosure.Action, error) {
	return disclosure.Edit(res, rules, func(d *disclosure.Draft) error {
		e := support.Evidence{Model: r.model, Intercept: r.model.Intercept, Counted: support.Number(res, "nobs"), Of: "people", Scale: 1}
		if f, two := r.family.(Rarer); two {
			n, ok := f.Rarer(e.Counted, support.Number(res, "null.deviance"))
			if !ok || !r.model.Intercept {
				return fmt.Errorf("the model cannot be released: without an intercept, or with an offset, it is not known how many people have the rarer outcome; write the formula with an intercept and without offset()")
			}
			if rules.Small(n) {
				return fmt.Errorf("the model cannot be released: fewer than %d people have the rarer outcome; choose a more frequent one, or a larger cohort", rules.MinimumCell)
			}
			e.Counted, e.Of = n, "people with the rarer outcome"
			e.Scale = 4 // a person's weight mu(1-mu) is at most a quarter
		}
		return e.Release(d)
	})
}

var _ disclosure.Discloser = run{}

// Derived implements disclosure.Deriver.
func (r run) Derived(t table.Table) (map[string][]float64, error) { return r.model.Derived(t) }

// Selections implements disclosure.Selector.
func (r run) Selections(t table.Table) ([]table.Subset, error) { return r.model.Selections(t) }
