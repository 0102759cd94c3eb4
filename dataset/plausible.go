package dataset

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/table"
)

// checks counts what is plausible while a source is read.
type checks struct {
	of     []format.Check
	counts []quality.Check
	people []map[string]shareOf // of whose values, by check
}

// shareOf is how many values someone has, and how many of them are not plausible.
type shareOf struct{ values, outside uint32 }

func newChecks(f format.Format) checks {
	var c checks
	if known, ok := f.(format.Checked); ok {
		c.of = known.Checks()
	}
	for _, k := range c.of {
		c.people = append(c.people, map[string]shareOf{})
		c.counts = append(c.counts, quality.Check{Name: k.Label, Unit: k.Unit, Low: k.Low, High: k.High})
	}
	return c
}

// only keeps the checks of columns that there are.
func (c *checks) only(has func(column string) bool) {
	kept := checks{}
	for i, k := range c.of {
		if has(k.Column) {
			kept.of, kept.counts, kept.people = append(kept.of, k), append(kept.counts, c.counts[i]), append(kept.people, c.people[i])
		}
	}
	*c = kept
}

// add counts a value of a patient of a check.
func (c *checks) add(at int, patient string, x float64) {
	if math.IsNaN(x) {
		return
	}
	p := &c.counts[at]
	of, known := c.people[at][patient]
	of.values++
	if p.Values++; x < p.Low || x > p.High {
		p.Outside++
		of.outside++
	}
	if !known {
		patient = strings.Clone(patient)
	}
	c.people[at][patient] = of
}

// row counts a row of the measurement table, by its codes.
func (c *checks) row(patient, codes string, x float64) {
	for token := range strings.SplitSeq(codes, " ") {
		for i, k := range c.of {
			if k.Column == token {
				c.add(i, patient, x)
			}
		}
	}
}

// found are the checks that something was found of.
func (c *checks) found() []quality.Check {
	var out []quality.Check
	for i, p := range c.counts {
		if p.Values == 0 {
			continue
		}
		// Summed in whole numbers by what they are: the order of people is any.
		shares := map[shareOf]int{}
		for _, of := range c.people[i] {
			shares[of]++
		}
		p.People = len(c.people[i])
		for _, of := range slices.SortedFunc(maps.Keys(shares), func(a, b shareOf) int {
			return cmp.Or(cmp.Compare(a.values, b.values), cmp.Compare(a.outside, b.outside))
		}) {
			p.PerPerson += float64(shares[of]) * (1 - float64(of.outside)/float64(of.values)) / float64(p.People)
		}
		out = append(out, p)
	}
	return out
}

// numberOf is the number in a cell of a number's column; NaN if it is missing.
func numberOf(kind format.Kind, v format.Values, i int) float64 {
	switch {
	case v.Missing(i):
		return math.NaN()
	case kind == format.Float:
		return v.Float[i]
	case kind == format.Int:
		return float64(v.Int[i])
	}
	return math.NaN()
}

// sexOf is how a variable of a person's sex is read from a column of format.Sex.
func sexOf(v table.Variable) Source { return Source{Column: format.SexColumn, Codes: sexes(v)} }
