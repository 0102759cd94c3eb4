package features

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/format"
)

// How a feature answers to a name, the best first.
const (
	byID      = iota
	byName    // of its annotation, or a code
	byTaxon   // of its lineage
	byLineage // from the kingdom on
)

// A target is a name of a feature or a taxon that is wanted, and what was found for it.
type target struct {
	name       string
	candidates []*candidate
}

// A candidate is a way in which a target was found.
type candidate struct {
	how      int
	rank     byte   // of a taxon
	taxon    string // with its rank
	features int
	within   bool      // it is a row of a sum
	places   []int     // of the features, where they are columns
	values   []float64 // sums by sample, where features are rows
}

// A matcher finds the targets of each feature.
type matcher struct {
	targets  []*target
	at       map[string]int // of each target in targets
	keys     map[string][]key
	lineages bool // some target is a whole lineage
}

type key struct {
	target int
	how    int // byID and byName alone for a code without its system; -1 for any
}

// want adds a target once, and gives its place.
func (m *matcher) want(name string) int {
	if i, ok := m.at[name]; ok {
		return i
	}
	if m.keys == nil {
		m.keys, m.at = map[string][]key{}, map[string]int{}
	}
	i := len(m.targets)
	m.at[name] = i
	m.targets = append(m.targets, &target{name: name})
	m.keys[name] = append(m.keys[name], key{i, -1})
	if strings.ContainsAny(name, ";|") {
		if whole := strings.Join(Lineage(name), ";"); whole != name {
			m.keys[whole] = append(m.keys[whole], key{i, -1})
		}
		m.lineages = true
	} else if taxon := Taxon(name); taxon != name {
		m.keys[taxon] = append(m.keys[taxon], key{i, byTaxon})
	}
	if system, code, ok := strings.Cut(name, ":"); ok && identifies(system) && code != "" {
		m.keys[code] = append(m.keys[code], key{i, byName})
	}
	return i
}

// identifies says that files name features by the bare codes of a vocabulary.
func identifies(system string) bool {
	switch system {
	case "ensembl", "hgnc", "cpg", "uniprot", "ncbitaxon", "greengenes", "silva", "hmsp":
		return true
	}
	return false
}

// match calls hit for each target that a feature answers to, once for each way.
func (m *matcher) match(f Feature, hit func(*candidate)) {
	m.look(f.ID, byID, 0, "", f, hit)
	if id, version, ok := strings.Cut(f.ID, "."); ok && strings.HasPrefix(id, "ENS") && digits(version) {
		m.look(id, byName, 0, "", f, hit) // Ensembl's versions are no part of the name
	}
	for _, list := range [][]string{f.Names, f.Codes} {
		for _, n := range list {
			if n != f.ID {
				m.look(n, byName, 0, "", f, hit)
			}
		}
	}
	for i, taxon := range f.Lineage {
		rank, name := rankOf(taxon)
		if name == "" {
			continue
		}
		m.look(taxon, byTaxon, rank, taxon, f, hit)
		if name != taxon {
			m.look(name, byTaxon, rank, taxon, f, hit)
		}
		if m.lineages && i > 0 {
			m.look(strings.Join(f.Lineage[:i+1], ";"), byLineage, rank, taxon, f, hit)
		}
	}
}

func (m *matcher) look(text string, how int, rank byte, taxon string, f Feature, hit func(*candidate)) {
	for _, k := range m.keys[text] {
		if k.how >= 0 && k.how != how && !(k.how == byName && how == byID) {
			continue
		}
		c := m.targets[k.target].candidate(how, rank, taxon)
		c.features++
		c.within = f.Within
		hit(c)
	}
}

func (t *target) candidate(how int, rank byte, taxon string) *candidate {
	for _, c := range t.candidates {
		if c.how == how && c.rank == rank {
			return c
		}
	}
	c := &candidate{how: how, rank: rank, taxon: taxon}
	t.candidates = append(t.candidates, c)
	return c
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// choose gives the best candidate; nil if there is none. What could be either of two
// things is an error.
func (t *target) choose(path, column string, v Values) (*candidate, *format.Error) {
	var best *candidate
	for _, c := range t.candidates {
		if best == nil || c.how < best.how {
			best = c
		}
	}
	if best == nil {
		return nil, nil
	}
	for _, c := range t.candidates {
		// Taxa that are nested and as large are the same; rows of sums do not tell.
		if c != best && c.how == best.how && (c.features != best.features || c.within || best.within) {
			return nil, &format.Error{File: path, Column: column, Text: fmt.Sprintf("this is the name of two taxa, %s and %s", best.taxon, c.taxon),
				Mend: "write it with the letter of its rank"}
		}
	}
	if best.features > 1 && !v.additive() {
		return nil, &format.Error{File: path, Column: column, Text: fmt.Sprintf("%d features have this name, and %s do not add up", best.features, v),
			Mend: "name one of them by its identifier"}
	}
	return best, nil
}
