package pgen

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"

	"hmsp.center/hmsp/genotype"
)

// Dosages are the expected counts of ALT in a record, in units of 2^-14 (section 2.3.5).
type dosages struct {
	how    byte     // 0 none, 1 of listed samples, 2 of all, 3 of marked ones
	list   difflist // where listed
	marks  []byte   // where marked
	values []byte   // uint16 each
}

const (
	dosageUnit    = 1.0 / 16384
	maxDosage     = 2 * 16384
	missingDosage = 65535
)

var errDosage = errors.New("the record of a variant has a dosage above 2")

func (d *dosages) reset() { d.how, d.list.ids, d.marks, d.values = 0, d.list.ids[:0], nil, nil }

// read reads which samples have dosages, the dosages, and passes over their phase.
func (d *dosages) read(c *cursor, kind byte, samples int) (err error) {
	d.reset()
	n := 0
	switch kind >> 5 & 3 {
	case 0:
		if kind&0x80 != 0 {
			return errReserved
		}
		return nil
	case 1:
		err = d.list.read(c, samples, false)
		n = len(d.list.ids)
	case 2:
		n = samples
	case 3:
		d.marks, err = c.take((samples + 7) / 8)
		n = ones(d.marks, 0, samples)
	}
	if err != nil {
		return err
	}
	d.how = kind >> 5 & 3
	if d.values, err = c.take(2 * n); err != nil {
		return err
	}
	for i := 0; i < len(d.values); i += 2 {
		if v := binary.LittleEndian.Uint16(d.values[i:]); v > maxDosage && (v != missingDosage || d.how != 2) {
			return errDosage
		}
	}
	if kind&0x80 != 0 {
		return d.phase(c, n)
	}
	return nil
}

// phase passes over phased dosages (section 2.3.7).
func (d *dosages) phase(c *cursor, n int) error {
	if d.how != 2 {
		b, err := c.take((n + 7) / 8)
		if err != nil {
			return err
		}
		n = ones(b, 0, n)
	}
	_, err := c.take(2 * n)
	return err
}

// give adds dosages to calls: those stored, and the count of the hard call of the others.
func (d *dosages) give(c *genotype.Calls, memory []float32) {
	if d.how == 0 {
		return
	}
	c.Dosages = resized(memory, c.Samples)
	switch d.how {
	case 1:
		counted(c)
		for k, id := range d.list.ids {
			c.Dosages[id] = d.value(k)
		}
	case 2:
		for i := range c.Dosages {
			c.Dosages[i] = d.value(i)
		}
	case 3:
		counted(c)
		k := 0
		for i, m := range d.marks {
			if 8*i+8 > c.Samples {
				m &= 1<<(c.Samples-8*i) - 1
			}
			for ; m != 0; m &= m - 1 {
				c.Dosages[8*i+bits.TrailingZeros8(m)] = d.value(k)
				k++
			}
		}
	}
}

func (d *dosages) value(k int) float32 {
	v := binary.LittleEndian.Uint16(d.values[2*k:])
	if v == missingDosage {
		return float32(math.NaN())
	}
	return float32(v) * dosageUnit
}

// counted makes dosages of the hard calls.
func counted(c *genotype.Calls) {
	counts := [4]float32{0, 1, 2, float32(math.NaN())}
	for w, low := range c.Lo {
		high, missing := c.Hi[w], c.Missing[w]
		low, high = low|missing, high|missing // missing is 3
		for i := range c.Dosages[64*w : min(64*w+64, c.Samples)] {
			c.Dosages[64*w+i] = counts[low>>i&1|high>>i&1<<1]
		}
	}
}
