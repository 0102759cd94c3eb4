// Package matrix reads matrices of numbers as text: expression, methylation, proteins and
// tables of taxa, with comma, tab or semicolon between, packed with gzip or not.
//
// It serves package dataset with the columns that package features describes. Rows may be
// features with samples as columns, or the other way round; which is told from the header,
// from the identifiers and from a table of features beside the file, and Describe says
// what was understood. Columns of text are annotation of the features, or attributes of
// the samples. The tables of QIIME 1 ("#OTU ID", a last column "taxonomy", a comment above)
// are such matrices. A table NAME_taxonomy.csv, NAME_annotation.csv or NAME_features.csv
// (.tsv, .gz) beside a matrix belongs to it.
//
// Options.Table overrules what is told from the file, in words with spaces between:
// features-in-rows or samples-in-rows, and what the values are: counts, relative, signal,
// beta or mvalue.
//
// It refuses lines of other lengths than the header, what is no number where one is
// expected, features or samples of the same name, and values that their kind cannot have.
package matrix

import (
	"context"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/features"
)

// New is the format of matrices.
func New() format.Format { return features.Format{Source: Source{}} }

// Source opens matrices.
type Source struct{}

// Name is "matrix".
func (Source) Name() string { return "matrix" }

// Companions are the tables of features beside the matrix.
func (Source) Companions(path string) []string { return features.Beside(path) }

// Open reads the header and as many lines as it takes to tell what is what.
func (Source) Open(ctx context.Context, path string, o format.Options) (features.Matrix, error) {
	o = o.Defaults()
	w, err := parseWords(path, o.Table)
	if err != nil {
		return nil, err
	}
	t, err := features.OpenText(path, o.MaxBytes)
	if err != nil {
		return nil, err
	}
	m := &matrix{text: t, missing: o.Missing, decimal: o.Decimal[0], words: w, path: path}
	if err := m.start(o.Delimiter); err != nil {
		t.Close()
		return nil, err
	}
	return m, nil
}

// words are what Options.Table says.
type words struct {
	rows   layout
	values features.Values
}

// A layout says what the rows are.
type layout string

const (
	untold      layout = ""
	featureRows layout = "features-in-rows"
	sampleRows  layout = "samples-in-rows"
)

func parseWords(path, text string) (words, error) {
	var w words
	for _, word := range strings.Fields(text) {
		switch word {
		case string(featureRows), string(sampleRows):
			w.rows = layout(word)
		case "counts":
			w.values = features.Counts
		case "relative":
			w.values = features.Relative
		case "signal":
			w.values = features.Signal
		case "beta":
			w.values = features.Betas
		case "mvalue":
			w.values = features.MValues
		default:
			return w, &format.Error{File: path, Text: "table: holds a word that is unknown here",
				Mend: "use features-in-rows or samples-in-rows, and counts, relative, signal, beta or mvalue"}
		}
	}
	return w, nil
}
