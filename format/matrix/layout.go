package matrix

import (
	"bytes"
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
	figures []int // of each column: cells that are one
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
	e := evidence{text: make([]int, len(m.names)), figures: make([]int, len(m.names))}
	var fields [][]byte
	for e.lines < 200 && len(head) > 0 {
		line, rest, complete := bytes.Cut(head, []byte{'\n'})
		head = rest
		if line = bytes.TrimSuffix(line, []byte{'\r'}); len(line) == 0 {
			continue
		}
		fields, _ = features.Fields(fields[:0], bytes.Clone(line), m.delimiter)
		if e.lines == 0 && len(fields) == len(m.names)+1 { // R leaves out the name of the row names
			m.names, e.text, e.figures = append([]string{""}, m.names...), append(e.text, 0), append(e.figures, 0)
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
		if ok && x == x {
			e.figures[i+1]++
		}
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
		m.info.Guessed = true
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
// looksLikeFeature knows the identifiers of genes, probes, proteins and taxa.
// isCpG knows the names of methylation probes: cg and eight digits, or ch.1.123F.
// describe gives each column its role, and says what the values are.
// distinct refuses columns of features that are named alike.
// feature is what the table of features says of one.
// values tells what some values are.
// sample is what the table of features says of the first ones.
