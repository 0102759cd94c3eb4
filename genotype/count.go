package genotype

import "math/bits"

// Counts are the numbers of samples with each genotype at one variant.
type Counts struct {
	HomRef  int // two of Ref
	Het     int
	HomAlt  int // two of Alt
	Missing int
}

// Called is the number of samples with a call.
func (n Counts) Called() int { return n.HomRef + n.Het + n.HomAlt }

// Alt is the number of alternate alleles among the 2*Called.
func (n Counts) Alt() int { return n.Het + 2*n.HomAlt }

// Frequency is that of Alt among the called alleles; 0 of 0 is NaN.
func (n Counts) Frequency() float64 { return float64(n.Alt()) / float64(2*n.Called()) }

// Counts counts the hard calls.
func (c *Calls) Counts() Counts {
	var n Counts
	hi, missing := c.Hi[:len(c.Lo)], c.Missing[:len(c.Lo)]
	for i, lo := range c.Lo {
		n.Het += bits.OnesCount64(lo)
		n.HomAlt += bits.OnesCount64(hi[i])
		n.Missing += bits.OnesCount64(missing[i])
	}
	n.HomRef = c.Samples - n.Het - n.HomAlt - n.Missing
	return n
}

// Dot is the sum over samples of the product of the counts of a and b, which are of the
// same samples; a missing call counts as 0. With l and h for Lo and Hi it is
// |l&l'| + 2(|l&h'| + |h&l'|) + 4|h&h'|.
func Dot(a, b *Calls) int {
	n := len(a.Lo)
	al, ah, bl, bh := a.Lo[:n], a.Hi[:n], b.Lo[:n], b.Hi[:n]
	one, two, four := 0, 0, 0
	for i := range n {
		one += bits.OnesCount64(al[i] & bl[i])
		two += bits.OnesCount64(al[i]&bh[i]) + bits.OnesCount64(ah[i]&bl[i])
		four += bits.OnesCount64(ah[i] & bh[i])
	}
	return one + 2*two + 4*four
}

// Both is the number of samples with a call at both of a and b.
func Both(a, b *Calls) int {
	n := 0
	for i, m := range a.Missing {
		n += bits.OnesCount64(m | b.Missing[i])
	}
	return a.Samples - n
}

// Clone copies the calls.
func (c *Calls) Clone() Calls {
	words := len(c.Lo)
	planes := make([]uint64, 3*words)
	copy(planes, c.Lo)
	copy(planes[words:], c.Hi)
	copy(planes[2*words:], c.Missing)
	return Calls{Samples: c.Samples, Lo: planes[:words:words], Hi: planes[words : 2*words : 2*words], Missing: planes[2*words:],
		Dosages: append([]float32(nil), c.Dosages...)}
}
