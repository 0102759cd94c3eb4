// Package describe sums up variables one by one: how many, how many missing,
// mean, spread, exact quantiles, histogram, shares of levels; for all people or
// per group. It serves the first look at a cohort and the table one of a paper.
//
// Moments are taken about the pooled mean in a second round, so that nothing
// cancels. Quantiles are R's type 7 on order statistics that are found to the
// last bit by a 16-ary search on counts (methods C2). The smallest and the
// largest value belong to one person and are refused.
package describe

import (
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/cells"
	"hmsp.center/hmsp/table"
)

// mostGroups is the most groups of `by`.
const mostGroups = 64

// New returns the analysis.
func New() analysis.Analysis { return describe{} }

type describe struct{}

func (describe) About() analysis.About {
	one, hundred, lowest, highest := 1.0, 200.0, 0.0, 1.0
	return analysis.About{
		Name:    "describe",
		Version: "1",
		Title:   "Description of variables",
		Doc: "Numbers of people and of missing values, mean, standard deviation, skewness, exact quantiles and histogram of numbers; " +
			"counts and shares of categories. For all people, or for each group of a second variable. " +
			"Smallest and largest values are not shown: they are one person's. " +
			"In a study with privacy:, counts, means, spreads, quantiles and histograms carry noise, and say how much.",
		Source: "Hyndman and Fan, The American Statistician 1996;50:361-365 (quantiles, type 7); Joanes and Gill, The Statistician 1998;47:183-189 (skewness g1)",
		Parameters: []analysis.Parameter{
			{Name: "variables", Type: "variables", Required: true, Doc: "the variables to describe, of any type"},
			{Name: "by", Type: "variable", Doc: "describe each group of this category, flag or small range of whole numbers"},
			{Name: "quantiles", Type: "numbers", Default: []float64{0.05, 0.25, 0.5, 0.75, 0.95}, Min: &lowest, Max: &highest, Doc: "probabilities between 0 and 1, both excluded; R's type 7"},
			{Name: "bins", Type: "integer", Default: 20, Min: &one, Max: &hundred, Doc: "bars of a histogram, over the declared range; a variable with fewer whole values has one bar each"},
		},
		Example: "- name: who\n  analysis: describe\n  variables: [age, sex, ph.ecog, bmi]\n  by: stage\n",
	}
}

func (d describe) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	p, err := p.Check(d.About().Parameters)
	if err != nil {
		return nil, nil, err
	}
	r := run{probs: p.Numbers("quantiles"), groups: []string{""}}
	for _, q := range r.probs {
		if q <= 0 || q >= 1 {
			return nil, nil, analysis.Refuse("quantiles", "%v asks for the smallest or largest value, which is one person's; use probabilities between 0 and 1, both excluded", q)
		}
	}
	names := p.Strings("variables")
	if len(names) == 0 {
		return nil, nil, analysis.Refuse("variables", "is empty; name at least one variable")
	}
	for i, name := range names {
		v, ok := s.Lookup(name)
		switch {
		case !ok:
			return nil, nil, analysis.Refuse("variables", "%q is not in the dictionary%s", name, analysis.Suggest(name, s.Names()))
		case slices.Contains(names[:i], name):
			return nil, nil, analysis.Refuse("variables", "%q is listed twice", name)
		}
		if v.Numeric() {
			r.numbers = append(r.numbers, newNumber(v, p.Int("bins")))
			continue
		}
		axis, err := cells.New("variables", name, s, 10000)
		if err != nil {
			return nil, nil, err
		}
		r.categories = append(r.categories, axis)
	}
	if by := p.String("by"); by != "" {
		axis, err := cells.New("by", by, s, mostGroups)
		if err != nil {
			return nil, nil, err
		}
		if slices.Contains(names, by) {
			return nil, nil, analysis.Refuse("by", "%q is also among the variables", by)
		}
		r.by, r.groups = &axis, axis.Labels
	}
	st, err := analysis.Encode(state{})
	return r, st, err
}

// A state is what has been opened so far.
type state struct {
	Round  int       `json:"round"`
	Counts []float64 `json:"counts,omitempty"` // the sum of round 0
	Powers []float64 `json:"powers,omitempty"` // moments about the mean, of round 1
	Search []bracket `json:"search,omitempty"`
}

// A run describes the variables of one study.
type run struct {
	numbers    []number
	categories []cells.Axis
	by         *cells.Axis
	groups     []string // one, "", without by
	probs      []float64
}

// columns lists the variables that are read.
func (r run) columns() []string {
	var out []string
	for _, n := range r.numbers {
		out = append(out, n.Name)
	}
	for _, c := range r.categories {
		out = append(out, c.Variable.Name)
	}
	if r.by != nil {
		out = append(out, r.by.Variable.Name)
	}
	return out
}

// groupOf returns the group of each row, -1 where it is missing.
func (r run) groupOf(t table.Table) ([]int, error) {
	if r.by == nil {
		return make([]int, t.Rows()), nil
	}
	return r.by.Of(t)
}
