// Package bed reads and writes the genotype files of PLINK 1: .bed with the calls, .bim
// with the variants, .fam with the samples (https://www.cog-genomics.org/plink/1.9/formats,
// "bed", "bim", "fam").
//
// It serves the genomes of a dataset, which is named by its .bed, and kernels that read a
// File's variants in any order. The files are mapped, not read: a study of many gigabytes
// is open at once. The first allele of a .bim, A1, is the one that is counted, as in
// `plink2 --bfile`; neither the order of the alleles nor their strand is promised by such
// a file. It refuses a .bed that is sample by sample, as no program has written for years,
// one whose size is not that of its .bim and .fam, and the interval files of the same name.
package bed

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/genomes"
	"hmsp.center/hmsp/genotype"
)

// New is the format "bed".
func New() format.Format { return genomes.Format{Source: source{}} }

type source struct{}

func (source) Name() string { return "bed" }

// Sniff knows the magic number of PLINK's files, of either order.
func (source) Sniff(head []byte, filename string) int {
	if len(head) < 3 || head[0] != magic[0] || head[1] != magic[1] || head[2] > magic[2] {
		return 0
	}
	if strings.EqualFold(filepath.Ext(filename), ".bed") {
		return 95
	}
	return 60
}

// Companions are the .bim and the .fam.
func (source) Companions(path string) []string {
	var out []string
	for _, ext := range [2]string{".bim", ".fam"} {
		if p, ok := beside(path, ext); ok {
			out = append(out, p)
		}
	}
	return out
}

func (source) Info(ctx context.Context, path string) (genotype.Info, error) {
	f, err := Open(path)
	if err != nil {
		return genotype.Info{}, err
	}
	defer f.Close()
	return f.Info(), nil
}

func (source) Open(ctx context.Context, path string, o genotype.Options) (genotype.Reader, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return f.reader(ctx, o), nil
}

// reader gives the variants of a File in order.
type reader struct {
	*File
	ctx   context.Context
	o     genotype.Options
	next  int
	block string // lines of the .bim from next on
}

func (f *File) reader(ctx context.Context, o genotype.Options) *reader {
	return &reader{File: f, ctx: ctx, o: o}
}

// Next passes over what is not wanted without a look at its calls.
func (r *reader) Next(v *genotype.Variant, c *genotype.Calls) error {
	for ; r.next < r.Variants(); r.next++ {
		if r.next%linesPerMark == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			block, err := r.bim.block(r.next / linesPerMark)
			if err != nil {
				return err
			}
			r.block = block
		}
		var line string
		line, r.block, _ = strings.Cut(r.block, "\n")
		var err error
		if *v, err = parseVariant(line); err != nil {
			return r.bim.wrong(r.next, err)
		}
		if r.wants(v) {
			r.next++
			return r.Calls(r.next-1, c)
		}
	}
	return io.EOF
}

func (r *reader) wants(v *genotype.Variant) bool {
	return (r.o.Keep == nil || r.o.Keep(*v)) && (r.o.Regions == nil || within(r.o.Regions, v))
}

func within(regions []genotype.Region, v *genotype.Variant) bool {
	for _, g := range regions {
		if g.Chromosome == v.Chromosome && g.From <= v.Position && v.Position <= g.To {
			return true
		}
	}
	return false
}
