package matrix

import (
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/format/internal/features"
)

func aside(column string) role {
	switch strings.ToLower(column) {
	case "chr", "chrom", "chromosome", "start", "end", "strand", "length", "effective_length", "position", "pos", "entrez", "entrezid", "entrez_id":
		return skip
	case "taxonomy", "consensus lineage", "consensuslineage", "lineage":
		return whole
	}
	return value
}

func looksLikeFeature(id string) bool {
	switch {
	case strings.HasPrefix(id, "ENS") && len(id) >= 15, strings.HasSuffix(id, "_at"), strings.HasPrefix(id, "ILMN_"), strings.HasPrefix(id, "hsa-"),
		isCpG(id), strings.Contains(id, "__"), strings.HasPrefix(id, "OTU"), strings.HasPrefix(id, "ASV"):
		return true
	}
	return false
}

func isCpG(id string) bool {
	return len(id) >= 10 && id[:2] == "cg" && strings.Trim(id[2:10], "0123456789") == ""
}

func (m *matrix) describe(e evidence) error {
	m.roles = make([]role, len(m.names))
	m.roles[0] = name
	apart, mixed := 0, 0
	for i := 1; i < len(m.names); i++ {
		m.roles[i] = m.role(i, e)
		switch {
		case m.roles[i] == value && m.rows == featureRows:
			m.info.Samples = append(m.info.Samples, m.names[i])
		case m.roles[i] == value:
			m.info.Features = append(m.info.Features, m.feature(m.names[i]))
		case m.rows == sampleRows:
			m.info.Attributes = append(m.info.Attributes, m.names[i])
		}
		if m.roles[i] != value {
			apart++
		}
		if m.roles[i] == text && m.rows == featureRows && e.figures[i] > e.text[i] {
			mixed++
		}
	}
	if apart == len(m.names)-1 {
		return m.text.Fault("no column below the header holds numbers", "name the format of the file, its delimiter or its decimal mark")
	}
	if apart > 0 {
		m.notes = append(m.notes, fmt.Sprintf("%d columns beside the first hold no values of the matrix", apart))
	}
	if mixed > 0 { // a sample would be lost for one cell
		m.notes = append(m.notes, fmt.Sprintf("%d of them hold numbers but for some cells, and are left out: where they are samples, write what is no number as NA", mixed))
	}
	if m.info.Values = m.words.values; m.info.Values == "" {
		m.info.Values = m.values(e)
		m.notes = append(m.notes, fmt.Sprintf("the values are %s, by the first lines", m.info.Values))
	}
	m.info.Rows, m.info.Notes = -1, m.notes
	if m.rows == sampleRows {
		return m.distinct()
	}
	return nil
}

func (m *matrix) distinct() error {
	seen := make(map[string]int, len(m.names))
	for i, n := range m.names[1:] {
		if k, ok := seen[n]; ok || n == "" {
			if n == "" {
				return m.text.Fault(fmt.Sprintf("column %d has no name", i+2), "name it")
			}
			return m.text.Fault(fmt.Sprintf("columns %d and %d have the same name", k+2, i+2), "rename one of them")
		}
		seen[n] = i
	}
	return nil
}

func (m *matrix) role(i int, e evidence) role {
	if m.rows == sampleRows {
		if _, ok := m.described(m.names[i]); e.text[i] > 0 || m.annotation != nil && !ok {
			return text
		}
		return value
	}
	if r := aside(m.names[i]); r != value {
		return r
	}
	if e.text[i] > 0 {
		return text
	}
	return value
}

func (m *matrix) feature(id string) features.Feature {
	f, _ := m.described(id)
	f.ID = id
	return f
}

func (m *matrix) described(id string) (features.Feature, bool) {
	if m.annotation == nil {
		return features.Feature{}, false
	}
	f, ok := m.annotation.Features[id]
	return f, ok
}

func (m *matrix) values(e evidence) features.Values {
	low, high, fractions := 0.0, 0.0, 0
	for _, x := range e.numbers {
		low, high = min(low, x), max(high, x)
		if x != float64(int64(x)) {
			fractions++
		}
	}
	ids := e.ids
	if m.rows == sampleRows {
		ids = m.names[1:]
	}
	lineages := slices.Contains(m.roles, whole)
	for _, f := range m.sample(e) {
		lineages = lineages || f.Lineage != nil
	}
	taxa := lineages || slices.Contains([]string{"taxon", "taxa", "otu id", "otu", "asv", "genus", "species", "clade_name"}, strings.ToLower(m.names[0]))
	switch {
	case share(ids, isCpG) > 0.5 && low >= 0 && high <= 1:
		return features.Betas
	case share(ids, isCpG) > 0.5 && fractions > 0:
		return features.MValues
	case fractions == 0 && low >= 0:
		return features.Counts
	case taxa && low >= 0 && high <= 100:
		return features.Relative
	}
	return features.Signal
}

func (m *matrix) sample(e evidence) []features.Feature {
	if m.rows == sampleRows {
		return m.info.Features
	}
	var out []features.Feature
	for _, id := range e.ids {
		out = append(out, m.feature(id))
	}
	return out
}
