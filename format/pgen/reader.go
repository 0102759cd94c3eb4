package pgen

import (
	"context"
	"io"
	"slices"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A reader goes through the file of variants and the records side by side. Records of
// variants that are not wanted are not decoded.
type reader struct {
	ctx     context.Context
	records *records
	sites   *sites
	info    genotype.Info
	options genotype.Options
	site    site
	record  int // of site; -1 before the first
	alt     int // the next of its ALT alleles, from 1
}

func newReader(ctx context.Context, r *records, o genotype.Options) (*reader, error) {
	info, err := r.info()
	if err != nil {
		r.Close()
		return nil, err
	}
	s, err := openSites(r.pvar)
	if err != nil {
		r.Close()
		return nil, err
	}
	return &reader{ctx: ctx, records: r, sites: s, info: info, options: o, record: -1, alt: 1}, nil
}

// Info is what the files say of themselves.
func (r *reader) Info() genotype.Info { return r.info }

// Next reads the next variant that is wanted.
func (r *reader) Next(v *genotype.Variant, c *genotype.Calls) error {
	if r.sites == nil {
		return &format.Error{File: r.records.path, Text: "the file is closed", Mend: "open it again"}
	}
	for {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		for ; r.alt <= len(r.site.alts); r.alt++ {
			variant := r.site.variant(r.alt)
			if !wanted(r.options, variant) {
				continue
			}
			if err := r.records.load(r.record, len(r.site.alts)); err != nil {
				return err
			}
			*v = variant
			r.records.decoder.give(r.alt, c)
			r.alt++
			return nil
		}
		if err := r.advance(); err != nil {
			return err
		}
	}
}

// advance reads the next site; io.EOF after the last.
func (r *reader) advance() error {
	r.site.alts = r.site.alts[:0]
	ok, err := r.sites.next(&r.site)
	if err != nil {
		r.site.alts = r.site.alts[:0]
		return err
	}
	n := r.records.index.variants
	if ok {
		r.record++
	}
	if ok && r.record >= n || !ok && r.record+1 != n {
		r.site.alts = r.site.alts[:0]
		return r.records.mismatch(r.record + 1)
	}
	if !ok {
		return io.EOF
	}
	r.alt = 1
	return nil
}

// mismatch says that the variants are others than the records.
func (r *records) mismatch(sites int) error {
	text := count(r.index.variants, "variant") + " in this file, and "
	if sites > r.index.variants {
		text += "more"
	} else {
		text += "fewer"
	}
	return &format.Error{File: r.path, Text: text + " in the file of variants beside it", Mend: "put the .pvar file beside it that was written with it"}
}

// wanted says whether the options ask for a variant.
func wanted(o genotype.Options, v genotype.Variant) bool {
	if o.Regions != nil && !slices.ContainsFunc(o.Regions, func(r genotype.Region) bool {
		return r.Chromosome == v.Chromosome && r.From <= v.Position && v.Position <= r.To
	}) {
		return false
	}
	return o.Keep == nil || o.Keep(v)
}

// Close closes the files; a second one does nothing.
func (r *reader) Close() error {
	if r.sites == nil {
		return nil
	}
	err := r.sites.close()
	r.sites = nil
	if e := r.records.Close(); err == nil {
		err = e
	}
	return err
}

// info reads the head of the file of variants.
func (r *records) info() (genotype.Info, error) {
	s, err := openSites(r.pvar)
	if err != nil {
		return genotype.Info{}, err
	}
	defer s.close()
	return r.describe(s), nil
}

func (r *records) describe(s *sites) genotype.Info {
	x := r.index
	info := genotype.Info{Samples: r.samples, Variants: int64(x.variants), Build: s.build, Dosages: x.kinds&0x60 != 0}
	switch x.reference {
	case 0: // the file of variants tells
		info.ReferenceKnown = s.columns && !s.marks
	case 1:
		info.ReferenceKnown = true
	case 3:
		info.Notes = append(info.Notes, "some reference alleles are provisional")
	}
	if x.kinds&8 != 0 || x.alleleBytes != 0 {
		info.Variants = -1
		info.Notes = append(info.Notes, count(x.variants, "variant")+", of which those with several ALT alleles become one for each")
	}
	return info
}
