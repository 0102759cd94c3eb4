package matrix

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format/internal/features"
)

// Sniff knows the tables of QIIME 1 by their header, and takes a file of a hundred
// columns or more that hold numbers alone. A narrower one may be any table: it is told
// with less confidence than package csv has, and a person says which it is.
func (Source) Sniff(head []byte, filename string) int {
	filename = strings.TrimSuffix(strings.ToLower(filepath.Base(filename)), ".gz")
	switch filepath.Ext(filename) {
	case ".csv", ".tsv", ".tab", ".txt":
	default:
		return 0
	}
	m := &matrix{decimal: '.', missing: []string{"", "NA"}}
	first, head := m.top(features.Unpacked(head))
	if len(m.names) < 2 || strings.HasPrefix(strings.ToLower(m.names[0]), "clade") {
		return 0 // a table of MetaPhlAn is format/metaphlan's
	}
	e := m.look(head)
	numbers := 0
	for i := 1; i < len(m.names); i++ {
		if e.text[i] == 0 {
			numbers++
		}
	}
	rows, wide := kindOfHeader(strings.ToLower(m.names[0])), len(m.names) > 100
	features := rows == featureRows || share(e.ids, looksLikeFeature) > 0.5
	samples := strings.HasPrefix(strings.ToLower(m.names[0]), "sample") || share(m.names[1:], looksLikeFeature) > 0.5
	switch {
	case e.lines == 0 || numbers == 0 || slices.ContainsFunc(m.names, ordinary):
		return 0
	case bytes.HasPrefix(bytes.ToLower(first), []byte("#otu id\t")):
		return 95
	case wide && numbers*20 >= (len(m.names)-1)*19 && (features || samples):
		return 92
	case features && numbers >= 2 && numbers*2 >= len(m.names)-1, wide && numbers*2 > len(m.names):
		return 60
	}
	return 0
}

// top takes the header off a head: its line, and what stands below it.
func (m *matrix) top(head []byte) (line, rest []byte) {
	for len(head) > 0 {
		line, head, _ = bytes.Cut(head, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(line) == 0 || line[0] == '#' && !marked(line) {
			continue
		}
		m.delimiter = features.Delimiter(line)
		fields, _ := features.Fields(nil, bytes.Clone(line), m.delimiter)
		for _, f := range fields {
			m.names = append(m.names, string(bytes.TrimSpace(bytes.TrimLeft(f, "# "))))
		}
		return line, head
	}
	return nil, nil
}

// ordinary knows columns that tables of people have, and matrices have not.
func ordinary(column string) bool {
	switch strings.ToLower(column) {
	case "age", "sex", "gender", "birth", "birthdate", "birth_date", "date_of_birth", "dob", "visit", "diagnosis", "death":
		return true
	}
	return false
}
