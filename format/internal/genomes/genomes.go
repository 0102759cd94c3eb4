// Package genomes makes a wide format of a reader of genotypes: a sample is a row, a
// variant that the dictionary asks for is a column of counts of its counted allele.
//
// It serves the formats of genotype files, which give Source alone. It finds variants by
// place and alleles, on either strand and in either order of the alleles, and refuses
// what could be either.
package genomes

import (
	"context"

	"hmsp.center/hmsp/genotype"
)

// A Source opens one kind of genotype file.
type Source interface {
	// Name is what a dataset file writes: "vcf".
	Name() string
	// Sniff is that of format.Format.
	Sniff(head []byte, filename string) int
	// Info reads as little as it takes to tell samples, size and build.
	Info(ctx context.Context, path string) (genotype.Info, error)
	// Open begins to read. What is wrong with the file is a *format.Error.
	Open(ctx context.Context, path string, o genotype.Options) (genotype.Reader, error)
}
