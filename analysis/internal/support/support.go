// Package support says how many people stand behind a model and behind each of
// its coefficients, from what the model's tables tell, and refuses the release of
// models that describe few people: it is what all regressions do about disclosure
// rules.
//
// The inverse of the covariance of the coefficients is X'WX, which anybody can
// work out from a released result. For least squares it is the counts themselves:
// of the people with each level of a factor, and with each pair of levels. For
// other models it is a bound from below: a level that passes has enough people,
// one that does not has few of them or hardly any of the outcome among them.
package support

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/disclosure"
)

// Evidence is what an analysis knows about its model.
type Evidence struct {
	Model     *formula.Model
	Intercept bool    // is the first of the terms
	Counted   float64 // people, or those with an event or the rarer outcome
	Of        string  // what is counted: "people"
	// Scale times the inverse covariance is X'X, or less than X'X.
	Scale float64
	Exact bool // it is X'X
}

// Release holds the model in the tables terms, glance and vcov against the rules.
func (e Evidence) Release(d *disclosure.Draft) error {
	terms, err := d.Table("terms")
	if err != nil {
		return err
	}
	var names []string
	estimates := d.Numbers("terms", "estimate")
	for i, name := range terms.Columns[0].Text {
		if math.IsInf(estimates[i], 0) && d.Rules.MinimumCell > 1 {
			return fmt.Errorf("the model cannot be released: the coefficient of %s is infinite, which says that all people of a group have the same outcome; join levels or leave the term out", name)
		}
		if !math.IsNaN(d.Numbers("terms", "std.error")[i]) {
			names = append(names, name)
		}
	}
	if need := d.Rules.PeoplePerParameter; e.Counted < need*float64(len(names)) {
		return fmt.Errorf("the model cannot be released: there are fewer than %v %s for each of its %d coefficients (people_per_parameter); use fewer terms, coarser factors or a larger cohort", need, e.Of, len(names))
	}
	if df := d.Numbers("glance", "df.residual"); len(df) == 1 && df[0] < float64(d.Rules.MinimumCell) {
		return fmt.Errorf("the model cannot be released: it has nearly as many coefficients as people, so that it gives them back; use fewer terms or a larger cohort")
	}
	if d.Rules.MinimumCell > 1 {
		if err := e.levels(d, names); err != nil {
			return err
		}
	}
	d.LeftOut("%v of %v rows were left out", "fewer than %d rows were left out", "about %v rows were left out")
	roundModel(d)
	return nil
}

// levels refuses levels of few people, and takes the covariance away where it
// tells of pairs of levels that few people have.
func (e Evidence) levels(d *disclosure.Draft, names []string) error {
	groups, err := e.indicators()
	if err != nil {
		return err
	}
	x, ok := crossProducts(d, names)
	if !ok {
		return fmt.Errorf("the model cannot be released: its covariance cannot be inverted, so it is not known how many people each coefficient is of; leave out terms that nearly follow from others")
	}
	x.ScaleSym(e.Scale, x)
	at := func(i, j int) float64 { return x.At(i, j) }
	least := float64(d.Rules.MinimumCell) - 0.5 // counts are whole up to rounding
	few := func(n float64) bool { return n < least && (!e.Exact || n > 0.5) }
	isFlag := make([]bool, len(names)) // 1 for some people, 0 for the others
	for _, g := range groups {
		var cols []int
		for _, c := range g.columns {
			if i := slices.Index(names, c); i >= 0 && (!g.number || !e.Intercept || math.Abs(at(i, i)-at(0, i)) < 1e-6*at(i, i)) {
				cols = append(cols, i)
				isFlag[i] = true
			}
		}
		for _, i := range cols {
			if few(at(i, i)) {
				return tooFew(names[i])
			}
		}
		if len(cols) > 0 && few(e.rest(x, cols, g)) {
			return fmt.Errorf("the model cannot be released: the coefficients of %s are against a group of too few people; choose another reference level, or join levels", g.name)
		}
	}
	if e.pairs(x, isFlag, few) && d.Drop("vcov") {
		d.Did("minimum_cell", "vcov", len(names)*len(names), "the covariance of the coefficients tells of combinations of levels that few people have, and is not shown")
		d.Note("The covariance of the coefficients is not shown: from it one could work out how many people have combinations of levels that few have.")
	}
	return nil
}

func tooFew(name string) error {
	return fmt.Errorf("the model cannot be released: the coefficient of %s is of too few people or events; join the level with another, or leave out the people who have it in the cohort", name)
}

// rest is the people in none of the columns of a factor: those of the reference
// level. Unknown, it is as many as can be.
func (e Evidence) rest(x *mat.SymDense, cols []int, g group) float64 {
	if !g.main {
		return math.Inf(1) // of products of factors there is no one reference
	}
	sum := 0.0
	for _, i := range cols {
		if e.Intercept {
			sum += x.At(i, i)
			continue
		}
		for _, j := range cols {
			sum += x.At(i, j)
		}
	}
	switch {
	case e.Intercept:
		return x.At(0, 0) - sum
	case e.Exact:
		return math.Inf(1) // without an intercept all levels have a column
	}
	return sum // the variance of being in none of the levels is that of being in one
}

