package quality

import (
	"fmt"
	"math"
)

// A Check counts what is plausible of the samples, recordings or images of a source,
// whatever the dictionary asks for: call rates, library sizes, the time that a device was
// worn.
type Check struct {
	Name    string  `json:"name"` // "call rate"
	Unit    string  `json:"unit,omitempty"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Values  int     `json:"values"`  // how many there are
	People  int     `json:"people"`  // of how many people
	Outside int     `json:"outside"` // values that are not within Low to High
	// PerPerson is the mean over people of the share of their values that is plausible: to
	// it each contributes the same, however many readings a device made.
	PerPerson float64 `json:"per_person"`
}

// String says what was found, in words.
func (c Check) String() string {
	unit := ""
	if c.Unit != "" && c.Unit != "1" {
		unit = " " + c.Unit
	}
	return fmt.Sprintf("%d of %d are plausible (%g to %g%s)", c.Values-c.Outside, c.Values, c.Low, c.High, unit)
}

// Plausible is the share of values that are plausible.
func (c Check) Plausible() float64 { return 1 - share(c.Outside, c.Values) }

// manyOutside is the share of implausible values from which a steward should look.
const manyOutside = 0.05

// findings are the checks of which too much is implausible.
func findings(checks []Check) []Finding {
	var out []Finding
	for _, c := range checks {
		if c.Outside > 0 && share(c.Outside, c.Values) > manyOutside {
			out = append(out, Finding{Kind: "check", Text: fmt.Sprintf("%s: only %s", c.Name, c), Affected: c.Outside})
		}
	}
	return out
}

// A PublicCheck is what other members may know of a check.
type PublicCheck struct {
	Name      string   `json:"name"`
	Plausible *float64 `json:"plausible,omitempty"` // Check.PerPerson, rounded as completeness is
}

// published are the checks, each rounded by the people that it is of, as few of them as
// the rounding by unit may stand for. One of them moves a share by no more than one of so
// many: a share of values would be that of whoever has most of them. A check of fewer is
// not there at all, as its name would tell that there is somebody.
func published(checks []Check, unit, few int) []PublicCheck {
	var out []PublicCheck
	for _, c := range checks {
		people := int(math.RoundToEven(float64(c.People)/float64(unit))) * unit
		if step := stepOf(max(people-unit/2, 0), few); step > 0 {
			out = append(out, PublicCheck{Name: c.Name, Plausible: rounded(c.PerPerson, step)})
		}
	}
	return out
}
