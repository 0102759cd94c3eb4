package bgen

import (
	"encoding/binary"
	"errors"
	"math"

	"hmsp.center/hmsp/genotype"
)

// errSum says that probabilities cannot be.
var errSum = errors.New("the probabilities of a sample are more than 1")

// plink2's unit of dosages and how far one may be from a count to be called it
// (--hard-call-threshold 0.1).
const (
	unit      = 1 << 14
	threshold = unit / 10
)

// call is the hard call of an expected count of `of` parts of 1: in plink2's units,
// rounded to even as there.
func call(count, of uint64) int {
	d := count * unit / of
	switch rest := 2 * (count*unit - d*of); {
	case rest > of, rest == of && d%2 == 1:
		d++
	}
	near := (d + unit/2) / unit
	if max(d, near*unit)-min(d, near*unit) > threshold {
		return -1
	}
	return int(near)
}

// give writes the calls of an allele, from 1, of the variant that is unpacked.
func (g *genotypes) give(allele int, c *genotype.Calls) error {
	dosages := c.Dosages
	c.Reset(g.header.samples)
	c.Dosages = resized(dosages, c.Samples)
	switch {
	case g.header.layout == 1:
		return g.layout1(c)
	case g.two.bits == 8 && g.two.diploid && !g.two.phased && g.alleles == 2:
		return g.diploid8(c)
	}
	return g.two.give(allele, g.alleles, c)
}

// put sets the expected count of a sample, in parts of 1.
func put(c *genotype.Calls, i int, count, of uint64) {
	c.Set(i, call(count, of))
	c.Dosages[i] = float32(float64(count) / float64(of))
}

func missing(c *genotype.Calls, i int) {
	c.Set(i, -1)
	c.Dosages[i] = float32(math.NaN())
}

// Layout 1 has three probabilities of a sample, of which 1 is 32768.
const (
	bytesLayout1 = 6
	oneLayout1   = 32768
)

// layout1: what is lacking to 1 is shared out; all zeros are a missing call. plink2 and
// others read it so.
func (g *genotypes) layout1(c *genotype.Calls) error {
	b := g.plain
	for i := range c.Samples {
		p := b[bytesLayout1*i:][:bytesLayout1]
		p0, p1, p2 := uint64(binary.LittleEndian.Uint16(p)), uint64(binary.LittleEndian.Uint16(p[2:])), uint64(binary.LittleEndian.Uint16(p[4:]))
		switch sum := p0 + p1 + p2; {
		case sum > oneLayout1+oneLayout1/100: // rounding of three numbers and no more
			return errSum
		case sum == 0:
			missing(c, i)
		default:
			put(c, i, p1+2*p2, sum)
		}
	}
	return nil
}

// eightBits are what the expected counts 0 to 510, in parts of 255, give: the dosage, and
// in calls the bits of Lo, Hi and Missing.
type eightBits struct {
	dosages [511]float32
	calls   [511]byte
}

func newEightBits() *eightBits {
	e := new(eightBits)
	bits := map[int]byte{0: 0, 1: 1, 2: 2, -1: 4}
	for n := range e.dosages {
		e.dosages[n], e.calls[n] = float32(float64(n)/255), bits[call(uint64(n), 255)]
	}
	return e
}

// diploid8 is what large biobanks have: two alleles, two copies, no phase, 8 bits.
func (g *genotypes) diploid8(c *genotype.Calls) error {
	if g.eight == nil {
		g.eight = newEightBits()
	}
	e := g.eight
	for w := range c.Lo {
		from, to := 64*w, min(64*w+64, c.Samples)
		ploidy, p, dosages := g.two.ploidy[from:to], g.two.probabilities[2*from:2*to], c.Dosages[from:to]
		var low, high, missing uint64
		for i, copies := range ploidy {
			n := 510 - 2*int(p[2*i]) - int(p[2*i+1])
			bits, dosage := byte(4), float32(math.NaN())
			if copies&absent == 0 {
				if int(p[2*i])+int(p[2*i+1]) > 255 {
					return errSum
				}
				bits, dosage = e.calls[n], e.dosages[n]
			}
			low |= uint64(bits&1) << i
			high |= uint64(bits>>1&1) << i
			missing |= uint64(bits>>2) << i
			dosages[i] = dosage
		}
		c.Lo[w], c.Hi[w], c.Missing[w] = low, high, missing
	}
	return nil
}
