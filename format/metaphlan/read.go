package metaphlan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/features"
)

// read takes the header, and then a clade from each line.
func (p *profile) read(ctx context.Context) error {
	line, err := p.header()
	var fields [][]byte
	for ; err == nil; line, err = p.text.Line() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if line[0] == '#' { // merged tables may repeat #SampleID
			continue
		}
		var ok bool
		if fields, ok = features.Fields(fields[:0], line, '\t'); !ok {
			return p.text.Fault("a quote does not end on its line", "run the merging script again")
		}
		if err := p.clade(fields); err != nil {
			return err
		}
	}
	if err != io.EOF {
		return err
	}
	if len(p.clades) == 0 {
		return &format.Error{File: p.path, Text: "the profile holds no clade", Mend: "run MetaPhlAn again"}
	}
	p.parts()
	return nil
}

// header reads the lines before the clades, and returns the first one of a clade.
func (p *profile) header() ([]byte, error) {
	sample := ""
	for {
		line, err := p.text.Line()
		if err == io.EOF && p.width == 0 {
			return nil, &format.Error{File: p.path, Text: "the file holds no profile", Mend: "run MetaPhlAn again"}
		}
		if err != nil {
			return nil, err
		}
		fields := strings.Split(string(line), "\t")
		first := strings.TrimLeft(fields[0], "# ")
		switch {
		case strings.HasPrefix(first, "mpa_"):
			p.notes = append(p.notes, "database "+first)
		case line[0] == '#' && first == "SampleID" && len(fields) == 2:
			sample = strings.TrimSpace(fields[1])
		case first == "clade_name" || line[0] != '#' && first == "ID":
			if err := p.columns(fields, sample); err != nil {
				return nil, err
			}
			return p.text.Line()
		case line[0] != '#' && strings.Contains(fields[0], "k__"), first == "UNCLASSIFIED", first == "UNKNOWN":
			// MetaPhlAn 2 has no header above the two columns of a profile.
			if err := p.columns([]string{"clade_name", "relative_abundance"}, sample); err != nil {
				return nil, err
			}
			return line, nil
		case line[0] != '#':
			return nil, p.text.Fault("the line is no header and no clade", "name the format of the file")
		}
	}
}

// columns tells the samples from the header.
func (p *profile) columns(fields []string, sample string) error {
	p.width = len(fields)
	for i, f := range fields {
		switch f = strings.TrimSpace(f); {
		case i == 0:
		case f == "NCBI_tax_id" || f == "clade_taxid":
			p.taxid = i
		case f == "relative_abundance":
			if sample == "" || strings.HasPrefix(sample, "Metaphlan") { // which is what it writes if nobody says
				sample = own(p.path)
			}
			p.samples, p.values = []string{sample}, []int{i}
		case f == "additional_species" || f == "coverage" || f == "estimated_number_of_reads_from_the_clade":
		default:
			p.samples, p.values = append(p.samples, f), append(p.values, i)
		}
	}
	if len(p.samples) == 0 {
		return p.text.Fault("the header names no sample", "run MetaPhlAn or the merging script again")
	}
	return nil
}

// clade reads a line. A single profile may leave out its last, empty column.
func (p *profile) clade(fields [][]byte) error {
	last := p.values[len(p.values)-1]
	if len(fields) > p.width || len(fields) <= last {
		return p.text.Fault(fmt.Sprintf("the line has %d columns where the header has %d", len(fields), p.width), "run MetaPhlAn again")
	}
	id, err := p.text.Name(fields[0])
	if err != nil {
		return err
	}
	taxon, rank := name(id)
	c := clade{rank: rank, line: p.text.Number, feature: features.Feature{ID: id, Lineage: []string{taxon}}}
	if strings.Contains(id, "|") {
		c.feature.Names = []string{strings.ReplaceAll(id, "|", ";")}
	}
	if p.taxid > 0 {
		tax := fields[p.taxid]
		tax = bytes.TrimSpace(tax[bytes.LastIndexByte(tax, '|')+1:])
		if len(tax) > 0 && len(bytes.Trim(tax, "0123456789")) == 0 {
			c.feature.Codes = []string{"ncbitaxon:" + string(tax)}
		}
	}
	for _, i := range p.values {
		x, ok := features.ParseValue(fields[i], '.', nil)
		if !ok || !(x >= 0 && x <= 100.01) {
			return p.text.Fault(fmt.Sprintf("column %d is no percentage", i+1), "use relative abundances (-t rel_ab)")
		}
		c.values = append(c.values, x)
	}
	p.clades = append(p.clades, c)
	return nil
}

// parts marks the clades that are sums of others: all but those of the species, or of the
// deepest rank where there is none.
func (p *profile) parts() {
	deepest := -1
	for _, c := range p.clades {
		if at := strings.IndexByte(ranks, c.rank); c.rank != 0 && c.rank != 't' {
			deepest = max(deepest, at)
		}
	}
	if deepest < 0 && slices.ContainsFunc(p.clades, func(c clade) bool { return c.rank == 't' }) {
		deepest = strings.IndexByte(ranks, 't')
	}
	for i, c := range p.clades {
		p.clades[i].feature.Within = c.rank == 0 || strings.IndexByte(ranks, c.rank) != deepest
	}
	p.notes = append(p.notes, fmt.Sprintf("the composition is of rank %s", string(ranks[max(deepest, 0)])))
}
