// Package biom reads the Biological Observation Matrix, version 1.0 (JSON, sparse or dense)
// and 2.0 and 2.1 (HDF5), packed with gzip or not, and writes version 1.0
// (https://biom-format.org/documentation/biom_format.html).
//
// It serves package dataset with the columns that package features describes: samples are
// rows, observations are features, their metadata "taxonomy" is the lineage and other
// texts are names; metadata of samples are attributes. A table beside the file,
// NAME_taxonomy.tsv and the like, gives the lineages that the file lacks.
//
// It refuses tables whose parts do not agree, see package biomtable.
package biom

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/biomtable"
	"hmsp.center/hmsp/format/internal/features"
)

// New is the format BIOM.
func New() format.Format { return features.Format{Source: Source{}} }

// Source opens BIOM files.
type Source struct{}

// Name is "biom".
func (Source) Name() string { return "biom" }

// Sniff knows HDF5 that is named .biom or that has the groups of BIOM, and the words of
// BIOM 1.0.
func (Source) Sniff(head []byte, filename string) int {
	named := strings.Contains(strings.ToLower(filepath.Base(filename)), ".biom")
	if bytes.HasPrefix(head, []byte(biomtable.Signature)) {
		switch {
		case named:
			return 95
		case bytes.Contains(head, []byte("observation\x00")) && bytes.Contains(head, []byte("sample\x00")):
			return 90
		}
		return 0
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) && !named {
		return 0
	}
	text := features.Unpacked(head)
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte{'{'}) && bytes.Contains(text, []byte("Biological Observation Matrix")):
		return 98
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}) && named:
		return 80
	}
	return 0
}

// Companions are the tables of features beside the file.
func (Source) Companions(path string) []string { return features.Beside(path) }

// Open reads the whole table.
func (Source) Open(ctx context.Context, path string, o format.Options) (features.Matrix, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := biomtable.DecodeFile(path)
	if err != nil {
		return nil, err
	}
	notes, err := biomtable.Annotate(t, features.Beside(path))
	if err != nil {
		return nil, err
	}
	return t.Matrix(notes...), nil
}

// A Table is what WriteJSON writes.
type Table = biomtable.Table

// A Feature is an observation of a Table.
type Feature = features.Feature

// WriteJSON writes a table as BIOM 1.0, sparse. Date is that of the table in ISO 8601, and
// by says what made it.
func WriteJSON(w io.Writer, t *Table, by, date string) error {
	return biomtable.WriteJSON(w, t, by, date)
}
