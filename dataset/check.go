package dataset

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
)

// A Profile is the quality of a dataset against a dictionary: what a steward reads
// at registration. It holds counts and no value; a count over few people can tell
// something about them all the same, so it stays at the site.
type Profile struct {
	Dataset   string    `json:"dataset"`
	Format    string    `json:"format"`
	Rows      int       `json:"rows"`
	People    int       `json:"people"`
	Variables []Quality `json:"variables"`
	Absent    []string  `json:"absent,omitempty"` // variables of the dictionary that the file does not have
	Unused    []string  `json:"unused,omitempty"` // columns of the file that no variable reads
	Problems  []Problem `json:"problems,omitempty"`
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
	Completeness float64 `json:"completeness"` // present of all rows, 0 to 1
}

// Check reads the whole file against the dictionary. What keeps studies from using
// the data is in Profile.Problems, each with its mend; the error is for a file that
// cannot be read at all.
func (l Loader) Check(ctx context.Context, d Dataset, dictionary table.Schema) (Profile, error) {
	b, err := l.bind(ctx, d, dictionary)
	if err != nil {
		return Profile{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Mapping)) {
		if dictionary.Index(name) < 0 {
			b.problems = append(b.problems, Problem{Variable: name, Text: "the mapping names a variable that the dictionary lacks" + spelling.Suggest(name, dictionary.Names()),
				Mend: "correct the name, or have the variable added to the charter"})
		}
	}
	people := map[string]struct{}{}
	rows, err := b.scan(ctx, func(int, int, float64, verdict) {}, func(id string) { people[id] = struct{}{} })
	if err != nil {
		return Profile{}, err
	}
	b.judge(rows)
	if len(b.variables) == 0 && len(b.problems) == 0 {
		b.problems = append(b.problems, Problem{Text: "the file has none of the dictionary's variables", Mend: "map its columns under mapping"})
	}
	p := Profile{Dataset: d.Name, Format: b.format.Name(), Rows: rows, People: rows, Absent: b.absent, Unused: b.unused(), Problems: b.problems}
	if b.patient >= 0 {
		p.People = len(people)
	}
	for _, v := range b.variables {
		p.Variables = append(p.Variables, v.quality(rows))
	}
	return p, nil
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
	for _, v := range p.Variables {
		out += fmt.Sprintf("  %-24s %5.1f%% complete, %d missing, %d out of range, %d unknown codes, %d of the wrong type\n",
			v.Variable, 100*v.Completeness, v.Missing, v.OutOfRange, v.UnknownCodes, v.WrongType)
	}
	return out
}
