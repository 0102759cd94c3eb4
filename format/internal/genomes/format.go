package genomes

import (
	"context"
	"fmt"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// Format is a format of genotype files, which Source opens: a file, or a folder of files
// of the same people, such as one for each chromosome.
type Format struct{ Source Source }

// The columns that are computed of each sample.
const (
	CallRate       = "call_rate"      // share of variants with a call, Y left out
	Heterozygosity = "heterozygosity" // share of heterozygous calls at variants of 1 to 22
	Variants       = "variants"       // number of variants with a call, Y left out
)

// Name is the source's.
func (f Format) Name() string { return f.Source.Name() }

// Sniff is the source's.
func (f Format) Sniff(head []byte, filename string) int { return f.Source.Sniff(head, filename) }

// Companions are the source's, if it has any.
func (f Format) Companions(path string) []string {
	if c, ok := f.Source.(format.Companions); ok {
		return c.Companions(path)
	}
	return nil
}

// Checks are of the quality of samples. The call rate is that below which studies leave
// samples out (0.95 to 0.98; Anderson et al., Nat Protoc 2010;5:1564). Nobody is
// heterozygous at more than half of many variants with two alleles, as 2p(1-p) is at most
// 0.5: above it two people's samples are mixed; and at almost none where a sample is no
// person's. Bounds from the spread of a cohort are narrower, and the cohort's to draw.
func (f Format) Checks() []format.Check {
	return []format.Check{
		{Column: CallRate, Label: "call rate", Unit: "1", Low: 0.95, High: 1},
		{Column: Heterozygosity, Label: "heterozygosity", Unit: "1", Low: 0.001, High: 0.5},
	}
}

// columns are those that are no variants.
func columns(info genotype.Info) []format.Column {
	out := []format.Column{{Name: format.SampleColumn, Kind: format.Text}}
	for _, s := range info.Samples {
		if s.Sex != genotype.Unknown {
			out = append(out, format.Column{Name: format.SexColumn, Kind: format.Text})
			break
		}
	}
	return append(out, format.Column{Name: CallRate, Kind: format.Float}, format.Column{Name: Heterozygosity, Kind: format.Float}, format.Column{Name: Variants, Kind: format.Int})
}

// kind is that of a column of counts.
func kind(info genotype.Info) format.Kind {
	if info.Dosages {
		return format.Float
	}
	return format.Int
}

// Describe reads samples and header alone.
func (f Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	s, err := f.open(ctx, path)
	if err != nil {
		return format.Description{}, err
	}
	size := fmt.Sprintf("%d samples", len(s.info.Samples))
	if s.info.Variants >= 0 {
		size = fmt.Sprintf("%d variants of %s", s.info.Variants, size)
	}
	build := "the build is not stated"
	if s.info.Build != "" {
		build = string(s.info.Build)
	}
	return format.Description{Columns: columns(s.info), Rows: int64(len(s.info.Samples)), Exact: true,
		Notes: append([]string{size + "; " + build}, s.info.Notes...)}, nil
}

// Find reads where the wanted variants are, or everything where only the variants' names
// say that.
func (f Format) Find(ctx context.Context, path string, o format.Options, wanted [][]string) (format.Found, error) {
	s, err := f.open(ctx, path)
	if err != nil {
		return format.Found{}, err
	}
	list := make([]genotype.Wanted, len(wanted))
	for i, names := range wanted {
		list[i] = genotype.Want(names)
	}
	matches, notes, err := s.find(ctx, list)
	if err != nil {
		return format.Found{}, err
	}
	found := format.Found{Columns: make([]format.Column, len(wanted)), Notes: notes, Problems: map[int]format.Error{}}
	for i, m := range matches {
		switch {
		case m.Found:
			found.Columns[i] = format.Column{Name: m.Name(), Kind: kind(s.info)}
		case m.Problem != "":
			found.Problems[i] = format.Error{File: path, Column: first(wanted[i]), Text: m.Problem, Mend: m.Mend}
		}
	}
	return found, nil
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
