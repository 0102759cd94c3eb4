// Package record is what a hospital wrote down about a person: visits, diagnoses,
// measurements, drugs, procedures, specimens, images and consents, in the codes and
// units of its site, with what is missing there and what went wrong.
//
// It serves simulate and the writers of formats below it, which tell the same facts
// in each format.
package record

import "hmsp.center/hmsp/simulate/person"

// A System is a code system.
type System int

// The code systems in use.
const (
	LOINC System = iota
	SNOMED
	ICD10GM
	ATC
	RxNorm
	OPS
	UCUM
	Policy // of the consents of the German Medical Informatics Initiative
	DICOM
	Local // of this package
)

// URI names the system in FHIR.
func (s System) URI() string {
	return [...]string{"http://loinc.org", "http://snomed.info/sct", "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
		"http://fhir.de/CodeSystem/bfarm/atc", "http://www.nlm.nih.gov/research/umls/rxnorm",
		"http://fhir.de/CodeSystem/bfarm/ops", "http://unitsofmeasure.org",
		"urn:oid:2.16.840.1.113883.3.1937.777.24.5.3", "http://dicom.nema.org/resources/ontology/DCM",
		"https://hmsp.center/fhir/CodeSystem/simulated"}[s]
}

// Vocabulary names the system in OMOP.
func (s System) Vocabulary() string {
	return [...]string{"LOINC", "SNOMED", "ICD10GM", "ATC", "RxNorm", "OPS", "UCUM", "MII Consent", "DICOM", "HMSP simulated"}[s]
}

// Version is the edition that FHIR resources name; "" for most.
func (s System) Version() string {
	switch s {
	case ICD10GM, ATC, OPS:
		return "2024"
	}
	return ""
}

// A Code of a system. Concept is OMOP's: the standard concept where this package is
// certain of it, otherwise a local one (LocalConcepts and above).
type Code struct {
	System  System
	Code    string
	Display string
	Domain  string // OMOP
	Class   string // OMOP
	Concept int64
}

// LocalConcepts is where OMOP's local concepts begin.
const LocalConcepts = 2_000_000_000

// Standard says whether the concept is OMOP's own.
func (c Code) Standard() bool { return c.Concept < LocalConcepts }

// A Form is how an analyte is reported: value = Scale*x + Offset of the analyte's own
// unit, rounded to Decimals.
type Form struct {
	Code          Code
	Unit          Code
	Scale, Offset float64
	Decimals      int
}

// An Analyte is something that is measured.
type Analyte struct {
	Name  string
	From  person.Variable // -1 where it is computed from others
	Vital bool
	Forms [2]Form // mass and molar units; equal where there is no choice
}

// The analytes, by index.
const (
	Glucose = iota
	HbA1c
	LDL
	HDL
	Triglycerides
	Creatinine
	EGFR
	CRP
	Weight
	Height
	BMI
	SBP
	DBP
	analytes
)

// A Disease has a code in both systems.
type Disease struct {
	Name        string
	ICD, SNOMED Code
}

// The diseases, by index.
const (
	Diabetes = iota
	Hypertension
	CHD
	Infarction
	Hyperlipidaemia
	Obesity
	Infection
	BackPain
	diseases
)

// A Drug has a code in both systems.
type Drug struct {
	Name        string
	ATC, RxNorm Code
	From        person.Variable
	Amount      float64 // mg
}

// A Purpose is a policy of a broad consent.
type Purpose struct {
	Code  Code
	Name  string // in CSV
	Years int    // for which it is given
	Bio   bool   // of biomaterial
}

// Research is the purpose in Codes.Purposes that lets data be used in research.
const Research = 2

// Codes are all codes that a simulation uses.
type Codes struct {
	Analytes   [analytes]Analyte
	Diseases   [diseases]Disease
	Drugs      []Drug
	Purposes   []Purpose
	Smoking    Code
	Smokers    [3]Code // never, former, current
	Group      Code
	Groups     [3]Code
	Angiogram  Code // procedures
	Angioplast Code
	HeadScan   Code
	Blood      Code // specimens
	Stool      Code
	MR, CR     Code // modalities
	Pressure   Code // the panel of blood pressures
	Milligram  Code
	Genders    [2]Code // female, male
	Classes    [2]Code // outpatient, inpatient
	Type       Code    // electronic health record

	All []Code // with concepts, each once
}

// add gives c its concept and enters it into All.
func (c *Codes) add(code Code) Code {
	if code.Concept == 0 {
		code.Concept = LocalConcepts + int64(len(c.All)) + 1
	}
	for _, have := range c.All {
		if have.System == code.System && have.Code == code.Code {
			return have
		}
	}
	c.All = append(c.All, code)
	return code
}
