package bgen

import (
	"context"
	"io"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A reader reads variant after variant; genotypes of those that are not wanted are
// neither unpacked nor read.
type reader struct {
	ctx     context.Context
	stream  *stream
	header  header
	info    genotype.Info
	options genotype.Options
	data    *genotypes
	site    genotype.Variant // without Alt
	alleles []string
	alt     int   // the next of alleles to give; past their end before the first variant
	packed  int64 // bytes of genotypes that lie ahead, of a site at hand; -1 where they are read
	err     error // what ended the reading
	closed  bool
}

func newReader(ctx context.Context, s *stream, h header, info genotype.Info, o genotype.Options) *reader {
	return &reader{ctx: ctx, stream: s, header: h, info: info, options: o, data: &genotypes{header: h}, packed: -1}
}

// Info is what the file says of itself.
func (r *reader) Info() genotype.Info { return r.info }

// Next reads the next variant that is wanted. After an error it is the same again.
func (r *reader) Next(v *genotype.Variant, c *genotype.Calls) error {
	if r.closed {
		return &format.Error{File: r.stream.path, Text: "the file is closed", Mend: "open it again"}
	}
	if r.err == nil {
		r.err = r.next(v, c)
	}
	return r.err
}

func (r *reader) next(v *genotype.Variant, c *genotype.Calls) error {
	for {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		for ; r.alt < len(r.alleles); r.alt++ {
			variant := r.site
			variant.Alt = r.alleles[r.alt]
			if !wanted(r.options, variant) {
				continue
			}
			if err := r.load(); err != nil {
				return err
			}
			if err := r.data.give(r.alt, c); err != nil {
				return r.stream.broken(err.Error())
			}
			*v = variant
			r.alt++
			return nil
		}
		if err := r.advance(); err != nil {
			return err
		}
	}
}

// advance reads what the next variant is; io.EOF after the last.
func (r *reader) advance() error {
	s := r.stream
	if r.packed >= 0 {
		if err := s.skip(r.packed); err != nil {
			return err
		}
		r.packed = -1
	}
	if s.variant >= r.header.variants {
		if s.left > 0 {
			return s.broken("the file goes on behind its last variant")
		}
		return io.EOF
	}
	s.variant++
	return r.identify()
}

// identify reads the identifying data of a variant, and how long its genotypes are
// ("Variant identifying data").
func (r *reader) identify() error {
	s := r.stream
	if r.header.layout == 1 {
		if n, err := s.uint32(); err != nil {
			return err
		} else if int(n) != r.header.samples {
			return s.broken("a variant has another number of samples than the file")
		}
	}
	var texts [3]string // its name, its rs number, its chromosome
	for i := range texts {
		var err error
		if texts[i], err = s.text(); err != nil {
			return err
		}
	}
	position, err := s.uint32()
	if err != nil {
		return err
	}
	if position > 1<<31-1 {
		return s.broken("the position is beyond 2147483647")
	}
	if err := r.readAlleles(); err != nil {
		return err
	}
	r.site = genotype.Variant{Chromosome: chromosome(texts[2]), Position: int(position), ID: texts[1], Ref: r.alleles[0]}
	if r.site.ID == "" || r.site.ID == "." {
		if r.site.ID = texts[0]; r.site.ID == "." {
			r.site.ID = ""
		}
	}
	r.alt = 1
	return r.length()
}

func (r *reader) readAlleles() error {
	s, n := r.stream, uint16(2)
	if r.header.layout == 2 {
		var err error
		if n, err = s.uint16(); err != nil {
			return err
		}
		if n < 2 {
			return s.broken("a variant has fewer than two alleles")
		}
	}
	r.alleles = r.alleles[:0]
	for range n {
		length, err := s.uint32()
		if err != nil {
			return err
		}
		b, err := s.read(nil, int64(length))
		if err != nil {
			return err
		}
		r.alleles = append(r.alleles, string(b))
	}
	return nil
}

// length reads how many bytes of genotypes follow.
func (r *reader) length() error {
	if r.header.layout == 1 && r.header.compression == plain {
		r.packed = bytesLayout1 * int64(r.header.samples)
		return nil
	}
	n, err := r.stream.uint32()
	if err == nil && int64(n) > r.stream.left {
		err = r.stream.failed(io.EOF)
	}
	if err == nil {
		r.packed = int64(n)
	}
	return err
}

// load reads and unpacks the genotypes, if that is not done.
func (r *reader) load() error {
	if r.packed < 0 {
		return nil
	}
	n := r.packed
	r.packed = -1
	var err error
	if r.data.packed, err = r.stream.read(r.data.packed, n); err != nil {
		return err
	}
	if err := r.data.unpack(len(r.alleles)); err != nil {
		return r.stream.broken(err.Error())
	}
	return nil
}

// chromosome is without the zeros that some programs write: "01" is 1.
func chromosome(name string) string {
	if short := strings.TrimLeft(name, "0"); short != "" && strings.Trim(short, "0123456789") == "" {
		name = short
	}
	return genotype.Chromosome(name)
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

// Close closes the file; a second one does nothing.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.data.close()
	return r.stream.close()
}
