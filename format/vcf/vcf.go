// Package vcf reads the variant call format: VCF 4.1 to 4.4 as text, gzip or BGZF, and
// BCF 2.2; and it writes VCF 4.3.
//
// It serves the shell of genome formats, as a genotype.Reader. Sections are those of "The
// Variant Call Format Specification, VCFv4.3 and BCFv2.2", and of the "Sequence
// Alignment/Map Format Specification" for BGZF.
//
// A record with several alternate alleles becomes one variant for each, in which every
// other allele counts as none of it, as `bcftools norm -m-` splits it; symbolic alleles
// (<DEL>, <NON_REF>, <*>, *) stay as they are written, and "." is the alternate allele of
// a record that has none. Phase is not kept. A haploid genotype counts as two alleles, and
// one of which an allele is missing ("0/.") is missing, as `plink2 --vcf-half-call
// missing` takes it. DS gives dosages and, where a record has neither GT nor DS, GP does;
// where a sample has a dosage its hard call is the nearest count within 0.1, otherwise GT.
//
// It refuses files that end early, genotypes of three and more alleles, and records that
// do not fit the header.
package vcf

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/genomes"
	"hmsp.center/hmsp/genotype"
)

// New is the format, for a catalogue.
func New() format.Format { return genomes.Format{Source: source{}} }

// source opens VCF and BCF files.
type source struct{}

// Name is what a dataset file writes.
func (source) Name() string { return "vcf" }

// Sniff knows the first line of a VCF (section 1.1), the magic number of a BCF (section
// 6.2), and both of them compressed.
func (source) Sniff(head []byte, filename string) int {
	start := head
	if isGzip(head) {
		start = gunzipHead(head, 64)
	}
	name := strings.ToLower(filename)
	named := strings.HasSuffix(name, ".vcf") || strings.HasSuffix(name, ".vcf.gz") || strings.HasSuffix(name, ".vcf.bgz") || strings.HasSuffix(name, ".bcf")
	switch {
	case bytes.HasPrefix(start, []byte(fileFormat)), bytes.HasPrefix(start, []byte(bcfMagic)):
		return 100
	case bytes.HasPrefix(start, []byte("##")) && named, bytes.HasPrefix(start, []byte("#CHROM\tPOS")):
		return 80
	case named && len(head) > 0:
		return 50
	}
	return 0
}

// Info reads the header.
func (s source) Info(ctx context.Context, path string) (genotype.Info, error) {
	r, err := s.Open(ctx, path, genotype.Options{})
	if err != nil {
		return genotype.Info{}, err
	}
	return r.Info(), r.Close()
}

// Open reads the header and begins to read records. Where there is an index beside the
// file (.tbi, .csi), the regions of o are read by it. A variant is in a region if its
// position is.
func (source) Open(ctx context.Context, path string, o genotype.Options) (genotype.Reader, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	r, err := open(ctx, path, f, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// fileSize is the size of what a ReaderAt reads.
func fileSize(f io.ReaderAt) (int64, error) {
	switch f := f.(type) {
	case *os.File:
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	case *bytes.Reader:
		return f.Size(), nil
	}
	return 0, os.ErrInvalid
}
