package demo

import (
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/person"
)

// An effect is a coefficient that an analysis estimates of what was planted, for so many
// units of the cause.
type effect struct {
	study, analysis, term, what string
	per                         float64
	ratio                       bool // of hazards or odds, and no difference
	planted                     func(simulate.Truth) (float64, bool)
}

// ratio is an effect of the causal graph that an analysis estimates as a ratio of hazards
// or odds.
func ratio(study, analysis, term, what string, cause, outcome person.Variable, kind person.Kind, per float64) effect {
	return effect{study, analysis, term, what, per, true, func(t simulate.Truth) (float64, bool) {
		at := slices.IndexFunc(t.Edges, func(x simulate.Edge) bool {
			return x.Cause == cause && x.Outcome == outcome && x.Kind == string(kind)
		})
		if at < 0 {
			return 0, false
		}
		return math.Exp(t.Edges[at].Coefficient * per), true
	}}
}

// A Found is what a study found of an effect, with its interval of 95 %, beside what was
// planted.
type Found struct {
	What                         string
	Estimate, Low, High, Planted float64
}

// found looks the effects up in an answer and in the truth of the people in a folder.
func found(people string, effects []effect, o receipt.Outcome) ([]Found, error) {
	t, err := simulate.ReadTruth(people)
	if err != nil {
		return nil, err
	}
	var out []Found
	for _, e := range effects {
		f, err := e.found(o)
		if err != nil {
			return nil, err
		}
		planted, ok := e.planted(t)
		if !ok {
			return nil, fmt.Errorf("demonstration: nothing was planted of the %s", e.what)
		}
		f.Planted = planted
		out = append(out, f)
	}
	return out, nil
}

// found looks an effect up in an answer.
func (e effect) found(o receipt.Outcome) (Found, error) {
	f := Found{What: e.what}
	for _, a := range o.Analyses {
		if a.Name != e.analysis || a.Result == nil {
			continue
		}
		terms, err := a.Result.Table("terms")
		if err != nil {
			return f, fmt.Errorf("demonstration: %w", err)
		}
		term, err := terms.Column("term")
		if err != nil {
			return f, fmt.Errorf("demonstration: %w", err)
		}
		at := slices.Index(term.Text, e.term)
		if at < 0 {
			break
		}
		for name, to := range map[string]*float64{"estimate": &f.Estimate, "conf.low": &f.Low, "conf.high": &f.High} {
			c, err := terms.Column(name)
			if err != nil {
				return f, fmt.Errorf("demonstration: %w", err)
			}
			if *to = c.Numbers[at] * e.per; e.ratio {
				*to = math.Pow(c.Numbers[at], e.per)
			}
		}
		return f, nil
	}
	return f, fmt.Errorf("demonstration: the answer to %s has no %s in %s", e.study, e.term, e.analysis)
}
