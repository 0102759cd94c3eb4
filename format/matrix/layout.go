package matrix

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/features"
)

// A role is what a column is.
type role uint8

const (
	value role = iota // of a sample or a feature
	name              // of the row
	text              // annotation of a feature, or attribute of a sample
	whole             // lineage of a feature
	skip              // a number about a feature: its length, its place
)

// evidence is what the lines that Open has seen say of the columns.
type evidence struct {
	lines   int
	text    []int // of each column: cells that are no number
	ids     []string
	numbers []float64 // some values, of the columns that hold numbers alone
}

// start reads the header and decides.
func (m *matrix) start(delimiter string) error {
	header, err := m.header()
	if err != nil {
		return err
	}
	if m.delimiter = features.Delimiter(header); delimiter != "" {
		m.delimiter = delimiter[0]
	}
	fields, ok := features.Fields(nil, header, m.delimiter)
	if !ok {
		return m.text.Fault("a quote in the header does not end", "export the file again")
	}
	for i, f := range fields {
		if i == 0 {
			f = bytes.TrimLeft(f, "# ")
		}
		n, err := m.text.Name(f)
		if err != nil {
			return err
		}
		m.names = append(m.names, n)
	}
	e := m.look(m.text.Peek())
	if len(m.names) < 2 || e.lines == 0 {
		return m.text.Fault("this is no matrix: it has less than two columns or no line below its header", "name the format of the file, or its delimiter")
	}
	if err := m.beside(); err != nil {
		return err
	}
	m.decide(e)
	return m.describe(e)
}

// header is the first line that is no comment. QIIME marks the header itself with #.
func (m *matrix) header() ([]byte, error) {
	for {
		line, err := m.text.Line()
		if err == io.EOF {
			return nil, &format.Error{File: m.path, Text: "the file holds no line with names of columns", Mend: "export it again"}
		}
		if err != nil {
			return nil, err
		}
		if line[0] != '#' || marked(line) {
			return slices.Clone(line), nil
		}
	}
}

// marked says that a line with # is a header: "#OTU ID".
func marked(line []byte) bool {
	first, _, cut := bytes.Cut(line, []byte{'\t'})
	return cut && kindOfHeader(strings.ToLower(strings.TrimSpace(strings.TrimLeft(string(first), "#")))) != untold
}

// look counts what the cells of the lines in a head are; the last line may be cut off.
func (m *matrix) look(head []byte) evidence {
	e := evidence{text: make([]int, len(m.names))}
	var fields [][]byte
	for e.lines < 200 && len(head) > 0 {
		line, rest, complete := bytes.Cut(head, []byte{'\n'})
		head = rest
		if line = bytes.TrimSuffix(line, []byte{'\r'}); len(line) == 0 {
			continue
		}
		fields, _ = features.Fields(fields[:0], bytes.Clone(line), m.delimiter)
		if e.lines == 0 && len(fields) == len(m.names)+1 { // R leaves out the name of the row names
			m.names, e.text = append([]string{""}, m.names...), append(e.text, 0)
		}
		if len(fields) > len(m.names) || len(fields) < 2 {
			break // Next says so
		}
		if !complete && len(fields) > 2 {
			fields = fields[:len(fields)-1] // the head may cut a number off
		}
		e.add(m, fields)
	}
	return e
}

func (e *evidence) add(m *matrix, fields [][]byte) {
	e.lines++
	e.ids = append(e.ids, string(bytes.TrimSpace(fields[0])))
	for i, f := range fields[1:] {
		x, ok := features.ParseValue(f, m.decimal, m.missing)
		switch {
		case !ok:
			e.text[i+1]++
		case x == x && len(e.numbers) < 1<<16 && e.text[i+1] == 0 && aside(m.names[i+1]) != skip:
			e.numbers = append(e.numbers, x)
		}
	}
}

// beside reads the table of features beside the matrix, if there is one.
func (m *matrix) beside() error {
	if paths := features.Beside(m.path); len(paths) > 0 {
		a, err := features.ReadAnnotation(paths[0])
		if err != nil {
			return err
		}
		m.annotation = a
	}
	return nil
}

