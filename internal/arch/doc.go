// Package arch keeps the shape of the tree: which package may stand on which,
// what a package must never reach, and what no source file may hold (DESIGN
// section 3). It parses the files itself, for a test that asks `go list` is
// served stale from the test cache.
//
// A package that fits no floor fails the test, and the failure says where to
// add it. Rules are data: floors.go, reach.go and homes.go are read as a page.
package arch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Finding is one place that breaks a rule.
type Finding struct {
	Rule  string // short name: "floors"
	Where string // package, or file:line
	Text  string // what is wrong and how to mend it
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Where, f.Rule, f.Text) }

// Check holds the tree against every rule.
func Check(t *Tree) []Finding {
	var out []Finding
	for _, rule := range []func(*Tree) []Finding{
		checkFloors, checkReach, checkPlugins, checkHomes, checkRandom, checkTestSupport,
		checkNames, checkDocs, checkInit, checkVars, checkClock,
	} {
		out = append(out, rule(t)...)
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

// within says whether the package path is at or below any of the folders; "."
// is the root alone.
func within(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return path == f || f != "." && strings.HasPrefix(path, f+"/")
	})
}
