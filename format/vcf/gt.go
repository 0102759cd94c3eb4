package vcf

import (
	"encoding/binary"
	"fmt"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A decoder makes counts of one alternate allele from genotypes (GT, section 1.6.2).
type decoder struct {
	alleles int // how many alternate ones the record has
	target  int // which of them is counted, from 1
	halves  int // genotypes so far with one allele missing
}

const (
	separators = 0x0000_5300_0000_5300 // where '|' and '/' differ, in the second byte of four
	calledBits = 0x0001_0001_0001_0001 // where '0' and '1' differ
	phasedPair = 0x09_307c30_09_307c30 // "0|0\t0|0\t"
	plainPair  = phasedPair ^ separators
)

// hard decodes samples of which GT is the first field, or the only one. It returns how
// many it found, at most one more than n.
func (d *decoder) hard(b []byte, n int, alone bool, c *genotype.Calls) (int, error) {
	i, p := 0, 0
	if alone && d.target == 1 && d.alleles > 0 {
		i, p = d.pairs(b, n, c)
	}
	for p <= len(b) {
		if i == n {
			return n + 1, nil
		}
		count, _, q, why := d.one(b, p)
		if why != "" {
			return i, wrong(i, why)
		}
		if count != 0 {
			c.Set(i, count)
		}
		i++
		if q < len(b) && b[q] == ':' {
			if alone {
				return i, wrong(i-1, "has more fields than FORMAT names")
			}
			_, q = field(b, q)
			q--
		}
		p = q + 1
	}
	return i, nil
}

// pairs decodes two genotypes of one digit each at a time, eight bytes, as long as nothing
// else comes up; most of them are of the reference allele. It returns how far it came, in
// samples and bytes.
func (d *decoder) pairs(b []byte, n int, c *genotype.Calls) (i, p int) {
	base := uint64(phasedPair)
	if len(b) > 1 && b[1] == '/' {
		base = plainPair
	}
	for ; i+2 <= n && p+8 <= len(b); i, p = i+2, p+8 {
		x := binary.LittleEndian.Uint64(b[p:]) ^ base
		if x == 0 {
			continue
		}
		if x&^(separators|calledBits) != 0 {
			if p = d.odd(b, i, p, c); p < 0 {
				return i, -p - 1
			}
			p -= 8
			continue
		}
		// The separators are both '|' or '/', each on its own.
		if s := x & separators >> 8; s&calledBits*0x53 != s {
			return i, p
		}
		other := x >> 16
		lo, hi := (x^other)&calledBits, x&other&calledBits
		w, at := i>>6, uint(i&63)
		c.Lo[w] |= (lo&1 | lo>>31&2) << at
		c.Hi[w] |= (hi&1 | hi>>31&2) << at
	}
	return i, p
}

// odd decodes two genotypes that are written otherwise and returns where the next begins;
// or minus one and less where it cannot, which says where these two begin.
func (d *decoder) odd(b []byte, i, p int, c *genotype.Calls) int {
	halves := d.halves
	var counts [2]int
	q := p
	for k := range counts {
		count, _, end, why := d.one(b, q)
		if why != "" || end >= len(b) || b[end] != '\t' {
			d.halves = halves
			return -p - 1 // the slow way finds the words
		}
		counts[k] = count
		q = end + 1
	}
	for k, count := range counts {
		c.Set(i+k, count)
	}
	return q
}

// one decodes a genotype that begins at p: the count of the target, -1 if it is missing;
// whether it is of one allele; and where it ends. why says what is wrong.
func (d *decoder) one(b []byte, p int) (count int, haploid bool, end int, why string) {
	if p+3 <= len(b) && (p+3 == len(b) || b[p+3] == '\t' || b[p+3] == ':') && (b[p+1] == '|' || b[p+1] == '/') {
		if x, y := int(b[p])-'0', int(b[p+2])-'0'; x >= 0 && x <= d.alleles && x <= 9 && y >= 0 && y <= d.alleles && y <= 9 {
			return hit(x, d.target) + hit(y, d.target), false, p + 3, ""
		}
	}
	if p < len(b) && separator(b[p]) { // VCF 4.4 may say the phase of the first allele
		p++
	}
	ploidy, missing := 0, 0
	for {
		if p < len(b) && b[p] == '.' {
			missing++
			p++
		} else {
			allele, q := digits(b, p)
			switch {
			case q == p:
				return 0, false, p, "has a genotype that is none: alleles are numbers or a point, between | or /"
			case allele > d.alleles:
				return 0, false, p, fmt.Sprintf("has a genotype of an allele that the record does not have; it has %d beside REF", d.alleles)
			}
			count += hit(allele, d.target)
			p = q
		}
		ploidy++
		if p >= len(b) || b[p] == '\t' || b[p] == ':' {
			break
		}
		if !separator(b[p]) {
			return 0, false, p, "has a genotype that is none: alleles are numbers or a point, between | or /"
		}
		p++
	}
	count, why = d.sum(count, ploidy, missing)
	return count, ploidy == 1, p, why
}

// sum is the count of the target in a genotype, -1 if it is missing.
func (d *decoder) sum(hits, ploidy, missing int) (count int, why string) {
	switch {
	case missing == ploidy:
		return -1, ""
	case ploidy > 2:
		return 0, "has a genotype of more than two alleles"
	case missing > 0:
		if d.target == 1 { // a record of several variants is counted once
			d.halves++
		}
		return -1, ""
	case ploidy == 1:
		return 2 * hits, ""
	}
	return hits, ""
}

func separator(b byte) bool { return b == '|' || b == '/' }

func hit(allele, target int) int {
	if allele == target {
		return 1
	}
	return 0
}

// digits reads the number of an allele and where it ends.
func digits(b []byte, p int) (n, end int) {
	for p < len(b) && b[p] >= '0' && b[p] <= '9' {
		n = min(10*n+int(b[p]-'0'), 1<<30)
		p++
	}
	return n, p
}

// wrong says what is wrong with a sample, from 0.
func wrong(sample int, why string) error {
	return &format.Error{Column: "GT", Text: fmt.Sprintf("sample %d of the record %s", sample+1, why), Mend: "export the file again, or leave the record or the sample out with `bcftools view`"}
}
