package modality

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"hmsp.center/hmsp/format/bed"
	"hmsp.center/hmsp/format/vcf"
	"hmsp.center/hmsp/genotype"
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/person"
)

// MaxGenomes is how many people of a site can have genotypes in one file, which names
// them all in its head.
const MaxGenomes = 1_000_000

// Source is what a genome's file says of where it is from.
const Source = "hmsp simulate: people who never existed, at invented places with invented alleles on the chromosomes of GRCh38"

// A Genotypes writes variants of the same people into one file, or several beside each
// other.
type Genotypes interface {
	Write(v *genotype.Variant, c *genotype.Calls) error
	Close() error
}

// A VCFFile is a compressed VCF and, after Close, its index.
type VCFFile struct{ *vcf.Writer }

// NewVCF writes a compressed VCF.
func NewVCF(w io.Writer, samples []genotype.Sample) (VCFFile, error) {
	out, err := vcf.NewWriter(w, vcf.Header{Samples: samples, Build: genotype.GRCh38, Source: Source})
	return VCFFile{out}, err
}

// Write writes a variant.
func (f VCFFile) Write(v *genotype.Variant, c *genotype.Calls) error { return f.Writer.Write(*v, c) }

// NewBED writes the three files of PLINK.
func NewBED(calls, variants, people io.Writer, samples []genotype.Sample) (Genotypes, error) {
	out, err := bed.NewWriter(calls, variants, people, samples)
	return bedFile{out}, err
}

type bedFile struct{ *bed.Writer }

func (f bedFile) Close() error { return f.Flush() }

// Samples are the people of a site as genotype files name them.
func Samples(site string, people []genome.Carrier) []genotype.Sample {
	out := make([]genotype.Sample, len(people))
	for i, c := range people {
		out[i] = genotype.Sample{ID: person.ID(site, i), Sex: genotype.Female}
		if c.Male {
			out[i].Sex = genotype.Male
		}
	}
	return out
}

// VariantName is the identifier of variant i of a panel, from 0.
func VariantName(i int) string { return "sim" + strconv.Itoa(i+1) }

// Variant is variant i of a panel, as a file has it.
func Variant(p *genome.Panel, i int) genotype.Variant {
	v := p.Variants[i]
	name := strconv.Itoa(int(v.Chromosome))
	switch v.Chromosome {
	case genome.ChrX:
		name = "X"
	case genome.ChrY:
		name = "Y"
	}
	return genotype.Variant{Chromosome: name, Position: int(v.Position), ID: VariantName(i), Ref: string(v.Ref), Alt: string(v.Alt)}
}

// Code names a variant by its place and by its identifier, as a dictionary does.
func Code(p *genome.Panel, i int) string {
	v := Variant(p, i)
	return fmt.Sprintf("grch38:%s hmsp:%s", v.Name(), v.ID)
}

// WriteGenomes writes the genotypes of people into each file, variant after variant, in
// memory that grows with the people and not with the variants.
func WriteGenomes(ctx context.Context, p *genome.Panel, people []genome.Carrier, files []Genotypes) error {
	sweep := p.Sweep(people)
	var c genotype.Calls
	for {
		first, calls, ok := sweep.Next()
		if !ok {
			return nil
		}
		for j, row := range calls {
			if err := ctx.Err(); err != nil {
				return err
			}
			c.Reset(len(row))
			for i, count := range row {
				c.Set(i, int(count))
			}
			v := Variant(p, first+j)
			for _, f := range files {
				if err := f.Write(&v, &c); err != nil {
					return err
				}
			}
		}
	}
}
