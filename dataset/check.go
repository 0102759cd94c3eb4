package dataset

import (
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/spelling"
)

// A Profile is the quality of a dataset against a dictionary: what a steward reads
// at registration. It holds counts and no value; a count over few people can tell
// something about them all the same, so it stays at the site.
type Profile struct {
	Dataset   string    `json:"dataset"`
	Format    string    `json:"format"`
	Shape     Shape     `json:"shape"`
	Rows      int       `json:"rows"`
	People    int       `json:"people"`
	Variables []Quality `json:"variables"`
	Absent    []string  `json:"absent,omitempty"` // variables of the dictionary that the file does not have
	Unused    []string  `json:"unused,omitempty"` // columns of the file that no variable reads
	Problems  []Problem `json:"problems,omitempty"`
	Notes     []string  `json:"notes,omitempty"` // how the source was understood
	// Plausible is of samples, recordings and images, whatever the dictionary asks for.
	Checks []quality.Check `json:"checks,omitempty"`
}

// Quality is the profile of one variable, in rows.
type Quality struct {
	Variable     string  `json:"variable"`
	Column       string  `json:"column"`
	Present      int     `json:"present"` // values that can be used
	Missing      int     `json:"missing"`
	OutOfRange   int     `json:"out_of_range"`
	UnknownCodes int     `json:"unknown_codes"`
	WrongType    int     `json:"wrong_type"`
	UnknownUnits int     `json:"unknown_units,omitempty"` // that cannot be converted
	Records      int     `json:"records,omitempty"`       // of a history: rows about the variable
	Completeness float64 `json:"completeness"`            // present of all rows, 0 to 1
}

// without is the error about variables that are asked for and the dataset lacks.
func (p Profile) without(d Dataset) error {
	r := &Refused{File: d.Path}
	for _, v := range p.Absent {
		r.Problems = append(r.Problems, Problem{Variable: v, Text: fmt.Sprintf("the source has no %q%s", v, spelling.Suggest(v, p.Unused)), Mend: "name its column or codes under mapping"})
	}
	return r
}

func (v *bound) quality(rows int) Quality {
	return Quality{
		Variable: v.variable.Name, Column: v.name,
		Present: v.count[good], Missing: v.count[missing], OutOfRange: v.count[outside] + v.count[excluded],
		UnknownCodes: v.count[unknown], WrongType: v.count[wrong],
		Completeness: float64(v.count[good]) / float64(max(rows, 1)),
	}
}

func (b *binding) unused() []string {
	var out []string
	for _, c := range b.described.Columns {
		if !slices.Contains(b.columns, c.Name) {
			out = append(out, c.Name)
		}
	}
	return out
}

// Fits says whether the data can be used: nil, or a *Refused with every problem.
func (p Profile) Fits(d Dataset) error {
	if len(p.Problems) == 0 {
		return nil
	}
	return &Refused{d.Path, p.Problems}
}

// String is the profile as a table for a terminal.
func (p Profile) String() string {
	out := fmt.Sprintf("%s: %d rows of %d people (%s)\n", p.Dataset, p.Rows, p.People, p.Format)
	for _, n := range p.Notes {
		out += "  " + n + "\n"
	}
	var empty, where []string
	for _, v := range p.Variables {
		if p.Shape == History && v.Records == v.Missing {
			empty, where = append(empty, v.Variable), append(where, fmt.Sprintf("%s (%s)", v.Variable, v.Column))
			continue
		}
		if p.Shape == History {
			out += fmt.Sprintf("  %-24s %d values", v.Variable, v.Present)
			for _, lost := range []struct {
				n    int
				what string
			}{{v.Missing, "without a value"}, {v.OutOfRange, "out of range"}, {v.UnknownCodes, "with unknown codes"}, {v.WrongType, "of the wrong type"}, {v.UnknownUnits, "in units that do not convert"}} {
				if lost.n > 0 {
					out += fmt.Sprintf(", %d %s", lost.n, lost.what)
				}
			}
			out += " (" + v.Column + ")\n"
			continue
		}
		out += fmt.Sprintf("  %-24s %5.1f%% complete, %d missing, %d out of range, %d unknown codes, %d of the wrong type\n",
			v.Variable, 100*v.Completeness, v.Missing, v.OutOfRange, v.UnknownCodes, v.WrongType)
	}
	if 2*len(empty) <= len(p.Variables) {
		empty = where // few: what was looked for may be what is wrong
	}
	if len(empty) > 0 {
		out += "  nothing is recorded of " + strings.Join(empty, ", ") + "\n"
	}
	usual := 0
	for _, c := range p.Checks {
		if c.Outside > 0 {
			out += fmt.Sprintf("  %s: %s\n", c.Name, c)
		} else {
			usual++
		}
	}
	if usual > 0 {
		out += fmt.Sprintf("  plausible in all of their values: %d of %d checks\n", usual, len(p.Checks))
	}
	return out
}
