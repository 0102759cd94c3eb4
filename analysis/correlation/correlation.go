// Package correlation measures how numeric variables go together, pair by pair:
// Pearson's coefficient of measurements, Spearman's of variables with a list of
// whole values. It refuses ranks of measurements, which would need every value.
//
// Two rounds. The first opens how many people count and the sums, or for
// Spearman how many people have each value, so that everybody's rank is known at
// their own site; the second opens the products of the distances from the mean.
// No joint table of two variables is opened.
package correlation

import (
	"fmt"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/cells"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

const (
	mostVariables = 200
	mostValues    = 4096      // of a variable that is ranked
	mostOpened    = 1_000_000 // numbers in one round
)

// New returns the analysis.
func New() analysis.Analysis { return correlation{} }

type correlation struct{}

func (correlation) About() analysis.About {
	low, high := 0.5, 0.9999
	return analysis.About{
		Name:    "correlation",
		Version: "1",
		Title:   "Correlation of variables",
		Doc: "Pearson's or Spearman's correlation coefficient of each pair of numeric variables, with test and, for Pearson's, Fisher's interval. " +
			"Among the people with a value of all variables, or for each pair among those with a value of both. " +
			"Spearman's coefficient is of whole numbers and flags, with ties; its test is the t approximation. " +
			"In a study with privacy:, Pearson's coefficients carry noise, and their intervals and tests include it.",
		Source: "Fisher, Statistical Methods for Research Workers, 1934, chapter 6; Spearman, American Journal of Psychology 1904;15:72-101; Kendall, Rank Correlation Methods, 1970, chapter 3 (ties)",
		Parameters: []analysis.Parameter{
			{Name: "variables", Type: "variables", Required: true, Doc: "two or more numbers, whole numbers or flags"},
			{Name: "method", Type: "string", Default: "pearson", Options: []string{"pearson", "spearman"}, Doc: "the coefficient"},
			{Name: "use", Type: "string", Default: "complete", Options: []string{"complete", "pairwise"}, Doc: "people with a value of all variables, or of the pair at hand"},
			{Name: "conf.level", Type: "number", Default: 0.95, Min: &low, Max: &high, Doc: "level of the confidence intervals"},
		},
		Example: "- name: together\n  analysis: correlation\n  variables: [age, bmi, ph.karno, wt.loss]\n  use: pairwise\n",
	}
}

func (c correlation) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	p, err := p.Check(c.About().Parameters)
	if err != nil {
		return nil, nil, err
	}
	r := run{ranked: p.String("method") == "spearman", level: p.Number("conf.level")}
	names := p.Strings("variables")
	if len(names) < 2 || len(names) > mostVariables {
		return nil, nil, analysis.Refuse("variables", "names %d; a correlation is of 2 to %d", len(names), mostVariables)
	}
	for i, name := range names {
		v, ok := s.Lookup(name)
		switch {
		case !ok:
			return nil, nil, analysis.Refuse("variables", "%q is not in the dictionary%s", name, analysis.Suggest(name, s.Names()))
		case !v.Numeric():
			return nil, nil, analysis.Refuse("variables", "%q is a category, which has no correlation; use the analysis table", name)
		case slices.Contains(names[:i], name):
			return nil, nil, analysis.Refuse("variables", "%q is listed twice", name)
		case r.ranked && v.Kind == table.Number:
			return nil, nil, analysis.Refuse("method", "%q is a measurement: its ranks would need every value; use method: pearson, or a whole-number version of the variable", name)
		case r.ranked && cells.Count(v) > mostValues:
			return nil, nil, analysis.Refuse("method", "%q can take %.0f values, at most %d can be ranked; use method: pearson, or a coarser variable", name, cells.Count(v), mostValues)
		}
		r.variables = append(r.variables, newNumber(v))
	}
	r.sets = [][]int{make([]int, len(names))}
	for i := range names {
		r.sets[0][i] = i
	}
	if p.String("use") == "pairwise" {
		r.sets = r.pairs()
	}
	if n := max(len(r.firstRanges()), r.productLen()); n > mostOpened {
		return nil, nil, analysis.Refuse("variables", "%d numbers would be opened, at most %d are; use fewer variables, or use: complete", n, mostOpened)
	}
	st, err := analysis.Encode(state{})
	return r, st, err
}

// A run is the correlations of one study.
type run struct {
	variables []number
	sets      [][]int // variables that are used together: all, or each pair
	ranked    bool
	level     float64
}

// A state is what the first round opened.
type state struct {
	Round int       `json:"round"`
	First []float64 `json:"first,omitempty"`
}

func (r run) pairs() (out [][]int) {
	for i := range r.variables {
		for j := i + 1; j < len(r.variables); j++ {
			out = append(out, []int{i, j})
		}
	}
	return out
}

// productLen is the number of coordinates of the second round.
func (r run) productLen() int {
	n := 0
	for _, set := range r.sets {
		n += len(set) + stat.Triangle(len(set))
	}
	return n
}

func (r run) Bounds(s analysis.State) (analysis.Bounds, error) {
	st, err := r.decode(s)
	if err != nil {
		return analysis.Bounds{}, err
	}
	b := analysis.Bounds{}
	for _, v := range r.variables {
		b.Columns = append(b.Columns, v.Name)
	}
	switch {
	case st.Round == 1:
		b.Ranges = r.productRanges(st)
		b.Opens = "Pooled sums of products of the distances of two variables from their means."
	case r.ranked:
		b.Ranges = r.firstRanges()
		b.Opens = "How many people in all have each value of each variable."
	default:
		b.Ranges = r.firstRanges()
		b.Opens = "The pooled number of people and the sum of each variable."
	}
	return b, nil
}

func (r run) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	st, err := r.decode(s)
	if err != nil {
		return err
	}
	columns := make([][]float64, len(r.variables))
	for i, v := range r.variables {
		if columns[i], err = v.read(t); err != nil {
			return err
		}
	}
	if st.Round == 0 {
		r.first(columns, t.Rows(), sum)
		return nil
	}
	r.products(columns, t.Rows(), st, sum)
	return nil
}

func (r run) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := r.decode(s)
	if err != nil {
		return nil, nil, err
	}
	want := r.productLen()
	if st.Round == 0 {
		want = len(r.firstRanges())
	}
	if len(sum) != want {
		return nil, nil, fmt.Errorf("round %d: a sum of %d coordinates does not fit the state", st.Round, len(sum))
	}
	if st.Round == 1 {
		return nil, r.result(st, sum), nil
	}
	most := 0.0
	for at, set := 0, 0; set < len(r.sets); set++ {
		most = max(most, sum[at])
		at += r.firstLen(r.sets[set])
	}
	if most < 3 {
		return nil, nil, analysis.Refuse("variables", "fewer than three people have a value of all variables that are used together")
	}
	next, err := analysis.Encode(state{Round: 1, First: sum})
	return next, nil, err
}

func (r run) decode(s analysis.State) (state, error) {
	st, err := analysis.Decode[state](s)
	if err == nil && (st.Round < 0 || st.Round > 1 || st.Round == 1 && len(st.First) != len(r.firstRanges())) {
		err = fmt.Errorf("state of round %d does not fit the study", st.Round)
	}
	return st, err
}
