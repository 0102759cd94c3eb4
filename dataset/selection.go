package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/vocabulary"
)

// A Selection says, for a database that is asked where it is, which rows are a
// variable's events and what they are worth: what the mapping of a source into a pool
// does row by row.
type Selection struct {
	Variable table.Variable `json:"variable"`
	Tables   []string       `json:"tables"`
	Codes    []string       `json:"codes,omitempty"`  // patterns; those that concept maps add are among them
	Levels   [][]string     `json:"levels,omitempty"` // of a category: patterns of the codes of each level
	Units    []Converted    `json:"units,omitempty"`  // of a number: those that the source has
	No       []string       `json:"no,omitempty"`     // of a flag: codes of answers that say no
	Sex      bool           `json:"sex,omitempty"`    // it is the person's
}

// A Converted unit: a number in it is scale × x + offset of the variable's.
type Converted struct {
	Unit   string  `json:"unit"`
	Scale  float64 `json:"scale"`
	Offset float64 `json:"offset,omitempty"`
}

// inPlace gives the selections as a database can be asked them, or says which cannot.
func (c *clinical) inPlace(patterns [][]string) (out []Selection, problems []Problem) {
	for i, s := range c.selections {
		v := s.variable
		add := func(text string) {
			problems = append(problems, Problem{Variable: v.Name, Text: text, Mend: "leave out in_place: then the database is read once and kept"})
		}
		sel := Selection{Variable: v, Tables: s.tables, Codes: patterns[i], Sex: !s.coded && s.source.Table == format.PersonTable && s.source.Value == format.Sex}
		src := s.source
		if sel.Sex && v.Kind == table.Flag {
			add("a database is asked a person's sex in place as a category")
		}
		if !sel.Sex && (src.Value != "" || src.Time != "" || src.UnitFrom != "" || src.Timeless || src.Missing != nil || src.OutOfRange == "refuse" || src.Scale != nil || src.Offset != 0 || !s.coded) {
			add("its mapping names columns or rules that a database cannot be asked in place")
			continue
		}
		switch {
		case sel.Sex:
			sel.Levels = sexLevels(v)
		case v.Kind == table.Category:
			var bad string
			if sel.Levels, bad = levelPatterns(v, src); bad != "" {
				add(fmt.Sprintf("its level %q has no code with a code system", bad))
			}
		case v.Kind == table.Flag:
			if src.Codes != nil {
				add("its codes are mapped, which a database cannot be asked in place")
			}
			sel.No = noAnswers()
		default:
			for _, unit := range slices.Sorted(maps.Keys(s.units)) {
				if k := s.units[unit]; k.why == "" {
					sel.Units = append(sel.Units, Converted{unit, k.scale, k.offset})
				}
			}
			for _, same := range []string{v.Unit, ""} { // its own, and none
				sel.Units = append(sel.Units, Converted{Unit: same, Scale: 1})
			}
		}
		out = append(out, sel)
	}
	return out, problems
}

// levelPatterns are the codes of each level; bad is one that has none with a system.
func levelPatterns(v table.Variable, s Source) (out [][]string, bad string) {
	out = make([][]string, len(v.Levels))
	add := func(level int, code string) {
		if system, _ := vocabulary.Split(code); system != "" {
			out[level] = append(out[level], code)
		}
	}
	for raw, code := range s.Codes {
		if at := v.Level(code); at >= 0 {
			add(at, raw)
		}
	}
	for i, l := range v.Levels {
		if s.Codes == nil {
			add(i, l.Code)
		}
		slices.Sort(out[i])
		if len(out[i]) == 0 && bad == "" {
			bad = l.Code
		}
	}
	return out, bad
}

// noAnswers are codes that say no, as yesNo knows them.
func noAnswers() []string {
	return strings.Fields("snomed:373067005 loinc:LA32-8 snomed:260415000 snomed:410516002 snomed:2667000")
}
