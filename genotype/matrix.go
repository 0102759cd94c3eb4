package genotype

import "io"

// A Matrix holds the hard calls of a block of variants, one variant after another: its
// three planes lie beside each other, so that a kernel that pairs variants reads memory
// in order. It takes 3/8 of a byte for each genotype.
type Matrix struct {
	Samples  int
	Variants []Variant
	planes   []uint64 // of each variant Lo, Hi and Missing
}

// NewMatrix makes an empty matrix with room for some variants.
func NewMatrix(samples, variants int) *Matrix {
	return &Matrix{Samples: samples, Variants: make([]Variant, 0, variants), planes: make([]uint64, 0, variants*3*words(samples))}
}

func words(samples int) int { return (samples + 63) / 64 }

// Append adds a variant; its calls, which are copied, must be of the matrix's samples.
func (m *Matrix) Append(v Variant, c *Calls) {
	if c.Samples != m.Samples {
		panic("genotype: the calls are of other samples than the matrix")
	}
	m.Variants = append(m.Variants, v)
	m.planes = append(append(append(m.planes, c.Lo...), c.Hi...), c.Missing...)
}

// Reset takes all variants out and keeps the memory.
func (m *Matrix) Reset() { m.Variants, m.planes = m.Variants[:0], m.planes[:0] }

// Calls are those of variant i: a view, valid until Append or Reset.
func (m *Matrix) Calls(i int) Calls {
	w := words(m.Samples)
	p := m.planes[i*3*w : (i+1)*3*w : (i+1)*3*w]
	return Calls{Samples: m.Samples, Lo: p[:w:w], Hi: p[w : 2*w : 2*w], Missing: p[2*w:]}
}

// Fill reads variants until the matrix has n or the reader ends, with io.EOF where
// it got none.
func (m *Matrix) Fill(r Reader, n int) error {
	var v Variant
	var c Calls
	for had := len(m.Variants); len(m.Variants) < n; {
		switch err := r.Next(&v, &c); {
		case err == nil:
			m.Append(v, &c)
		case err == io.EOF && len(m.Variants) > had:
			return nil
		default:
			return err
		}
	}
	return nil
}
