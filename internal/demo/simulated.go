package demo

import (
	"context"
	"fmt"
	"math"
	"path"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/person"
)

// peopleFolder is where simulated people are, below the folder of the demonstration.
const peopleFolder = "people"

// PeopleASite is how many simulated people a site of the demonstration has.
const PeopleASite = 400

// kept is the format in which a site keeps its records.
func kept(site string) string {
	switch site {
	case "lakes", "south":
		return "fhir"
	case "plains", "west":
		return "omop"
	}
	return "csv" // of east in German
}

// simulated is six hospitals of people who never existed.
func simulated() Demonstration {
	const heart, statin = "simulated/heart.yaml", "simulated/statin.yaml"
	return Demonstration{Data: "simulated", Charter: "simulated", Dataset: "clinic",
		Studies: []string{heart, statin, "simulated/private.yaml", "simulated/young.yaml"},
		source:  func(site string) string { return path.Join(peopleFolder, site, kept(site)) },
		people: func(ctx context.Context, dir string) error {
			o := simulate.Options{Seed: 1, People: PeopleASite * len(Sites()), Sites: Sites()}
			return simulate.Write(ctx, o, filepath.Join(dir, peopleFolder), nil)
		},
		effects: []effect{
			{heart, "hazards", "age", "hazard ratio of heart disease, ten years older", person.Age, person.CHD, person.Weibull, 10},
			{heart, "hazards", "sexmale", "hazard ratio, men beside women", person.Male, person.CHD, person.Weibull, 1},
			{heart, "hazards", "I(smoking == \"current\")TRUE", "hazard ratio, smokers beside others", person.Smoker, person.CHD, person.Weibull, 1},
			{statin, "who-is-treated", "age", "odds ratio of a statin, ten years older", person.Age, person.Statin, person.Logistic, 10},
			{statin, "who-is-treated", "cholesterol", "odds ratio of a statin, 20 mg/dL more LDL", person.LDL, person.Statin, person.Logistic, 20},
			{statin, "crude", "treated", "hazard ratio of heart disease with a statin, crude", person.Statin, person.CHD, person.Weibull, 1},
			{statin, "adjusted", "treated", "hazard ratio of heart disease with a statin, adjusted", person.Statin, person.CHD, person.Weibull, 1},
			{statin, "adjusted", "cholesterol", "hazard ratio of heart disease, 20 mg/dL more LDL", person.LDL, person.CHD, person.Weibull, 20},
		}}
}

// An effect is a coefficient of the causal graph that an analysis estimates as a ratio of
// hazards or odds, for so many units of the cause.
type effect struct {
	study, analysis, term, what string
	cause, outcome              person.Variable
	kind                        person.Kind
	per                         float64
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
		at := slices.IndexFunc(t.Edges, func(x simulate.Edge) bool {
			return x.Cause == e.cause && x.Outcome == e.outcome && x.Kind == string(e.kind)
		})
		if at < 0 {
			return nil, fmt.Errorf("demonstration: the truth has no effect of %s on %s", e.cause, e.outcome)
		}
		f.Planted = math.Exp(t.Edges[at].Coefficient * e.per)
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
			*to = math.Pow(c.Numbers[at], e.per)
		}
		return f, nil
	}
	return f, fmt.Errorf("demonstration: the answer to %s has no %s in %s", e.study, e.term, e.analysis)
}
