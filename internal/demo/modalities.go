package demo

import (
	"context"
	"path"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/person"
)

// modalities is six hospitals of people who never existed, of whom there are records,
// genomes, stools, recordings of watches, images of heads and letters.
func modalities() Demonstration {
	const across = "modalities/across.yaml"
	d := Demonstration{Data: "modalities", Charter: "modalities", People: 90, Studies: []string{across}, sources: ofEverything,
		effects: []effect{
			difference(across, "genes", "ldl_variant_1", "LDL cholesterol [mg/dL], each allele of a first variant", hit(genome.LDL, 0)),
			difference(across, "genes", "ldl_variant_2", "LDL cholesterol [mg/dL], each allele of a second variant", hit(genome.LDL, 1)),
			difference(across, "gut", "diabetes", "log-ratio of taxon 13, with diabetes", taxon(person.Diabetes, "taxon013")),
			difference(across, "gut", "metformin", "log-ratio of taxon 13, with metformin", taxon(person.Metformin, "taxon013")),
			difference(across, "watch", `I(smoking == "current")TRUE`, "resting heart rate [/min], smokers beside others", pulse(person.Smoker)),
			ratio(across, "head", "age", "odds ratio of a lesion, ten years older", person.Age, person.Lesion, person.Logistic, 10),
			ratio(across, "head", "hypertension", "odds ratio of a lesion, with high blood pressure", person.Hypertension, person.Lesion, person.Logistic, 1),
		}}
	d.people = func(ctx context.Context, dir string) error {
		o := simulate.Options{Seed: 1, People: d.People * len(Sites()), Sites: Sites(), Formats: []string{"csv", "fhir", "vcf", "biom", "fit", "fitbit", "nifti", "text"}, Complete: true}
		return simulate.Write(ctx, o, filepath.Join(dir, peopleFolder), nil)
	}
	return d
}

// ofEverything is what a site registers: half of them keep records as FHIR, and half read
// watches of another maker.
func ofEverything(site string) []Source {
	at := func(names ...string) string { return path.Join(append([]string{peopleFolder, site}, names...)...) }
	records, watch := "csv", "fitbit"
	if slices.Contains([]string{"lakes", "south", "west"}, site) {
		records = "fhir"
	}
	if slices.Contains([]string{"east", "lakes", "north"}, site) {
		watch = "fit"
	}
	return []Source{
		{Dataset: "clinic", Path: at(records)},
		{Dataset: "genome", Path: at("vcf", site+".vcf.gz")},
		{Dataset: "stool", Path: at("biom.dataset.yaml")},
		{Dataset: "watch", Path: at(watch)},
		{Dataset: "heads", Path: at("nifti.dataset.yaml")},
		{Dataset: "letters", Path: at("text.dataset.yaml")},
	}
}

// difference is an effect that an analysis estimates as a difference.
func difference(study, analysis, term, what string, planted func(simulate.Truth) (float64, bool)) effect {
	return effect{study, analysis, term, what, 1, false, planted}
}

// hit is the effect of the variant of a trait that stands at a place among its hits.
func hit(trait genome.Trait, at int) func(simulate.Truth) (float64, bool) {
	return func(t simulate.Truth) (float64, bool) {
		for _, h := range t.Genome.Hits {
			if h.Trait != trait {
				continue
			}
			if at == 0 {
				return h.Effect, true
			}
			at--
		}
		return 0, false
	}
}

// taxon is the effect of a cause on the logarithm of the abundance of a taxon.
func taxon(cause person.Variable, name string) func(simulate.Truth) (float64, bool) {
	return func(t simulate.Truth) (float64, bool) {
		for _, e := range t.Taxa {
			if e.Cause == cause && e.Taxon == name {
				return e.Size, true
			}
		}
		return 0, false
	}
}

// pulse is the effect of a cause on the heart rate of somebody who does not move.
func pulse(cause person.Variable) func(simulate.Truth) (float64, bool) {
	return func(t simulate.Truth) (float64, bool) {
		if t.Beside == nil || t.Beside.Watch == nil {
			return 0, false
		}
		for _, e := range t.Beside.Watch.Effects {
			if e.Cause == cause && e.Outcome == "mesor" {
				return e.Size, true
			}
		}
		return 0, false
	}
}
