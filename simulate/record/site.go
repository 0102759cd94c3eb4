package record

import (
	"fmt"
	"hash/fnv"

	"hmsp.center/hmsp/simulate/person"
)

// A Site is how the people and the records of one hospital differ from others'.
type Site struct {
	Name        string        `json:"name"`
	Character   string        `json:"character"` // whose traits it has: itself, or one of the six
	People      int           `json:"people"`
	Traits      person.Traits `json:"traits"`
	Molar       bool          `json:"molar_units"`
	Coding      Coding        `json:"coding"`
	German      bool          `json:"german_csv"` // ; and decimal comma and DD.MM.YYYY
	Calibration []Bias        `json:"calibration"`
	Missing     []Missing     `json:"missing"`
	Faults      []Fault       `json:"faults"`
}

// A Coding is a habit of coding diagnoses and drugs.
type Coding string

// The habits.
const (
	National      Coding = "national"      // ICD-10-GM and ATC
	International Coding = "international" // SNOMED CT and RxNorm
	Both          Coding = "both"
)

// A Bias of a site's laboratory: reported = Factor*measured + Offset, in the
// analyte's own unit.
type Bias struct {
	Analyte string  `json:"variable"`
	Factor  float64 `json:"factor"`
	Offset  float64 `json:"offset"`
}

// A Missing says with what chance a value is not recorded:
// 1/(1+exp(-(Intercept + Slope*(x-Centre)))), x by the mechanism.
type Missing struct {
	Variable  string    `json:"variable"` // an analyte, or smoking
	Mechanism Mechanism `json:"mechanism"`
	Intercept float64   `json:"intercept"`
	Slope     float64   `json:"slope,omitempty"`
	Centre    float64   `json:"centre,omitempty"`
}

// A Mechanism of missing values (Rubin 1976).
type Mechanism string

// The mechanisms.
const (
	MCAR Mechanism = "mcar" // completely at random
	MAR  Mechanism = "mar"  // by age at entry, which is known
	MNAR Mechanism = "mnar" // by the value itself, in the analyte's own unit
)

// A Fault is planted. From and To are shares of the study's time, between which it
// acts. Rows is how many rows have it.
type Fault struct {
	Kind     FaultKind `json:"kind"`
	Variable string    `json:"variable,omitempty"`
	Chance   float64   `json:"chance,omitempty"`
	Size     float64   `json:"size,omitempty"`
	From     float64   `json:"-"`
	To       float64   `json:"-"`
	Begin    string    `json:"from,omitempty"` // dates, filled in
	End      string    `json:"to,omitempty"`
	Rows     int       `json:"rows"`
	What     string    `json:"what"`
}

// A FaultKind is what went wrong.
type FaultKind string

// The faults.
const (
	Zero        FaultKind = "zero"         // a missing value is recorded as 0, with Chance
	WrongUnit   FaultKind = "wrong-unit"   // a value in the other unit under the site's unit
	Duplicate   FaultKind = "duplicate"    // a batch of measurements was imported twice
	Future      FaultKind = "future"       // a measurement is Size years too late
	BeforeBirth FaultKind = "before-birth" // a diagnosis is Size years before the birth
	Outlier     FaultKind = "outlier"      // a decimal point slipped: Size times the value
	Digits      FaultKind = "digits"       // blood pressures are rounded to Size
	Drift       FaultKind = "drift"        // values grow by Size (a share) a year from a date on
)

// NewSite is the site of that name. The six sites of simulate.Sites are described
// here; any other takes after the one that its name's hash points to. Clean has
// neither missing values nor faults.
func NewSite(name string, people int, clean bool) Site {
	s := character(name)
	s.Name, s.People = name, people
	if clean {
		s.Missing, s.Faults = nil, nil
	}
	for i := range s.Faults {
		s.Faults[i].What = s.Faults[i].Kind.text()
	}
	return s
}

