package vcf

import (
	"encoding/binary"
	"math"

	"hmsp.center/hmsp/genotype"
)

// The types of values in a BCF (section 6.3.3).
const (
	kindInt8  = 1
	kindInt16 = 2
	kindInt32 = 3
	kindFloat = 5
	kindChar  = 7
)

// typed are count values of each of some samples, or of one record.
type typed struct {
	kind, count int
	data        []byte
}

// readTyped reads the values of so many samples, and what follows them.
func readTyped(p []byte, samples int) (t typed, rest []byte, ok bool) {
	if len(p) == 0 {
		return t, nil, false
	}
	t.kind, t.count = int(p[0]&15), int(p[0]>>4)
	p = p[1:]
	if t.count == 15 { // the number follows
		if t.count, p, ok = readInt(p); !ok || t.count < 0 {
			return t, nil, false
		}
	}
	width := t.width()
	if width == 0 && t.count > 0 || t.count > len(p) || t.count*width*samples > len(p) {
		return t, nil, false
	}
	t.data, rest = p[:t.count*width*samples], p[t.count*width*samples:]
	return t, rest, true
}

// readInt reads one whole number, and what follows it.
func readInt(p []byte) (n int, rest []byte, ok bool) {
	if len(p) == 0 || p[0]>>4 != 1 {
		return 0, nil, false
	}
	t := typed{kind: int(p[0] & 15), count: 1}
	width := t.width()
	if t.kind == kindFloat || t.kind == kindChar || width == 0 || len(p) < 1+width {
		return 0, nil, false
	}
	t.data = p[1 : 1+width]
	return t.int(0), p[1+width:], true
}

func (t typed) width() int {
	switch t.kind {
	case kindInt8, kindChar:
		return 1
	case kindInt16:
		return 2
	case kindInt32, kindFloat:
		return 4
	}
	return 0
}

// The least of the numbers of a type mean that a value is missing, and that a sample has
// no more values (section 6.3.3).
const (
	intMissing   = math.MinInt32
	intEnd       = math.MinInt32 + 1
	floatMissing = 0x7f800001
	floatEnd     = 0x7f800002
)

// int is value k of all, as one of 32 bits.
func (t typed) int(k int) int {
	switch t.kind {
	case kindInt8:
		return widen(int(int8(t.data[k])), math.MinInt8)
	case kindInt16:
		return widen(int(int16(binary.LittleEndian.Uint16(t.data[2*k:]))), math.MinInt16)
	case kindInt32:
		return int(int32(binary.LittleEndian.Uint32(t.data[4*k:])))
	}
	return intMissing
}

func widen(n, least int) int {
	if n == least || n == least+1 {
		return n - least + intMissing
	}
	return n
}

// len is how many values sample i has.
func (t typed) len(i int) int {
	n := t.count
	for n > 0 && t.end(i*t.count+n-1) {
		n--
	}
	return n
}

func (t typed) end(k int) bool {
	if t.kind == kindFloat {
		return binary.LittleEndian.Uint32(t.data[4*k:]) == floatEnd
	}
	return t.int(k) == intEnd
}

// float is value k of sample i; NaN where it is missing.
func (t typed) float(i, k int) float32 {
	k += i * t.count
	if t.kind == kindFloat {
		return math.Float32frombits(binary.LittleEndian.Uint32(t.data[4*k:])) // missing is a NaN
	}
	if n := t.int(k); n != intMissing && n != intEnd {
		return float32(n)
	}
	return float32(math.NaN())
}

// one is the genotype of sample i, as decoder.one gives it: alleles are (number+1)*2, plus
// one if phased (section 6.3.3).
func (b *bcf) one(i int) (count int, haploid bool, why string) {
	if b.genotype.kind == kindFloat || b.genotype.kind == kindChar {
		return 0, false, "has a genotype that is none"
	}
	if b.genotype.kind == kindInt8 && b.genotype.count == 2 {
		x, y := int(int8(b.genotype.data[2*i]))>>1-1, int(int8(b.genotype.data[2*i+1]))>>1-1
		if x >= 0 && x <= b.decoder.alleles && y >= 0 && y <= b.decoder.alleles {
			return hit(x, b.decoder.target) + hit(y, b.decoder.target), false, ""
		}
	}
	n, gaps := b.genotype.len(i), 0
	for k := range n {
		v := b.genotype.int(i*b.genotype.count + k)
		allele := v>>1 - 1
		switch {
		case v == intMissing || allele == -1:
			gaps++
		case v < 0:
			return 0, false, "has a genotype that is none"
		case allele > b.decoder.alleles:
			return 0, false, "has a genotype of an allele that the record does not have"
		default:
			count += hit(allele, b.decoder.target)
		}
	}
	if n == 0 {
		return -1, false, ""
	}
	count, why = b.decoder.sum(count, n, gaps)
	return count, n == 1, why
}

const (
	reference  = 0x0202_0202_0202_0202 // four genotypes 0/0, of a byte an allele
	phase      = 0x0101_0101_0101_0101
	everyOther = 0x0001_0001_0001_0001
)

// pairs decodes diploid genotypes of a byte an allele, four at a time as long as they are
// of the alleles 0 and 1.
func (b *bcf) pairs(c *genotype.Calls) error {
	data := b.genotype.data
	for i := 0; i < b.samples; {
		if i+4 <= b.samples {
			x := binary.LittleEndian.Uint64(data[2*i:])&^phase ^ reference
			if x == 0 {
				i += 4
				continue
			}
			if y := x >> 1 & phase; x == y*6 { // every byte is 0 or 6, which are the alleles 0 and 1
				lo, hi := (y^y>>8)&everyOther, y&(y>>8)&everyOther
				c.Lo[i>>6] |= gather(lo) << (i & 63)
				c.Hi[i>>6] |= gather(hi) << (i & 63)
				i += 4
				continue
			}
		}
		for end := min(i+4, b.samples); i < end; i++ {
			count, _, why := b.one(i)
			if why != "" {
				return wrong(i, why)
			}
			c.Set(i, count)
		}
	}
	return nil
}

// gather puts the bits 0, 16, 32 and 48 beside each other.
func gather(x uint64) uint64 { return (x | x>>15 | x>>30 | x>>45) & 15 }
