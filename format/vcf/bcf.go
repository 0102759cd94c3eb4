package vcf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

const bcfMagic = "BCF\x02\x02" // section 6.2

// readBCFHeader reads a header behind its first byte: the magic number, the length of the
// text, and the text, which a NUL ends.
func readBCFHeader(w *window) (*header, error) {
	b, err := w.take(len(bcfMagic) - 1 + 4)
	if err != nil {
		return nil, orMissing(err)
	}
	if string(b[:4]) != bcfMagic[1:] {
		return nil, &format.Error{Text: "this is no BCF of version 2.2", Mend: "convert it with `bcftools view -Ob`"}
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > maxRecord {
		return nil, tooLong()
	}
	if b, err = w.take(int(n)); err != nil {
		return nil, orMissing(err)
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	h := newHeader()
	for number, more := 1, true; more; number++ {
		var line []byte
		line, b, more = bytes.Cut(b, []byte{'\n'})
		if last, err := h.line(chomp(line), number); last || err != nil {
			return h, err
		}
	}
	return h, nil
}

// bcf reads the records of a BCF (section 6.3).
type bcf struct {
	w        *window
	h        *header
	counted  bool
	rows     int
	formats  int
	samples  int
	genotype typed // and what else is read of the record, if it is there
	ds, gp   typed
	decoder  decoder
	gtKey    int // the numbers of the fields, -1 if the header does not describe them
	dsKey    int
	gpKey    int
	contigs  map[int]string // as genotype.Chromosome names them
}

func newBCF(w *window, h *header, counted bool) *bcf {
	b := &bcf{w: w, h: h, counted: counted, gtKey: -1, dsKey: -1, gpKey: -1, contigs: make(map[int]string, len(h.contigs))}
	for i, name := range h.contigs {
		b.contigs[i] = genotype.Chromosome(name)
	}
	for key, at := range map[string]*int{"GT": &b.gtKey, "DS": &b.dsKey, "GP": &b.gpKey} {
		if k, ok := h.keys[key]; ok {
			*at = k
		}
	}
	return b
}

func (b *bcf) where() (line, row int) {
	if !b.counted {
		return 0, 0
	}
	return 0, b.rows
}

func (b *bcf) halves() int { return b.decoder.halves }

func malformed(what string) error {
	return &format.Error{Text: "the record is malformed: " + what, Mend: "export or copy the file again"}
}

// next reads the site of a record (section 6.3.1).
func (b *bcf) next(s *site, in *regions) (bool, error) {
	s.alts = s.alts[:0]
	head, err := b.w.take(8)
	if err != nil {
		return false, err
	}
	b.rows++
	shared, each := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	if shared < 24 || shared > maxRecord || each > maxRecord-shared {
		return false, malformed("its length cannot be")
	}
	record, err := b.w.take(int(shared + each))
	if err != nil {
		return false, cutOff(err)
	}
	site, rest := record[:shared], record[shared:]
	name, ok := b.contigs[int(int32(binary.LittleEndian.Uint32(site)))]
	if !ok {
		return false, &format.Error{Column: "CHROM", Text: "the header does not name the record's contig", Mend: "export the file again"}
	}
	position := int(int32(binary.LittleEndian.Uint32(site[4:]))) + 1
	if position < 0 {
		return false, &format.Error{Column: "POS", Text: "the position is negative", Mend: "export the file again"}
	}
	if !in.holds(name, position) {
		return false, nil
	}
	s.chromosome, s.position = name, position
	alleles := int(binary.LittleEndian.Uint16(site[18:]))
	n := binary.LittleEndian.Uint32(site[20:])
	b.formats, b.samples = int(n>>24), int(n&0xffffff)
	if b.samples != len(b.h.samples) {
		return false, &format.Error{Text: fmt.Sprintf("the record has genotypes of %d samples, but the header names %d", b.samples, len(b.h.samples)), Mend: "export or copy the file again"}
	}
	if err := b.strings(s, site[24:], alleles); err != nil {
		return false, err
	}
	return true, b.fields(rest)
}

// cutOff is the error of a record that ends with the file.
func cutOff(err error) error {
	if err == io.EOF {
		return early()
	}
	return err
}

// strings reads ID, REF and ALT.
func (b *bcf) strings(s *site, p []byte, alleles int) error {
	if alleles < 1 {
		return malformed("it has no REF")
	}
	s.id, s.ref = "", ""
	for i := -1; i < alleles; i++ {
		t, rest, ok := readTyped(p, 1)
		if !ok || t.kind != kindChar && t.count > 0 {
			return malformed("a name or an allele is no text")
		}
		p = rest
		switch text := string(bytes.TrimRight(t.data, "\x00")); {
		case i < 0:
			if s.id = text; text == "." {
				s.id = ""
			}
		case text == "":
			return malformed("an allele is empty")
		case i == 0:
			s.ref = text
		default:
			s.alts = append(s.alts, text)
		}
	}
	if b.decoder.alleles = len(s.alts); b.decoder.alleles == 0 {
		s.alts = append(s.alts, ".")
	}
	return nil
}

// fields finds those fields of the samples that are read (section 6.3.2).
func (b *bcf) fields(p []byte) error {
	b.genotype, b.ds, b.gp = typed{}, typed{}, typed{}
	for range b.formats {
		key, rest, ok := readInt(p)
		if !ok {
			return malformed("the name of a field is no number")
		}
		t, rest, ok := readTyped(rest, b.samples)
		if !ok {
			return malformed("a field is longer than the record")
		}
		p = rest
		switch key {
		case b.gtKey:
			b.genotype = t
		case b.dsKey:
			b.ds = t
		case b.gpKey:
			b.gp = t
		}
	}
	if len(p) > 0 {
		return malformed("it is longer than its fields")
	}
	return nil
}

// calls decodes the samples.
func (b *bcf) calls(alt int, c *genotype.Calls) error {
	b.decoder.target = alt
	dosages := c.Dosages
	c.Dosages = nil
	if b.samples == 0 {
		return nil
	}
	if b.ds.count > 0 || b.gp.count > 0 && b.genotype.count == 0 {
		c.Dosages = sized(dosages, b.samples)
		return b.soft(alt, c)
	}
	if b.genotype.count == 0 {
		return missing(c)
	}
	if b.genotype.kind == kindInt8 && b.genotype.count == 2 && alt == 1 && b.decoder.alleles > 0 {
		return b.pairs(c)
	}
	for i := range b.samples {
		count, _, why := b.one(i)
		if why != "" {
			return wrong(i, why)
		}
		c.Set(i, count)
	}
	return nil
}

// missing is what a record without genotypes has.
func missing(c *genotype.Calls) error {
	for i := range c.Samples {
		c.Set(i, -1)
	}
	return nil
}

// soft reads dosages, and GT where there is none.
func (b *bcf) soft(alt int, c *genotype.Calls) error {
	for i := range b.samples {
		count, haploid, why := -1, false, ""
		if b.genotype.count > 0 {
			count, haploid, why = b.one(i)
		}
		dosage := float32(math.NaN())
		switch {
		case why != "":
		case b.ds.count > 0:
			dosage, why = b.dsOf(i, alt)
		default:
			dosage, why = b.gpOf(i)
			haploid = false
		}
		if why == "" {
			why = settle(c, i, count, haploid, dosage)
		}
		if why != "" {
			return wrong(i, why)
		}
	}
	return nil
}

func (b *bcf) dsOf(i, alt int) (float32, string) {
	switch {
	case b.decoder.alleles == 1 && b.ds.count == 1:
		return b.ds.float(i, 0), ""
	case b.decoder.alleles == 0 || b.ds.len(i) == 0:
		return float32(math.NaN()), ""
	case b.ds.len(i) != b.decoder.alleles:
		if b.ds.len(i) == 1 && b.ds.float(i, 0) != b.ds.float(i, 0) {
			return float32(math.NaN()), ""
		}
		return 0, "has another number of dosages than the record has alternate alleles"
	}
	return b.ds.float(i, alt-1), ""
}

func (b *bcf) gpOf(i int) (float32, string) {
	n := b.gp.len(i)
	if n == 0 || n == 1 && b.gp.float(i, 0) != b.gp.float(i, 0) {
		return float32(math.NaN()), ""
	}
	w, ok := b.decoder.weights(n)
	if !ok {
		return 0, noProbabilities
	}
	for k := range n {
		w.add(b.gp.float(i, k))
	}
	return w.dosage()
}
