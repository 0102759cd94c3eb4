package pgen

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// What a record can have wrong.
var (
	errShort    = errors.New("the record of a variant is cut short")
	errList     = errors.New("the list of samples in the record of a variant cannot be")
	errReserved = errors.New("the record of a variant is stored in a way that the specification reserves")
)

// A cursor goes through the bytes of a record.
type cursor struct{ rest []byte }

func (c *cursor) take(n int) ([]byte, error) {
	if n > len(c.rest) {
		return nil, errShort
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b, nil
}

func (c *cursor) byte() (byte, error) {
	b, err := c.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// varint reads a base-128 varint below 2^32.
func (c *cursor) varint() (uint32, error) {
	v, n := binary.Uvarint(c.rest)
	if n == 0 {
		return 0, errShort
	}
	if n < 0 || v > 1<<32-1 {
		return 0, errList
	}
	c.rest = c.rest[n:]
	return uint32(v), nil
}

// groupSize is how many samples of a difflist stand together.
const groupSize = 64

// A difflist is samples in increasing order, with a category of each if it has values
// (section 2.3.1).
type difflist struct {
	ids    []uint32
	values []byte // 2 bits each
}

// value is the category of the k-th sample.
func (d *difflist) value(k int) byte { return d.values[k/4] >> (2 * (k % 4)) & 3 }

// read reads a difflist of a file of that many samples into the memory of d.
func (d *difflist) read(c *cursor, samples int, valued bool) error {
	d.ids, d.values = d.ids[:0], nil
	size, err := c.varint()
	if err != nil || size == 0 {
		return err
	}
	if int64(size) > int64(samples) {
		return errList
	}
	n, wide := int(size), idBytes(samples)
	groups := (n + groupSize - 1) / groupSize
	firsts, err := c.take(groups * wide)
	if err != nil {
		return err
	}
	sizes, err := c.take(groups - 1)
	if err != nil {
		return err
	}
	if valued {
		if d.values, err = c.take((n + 3) / 4); err != nil {
			return err
		}
	}
	d.ids = resized(d.ids, n)
	for g := range groups {
		left, group := len(c.rest), d.ids[g*groupSize:min((g+1)*groupSize, n)]
		if err := c.deltas(group, uint32(little(firsts[g*wide:], wide))); err != nil {
			return err
		}
		if g > 0 && group[0] <= d.ids[g*groupSize-1] || g < len(sizes) && left-len(c.rest) != int(sizes[g])+groupSize-1 {
			return errList
		}
	}
	if int64(d.ids[n-1]) >= int64(samples) {
		return errList
	}
	return nil
}

// deltas reads one group: its first sample is known, of the others the difference to the
// one before.
func (c *cursor) deltas(group []uint32, id uint32) error {
	group[0] = id
	rest := c.rest
	for i := 1; i < len(group); i++ {
		if len(rest) > 0 && rest[0] < 0x80 && rest[0] > 0 { // nearly all
			id, rest = id+uint32(rest[0]), rest[1:]
		} else {
			c.rest = rest
			delta, err := c.varint()
			if err != nil {
				return err
			}
			if delta == 0 || id+delta < id {
				return errList
			}
			id, rest = id+delta, c.rest
		}
		if id < group[i-1] {
			return errList
		}
		group[i] = id
	}
	c.rest = rest
	return nil
}

// idBytes is the width of a sample's number.
func idBytes(samples int) int {
	switch n := int64(samples); {
	case n <= 1<<8:
		return 1
	case n <= 1<<16:
		return 2
	case n <= 1<<24:
		return 3
	}
	return 4
}

// ones counts the set bits of a bitarray of n bits, from bit `from` on.
func ones(b []byte, from, n int) int {
	total := 0
	for i := 0; i < len(b) && 8*i < n; i++ {
		x := b[i]
		if from > 8*i {
			x &= 0xff << min(from-8*i, 8)
		}
		if n < 8*i+8 {
			x &= 1<<(n-8*i) - 1
		}
		total += bits.OnesCount8(x)
	}
	return total
}
