package demo

import (
	"context"
	"path"
	"path/filepath"

	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/person"
)

// peopleFolder is where simulated people are, below the folder of the demonstration.
const peopleFolder = "people"

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
	return Demonstration{Data: "simulated", Charter: "simulated", People: 400,
		Studies: []string{heart, statin, "simulated/private.yaml", "simulated/young.yaml"},
		sources: func(site string) []Source {
			return []Source{{Dataset: "clinic", Path: path.Join(peopleFolder, site, kept(site))}}
		},
		people: func(ctx context.Context, dir string) error {
			o := simulate.Options{Seed: 1, People: 400 * len(Sites()), Sites: Sites()}
			return simulate.Write(ctx, o, filepath.Join(dir, peopleFolder), nil)
		},
		effects: []effect{
			ratio(heart, "hazards", "age", "hazard ratio of heart disease, ten years older", person.Age, person.CHD, person.Weibull, 10),
			ratio(heart, "hazards", "sexmale", "hazard ratio, men beside women", person.Male, person.CHD, person.Weibull, 1),
			ratio(heart, "hazards", "I(smoking == \"current\")TRUE", "hazard ratio, smokers beside others", person.Smoker, person.CHD, person.Weibull, 1),
			ratio(statin, "who-is-treated", "age", "odds ratio of a statin, ten years older", person.Age, person.Statin, person.Logistic, 10),
			ratio(statin, "who-is-treated", "cholesterol", "odds ratio of a statin, 20 mg/dL more LDL", person.LDL, person.Statin, person.Logistic, 20),
			ratio(statin, "crude", "treated", "hazard ratio of heart disease with a statin, crude", person.Statin, person.CHD, person.Weibull, 1),
			ratio(statin, "adjusted", "treated", "hazard ratio of heart disease with a statin, adjusted", person.Statin, person.CHD, person.Weibull, 1),
			ratio(statin, "adjusted", "cholesterol", "hazard ratio of heart disease, 20 mg/dL more LDL", person.LDL, person.CHD, person.Weibull, 20),
		}}
}
