package pgen

import (
	"errors"

	"hmsp.center/hmsp/genotype"
)

// A decoder reads the tracks of one record after the other (section 2.3). What it has
// decoded stays until the next one.
type decoder struct {
	calls   planes // the main track of the record
	before  planes // that of the record which compressed ones differ from
	list    difflist
	alleles alleles
	dosages dosages
}

func newDecoder(samples int) *decoder {
	return &decoder{calls: newPlanes(samples), before: newPlanes(samples)}
}

// record decodes all of a record of a variant with that many ALT alleles.
func (d *decoder) record(b []byte, kind byte, alts int) error {
	c := &cursor{b}
	if err := d.main(c, kind); err != nil {
		return err
	}
	d.alleles.reset()
	if kind&8 != 0 {
		if err := d.alleles.read(c, d.calls, alts); err != nil {
			return err
		}
	}
	if kind&16 != 0 {
		if err := phase(c, d.calls.count(1)+d.alleles.hets); err != nil {
			return err
		}
	}
	if kind&0x60 != 0 && alts > 1 {
		return errors.New("a variant with several ALT alleles has dosages, whose storage the specification has not settled")
	}
	if err := d.dosages.read(c, kind, d.calls.samples); err != nil {
		return err
	}
	if len(c.rest) > 0 {
		return errors.New("the record of a variant is longer than what it holds")
	}
	return nil
}

// bed decodes a record of a bed file.
func (d *decoder) bed(b []byte) {
	d.calls.pairs(b)
	d.calls.bed()
	d.alleles.reset()
	d.dosages.reset()
}

// main decodes the main track (section 2.3.2).
func (d *decoder) main(c *cursor, kind byte) error {
	p := d.calls
	switch kind & 7 {
	case 0:
		b, err := c.take((p.samples + 3) / 4)
		if err == nil {
			p.pairs(b)
		}
		return err
	case 1:
		if err := d.twoCategories(c); err != nil {
			return err
		}
	case 2, 3:
		p.copy(d.before)
	case 4, 6, 7:
		p.fill(kind & 3)
	case 5: // all are REF twice; pgenlib_misc.h has it, the specification reserves it
		p.fill(0)
		return nil
	}
	if err := d.list.read(c, p.samples, true); err != nil {
		return err
	}
	p.patch(&d.list)
	if kind&7 == 3 {
		p.invert()
	}
	return nil
}

// twoCategories decodes a bit of each sample. The byte before them has the category of
// clear bits and how much more that of set ones is.
func (d *decoder) twoCategories(c *cursor) error {
	pair, err := c.byte()
	if err != nil {
		return err
	}
	clear, set := pair>>2, pair>>2+pair&3
	if pair&3 == 0 || set > 3 {
		return errReserved
	}
	b, err := c.take((d.calls.samples + 7) / 8)
	if err == nil {
		d.calls.choose(b, clear, set)
	}
	return err
}

// phase passes over the phase of heterozygous calls (section 2.3.4).
func phase(c *cursor, hets int) error {
	if len(c.rest) == 0 {
		return errShort
	}
	explicit := c.rest[0]&1 != 0
	b, err := c.take((1 + hets + 7) / 8)
	if err != nil || !explicit {
		return err
	}
	_, err = c.take((ones(b, 1, 1+hets) + 7) / 8)
	return err
}

// give writes the calls of an ALT allele, from 1, of the record.
func (d *decoder) give(alt int, c *genotype.Calls) {
	memory := c.Dosages
	c.Reset(d.calls.samples)
	for i, low := range d.calls.low {
		high := d.calls.high[i]
		c.Lo[i], c.Hi[i], c.Missing[i] = low&^high, high&^low, low&high
	}
	d.alleles.give(alt, c)
	d.dosages.give(c, memory)
}
