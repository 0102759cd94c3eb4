package analysistest

import (
	"math"
	"regexp"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// unclear matches errors that tell a researcher nothing, or that should not be
// possible with rows inside their declared ranges.
var unclear = regexp.MustCompile(`NaN|Inf\b|out of range \[|nil pointer|divide by zero|outside the declared range of coordinate|no result after|both or neither|^\S+: \S+: \S*$`)

// checkAdversarial asks that tables which break arithmetic (nobody, one row,
// constants, nothing but missing values, the edges of the ranges) give a
// well-formed result or an error that a person can read, and never a panic.
func checkAdversarial(t testing.TB, a analysis.Analysis, c Case) {
	t.Helper()
	people := c.people()
	for _, h := range hard(people) {
		var res *analysis.Result
		failures, panicked := attempt(func(t testing.TB) {
			res = Drive(t, a, c.Params, people.Schema, h.sites...)
		})
		switch {
		case panicked != nil:
			t.Errorf("%s: panic: %v", h.name, panicked)
		case len(failures) > 0 && unclear.MatchString(failures[0]):
			t.Errorf("%s: not an error for people: %s", h.name, failures[0])
		case len(failures) == 0:
			bad, panicked := attempt(func(t testing.TB) { wellFormed(t, res) })
			for _, b := range bad {
				t.Errorf("%s: %s", h.name, b)
			}
			if panicked != nil {
				t.Errorf("%s: the result cannot be encoded: %v", h.name, panicked)
			}
		}
	}
}

type ordeal struct {
	name  string
	sites []table.Table
}

func hard(people table.Table) []ordeal {
	s := people.Schema
	every := func(f func(v table.Variable) float64) func(int, table.Variable) float64 {
		return func(_ int, v table.Variable) float64 { return f(v) }
	}
	none := people.Slice(0, 0)
	alike := make([]int, 30)
	return []ordeal{
		{"nobody at all", []table.Table{none, none, none}},
		{"one row", []table.Table{people.Slice(0, 1), none, none}},
		{"two rows", []table.Table{people.Slice(0, 1), people.Slice(1, 2), none}},
		{"three rows", []table.Table{people.Slice(0, 3), none, none}},
		{"a site with nobody", []table.Table{people, none, none}},
		{"thirty people alike", []table.Table{people.Take(alike), none, none}},
		{"nothing but missing values", []table.Table{invent(s, 20, every(func(table.Variable) float64 { return math.NaN() })), none, none}},
		{"all at the lower edge", []table.Table{invent(s, 20, every(func(v table.Variable) float64 { lo, _ := span(v); return lo })), none, none}},
		{"all at the upper edge", []table.Table{invent(s, 20, every(func(v table.Variable) float64 { _, hi := span(v); return hi })), none, none}},
		{"half at each edge", []table.Table{invent(s, 40, func(i int, v table.Variable) float64 {
			lo, hi := span(v)
			if i%2 == 0 {
				return lo
			}
			return hi
		}), none, none}},
		{"anything within the ranges", []table.Table{corners(s, 200, 17), corners(s, 90, 18), none}},
	}
}
