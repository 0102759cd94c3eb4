// Package qiime reads QIIME 2 artefacts: .qza files, which are zip archives with a table of
// BIOM inside (https://dev.qiime2.org/latest/storing-data/archive/).
//
// It serves package dataset with the columns that package features describes, of artefacts
// of the types FeatureTable[Frequency], [RelativeFrequency], [Composition] and
// [PresenceAbsence]. Taxonomy comes from an artefact or table of features beside the file:
// NAME_taxonomy.qza, NAME-taxonomy.qza, NAME_taxonomy.tsv and the like, or else
// taxonomy.qza or taxonomy.tsv in the same folder.
//
// It refuses artefacts of other types, archives that are damaged or hold no single
// artefact, and tables that unfold to more than 2 GiB.
package qiime

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/biomtable"
	"hmsp.center/hmsp/format/internal/features"
)

// New is the format of QIIME 2 artefacts.
func New() format.Format { return features.Format{Source: Source{}} }

// Source opens artefacts.
type Source struct{}

// Name is "qiime".
func (Source) Name() string { return "qiime" }

// Sniff knows a zip archive that is named .qza or has the layout of an artefact.
func (Source) Sniff(head []byte, filename string) int {
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return 0
	}
	if strings.EqualFold(filepath.Ext(filename), ".qza") {
		return 95
	}
	if bytes.Contains(head, []byte("/metadata.yaml")) && bytes.Contains(head, []byte("/data/feature-table.biom")) {
		return 85
	}
	return 0
}

// Companions is the table of features that is used.
func (Source) Companions(path string) []string {
	if beside := taxonomy(path); beside != "" {
		return []string{beside}
	}
	return nil
}

// taxonomy finds the table of features of an artefact; "" if there is none.
func taxonomy(path string) string {
	dir, base := filepath.Split(path)
	stem, _, _ := strings.Cut(base, ".")
	for _, name := range []string{stem + "_taxonomy.qza", stem + "-taxonomy.qza"} {
		if ordinary(filepath.Join(dir, name)) {
			return filepath.Join(dir, name)
		}
	}
	if beside := features.Beside(path); len(beside) > 0 {
		return beside[0]
	}
	for _, name := range []string{"taxonomy.qza", "taxonomy.tsv"} {
		if ordinary(filepath.Join(dir, name)) && name != base {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

func ordinary(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Open reads the whole table.
func (Source) Open(ctx context.Context, path string, o format.Options) (features.Matrix, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	kind, ok := valuesOf(a.kind)
	if !ok {
		return nil, &format.Error{File: path, Text: "the artefact holds no table of features that can be read",
			Mend: "name one of type FeatureTable[Frequency] or FeatureTable[RelativeFrequency]"}
	}
	in, err := a.open("data/feature-table.biom", biomtable.Largest)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	t, err := biomtable.Decode(path, in)
	if err != nil {
		return nil, err
	}
	t.Kind = kind
	notes, err := annotate(t, taxonomy(path))
	if err != nil {
		return nil, err
	}
	return t.Matrix(notes...), nil
}

// valuesOf tells what the values of an artefact's type are.
func valuesOf(kind string) (features.Values, bool) {
	switch kind {
	case "FeatureTable[Frequency]", "FeatureTable[PresenceAbsence]":
		return features.Counts, true
	case "FeatureTable[RelativeFrequency]", "FeatureTable[Composition]":
		return features.Relative, true
	}
	return "", false
}

// annotate gives the features of a table their lineages.
func annotate(t *biomtable.Table, path string) ([]string, error) {
	if path == "" || !strings.EqualFold(filepath.Ext(path), ".qza") {
		if path == "" {
			return []string{"no taxonomy.qza beside the artefact: features have no lineage"}, nil
		}
		return biomtable.Annotate(t, []string{path})
	}
	a, err := open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if a.kind != "FeatureData[Taxonomy]" {
		return []string{"the artefact named taxonomy beside the file is none, and is not used"}, nil
	}
	in, err := a.open("data/taxonomy.tsv", biomtable.Largest)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	table, err := features.NewAnnotation(path, in)
	if err != nil {
		return nil, err
	}
	return t.Annotate(table), nil
}
