// Package bgen reads BGEN files, versions 1.1 to 1.3: imputed genotypes of many people as
// probabilities, with the samples in the file or in an Oxford .sample file beside it.
//
// It serves package genomes with dosages, the expected counts of an allele, and hard
// calls where the dosage is within 0.1 of a count, as `plink2 --hard-call-threshold 0.1`
// makes them. Phase is passed over. The first allele is taken as the reference, as most
// programs write it and none must; each other one becomes a variant, whose dosage is the
// expected count of that allele. One allele of a haploid sample counts as two.
//
// Layouts 1 and 2 are read, without compression, with zlib and zstd, at 1 to 32 bits, and
// samples of ploidy 0 to 2. An index (.bgi) is not needed and not looked at. It refuses
// layout 0 of version 1.0, higher ploidy, files without names of samples, and files that
// are not whole. Sections cited are those of "The BGEN format", version 1.3
// (https://www.chg.ox.ac.uk/~gav/bgen_format/spec/latest.html).
package bgen

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/genomes"
	"hmsp.center/hmsp/genotype"
)

// New is the bgen format.
func New() format.Format { return genomes.Format{Source: source{}} }

type source struct{}

var _ genomes.Source = source{}

// Name is "bgen".
func (source) Name() string { return "bgen" }

// Sniff looks for the magic number. Old files have zeros there: they must be called
// .bgen and begin as one.
func (source) Sniff(head []byte, filename string) int {
	if len(head) < 4+minHeader {
		return 0
	}
	offset, length := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	if length < minHeader || offset < length {
		return 0
	}
	switch string(head[16:20]) {
	case magic:
		return 95
	case oldMagic:
		if strings.EqualFold(filepath.Ext(filename), ".bgen") {
			return 60
		}
	}
	return 0
}

// Companions is the file of samples.
func (source) Companions(path string) []string {
	if name := sampleFile(path); exists(name) {
		return []string{name}
	}
	return nil
}

// Info reads the header and the samples.
func (source) Info(ctx context.Context, path string) (genotype.Info, error) {
	if err := ctx.Err(); err != nil {
		return genotype.Info{}, err
	}
	s, err := openStream(path)
	if err != nil {
		return genotype.Info{}, err
	}
	defer s.close()
	_, info, err := readHeader(s)
	return info, err
}

// Open reads the variants in order.
func (source) Open(ctx context.Context, path string, o genotype.Options) (genotype.Reader, error) {
	s, err := openStream(path)
	if err != nil {
		return nil, err
	}
	h, info, err := readHeader(s)
	if err != nil {
		s.close()
		return nil, err
	}
	return newReader(ctx, s, h, info, o), nil
}

// sampleFile is the .sample file of a bgen.
func sampleFile(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".sample"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
