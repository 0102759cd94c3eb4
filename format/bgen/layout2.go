package bgen

import (
	"encoding/binary"
	"errors"

	"hmsp.center/hmsp/genotype"
)

// Layout2 is the plain genotype data of layout 2 ("Probability data storage").
type layout2 struct {
	ploidy        []byte // of each sample, with absent set where the call is missing
	phased        bool
	bits          int // of a probability
	probabilities []byte
	diploid       bool // all samples are
}

const absent = 0x80

var (
	errHead   = errors.New("the genotypes of a variant are stored in a way that the format does not know")
	errPloidy = errors.New("a sample has more than two copies, which calls cannot hold")
)

// read reads and checks what stands before the probabilities, and how many they are.
func (l *layout2) read(b []byte, samples, alleles int) error {
	if len(b) < 10+samples {
		return errLength
	}
	if int(binary.LittleEndian.Uint32(b)) != samples || int(binary.LittleEndian.Uint16(b[4:])) != alleles {
		return errors.New("the genotypes of a variant have another number of samples or alleles than the variant")
	}
	low, high := b[6], b[7]
	if low > high || high > 63 || b[8+samples] > 1 {
		return errHead
	}
	l.ploidy, l.phased, l.bits, l.probabilities = b[8:8+samples], b[8+samples] == 1, int(b[9+samples]), b[10+samples:]
	if l.bits < 1 || l.bits > 32 {
		return errHead
	}
	var with [3]int64 // samples with that many copies
	for _, p := range l.ploidy {
		copies := p &^ absent
		switch {
		case copies < low || copies > high:
			return errHead
		case copies > 2:
			return errPloidy
		}
		with[copies]++
	}
	l.diploid = with[2] == int64(samples)
	stored := with[1]*l.stored(1, alleles) + with[2]*l.stored(2, alleles)
	if int64(len(l.probabilities)) != (stored*int64(l.bits)+7)/8 {
		return errLength
	}
	return nil
}

// stored is how many probabilities a sample has: the last of each set is not stored.
func (l *layout2) stored(copies, alleles int) int64 {
	k := int64(alleles)
	switch {
	case l.phased || copies == 1:
		return int64(copies) * (k - 1)
	case copies == 2:
		return k*(k+1)/2 - 1
	}
	return 0
}

// give writes the calls of an allele, from 0, of so many.
func (l *layout2) give(allele, alleles int, c *genotype.Calls) error {
	r := bitReader{b: l.probabilities, width: l.bits, one: 1<<l.bits - 1}
	for i, p := range l.ploidy {
		copies := int(p &^ absent)
		if p&absent != 0 || copies == 0 {
			r.at += l.stored(copies, alleles) * int64(l.bits)
			missing(c, i)
			continue
		}
		var count uint64
		var ok bool
		switch {
		case copies == 1:
			count, ok = r.haplotype(allele, alleles)
			count *= 2
		case l.phased:
			second, both := uint64(0), false
			count, ok = r.haplotype(allele, alleles)
			second, both = r.haplotype(allele, alleles)
			count, ok = count+second, ok && both
		case alleles == 2:
			p0, p1 := r.next(), r.next()
			ok = p0+p1 <= r.one
			count = 2*r.one - 2*p0 - p1
		default:
			count, ok = r.diploid(allele, alleles)
		}
		if !ok {
			return errSum
		}
		put(c, i, count, r.one)
	}
	return nil
}

// A bitReader reads numbers of 1 to 32 bits, the lowest bits first.
type bitReader struct {
	b     []byte
	at    int64 // bit
	width int
	one   uint64 // the number that is 1
}

func (r *bitReader) next() uint64 {
	at, shift := r.at>>3, r.at&7
	r.at += int64(r.width)
	if rest := r.b[at:]; len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest) >> shift & r.one
	}
	var tail [8]byte
	copy(tail[:], r.b[at:])
	return binary.LittleEndian.Uint64(tail[:]) >> shift & r.one
}

// haplotype is the probability of an allele of one copy: those of all but the last stand
// there.
func (r *bitReader) haplotype(allele, alleles int) (uint64, bool) {
	var sum, p uint64
	for k := range alleles - 1 {
		x := r.next()
		if sum += x; k == allele {
			p = x
		}
	}
	if sum > r.one {
		return 0, false
	}
	if allele == alleles-1 {
		p = r.one - sum
	}
	return p, true
}

// diploid is the expected count of an allele of two copies. Genotypes stand in
// colexicographic order, 00 01 11 02 12 22, all but the last.
func (r *bitReader) diploid(allele, alleles int) (uint64, bool) {
	var sum, count uint64
	for b := range alleles {
		for a := range b + 1 {
			var p uint64
			if a < alleles-1 {
				p = r.next()
				sum += p
			} else if sum <= r.one {
				p = r.one - sum
			}
			if a == allele {
				count += p
			}
			if b == allele {
				count += p
			}
		}
	}
	return count, sum <= r.one
}
