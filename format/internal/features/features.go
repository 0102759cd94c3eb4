// Package features makes a wide format of a matrix of samples and features: expression,
// methylation, proteins, microbiomes. A row of the format is a sample, whichever way the
// file lies.
//
// It serves the formats of such files, which give a Source alone. These are the columns:
//
//	sample                 the name of the sample
//	NAME                   attributes of samples that the file holds beside the matrix, as text
//	library_size, observed, chao1, ace, shannon, simpson, inverse_simpson, pielou, fisher
//	                       of each sample, as package composition computes them: all of counts,
//	                       of relative abundances those from observed on but chao1, ace, fisher
//	detected, median       of other values: the share of features with a value, and their median;
//	                       the median is beta_median and mvalue_median of methylation
//
// and these the names of features, of which an exact identifier comes first:
//
//	ENSG00000141510        a feature by its identifier or a name of its annotation
//	g__Bacteroides         a taxon by rank and name: the sum over its features
//	Bacteroides            a taxon by its name, where that is a name of one rank alone
//	k__Bacteria;p__Firmicutes  a taxon by its lineage from the kingdom on
//	ensembl:ENSG00000141510    a code: of the annotation, or of the vocabulary that the
//	                       identifiers are of; hmsp:shannon is the column shannon
//	count(X) relative(X)   the value of X where the file holds counts; its share of the sample
//	clr(X)                 the centred log-ratio of X (composition.CLR), zeros replaced as below
//	ilr(3)                 the third pivot coordinate (composition.ILR), parts as the file has them
//	balance(X + Y / Z)     the balance of two groups of features or taxa (composition.Balance)
//	log2(X)                log2(X+1) of counts; else log2(X), missing where X is not positive
//	logcpm(X)              log2 of counts per million, 1e6(X+0.5)/(N+1) (Law 2014, voom)
//	beta(X) mvalue(X)      methylation by the other measure (Du 2010)
//	rarefied(observed,1000)  the expected richness of 1000 reads (Hurlbert 1971)
//
// X is any name above that is no function. Zeros in log-ratios: 0.5 is added to every
// count; a zero among relative abundances becomes 1e-6 and the others shrink to make room
// (Martín-Fernández 2003). Both are fixed, so that a value means the same at every site.
package features

import (
	"context"
	"io"

	"hmsp.center/hmsp/format"
)

// A Source opens one kind of file of a matrix.
type Source interface {
	// Name is what a dataset file writes: "biom".
	Name() string
	// Sniff is that of format.Format.
	Sniff(head []byte, filename string) int
	// Open begins to read, from the first row on. What is wrong with the file is a
	// *format.Error.
	Open(ctx context.Context, path string, o format.Options) (Matrix, error)
}

// Values say what the numbers of a matrix are.
type Values string

// The values that are told apart. Counts and Relative add up over features; the others
// do not.
const (
	Counts   Values = "counts"               // whole numbers of reads or molecules
	Relative Values = "relative abundances"  // shares or percent of a sample
	Signal   Values = "measurements"         // of any scale: intensities, log ratios
	Betas    Values = "methylation betas"    // 0 to 1
	MValues  Values = "methylation M-values" // log2 of the odds of beta
)

// additive says that the value of a group is the sum of its parts.
func (v Values) additive() bool { return v == Counts || v == Relative }

// A Feature is what a value is of.
type Feature struct {
	ID    string
	Names []string // others, of its annotation: a gene's symbol, a description
	Codes []string // as system:code
	// Lineage are the taxa that it belongs to, from the kingdom on, each with the letter of
	// its rank: "g__Bacteroides"; "" or "g__" where a rank is not known.
	Lineage []string
	// Within says that the feature is a sum of others that the matrix has too, as a genus
	// beside its species is: it has a value, and is no part of the composition.
	Within bool
}

// Info is what a matrix says of itself before its rows are read.
type Info struct {
	Values Values
	// Samples are the columns of a matrix whose rows are features.
	Samples []string
	// Features are the columns of a matrix whose rows are samples; nil if they are the rows.
	Features []Feature
	// Attributes name what else is known of each sample, in a matrix whose rows are samples.
	Attributes []string
	Guessed    bool // what are features is a guess: their names may be those of samples, and are not said
	Rows       int  // -1 if it cannot be told without reading everything
	Notes      []string
}

// A Row is a row of a matrix: a feature's values of the samples, or a sample's.
type Row struct {
	Feature    Feature  // if rows are features
	Sample     string   // if rows are samples
	Attributes []string // of the sample, as Info has them; "" is missing
	Line       int      // 0 where the file has no lines
	Values     []float64
	// Places are the columns of Values, rising, of a row whose other values are 0; nil if
	// Values has all of them.
	Places []int32
	// NamesOnly is set by the caller: Values are not wanted.
	NamesOnly bool
}

// A Matrix gives the rows of a file in its order.
type Matrix interface {
	Info() Info
	// Next reads the next row into r, whose memory is used again; a missing value is NaN.
	// io.EOF after the last.
	Next(r *Row) error
	io.Closer
}

// Format is the wide format of a source.
type Format struct{ Source Source }
