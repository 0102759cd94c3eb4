// Package genotype holds the genotypes of many people at many variants: hard calls as
// bit planes, imputed dosages as numbers, and what a variant is called.
//
// It serves the readers of genotype files, which fill it variant after variant, and the
// kernels that count over it, and it finds the variants that a dictionary names among
// those of a source (Harmoniser). A variant has two alleles here: readers split one with more
// into one for each alternate allele, as `bcftools norm -m-` does. It knows no files.
package genotype

import "io"

// A Variant is a place of the genome with two alleles, on the forward strand of Build.
type Variant struct {
	Chromosome string // "1" to "22", "X", "Y", "MT" (Chromosome); others as written
	Position   int    // of Ref's first base, from 1
	ID         string // "" if none
	Ref, Alt   string // Alt is the allele that is counted
}

// A Build is a version of the reference genome.
type Build string

// The builds that are told apart; "" is one that is not known.
const (
	GRCh37 Build = "GRCh37"
	GRCh38 Build = "GRCh38"
)

// A Sex is that of a sample as the file gives it.
type Sex int8

// As PLINK writes it.
const (
	Unknown Sex = iota
	Male
	Female
)

// A Sample is a column of a genotype file.
type Sample struct {
	ID     string
	Family string // "" or "0" if none
	Sex    Sex
}

// Calls are the genotypes of all samples at one variant. The count of Alt of sample i is
// the bit i of Lo and twice that of Hi; where the call is missing the bit of Missing is
// set and the others are not. One allele of a haploid call counts as two, as in PLINK.
// Bits behind the last sample are 0.
type Calls struct {
	Samples         int
	Lo, Hi, Missing []uint64 // (Samples+63)/64 words each
	// Dosages are the expected counts of Alt, 0 to 2 and NaN where missing, if the source
	// has them; nil otherwise. Hard calls are then the nearest count where it is within
	// 0.1, as in plink2 (--hard-call-threshold).
	Dosages []float32
}

// A Region is a stretch of a chromosome, both ends included.
type Region struct {
	Chromosome string
	From, To   int
}

// Options say what to read.
type Options struct {
	// Keep says which variants are wanted, before their calls are decoded; nil is all.
	Keep func(Variant) bool
	// Regions are where variants are wanted; nil is everywhere. A reader with an index
	// reads nothing else; one without skips.
	Regions []Region
}

// Info is what a source says of itself.
type Info struct {
	Samples  []Sample
	Variants int64 // -1 if it cannot be told without reading everything
	Build    Build // "" if the source does not say
	// ReferenceKnown says that Ref is the reference genome's allele and both are on its
	// forward strand, as VCF promises; a bed file has alleles of any order and strand.
	ReferenceKnown bool
	Dosages        bool // some calls may come with dosages
	Notes          []string
}

// A Reader gives the variants of a source in the source's order.
type Reader interface {
	Info() Info
	// Next reads the next variant that is wanted into v and c, whose memory is used
	// again; io.EOF after the last.
	Next(v *Variant, c *Calls) error
	io.Closer
}

// Chromosome is the name of a chromosome without "chr", and as PLINK's numbers name it:
// 23 and 25 are X, 24 is Y, 26 and M are MT. Others stay as they are.
func Chromosome(name string) string {
	if len(name) > 3 && (name[:3] == "chr" || name[:3] == "CHR" || name[:3] == "Chr") {
		name = name[3:]
	}
	switch name {
	case "23", "x", "25", "XY", "PAR1", "PAR2":
		return "X"
	case "24", "y":
		return "Y"
	case "26", "M", "m", "mt":
		return "MT"
	}
	return name
}

// Reset makes room for the calls of n samples, all of them 0.
func (c *Calls) Reset(n int) {
	words := (n + 63) / 64
	c.Samples = n
	c.Lo, c.Hi, c.Missing = cleared(c.Lo, words), cleared(c.Hi, words), cleared(c.Missing, words)
	c.Dosages = nil
}

func cleared(s []uint64, n int) []uint64 {
	if cap(s) < n {
		return make([]uint64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// Count is the count of Alt of sample i; -1 where it is missing.
func (c *Calls) Count(i int) int {
	w, b := i>>6, uint(i&63)
	if c.Missing[w]>>b&1 != 0 {
		return -1
	}
	return int(c.Lo[w]>>b&1 + c.Hi[w]>>b&1<<1)
}

// Set gives sample i a count of Alt, after Reset: 0 to 2, or -1 for missing.
func (c *Calls) Set(i, count int) {
	w, b := i>>6, uint(i&63)
	switch count {
	case 1:
		c.Lo[w] |= 1 << b
	case 2:
		c.Hi[w] |= 1 << b
	case -1:
		c.Missing[w] |= 1 << b
	}
}
