// Package metaphlan reads the profiles of MetaPhlAn 2, 3 and 4: that of one sample, and
// tables of many that merge_metaphlan_tables.py makes, packed with gzip or not
// (https://github.com/biobakery/MetaPhlAn/wiki).
//
// It serves package dataset with the columns that package features describes. A clade of
// any rank is a feature with its own abundance in percent; the composition, of which
// diversity and log-ratios are, is made of the species (of the deepest rank in a table
// without species). UNCLASSIFIED is a feature and no part of the composition. A clade is
// found by its whole name, by its last one ("g__Bacteroides", "t__SGB1815"), and by its
// taxon of NCBI.
//
// The sample of a single profile is what its #SampleID says, and else the file's name
// without its ending. It refuses what is no percentage, clades twice, and tables without
// clades.
package metaphlan

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/features"
)

// New is the format of MetaPhlAn profiles.
func New() format.Format { return features.Format{Source: Source{}} }

// Source opens profiles.
type Source struct{}

// Name is "metaphlan".
func (Source) Name() string { return "metaphlan" }

// Sniff knows the mark of the database in the first line, the header, and the clades.
func (Source) Sniff(head []byte, filename string) int {
	text := features.Unpacked(head)
	switch {
	case bytes.HasPrefix(text, []byte("#mpa_")):
		return 98
	case bytes.HasPrefix(text, []byte("clade_name\t")), bytes.HasPrefix(text, []byte("#clade_name\t")), bytes.HasPrefix(text, []byte("#SampleID\tMetaphlan")):
		return 95
	case bytes.HasPrefix(text, []byte("ID\t")) && bytes.Contains(text, []byte("\nk__")):
		return 92
	}
	return 0
}

// Open reads the whole profile.
func (Source) Open(ctx context.Context, path string, o format.Options) (features.Matrix, error) {
	o = o.Defaults()
	t, err := features.OpenText(path, o.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	p := &profile{path: path, text: t}
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// A profile is a table of clades and samples.
type profile struct {
	path    string
	text    *features.Text
	samples []string
	values  []int // the columns of the samples
	taxid   int   // the column of NCBI taxa, 0 if none
	width   int   // columns of a line
	clades  []clade
	notes   []string
	next    int
}

type clade struct {
	feature features.Feature
	rank    byte
	line    int
	values  []float64
}

func (p *profile) Info() features.Info {
	return features.Info{Values: features.Relative, Samples: p.samples, Rows: len(p.clades), Notes: p.notes}
}

func (p *profile) Next(r *features.Row) error {
	if p.next == len(p.clades) {
		return io.EOF
	}
	c := p.clades[p.next]
	p.next++
	r.Feature, r.Line, r.Values, r.Places = c.feature, c.line, c.values, nil
	return nil
}

func (p *profile) Close() error { return nil }

// own is the sample of a profile that does not say it.
func own(path string) string {
	return strings.TrimSuffix(format.Owner(filepath.Base(path)), ".profile")
}

// name is the last taxon of a clade and its rank: 's' and "s__X" of "k__A|...|s__X".
func name(clade string) (taxon string, rank byte) {
	taxon = clade[strings.LastIndexByte(clade, '|')+1:]
	if len(taxon) > 3 && taxon[1:3] == "__" && strings.IndexByte(ranks, taxon[0]) >= 0 {
		return taxon, taxon[0]
	}
	return taxon, 0
}

// ranks are those of MetaPhlAn, from the kingdom to the genome bin.
const ranks = "kpcofgst"