// decide tells rows from columns.
func (m *matrix) decide(e evidence) {
	if m.rows = m.words.rows; m.rows != untold {
		m.notes = append(m.notes, string(m.rows)+", as table: says")
		return
	}
	inRows, inColumns := m.annotated(e.ids), m.annotated(m.names[1:])
	lineages := slices.ContainsFunc(m.names[1:], func(n string) bool { return aside(n) == whole })
	header := kindOfHeader(strings.ToLower(m.names[0]))
	switch {
	case inRows > 0.5 || inColumns > 0.5:
		if m.rows = featureRows; inColumns > inRows {
			m.rows = sampleRows
		}
		m.notes = append(m.notes, string(m.rows)+": the table of features beside the file names them")
	case header != untold || lineages:
		if m.rows = header; m.rows == untold {
			m.rows = featureRows
		}
		m.notes = append(m.notes, string(m.rows)+", by the header")
	case share(e.ids, looksLikeFeature) > 0.5:
		m.rows = featureRows
		m.notes = append(m.notes, string(m.rows)+", by the identifiers")
	case share(m.names[1:], looksLikeFeature) > 0.5:
		m.rows = sampleRows
		m.notes = append(m.notes, string(m.rows)+", by the identifiers")
	default:
		m.rows = featureRows
		m.notes = append(m.notes, "features-in-rows is a guess: neither header nor identifiers tell; table: samples-in-rows says otherwise")
	}
	if m.annotation != nil && max(inRows, inColumns) < 0.5 {
		m.annotation = nil
		m.notes = append(m.notes, "the table of features beside the file is of others, and is not used")
	}
}

// annotated is the share of names that the table of features has.
func (m *matrix) annotated(names []string) float64 {
	if m.annotation == nil {
		return 0
	}
	return share(names, func(n string) bool { _, ok := m.annotation.Features[n]; return ok })
}

func share(names []string, is func(string) bool) float64 {
	n := 0
	for _, name := range names {
		if is(name) {
			n++
		}
	}
	return float64(n) / float64(max(len(names), 1))
}

// kindOfHeader tells what rows are from the name of their names.
func kindOfHeader(first string) layout {
	switch strings.NewReplacer(" ", "", "_", "", "-", "", ".", "").Replace(first) {
	case "otuid", "otu", "asv", "asvid", "taxon", "taxa", "taxonomy", "clade", "cladename", "genus", "species", "feature", "featureid", "probe", "probeid", "probeset", "idref",
		"gene", "geneid", "genename", "genesymbol", "symbol", "hgncsymbol", "ensembl", "ensemblid", "ensemblgeneid", "transcript", "transcriptid", "cpg", "cpgid", "ilmnid",
		"targetid", "protein", "proteinid", "uniprot", "metabolite", "compound", "mirna":
		return featureRows
	case "sample", "sampleid", "samplename", "sampleids", "subject", "subjectid", "patient", "patientid", "participant", "participantid", "barcode", "id":
		return sampleRows
	}
	return untold
}

// aside is the role of a column beside the values of a feature, by its name.
func aside(column string) role {
	switch strings.ToLower(column) {
	case "chr", "chrom", "chromosome", "start", "end", "strand", "length", "effective_length", "position", "pos", "entrez", "entrezid", "entrez_id":
		return skip
	case "taxonomy", "consensus lineage", "consensuslineage", "lineage":
		return whole
	}
	return value
}

// looksLikeFeature knows the identifiers of genes, probes, proteins and taxa.
func looksLikeFeature(id string) bool {
	switch {
	case strings.HasPrefix(id, "ENS") && len(id) >= 15, strings.HasSuffix(id, "_at"), strings.HasPrefix(id, "ILMN_"), strings.HasPrefix(id, "hsa-"),
		isCpG(id), strings.Contains(id, "__"), strings.HasPrefix(id, "OTU"), strings.HasPrefix(id, "ASV"):
		return true
	}
	return false
}

// isCpG knows the names of methylation probes: cg and eight digits, or ch.1.123F.
func isCpG(id string) bool {
	return len(id) >= 10 && id[:2] == "cg" && strings.Trim(id[2:10], "0123456789") == ""
}

// describe gives each column its role, and says what the values are.
func (m *matrix) describe(e evidence) error {
	m.roles = make([]role, len(m.names))
	m.roles[0] = name
	apart := 0
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
	}
	if apart == len(m.names)-1 {
		return m.text.Fault("no column below the header holds numbers", "name the format of the file, its delimiter or its decimal mark")
	}
	if apart > 0 {
		m.notes = append(m.notes, fmt.Sprintf("%d columns beside the first hold no values of the matrix", apart))
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

// distinct refuses columns of features that are named alike.
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

// feature is what the table of features says of one.
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

// values tells what some values are.
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

// sample is what the table of features says of the first ones.
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
