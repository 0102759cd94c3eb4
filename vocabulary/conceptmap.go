package vocabulary

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Relation is what a concept map says of a source code and a target code, as FHIR
// R4 names it (ConceptMap.group.element.target.equivalence). The names of R5
// (relationship) are read as the R4 names that mean the same.
type Relation string

// The relations of FHIR R4. Wider and narrower are said of the target.
const (
	Equal       Relation = "equal"
	Equivalent  Relation = "equivalent"
	Wider       Relation = "wider"       // the target is wider than the source
	Subsumes    Relation = "subsumes"    // the target is a parent of the source
	Narrower    Relation = "narrower"    // the target is narrower than the source
	Specializes Relation = "specializes" // the target is a child of the source
	RelatedTo   Relation = "relatedto"   // somehow
	Inexact     Relation = "inexact"     // they overlap
	Unmatched   Relation = "unmatched"   // there is no target
	Disjoint    Relation = "disjoint"    // they are not the same
)

// relation reads a name of R4 or R5.
func relation(name string) (Relation, bool) {
	switch r := Relation(strings.ToLower(strings.TrimSpace(name))); r {
	case Equal, Equivalent, Wider, Subsumes, Narrower, Specializes, RelatedTo, Inexact, Unmatched, Disjoint:
		return r, true
	case "related-to":
		return RelatedTo, true
	case "source-is-narrower-than-target":
		return Wider, true
	case "source-is-broader-than-target":
		return Narrower, true
	case "not-related-to":
		return Disjoint, true
	}
	return "", false
}

func relations() string {
	return "equal, equivalent, wider, subsumes, narrower, specializes, relatedto, inexact, unmatched, disjoint"
}

// forth says whether whoever has the source code has what the target says.
func (r Relation) forth() bool {
	return r == Equal || r == Equivalent || r == Wider || r == Subsumes
}

// back says whether whoever has the target code has what the source says.
func (r Relation) back() bool {
	return r == Equal || r == Equivalent || r == Narrower || r == Specializes
}

// A ConceptMap translates codes. What it says is used as implications, because that
// is what an analysis needs: whoever has this code has what that code says.
//
//	equal, equivalent       both imply each other
//	wider, subsumes         the source implies the target
//	narrower, specializes   the target implies the source
//	others                  nothing is implied; they are counted in Notes
//
// So nobody counts as having a diabetes of type 2 because a hospital's code for any
// diabetes is "narrower" or "related to" it. A map may go from the site's codes to
// the dictionary's, or the other way: Implied and Implying do not ask which. What a
// map says holds for one step: maps are not chained.
type ConceptMap struct {
	Name  string
	Notes []string // what of it is not used, and why

	implied, implying map[string][]string
}

// Implied are the codes whose meaning whoever has the code has too, sorted: from a
// site's code the dictionary's. The code itself is not among them.
func (m *ConceptMap) Implied(token string) []string { return slices.Clone(m.implied[token]) }

// Implying are the codes that mean at least the code, sorted: from the dictionary's
// code the site's to look for. The code itself is not among them.
func (m *ConceptMap) Implying(token string) []string { return slices.Clone(m.implying[token]) }

// Expand adds to the patterns of Compile the codes that imply one that they name.
func (m *ConceptMap) Expand(patterns ...string) ([]string, error) {
	match, err := Compile(patterns...)
	if err != nil {
		return nil, err
	}
	more := map[string]bool{}
	for target, sources := range m.implying {
		if match.Match(target) {
			for _, s := range sources {
				more[s] = true
			}
		}
	}
	out := slices.Clone(patterns)
	for _, s := range sorted(more) {
		if !match.Match(s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// Len is the number of implications.
func (m *ConceptMap) Len() int {
	n := 0
	for _, to := range m.implied {
		n += len(to)
	}
	return n
}

// A builder collects the lines of a concept map.
type builder struct {
	file   string
	said   map[[2]string]Relation
	unused map[Relation]int
	notes  []string
}

// add takes one statement; problem makes the error of its place.
func (b *builder) add(source, target string, r Relation, problem func(text, mend string) error) error {
	switch {
	case r == Unmatched:
		b.unused[r]++
		return nil
	case source == "":
		return problem("the source has no code", "give the code, or leave the entry out")
	case target == "":
		return problem("the target has no code", "give the code, or say unmatched")
	case source == target:
		return nil
	}
	pair := [2]string{source, target}
	if was, ok := b.said[pair]; ok && (was.forth() != r.forth() || was.back() != r.back()) {
		return problem(fmt.Sprintf("these two codes have been said to be %q before and are said to be %q here", was, r), "leave one of the two")
	}
	if _, ok := b.said[pair]; !ok && !r.forth() && !r.back() {
		b.unused[r]++
	}
	b.said[pair] = r
	return nil
}

func (b *builder) build(name string) *ConceptMap {
	m := &ConceptMap{Name: name, Notes: b.notes}
	implied, implying := map[string]map[string]bool{}, map[string]map[string]bool{}
	put := func(m map[string]map[string]bool, a, b string) {
		if m[a] == nil {
			m[a] = map[string]bool{}
		}
		m[a][b] = true
	}
	for pair, r := range b.said {
		if r.forth() {
			put(implied, pair[0], pair[1])
			put(implying, pair[1], pair[0])
		}
		if r.back() {
			put(implied, pair[1], pair[0])
			put(implying, pair[0], pair[1])
		}
	}
	m.implied, m.implying = lists(implied), lists(implying)
	for _, r := range []Relation{RelatedTo, Inexact, Unmatched, Disjoint} {
		if n := b.unused[r]; n > 0 {
			m.Notes = append(m.Notes, fmt.Sprintf("%d entries that are %q are not used: neither code implies the other", n, r))
		}
	}
	return m
}

func lists(m map[string]map[string]bool) map[string][]string {
	out := make(map[string][]string, len(m))
	for k, set := range m {
		out[k] = sorted(set)
	}
	return out
}

func sorted[K cmp.Ordered](set map[K]bool) []K {
	out := make([]K, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