// pairs says whether X'X tells of few people who have two levels, or one of them
// and not the other.
func (e Evidence) pairs(x *mat.SymDense, isFlag []bool, few func(float64) bool) bool {
	for i := range isFlag {
		for j := range i {
			if !isFlag[i] || !isFlag[j] {
				continue
			}
			both, a, b := x.At(i, j), x.At(i, i), x.At(j, j)
			if !e.Exact {
				if e.Intercept && both > 1e-6 && few(both) { // of one person there is no both
					return true
				}
				continue
			}
			if few(both) || few(a-both) || few(b-both) || e.Intercept && few(x.At(0, 0)-a-b+both) {
				return true
			}
		}
	}
	return false
}

// A group is the columns of one term that are 0 or 1.
type group struct {
	name    string
	main    bool // one factor, not a product
	number  bool // a number from 0 to 1, which may be a flag
	columns []string
}

// indicators lists the terms whose columns are 0 or 1. Other codings of factors
// are refused: their columns mix levels.
func (e Evidence) indicators() ([]group, error) {
	all := make([]float64, len(e.Model.CountRanges()))
	for i := range all {
		all[i] = 1
	}
	design, err := e.Model.Settle(all)
	if err != nil {
		return nil, fmt.Errorf("the model cannot be released: its factors have too many declared levels to see how many people have each: %w", err)
	}
	byTerm := map[int]*group{}
	var order []int
	for _, c := range design.Columns {
		if c.Name == "(Intercept)" {
			continue
		}
		factors, number := true, len(c.Parts) == 1
		for _, p := range c.Parts {
			v := design.Variables[p.Var]
			number = number && p.Values == nil && v.Lo == 0 && v.Hi == 1
			factors = factors && p.Values != nil
			for _, x := range p.Values {
				if x != 0 && x != 1 {
					return nil, fmt.Errorf("the model cannot be released: contrasts of %s mix its levels, so that it cannot be seen how many people each coefficient is of; use treatment contrasts", v.Name)
				}
			}
		}
		if !factors && !number {
			continue
		}
		g := byTerm[c.Term]
		if g == nil {
			g = &group{name: design.Terms[c.Term-1], main: len(c.Parts) == 1, number: number}
			byTerm[c.Term] = g
			order = append(order, c.Term)
		}
		g.columns = append(g.columns, c.Name)
	}
	out := make([]group, len(order))
	for i, t := range order {
		out[i] = *byTerm[t]
	}
	return out, nil
}

// crossProducts inverts the covariance of the named terms, in units in which its
// diagonal is 1.
func crossProducts(d *disclosure.Draft, names []string) (*mat.SymDense, bool) {
	n := len(names)
	t, err := d.Table("vcov")
	if err != nil || n == 0 {
		return nil, n == 0
	}
	rows := make([]int, n)
	for i, name := range names {
		rows[i] = slices.Index(t.Columns[0].Text, name)
	}
	v := mat.NewSymDense(n, nil)
	unit := make([]float64, n)
	for i, r := range rows {
		unit[i] = math.Sqrt(t.Columns[1+r].Numbers[r])
	}
	for i, r := range rows {
		for j := i; j < n; j++ {
			v.SetSym(i, j, t.Columns[1+rows[j]].Numbers[r]/unit[i]/unit[j])
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(v) {
		return nil, false
	}
	x := mat.NewSymDense(n, nil)
	if err := chol.InverseTo(x); err != nil {
		return nil, false
	}
	for i := range n {
		for j := i; j < n; j++ {
			x.SetSym(i, j, x.At(i, j)/unit[i]/unit[j])
		}
	}
	return x, true
}

// roundModel rounds the numbers of people of the model, and what is made of them.
// The fit itself stays exact, so whoever works backwards from it can still tell
// the number.
func roundModel(d *disclosure.Draft) {
	if d.Rules.Round < 2 {
		return
	}
	first := func(name string) *float64 {
		if xs := d.Numbers("glance", name); len(xs) == 1 {
			return &xs[0]
		}
		return nil
	}
	n := first("nobs")
	before := *n
	after := d.Rules.Rounded(before)
	if bic, ll := first("BIC"), first("logLik"); bic != nil && ll != nil {
		*bic = -2**ll + (*bic+2**ll)/math.Log(before)*math.Log(after)
	}
	for _, name := range []string{"df.residual", "df.null"} {
		if df := first(name); df != nil {
			*df += after - before
		}
	}
	for _, name := range []string{"nobs", "n", "nevent"} {
		if x := first(name); x != nil {
			*x = d.Rules.Rounded(*x)
		}
	}
	d.Did("round", "glance", 0, "numbers of people are rounded, with the degrees of freedom and BIC made of them")
}

// Number is the one number of a column of the table glance, NaN without it.
func Number(r *analysis.Result, column string) float64 {
	t, err := r.Table("glance")
	if err != nil {
		return math.NaN()
	}
	c, err := t.Column(column)
	if err != nil || len(c.Numbers) != 1 {
		return math.NaN()
	}
	return c.Numbers[0]
}
