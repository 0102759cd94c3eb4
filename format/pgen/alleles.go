package pgen

import (
	"errors"
	"math/bits"

	"hmsp.center/hmsp/genotype"
)

// Alleles are the calls of ALT alleles after the first (section 2.3.3).
type alleles struct {
	hets    int    // samples with two different ALT alleles
	one     []rare // REF and a later ALT
	two     []rare // two ALT, not both the first
	samples difflist
}

// A rare is a sample's ALT alleles, from 1; a is 0 where the other is REF.
type rare struct {
	sample uint32
	a, b   uint32
}

func (a *alleles) reset() { a.hets, a.one, a.two = 0, a.one[:0], a.two[:0] }

// read reads the two patch sets.
func (a *alleles) read(c *cursor, p planes, alts int) error {
	if alts < 2 {
		return errors.New("the record of a variant has calls of several ALT alleles, and the variant has one")
	}
	how, err := c.byte()
	if err != nil {
		return err
	}
	if err := a.patched(c, p, how&15, 1); err != nil {
		return err
	}
	if a.one, err = a.ones(c, alts); err != nil {
		return err
	}
	if err := a.patched(c, p, how>>4, 2); err != nil {
		return err
	}
	a.two, err = a.twos(c, alts)
	return err
}

// patched reads which samples of a category are patched.
func (a *alleles) patched(c *cursor, p planes, how, category byte) error {
	a.samples.ids = a.samples.ids[:0]
	switch how {
	case 0:
		return a.marked(c, p, category)
	case 1:
		if err := a.samples.read(c, p.samples, false); err != nil {
			return err
		}
		for _, id := range a.samples.ids {
			if p.category(category, int(id/64))>>(id%64)&1 == 0 {
				return errList
			}
		}
		return nil
	case 15:
		return nil
	}
	return errReserved
}

// marked reads a bit of each sample in the category.
func (a *alleles) marked(c *cursor, p planes, category byte) error {
	n := p.count(category)
	b, err := c.take((n + 7) / 8)
	if err != nil {
		return err
	}
	k := 0
	for w := range p.low {
		for m := p.category(category, w); m != 0; m &= m - 1 {
			if b[k/8]>>(k%8)&1 != 0 {
				a.samples.ids = append(a.samples.ids, uint32(64*w+bits.TrailingZeros64(m)))
			}
			k++
		}
	}
	return nil
}

// ones reads the ALT alleles of the patched samples of category 1.
func (a *alleles) ones(c *cursor, alts int) ([]rare, error) {
	width, out := oneBits(alts), a.one[:0]
	b, err := c.take((len(a.samples.ids)*width + 7) / 8)
	if err != nil {
		return out, err
	}
	for k, id := range a.samples.ids {
		alt := 2 + packed(b, k, width)
		if alt > uint32(alts) {
			return out, errAllele
		}
		out = append(out, rare{sample: id, b: alt})
	}
	return out, nil
}

// twos reads the ALT alleles of the patched samples of category 2.
func (a *alleles) twos(c *cursor, alts int) ([]rare, error) {
	width, out := twoBits(alts), a.two[:0]
	fields := 2
	if alts == 2 {
		fields = 1
	}
	b, err := c.take((len(a.samples.ids)*width*fields + 7) / 8)
	if err != nil {
		return out, err
	}
	for k, id := range a.samples.ids {
		r := rare{sample: id, a: 1 + packed(b, fields*k, width), b: 2}
		if fields == 2 {
			r.b = 1 + packed(b, fields*k+1, width)
		}
		if r.a > r.b || r.b > uint32(alts) || r.b == 1 {
			return out, errAllele
		}
		if r.a != r.b {
			a.hets++
		}
		out = append(out, r)
	}
	return out, nil
}

var errAllele = errors.New("the record of a variant has a call of an ALT allele that the variant lacks")

// oneBits is the width of an ALT allele of category 1.
func oneBits(alts int) int {
	switch {
	case alts <= 2:
		return 0
	case alts == 3:
		return 1
	case alts <= 5:
		return 2
	case alts <= 17:
		return 4
	case alts <= 257:
		return 8
	case alts <= 65537:
		return 16
	}
	return 24
}

// twoBits is the width of one of the two ALT alleles of category 2.
func twoBits(alts int) int {
	switch {
	case alts <= 2:
		return 1
	case alts <= 4:
		return 2
	case alts <= 16:
		return 4
	case alts <= 256:
		return 8
	case alts <= 65536:
		return 16
	}
	return 24
}

// packed is the k-th of an array of numbers of 0, 1, 2, 4, 8, 16 or 24 bits.
func packed(b []byte, k, width int) uint32 {
	switch {
	case width == 0:
		return 0
	case width < 8:
		at := k * width
		return uint32(b[at/8]>>(at%8)) & (1<<width - 1)
	}
	return uint32(little(b[k*width/8:], width/8))
}

// give corrects calls, in which every ALT is counted, to those of one ALT allele.
func (a *alleles) give(alt int, c *genotype.Calls) {
	if alt > 1 {
		clear(c.Lo)
		clear(c.Hi)
	}
	for _, list := range [2][]rare{a.one, a.two} {
		for _, r := range list {
			w, bit := r.sample/64, uint64(1)<<(r.sample%64)
			c.Lo[w] &^= bit
			c.Hi[w] &^= bit
			switch is := uint32(alt); {
			case r.a == is && r.b == is:
				c.Hi[w] |= bit
			case r.a == is || r.b == is:
				c.Lo[w] |= bit
			}
		}
	}
}
