package account

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A product is the spectrum of what has been composed so far, of the tilted and
// normalised weights.
//
// The more has been composed, the smoother the distribution is and the fewer low
// frequencies matter. No spectrum exceeds 1, so that one which has become
// negligible stays so: frequencies from active on are dropped, and the few others
// are computed one by one where that is less work than a transform.
type product struct {
	frame
	all      []complex128
	active   int
	spectrum []complex128 // of the piece at hand
	fft      *fourier.FFT
	seq      []float64    // what is transformed
	whole    []complex128 // and its transform
	turns    func() []complex128
	count    float64 // uses
	log      float64 // logarithm of what the weights were divided by
	logUpper float64 // K at the upper tilt
	infinite float64 // mass of infinite loss
	highest  float64 // the largest composed loss, in steps of h
}

// dropped is below what a frequency must have fallen to be dropped: less than the
// transforms err by.
const dropped = 1e-15

// newProduct is of nothing, with the lowest active frequencies.
func newProduct(f frame, active int, turns func() []complex128) *product {
	p := &product{frame: f, turns: turns, active: active, all: make([]complex128, active), spectrum: make([]complex128, active)}
	for i := range p.all {
		p.all[i] = 1
	}
	return p
}

// turns are the n-th roots of unity.
func (f frame) turns() []complex128 {
	out := make([]complex128, f.n)
	for i := range out {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / float64(f.n))
		out[i] = complex(cos, sin)
	}
	return out
}

// multiply composes count uses of a piece with what there is. Losses wrap around
// the window: see [product.curve].
func (p *product) multiply(x piece) {
	if one, whole := 2*len(x.at)*p.active, p.n*int(math.Log2(float64(p.n))); one < whole {
		p.evaluate(x)
	} else {
		p.transform(x)
	}
	all, spectrum := p.all[:p.active], p.spectrum[:p.active]
	for n := x.count; n > 0; n >>= 1 {
		if n&1 == 1 {
			for i, s := range spectrum {
				all[i] *= s
			}
		}
		if n > 1 {
			for i, s := range spectrum {
				spectrum[i] = s * s
			}
		}
	}
	p.trim()
	c := float64(x.count)
	p.tally(c, c*x.log, c*x.logUpper, c*x.infinite, c*float64(x.at[len(x.at)-1]))
}

// transform computes the spectrum of a piece at all frequencies.
func (p *product) transform(x piece) {
	if p.fft == nil {
		p.fft, p.seq, p.whole = fourier.NewFFT(p.n), make([]float64, p.n), make([]complex128, p.n/2+1)
	}
	clear(p.seq)
	for i, k := range x.at {
		p.seq[modulo(k, p.n)] += x.weight[i]
	}
	copy(p.spectrum, p.fft.Coefficients(p.whole, p.seq))
}

// evaluate computes it at the active ones.
func (p *product) evaluate(x piece) {
	turns, mask := p.turns(), p.n-1
	spectrum := p.spectrum[:p.active]
	clear(spectrum)
	for i, k := range x.at {
		w, by, at := x.weight[i], modulo(k, p.n), 0
		for j := range spectrum {
			t := turns[at&mask]
			spectrum[j] += complex(w*real(t), w*imag(t))
			at += by
		}
	}
}

// trim drops the highest frequencies as far as they are negligible.
func (p *product) trim() {
	for p.active > 1 && max(math.Abs(real(p.all[p.active-1])), math.Abs(imag(p.all[p.active-1]))) < dropped {
		p.active--
	}
}

// join composes with another product.
func (p *product) join(q *product) {
	p.active = min(p.active, q.active)
	for i, s := range q.all[:p.active] {
		p.all[i] *= s
	}
	p.trim()
	p.tally(q.count, q.log, q.logUpper, q.infinite, q.highest)
}

func (p *product) tally(count, log, logUpper, infinite, highest float64) {
	p.count += count
	p.log += log
	p.logUpper += logUpper
	p.infinite += infinite
	p.highest += highest
}

// curve transforms back. What is added is on the side of less privacy: to each
// weight what rounding can have taken, and to the infinite loss Chernoff's bound of
// what lies above the window, which wrapped to smaller losses. What lies below
// wrapped to larger ones and needs nothing.
func (p *product) curve() *curve {
	size := 0.0
	whole := make([]complex128, p.n/2+1)
	copy(whole, p.all[:p.active])
	for _, s := range whole {
		size += 2 * math.Hypot(real(s), imag(s))
	}
	n := float64(p.n)
	// A transform errs by at most some u log2(n) relative to its largest entry, here
	// 1; a product of spectra by the sum of these.
	err := 4*0x1p-53*math.Log2(n)*(1+p.count*size/n) + 2*dropped
	seq := fourier.NewFFT(p.n).Sequence(nil, whole)
	c := &curve{frame: p.frame, log: p.log - p.tilt*p.centre, infinite: p.infinite, weight: make([]float64, p.n)}
	for j := range c.weight {
		c.weight[j] = max(0, seq[modulo(p.first+j, p.n)]/n) + err
	}
	if end := float64(p.first + p.n); p.highest >= end {
		c.infinite += math.Exp(p.logUpper - p.upper*end*p.h)
	}
	c.infinite *= 1 + 1e-9
	return c
}

func modulo(k, n int) int { // n is a power of two
	return k & (n - 1)
}
