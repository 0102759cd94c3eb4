package bgen

import (
	"fmt"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

const (
	magic     = "bgen"
	oldMagic  = "\x00\x00\x00\x00"
	minHeader = 20 // bytes of the header block
)

// Compression of genotypes.
const (
	plain = 0
	zlibs = 1
	zstds = 2
)

// A header is the header block ("The header block").
type header struct {
	variants    int
	samples     int
	compression int
	layout      int
}

// readHeader reads the header, the names of the samples, and up to the first variant.
func readHeader(s *stream) (header, genotype.Info, error) {
	h, embedded, err := readBlocks(s)
	if err != nil {
		return h, genotype.Info{}, err
	}
	info := genotype.Info{Variants: -1, Dosages: true, Notes: []string{"the first allele is taken as the reference"}}
	if h.layout == 1 {
		info.Variants = int64(h.variants)
	} else {
		info.Notes = append(info.Notes, fmt.Sprintf("%d variants, of which those with more than two alleles become several", h.variants))
	}
	info.Samples = embedded
	if name := sampleFile(s.path); exists(name) {
		if info.Samples, err = readSamples(name); err != nil {
			return h, info, err
		}
		if embedded != nil && differ(embedded, info.Samples) {
			info.Notes = append(info.Notes, "samples are named as in the .sample file, and the bgen names them otherwise")
		}
	}
	if info.Samples == nil {
		return h, info, &format.Error{File: s.path, Text: "the file does not name its samples, and there is no .sample file", Mend: "put the .sample file of the same name beside it"}
	}
	if len(info.Samples) != h.samples {
		return h, info, &format.Error{File: s.path, Text: fmt.Sprintf("%d samples in this file, %d in the .sample file beside it", h.samples, len(info.Samples)),
			Mend: "put the .sample file beside it that was written with it"}
	}
	return h, info, nil
}

// readBlocks reads the header block and the block of samples, nil if there is none.
func readBlocks(s *stream) (h header, samples []genotype.Sample, err error) {
	size := s.left
	var n [4]uint32 // offset of the first variant, header's length, variants, samples
	for i := range n {
		if n[i], err = s.uint32(); err != nil {
			return h, nil, err
		}
	}
	name, err := s.read(nil, 4)
	if err != nil {
		return h, nil, err
	}
	offset, length := int64(n[0]), int64(n[1])
	if string(name) != magic && string(name) != oldMagic || length < minHeader || offset < length {
		return h, nil, s.broken("this is no bgen file")
	}
	if err := s.skip(length - minHeader); err != nil {
		return h, nil, err
	}
	flags, err := s.uint32()
	if err != nil {
		return h, nil, err
	}
	h = header{variants: int(n[2]), samples: int(n[3]), compression: int(flags & 3), layout: int(flags >> 2 & 15)}
	if h.layout < 1 || h.layout > 2 || h.compression > zstds || h.layout == 1 && h.compression == zstds {
		return h, nil, &format.Error{File: s.path, Text: fmt.Sprintf("layout %d with compression %d is not read; versions 1.1 to 1.3 have layouts 1 and 2, and no compression, zlib or zstd", h.layout, h.compression),
			Mend: "write it again with plink2 --export bgen-1.2, or qctool"}
	}
	if flags>>31 != 0 {
		if samples, err = readEmbedded(s, h.samples); err != nil {
			return h, nil, err
		}
	}
	rest := 4 + offset - (size - s.left)
	if rest < 0 {
		return h, nil, s.broken("the first variant begins within the header")
	}
	return h, samples, s.skip(rest)
}

// readEmbedded reads the names in the file ("Sample identifier block").
func readEmbedded(s *stream, want int) ([]genotype.Sample, error) {
	before := s.left
	length, err := s.uint32()
	if err != nil {
		return nil, err
	}
	n, err := s.uint32()
	if err != nil {
		return nil, err
	}
	if int(n) != want || int64(n)*2 > s.left {
		return nil, s.broken("the number of samples is told in two ways")
	}
	out := make([]genotype.Sample, 0, n)
	for range n {
		name, err := s.text()
		if err != nil {
			return nil, err
		}
		out = append(out, genotype.Sample{ID: name})
	}
	if before-s.left != int64(length) {
		return nil, s.broken("the names of the samples have another length than is told")
	}
	return out, nil
}

// differ says whether embedded names are not those of the .sample file: the second
// name, the first, or both with a mark between them, as plink2 writes.
func differ(embedded, samples []genotype.Sample) bool {
	if len(embedded) != len(samples) {
		return true
	}
	for i, e := range embedded {
		s := samples[i]
		both := len(e.ID) == len(s.Family)+1+len(s.ID) && e.ID[:len(s.Family)] == s.Family && e.ID[len(s.Family)+1:] == s.ID
		if e.ID != s.ID && e.ID != s.Family && !both {
			return true
		}
	}
	return false
}
