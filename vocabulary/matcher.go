package vocabulary

import (
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/spelling"
)

// A Matcher finds tokens that patterns name. It is immutable and may be used from
// several goroutines.
type Matcher struct {
	exact map[string][]int
	trees []tree
}

// A tree matches the codes of a hierarchical system.
type tree struct {
	system string // with the colon: "icd10gm:"
	shape  shape
	counts []int // the lengths of prefixes, ascending
	prefix map[string][]int
	ranges []codeRange
}

// A codeRange is from..to with the subcodes of both; they are equally long.
type codeRange struct {
	from, to string
	pattern  int
}

// Compile makes a matcher of patterns. A pattern is a code as Token writes it:
// "loinc:4548-4", or with the URI of a system that has no short name,
// "http://example.org/lab|K". In a Hierarchical system a code stands for its subcodes
// too ("icd10gm:E11", "atc:C10"), and two codes for all between them
// ("icd10gm:E10-E14", "ops:5-820..5-829"). In others the code is matched as it is.
func Compile(patterns ...string) (*Matcher, error) {
	m := &Matcher{exact: map[string][]int{}}
	for i, p := range patterns {
		if err := m.add(i, p); err != nil {
			return nil, fmt.Errorf("code pattern %q: %w", p, err)
		}
	}
	for i := range m.trees {
		slices.Sort(m.trees[i].counts)
	}
	return m, nil
}

func (m *Matcher) add(i int, pattern string) error {
	system, code := Split(strings.TrimSpace(pattern))
	system = Short(system)
	switch {
	case code == "":
		return fmt.Errorf("there is no code; write it as loinc:4548-4")
	case !known(system) && !strings.Contains(pattern, "|"):
		return fmt.Errorf("code system %q is unknown%s; a system without a short name is written as its URI, a | and the code", system, spelling.Suggest(system, Systems()))
	}
	s := shapeOf(system)
	if s == flat {
		t := Token(system, code)
		m.exact[t] = append(m.exact[t], i)
		return nil
	}
	t := m.tree(system, s)
	from, to, ok := s.span(code)
	if !ok {
		p, err := s.prefix(code)
		if err != nil {
			return err
		}
		t.add(p, i)
		return nil
	}
	a, err := s.prefix(from)
	if err != nil {
		return err
	}
	b, err := s.prefix(to)
	if err != nil {
		return err
	}
	if len(a) != len(b) || a > b {
		return fmt.Errorf("a range goes from a code to a later one that is equally long, as E10-E14")
	}
	t.ranges = append(t.ranges, codeRange{a, b, i})
	return nil
}

// tree returns the tree of a system, made if need be.
func (m *Matcher) tree(system string, s shape) *tree {
	i := slices.IndexFunc(m.trees, func(t tree) bool { return t.system == system+":" })
	if i < 0 {
		i = len(m.trees)
		m.trees = append(m.trees, tree{system: system + ":", shape: s, prefix: map[string][]int{}})
	}
	return &m.trees[i]
}

func (t *tree) add(p string, i int) {
	t.prefix[p] = append(t.prefix[p], i)
	if !slices.Contains(t.counts, len(p)) {
		t.counts = append(t.counts, len(p))
	}
}

// Match says whether any of the tokens, which single spaces separate, is one that a
// pattern names.
func (m *Matcher) Match(tokens string) bool {
	for tokens != "" {
		var t string
		t, tokens = next(tokens)
		if m.each(t, nil) {
			return true
		}
	}
	return false
}

// Find appends to dst the numbers of the patterns, from 0 in the order of Compile,
// that name any of the tokens. Each stands once.
func (m *Matcher) Find(dst []int, tokens string) []int {
	from := len(dst)
	for tokens != "" {
		var t string
		t, tokens = next(tokens)
		m.each(t, func(patterns ...int) {
			for _, p := range patterns {
				if !slices.Contains(dst[from:], p) {
					dst = append(dst, p)
				}
			}
		})
	}
	return dst
}

func next(tokens string) (first, rest string) {
	if i := strings.IndexByte(tokens, ' '); i >= 0 {
		return tokens[:i], tokens[i+1:]
	}
	return tokens, ""
}

// each calls found for the patterns of one token; without found it stops at the first.
func (m *Matcher) each(token string, found func(...int)) bool {
	hit := false
	if len(m.exact) > 0 {
		if p, ok := m.exact[token]; ok {
			if found == nil {
				return true
			}
			found(p...)
			hit = true
		}
	}
	for i := range m.trees {
		t := &m.trees[i]
		if code, ok := strings.CutPrefix(token, t.system); ok {
			return t.each(code, found) || hit
		}
	}
	return hit
}

func (t *tree) each(code string, found func(...int)) bool {
	var buf [longest]byte
	n := t.shape.plain(&buf, code)
	hit := false
	for _, k := range t.counts {
		if k > n {
			break
		}
		if p, ok := t.prefix[string(buf[:k])]; ok {
			if found == nil {
				return true
			}
			found(p...)
			hit = true
		}
	}
	for _, r := range t.ranges {
		if k := len(r.from); k <= n && string(buf[:k]) >= r.from && string(buf[:k]) <= r.to {
			if found == nil {
				return true
			}
			found(r.pattern)
			hit = true
		}
	}
	return hit
}