func character(name string) Site {
	names := []string{"east", "lakes", "north", "plains", "south", "west"}
	for _, n := range names {
		if n == name {
			s := sites(n)
			s.Character = n
			return s
		}
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return character(names[h.Sum32()%uint32(len(names))])
}

// Postal is the i-th postal code of the site, one that no place has: German ones
// begin above 01000.
func (s *Site) Postal(i int) string {
	h := fnv.New32a()
	h.Write([]byte(s.Name))
	return fmt.Sprintf("00%03d", int(h.Sum32()%24)*person.PostalCodes+i)
}

func sites(name string) Site {
	pop := func(age, a, b, c float64, shifts map[person.Variable]float64) person.Traits {
		return person.Traits{Age: age, Ancestry: [3]float64{a, b, c}, Shifts: shifts}
	}
	few := func(v string) Missing { return Missing{Variable: v, Mechanism: MCAR, Intercept: -3} } // 4.7 %
	switch name {
	case "east":
		return Site{Traits: pop(58, 3, 0.2, 0.3, map[person.Variable]float64{person.Smoker: 0.4, person.BMI: 0.6}),
			Coding: National, German: true,
			Missing: []Missing{few("crp"), few("hdl"), {Variable: "smoking", Mechanism: MCAR, Intercept: -2}},
			Faults: []Fault{
				{Kind: Future, Chance: 0.002, Size: 10, To: 1},
				{Kind: BeforeBirth, Chance: 0.01, Size: 2, To: 1}}}
	case "lakes":
		return Site{Traits: pop(52, 2, 0.5, 0.5, map[person.Variable]float64{person.Activity: 0.4}),
			Molar: true, Coding: National,
			Missing: []Missing{few("ldl"), {Variable: "hba1c", Mechanism: MAR, Intercept: -2, Slope: -0.04, Centre: 50}},
			Faults:  []Fault{{Kind: WrongUnit, Variable: "glucose", Chance: 1, From: 0.5, To: 0.6}}}
	case "north":
		return Site{Traits: pop(55, 4, 0.2, 0.1, nil), Coding: Both,
			Calibration: []Bias{{"ldl", 1.05, 0}},
			Missing:     []Missing{{Variable: "crp", Mechanism: MCAR, Intercept: -1.4}, few("ldl")},
			Faults:      []Fault{{Kind: Zero, Variable: "crp", Chance: 0.8, To: 1}, {Kind: Zero, Variable: "ldl", Chance: 0.5, To: 1}}}
	case "plains":
		return Site{Traits: pop(50, 1, 1, 1, map[person.Variable]float64{person.Diabetes: 0.3}), Coding: International,
			Missing: []Missing{{Variable: "ldl", Mechanism: MNAR, Intercept: -2.5, Slope: 0.03, Centre: 128}},
			Faults: []Fault{
				{Kind: Duplicate, Chance: 1, From: 0.7, To: 0.75},
				{Kind: Digits, Variable: "sbp", Chance: 0.7, Size: 10, To: 1},
				{Kind: Digits, Variable: "dbp", Chance: 0.7, Size: 10, To: 1}}}
	case "south":
		return Site{Traits: pop(60, 1.5, 0.3, 1.5, map[person.Variable]float64{person.Hypertension: 0.3}), Coding: National,
			Calibration: []Bias{{"hba1c", 1, 0.15}},
			Missing:     []Missing{{Variable: "hba1c", Mechanism: MNAR, Intercept: -2, Slope: -1, Centre: 5.5}, few("creatinine")},
			Faults:      []Fault{{Kind: Drift, Variable: "creatinine", Chance: 1, Size: 0.06, From: 0.6, To: 1}}}
	default: // west
		return Site{Traits: pop(54, 2, 1.2, 0.3, nil), Molar: true, Coding: Both,
			Calibration: []Bias{{"creatinine", 1, -0.04}},
			Missing:     []Missing{few("hba1c"), few("triglycerides"), {Variable: "bmi", Mechanism: MAR, Intercept: -2, Slope: 0.03, Centre: 50}},
			Faults: []Fault{
				{Kind: Outlier, Variable: "weight", Chance: 0.003, Size: 10, To: 1},
				{Kind: Outlier, Variable: "ldl", Chance: 0.003, Size: 10, To: 1}}}
	}
}

func (k FaultKind) text() string {
	switch k {
	case Zero:
		return "a value that is missing is recorded as 0, with the chance"
	case WrongUnit:
		return "between the dates a value is reported in the other unit (mass for molar) under the site's code and unit"
	case Duplicate:
		return "the measurements between the dates were imported twice, the second time under other identifiers"
	case Future:
		return "the time of a measurement is size years too late, after the end of the study for most"
	case BeforeBirth:
		return "the date of a diagnosis is size years before the birth"
	case Outlier:
		return "a decimal point slipped: size times the value"
	case Digits:
		return "values are rounded to multiples of size"
	}
	return "values grow by the share size for every year after the first date"
}
