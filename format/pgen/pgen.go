// Package pgen reads PLINK 2 files: genotypes and dosages in .pgen, variants in .pvar
// (also .pvar.zst and .bim), samples in .psam (also .fam).
//
// It serves package genomes with a stream of variants, and kernels with File, which
// goes to any variant at once. Hard calls are those that the file holds, whatever
// threshold they were made with; phase is passed over, as genotype.Calls has none. A
// variant with several ALT alleles becomes one for each.
//
// All storage modes of the specification are read: 0x01 (a bed file), 0x02 to 0x04
// (fixed width), 0x10 and 0x11 (variable width), 0x20 and 0x21 (their index beside it in
// .pgen.pgi). It refuses dosages of variants with several ALT alleles, whose storage the
// specification has not settled, and files that are not whole. Sections cited are those
// of the PLINK 2 File Format Specification Draft (chrchang/plink-ng, pgen_spec.tex, May 2024).
package pgen

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/genomes"
	"hmsp.center/hmsp/genotype"
)

// New is the pgen format.
func New() format.Format { return genomes.Format{Source: source{}} }

type source struct{}

var _ genomes.Source = source{}

// Name is "pgen".
func (source) Name() string { return "pgen" }

// Sniff looks for the magic number and the storage mode. A bed file is one's own only
// where it is called .pgen.
func (source) Sniff(head []byte, filename string) int {
	if len(head) < 4 || !bytes.HasPrefix(head, []byte(magic)) {
		return 0
	}
	named := strings.EqualFold(filepath.Ext(filename), ".pgen")
	switch mode(head[2]) {
	case bedMode:
		if named {
			return 80
		}
	case hardMode, dosageMode, phasedMode, variableMode, extendedMode:
		return 95
	case outsideMode, extendedOutsideMode:
		if named {
			return 95
		}
	}
	return 0
}

// Companions are the files of variants, of samples and of the index.
func (source) Companions(path string) []string {
	var out []string
	for _, name := range append(variantFiles(path), append(sampleFiles(path), indexFile(path))...) {
		if _, err := os.Stat(name); err == nil {
			out = append(out, name)
		}
	}
	return out
}

// Info reads the samples, the heads of the other files and the sizes of the records.
func (source) Info(ctx context.Context, path string) (genotype.Info, error) {
	if err := ctx.Err(); err != nil {
		return genotype.Info{}, err
	}
	r, err := open(path)
	if err != nil {
		return genotype.Info{}, err
	}
	defer r.Close()
	return r.info()
}

// Open reads the variants in order.
func (source) Open(ctx context.Context, path string, o genotype.Options) (genotype.Reader, error) {
	r, err := open(path)
	if err != nil {
		return nil, err
	}
	return newReader(ctx, r, o)
}

// base is the path without .pgen.
func base(path string) string {
	if ext := filepath.Ext(path); strings.EqualFold(ext, ".pgen") {
		return path[:len(path)-len(ext)]
	}
	return path
}

func variantFiles(path string) []string {
	b := base(path)
	return []string{b + ".pvar", b + ".pvar.zst", b + ".bim", b + ".bim.zst"}
}

func sampleFiles(path string) []string { return []string{base(path) + ".psam", base(path) + ".fam"} }

func indexFile(path string) string { return path + ".pgi" }

// first is the first of some files that exists; "" if none does.
func first(names []string) string {
	for _, name := range names {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	return ""
}
