package features

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// An Annotation is what a table beside a matrix says of its features, by identifier.
type Annotation struct {
	Path     string
	Features map[string]Feature
}

// annotationBytes is how much of a table of annotations may be read: it is held whole.
const annotationBytes = 1 << 30

// ReadAnnotation reads a table of features, one a line with a header: the identifier
// first; columns that are named as ranks or "Taxon" make the lineage, other texts are
// names.
func ReadAnnotation(path string) (*Annotation, error) {
	t, err := OpenText(path, longestAnnotation)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return readAnnotation(path, t)
}

// longestAnnotation is the longest line of a table of features.
const longestAnnotation = 1 << 20

// NewAnnotation is ReadAnnotation of a stream; path is for errors alone.
func NewAnnotation(path string, in io.ReadCloser) (*Annotation, error) {
	t, err := NewText(path, in, longestAnnotation)
	if err != nil {
		return nil, err
	}
	return readAnnotation(path, t)
}

func readAnnotation(path string, t *Text) (*Annotation, error) {
	header, err := t.Line()
	if err == io.EOF {
		return nil, &format.Error{File: path, Text: "the table of features is empty", Mend: "export it again"}
	}
	if err != nil {
		return nil, err
	}
	delimiter := Delimiter(header)
	fields, ok := Fields(nil, header, delimiter)
	if !ok || len(fields) < 2 {
		return nil, t.Fault("the table of features has no header of two columns or more", "write identifier and annotation, with commas or tabs between")
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		if names[i], err = t.Name(f); err != nil {
			return nil, err
		}
	}
	out := &Annotation{Path: path, Features: map[string]Feature{}}
	for read := 0; ; {
		line, err := t.Line()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if read += len(line); read > annotationBytes {
			return nil, t.Fault("the table of features is too large", "keep the columns of the taxonomy alone")
		}
		if fields, ok = Fields(fields[:0], line, delimiter); !ok || len(fields) != len(names) {
			return nil, t.Fault("the line has another number of columns than the header", "quote texts that hold the delimiter")
		}
		if strings.HasPrefix(string(fields[0]), "#q2:") { // the types of columns, in QIIME 2
			continue
		}
		f, err := annotated(t, names, fields)
		if err != nil {
			return nil, err
		}
		if _, ok := out.Features[f.ID]; ok {
			return nil, t.Fault("two lines are of the same feature", "leave one of them out")
		}
		out.Features[f.ID] = f
	}
}

func annotated(t *Text, names []string, fields [][]byte) (Feature, error) {
	var f Feature
	var taxa []string
	for i, field := range fields {
		text, err := t.Name(field)
		if err != nil {
			return f, err
		}
		rank := RankColumn(names[i])
		switch {
		case i == 0:
			f.ID = text
		case rank == lineageColumn:
			f.Lineage = Lineage(text)
		case rank != 0:
			if r, name := rankOf(Taxon(text)); r != rank || name == "" {
				text = string(rank) + "__" + text
			}
			taxa = append(taxa, text)
		case text != "" && text != "NA":
			if _, number := ParseValue([]byte(text), '.', nil); !number {
				f.Names = append(f.Names, text)
			}
		}
	}
	if taxa != nil {
		f.Lineage = Ranked(taxa)
	}
	return f, nil
}

// lineageColumn stands for a column that holds whole lineages.
const lineageColumn = '*'

// RankColumn is the letter of the rank that a column of a table of features is named for,
// lineageColumn for whole lineages, 0 for others.
func RankColumn(name string) byte {
	switch strings.ToLower(name) {
	case "kingdom", "domain", "superkingdom":
		return 'k'
	case "phylum", "class", "order", "family", "genus", "species":
		return strings.ToLower(name)[0]
	case "taxon", "taxonomy", "lineage", "consensus lineage", "consensuslineage", "tax", "taxa":
		return lineageColumn
	}
	return 0
}

// Delimiter is the one of , ; and tab that cuts a header most; the first where none does.
func Delimiter(header []byte) byte {
	best, most := byte(','), 0
	for _, d := range []byte{'\t', ',', ';'} {
		if fields, ok := Fields(nil, slices.Clone(header), d); ok && len(fields) > most {
			best, most = d, len(fields)
		}
	}
	return best
}

// Beside lists the tables of features that lie beside a matrix NAME.csv.gz: NAME_taxonomy,
// NAME_annotation and NAME_features with .csv, .tsv, packed or not; NAME also without what
// stands behind its last underscore, as globalpatterns_otu has globalpatterns_taxonomy.
func Beside(path string) []string {
	dir, base := filepath.Split(path)
	stem, _, _ := strings.Cut(base, ".")
	stems := []string{stem}
	if i := strings.LastIndexByte(stem, '_'); i > 0 {
		stems = append(stems, stem[:i])
	}
	var out []string
	for _, s := range stems {
		for _, what := range []string{"taxonomy", "annotation", "features"} {
			for _, ext := range []string{".csv", ".tsv", ".csv.gz", ".tsv.gz"} {
				name := filepath.Join(dir, s+"_"+what+ext)
				if name == filepath.Clean(path) {
					continue
				}
				if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
					out = append(out, name)
				}
			}
		}
	}
	return out
}
