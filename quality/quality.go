// Package quality measures how good a dataset is for research: conformance,
// completeness and plausibility after the harmonised terms of Kahn et al. (eGEMs
// 2016;4:1244, doi 10.13063/2327-9214.1244), verified within the dataset alone.
//
// It serves a site's steward, who reads the whole Profile at registration; a study,
// whose Thresholds a dataset must meet; and the other members, who get what Published
// lets out. A Profile holds counts and no value of a patient, but a count of few
// people can tell something of them, so it stays at the site. It judges no values
// against other sites, and no patients who look like duplicates of each other.
package quality

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Version is the kind and version of a profile's JSON.
const Version = "quality/v2"

// Counts are what the mapping of a source met for one variable, in rows of the source.
type Counts struct {
	Good        int `json:"good"`                   // values that are used
	Missing     int `json:"missing,omitempty"`      // no value
	Wrong       int `json:"wrong,omitempty"`        // not of the variable's type
	Unknown     int `json:"unknown,omitempty"`      // a code that the mapping does not know
	UnitUnknown int `json:"unit_unknown,omitempty"` // a unit that does not convert
	Orphan      int `json:"orphan,omitempty"`       // of a patient that the source does not have
	Outside     int `json:"outside,omitempty"`      // outside the plausible range
	Excluded    int `json:"excluded,omitempty"`     // on purpose, as what was entered in error
}

// A Profile is the quality of a dataset. Shares are from 0 (bad) to 1.
type Profile struct {
	Hmsp      string     `json:"hmsp"`
	Dataset   string     `json:"dataset"`
	People    int        `json:"people"`
	Linked    int        `json:"linked"`              // people with a value of any variable
	Values    int        `json:"values"`              // of all variables
	First     string     `json:"first,omitempty"`     // day of the first value, without what is impossible
	Last      string     `json:"last,omitempty"`      // day of the last
	Lifespan  int        `json:"death_before_birth"`  // people
	Reversed  int        `json:"period_reversed"`     // people whose observation ends before it starts
	SameRows  int        `json:"same_rows,omitempty"` // of a flat table: rows of one patient that repeat another in everything
	Batches   []Batch    `json:"batches,omitempty"`   // years, quarters or the site's own
	Variables []Variable `json:"variables"`           // in the dictionary's order
	Checks    []Check    `json:"checks,omitempty"`    // of samples, recordings and images
	Findings  []Finding  `json:"findings,omitempty"`  // what a steward should look at
	Score     float64    `json:"score"`               // mean of the variables' scores
}

// A Batch is a part of the dataset, such as a year.
type Batch struct {
	Label  string `json:"label"`
	People int    `json:"people"` // with any value in it, or under observation
}

// A Variable is the quality of one variable.
type Variable struct {
	Name string `json:"name"`
	Kind string `json:"type"`
	Unit string `json:"unit,omitempty"`
	// Recorded is a flag of a history: where nothing is recorded, it was not so, and
	// Completeness is the share of the people of whom it is.
	Recorded     bool      `json:"recorded,omitempty"`
	Values       int       `json:"values"`
	People       int       `json:"people"` // with at least one value
	Completeness float64   `json:"completeness"`
	OverTime     []Share   `json:"completeness_over_time,omitempty"`
	Source       *Counts   `json:"source,omitempty"` // as the mapping counted
	Conformance  float64   `json:"conformance"`
	Plausibility float64   `json:"plausibility"`
	Atemporal    Atemporal `json:"atemporal"`
	Temporal     Temporal  `json:"temporal"`
	Duplicates   int       `json:"duplicates"` // values that repeat one of the same patient, time and value
	Uniqueness   float64   `json:"uniqueness"`
	Drift        *Drift    `json:"drift,omitempty"` // nil if there are not two batches that are large enough
	Score        float64   `json:"score"`
}

// A Share of the people of a batch who have a value.
type Share struct {
	Batch  string  `json:"batch"`
	People int     `json:"people"`
	Share  float64 `json:"share"`
}

// Atemporal plausibility is what can be said of a value without its time.
type Atemporal struct {
	Outside  int      `json:"outside"`            // of the plausible range, here or in the mapping
	FarOut   int      `json:"far_out"`            // beyond Tukey's outer fences
	Zeros    int      `json:"zeros"`              // zeros
	Spike    bool     `json:"spike"`              // the zeros are far from the other values: missing values were recorded as 0
	Sentinel int      `json:"sentinel"`           // values far out that are all the same, as 999
	Constant bool     `json:"constant"`           // all values are the same, of at least 20
	Digits   *float64 `json:"digits,omitempty"`   // digit preference, 0 to 1; nil where it cannot be judged
	Decimals *int     `json:"decimals,omitempty"` // the decimals of the last digit that was judged
}

// Temporal plausibility counts values at impossible times.
type Temporal struct {
	Dated       int `json:"dated"`        // values with a time
	Future      int `json:"future"`       // after the day of the check
	BeforeBirth int `json:"before_birth"` // of the patient
	AfterDeath  int `json:"after_death"`  // more than 60 days
	Unobserved  int `json:"unobserved"`   // outside the time in which the patient was under observation
	Impossible  int `json:"impossible"`   // values with any of these
}

// Drift says how much batches differ: the largest difference between a batch and all
// others.
type Drift struct {
	Batch     string  `json:"batch"`
	PSI       float64 `json:"psi"`          // population stability index
	KS        float64 `json:"ks,omitempty"` // Kolmogorov-Smirnov distance; 0 for categories
	Confirmed bool    `json:"confirmed"`    // it is more than chance makes of so few people
}

// A Finding is something that a steward should look at.
type Finding struct {
	Variable string `json:"variable,omitempty"`
	Kind     string `json:"kind"` // "zeros"
	Text     string `json:"text"`
	Affected int    `json:"affected"` // values, or people
}

// Lookup returns the profile of a variable.
func (p Profile) Lookup(name string) (Variable, bool) {
	i := slices.IndexFunc(p.Variables, func(v Variable) bool { return v.Name == name })
	if i < 0 {
		return Variable{}, false
	}
	return p.Variables[i], true
}

// ScoreOf is the mean of the scores of some variables; one that the dataset lacks
// counts as 0, and no variables have 0.
func (p Profile) ScoreOf(variables ...string) float64 {
	sum := 0.0
	for _, name := range variables {
		v, _ := p.Lookup(name)
		sum += v.Score
	}
	return sum / float64(max(len(variables), 1))
}

// Encode is the profile as JSON, the same bytes for the same profile.
func (p Profile) Encode() ([]byte, error) {
	p.Hmsp = Version
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write quality profile: %w", err)
	}
	return append(data, '\n'), nil
}

// Decode reads what Encode wrote, and refuses other versions.
func Decode(data []byte) (Profile, error) {
	var head struct {
		Hmsp string `json:"hmsp"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Profile{}, fmt.Errorf("read quality profile: it is not JSON: %w", err)
	}
	if head.Hmsp != Version {
		return Profile{}, fmt.Errorf("read quality profile: its version is not %s; make the profile again", Version)
	}
	var p Profile
	if err := json.Unmarshal(data, &p); err != nil {
		return Profile{}, fmt.Errorf("read quality profile: %w", err)
	}
	return p, nil
}
