// Package disclosure holds what a consortium asks of an exact result before it
// is released: no cell of few people, no margin that gives one back, no model of
// nearly as many coefficients as people. The rules are data, agreed in the
// charter; they are applied to the opened sums, which the lead and every site
// have alike, before the digest that all sign.
//
// It serves the analyses, whose runs implement Discloser over the tables that
// they write, and the site's door, which asks Dominated about its own part. It
// refuses results of analyses that do not say how the rules apply to them.
package disclosure

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// Rules are the consortium's rules for exact results. The zero value of a rule
// switches it off.
type Rules struct {
	// MinimumCell: a count between 1 and MinimumCell-1 is not shown, and no shown
	// figure narrows it to fewer than the possibilities 0..MinimumCell.
	MinimumCell int `json:"minimum_cell"`
	// PeoplePerParameter: a model has at least so many people (of survival models
	// events, of a binary response people of the rarer outcome) per coefficient.
	PeoplePerParameter float64 `json:"people_per_parameter"`
	// Round: counts are shown as the nearest multiple, halves to the even one. 0
	// and 1 are off.
	Round int `json:"round"`
	// DominanceN and DominanceK: the DominanceN largest contributions must not make
	// more than the share DominanceK (0..1) of a total of magnitudes.
	DominanceN int     `json:"dominance_n"`
	DominanceK float64 `json:"dominance_k"`
	// DominanceP: the second-largest contributor must not be able to estimate the
	// largest to within the share DominanceP (0..1) of it.
	DominanceP float64 `json:"dominance_p"`
}

// DefaultRules are those of a consortium that says nothing.
//
// Five people per cell is the usual threshold of research data centres (Brandt
// et al., Guidelines for the checking of output based on microdata research,
// ESSnet SDC 2010: 10 conservative, 3 to 5 usual). Ten people per coefficient is
// the floor under which coefficients describe their sample more than the
// population (Peduzzi et al., J Clin Epidemiol 1996;49:1373) and far above where
// a model gives single people back (people equal coefficients). Dominance is
// the (1, 0.5) and 10% rule of the same guidelines. Counts are not rounded.
func DefaultRules() Rules {
	return Rules{MinimumCell: 5, PeoplePerParameter: 10, DominanceN: 1, DominanceK: 0.5, DominanceP: 0.1}
}

// Valid says which rule cannot be kept, and how to mend it.
func (r Rules) Valid() error {
	switch {
	case r.MinimumCell < 0 || r.MinimumCell > 1000:
		return fmt.Errorf("minimum_cell is %d: want 0 (off) to 1000 people", r.MinimumCell)
	case !(r.PeoplePerParameter >= 0 && r.PeoplePerParameter <= 1000):
		return fmt.Errorf("people_per_parameter is %v: want 0 (off) to 1000 people", r.PeoplePerParameter)
	case r.Round < 0 || r.Round > 1000:
		return fmt.Errorf("round is %d: want 0 (off) to 1000 people", r.Round)
	case r.DominanceN < 0 || r.DominanceN > 100:
		return fmt.Errorf("dominance_n is %d: want 0 (off) to 100 contributions", r.DominanceN)
	case !(r.DominanceK >= 0 && r.DominanceK <= 1):
		return fmt.Errorf("dominance_k is %v: want a share from 0 (off) to 1", r.DominanceK)
	case (r.DominanceN > 0) != (r.DominanceK > 0):
		return fmt.Errorf("dominance_n is %d and dominance_k is %v: the rule needs both, or neither", r.DominanceN, r.DominanceK)
	case !(r.DominanceP >= 0 && r.DominanceP <= 1):
		return fmt.Errorf("dominance_p is %v: want a share from 0 (off) to 1", r.DominanceP)
	}
	return nil
}

// Small says whether a count is of so few people that it is not shown.
func (r Rules) Small(n float64) bool { return n > 0 && n < float64(r.MinimumCell) }

// Rounded is a count as it is shown: the nearest multiple of Round, halves to
// the even multiple.
func (r Rules) Rounded(n float64) float64 {
	if r.Round < 2 {
		return n
	}
	m := float64(r.Round)
	return math.RoundToEven(n/m) * m
}

// An Action is one rule applied to one table or figure of a result, for the
// receipt. It holds no figure of the result.
type Action struct {
	Rule       string `json:"rule"`  // as in the charter: "minimum_cell"
	Table      string `json:"table"` // name of the table or figure
	Text       string `json:"text"`
	Suppressed int    `json:"suppressed"` // figures that are not shown, or shown coarser
}

// A Discloser is the Run of an analysis that knows how the rules apply to its
// results. It is an ability of a Run, found by assertion.
//
// Disclose is pure and deterministic: it never changes r, adds nothing that r
// does not tell, and applied to its own answer changes nothing. With all rules
// off it returns r. An error says, to the researcher, why the result may not be
// released and what to ask instead; it holds no count.
type Discloser interface {
	Disclose(r *analysis.Result, rules Rules) (*analysis.Result, []Action, error)
}

// Apply applies the rules to the result of a run. A run that does not say how is
// refused, unless all rules are off.
func Apply(run any, r *analysis.Result, rules Rules) (*analysis.Result, []Action, error) {
	if err := rules.Valid(); err != nil {
		return nil, nil, fmt.Errorf("disclosure rules: %w", err)
	}
	if rules == (Rules{}) {
		return r, nil, nil // nothing is asked of any result
	}
	d, ok := run.(Discloser)
	if !ok {
		return nil, nil, fmt.Errorf("the analysis does not say how disclosure rules apply to its results, so they are not released; run it with a privacy budget, or use an analysis that does")
	}
	return d.Disclose(r, rules)
}

// A Selector is the Run of an analysis in which a formula can leave patients out as a
// cohort does. It is an ability of a Run, found by assertion, and serves the site's door.
type Selector interface {
	// Selections gives the rows of the table that are chosen, once for each choice.
	Selections(t table.Table) ([]table.Subset, error)
}

// A Deriver is the Run of an analysis that makes numbers of its own of a patient's
// values, as the columns of a model. It is an ability of a Run, found by assertion, and
// serves the site's door: what one patient makes most of is as dangerous there as in a
// variable.
type Deriver interface {
	// Derived gives these numbers by name, one for each row of the table, NaN where a
	// row has none. The names are the same for any rows, and what is said of a row does
	// not depend on the others.
	Derived(t table.Table) (map[string][]float64, error)
}
