package account

import (
	"math"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A use is a law that is composed count times with itself.
type use struct {
	count int
	law   func(resolution) law
}

// A goal is what is asked of a composition: delta at an epsilon, or epsilon at a
// delta more than 0.
type goal struct {
	epsilon, delta float64
	wantDelta      bool
}

const (
	// interval is the grid of losses where nothing asks for a finer or coarser one.
	interval = 1e-4
	// inflation bounds what the grid adds to the variance of the composed loss,
	// relative to it; a coarser grid is taken as long as that is negligible.
	inflation  = 5e-4
	negligible = 1e-7
	// beyond is the logarithm of the tilted mass that lies outside the window.
	beyond = -27.6
)

// A frame is where and how finely a composition is computed.
type frame struct {
	tilt, centre float64 // losses are weighted by e^{tilt loss}, which centres them here
	upper        float64 // the tilt at which Chernoff's bound of what lies above is taken
	h            float64 // distance of the losses of the grid
	first, n     int     // the window is that of the multiples first to first+n-1 of h
	tail         float64 // P-mass that a single use may leave out
}

// compose computes the distribution of the composed loss near where the goal's
// answer lies.
//
// Tilting: mass is weighted by e^{tilt loss} before the Fourier transform and the
// weight is taken off afterwards. Its rounding errors, which are relative to the
// largest mass, are thus relative to what counts at the tail in question, and
// deltas of any size come out precise.
func compose(uses []use, g goal) (*curve, error) {
	f, err := frameOf(uses, g)
	if err != nil {
		return nil, err
	}
	return f.compose(uses), nil
}

// frameOf looks at coarse sketches of the uses. Nothing that it decides can make
// the result too small: compose accounts for what the frame leaves out.
func frameOf(uses []use, g goal) (frame, error) {
	s, total := make(sketches, len(uses)), 0.0
	inChunks(len(uses), func(_, from, to int) {
		for i := from; i < to; i++ {
			s[i] = sketchOf(uses[i].law(resolution{step: 0.2, tail: 1e-40}), uses[i].count)
		}
	})
	for _, u := range uses {
		total += float64(u.count)
	}
	var f frame
	logDelta := math.Log(g.delta)
	if g.wantDelta {
		f.tilt = tiltAt(s.cumulant, g.epsilon)
		logDelta = min(0, s.cumulant(f.tilt).value-f.tilt*g.epsilon)
	} else {
		f.tilt = tiltFor(s.cumulant, logDelta)
	}
	f.tail = math.Exp(max(logDelta, -600)-20.7) / total // altogether 1e-9 of delta
	from, to, sd := f.window(s)
	low, high := s.span()
	f.h = min(max(interval, sd*math.Sqrt(6*negligible/total)), sd*math.Sqrt(6*inflation/total))
	if f.tilt > 0 {
		f.h = min(f.h, 0.05/f.tilt)
		from = min(from, f.centre-20/f.tilt)
	}
	margin := 4.0 // cells beyond the window: every use may be rounded up by one
	if to >= high && total < 1<<12 {
		margin += total
	}
	from, to = max(from, low), min(to, high)
	f.size(to-from, margin, len(uses))
	f.first = int(math.Floor(from/f.h)) - 1
	if bad := f.h + f.centre + f.tilt + f.upper + to - from; math.IsNaN(bad) || math.IsInf(bad, 0) || math.Abs(from/f.h) > 1e17 {
		return f, errTooLarge
	}
	return f, nil
}

// window sets the centre and the upper tilt, and returns the losses outside of
// which Chernoff's bounds leave next to no tilted mass, and the standard deviation.
func (f *frame) window(s sketches) (from, to, sd float64) {
	here := s.cumulant(f.tilt)
	f.centre = here.mean
	above := func(x float64) cumulant { return s.cumulant(f.tilt + x).minus(here.value) }
	below := func(x float64) cumulant { return s.cumulant(f.tilt - x).minus(here.value).mirrored() }
	up, down := tiltFor(above, beyond), tiltFor(below, beyond)
	f.upper = f.tilt + up
	return (beyond - below(down).value) / down, (above(up).value - beyond) / up, math.Sqrt(here.variance)
}

// size chooses a power of two for the window, so that time and memory stay within
// bounds however much is composed; the grid gets coarser if it must.
func (f *frame) size(width, margin float64, uses int) {
	least, most := 1<<13, 1<<20
	for most > 1<<14 && most*uses > 1<<23 {
		most /= 2
	}
	f.n = least
	for f.n < most && float64(f.n)-margin < width/f.h {
		f.n *= 2
	}
	f.h = max(f.h, width/(float64(f.n)-margin))
}

// compose multiplies the spectra of all uses.
func (f frame) compose(uses []use) *curve {
	parts := make([]*product, chunks)
	inChunks(len(uses), func(c, from, to int) {
		p := newProduct(f)
		for _, u := range uses[from:to] {
			p.multiply(f.discretise(u))
		}
		p.flush()
		parts[c] = p
	})
	all := parts[0]
	for _, p := range parts[1:] {
		if p != nil {
			all.join(p)
		}
	}
	return all.curve()
}

// A piece is a discretised law under the tilt.
type piece struct {
	at       []int     // multiples of h
	weight   []float64 // tilted masses, normalised
	count    int
	log      float64 // logarithm of what the weights were divided by
	logUpper float64 // K of one use at the upper tilt
	infinite float64 // mass of infinite loss
}

func (f frame) discretise(u use) piece {
	l := u.law(resolution{step: 0.005, tail: f.tail})
	p := piece{at: l.grid(f.h), count: u.count}
	loss := make([]float64, len(p.at))
	for i, k := range p.at {
		loss[i] = float64(k) * f.h
	}
	p.weight, p.infinite = l.connect(loss)
	p.logUpper = logMean(p.weight, loss, f.upper)
	p.log = logMean(p.weight, loss, f.tilt)
	for i, l := range loss {
		p.weight[i] *= math.Exp(f.tilt*l - p.log)
	}
	return p
}

// logMean is log(sum of mass e^{x loss}).
func logMean(mass, loss []float64, x float64) float64 {
	var s logSum
	for i, m := range mass {
		if m > 0 {
			s.add(math.Log(m) + x*loss[i])
		}
	}
	return s.log()
}

// A product is the spectrum of what has been composed so far.
type product struct {
	frame
	fft      *fourier.FFT
	seq      []float64
	spectrum []complex128
	all      []complex128
	count    float64 // uses
	log      float64
	logUpper float64
	infinite float64
	highest  float64 // the largest composed loss, in steps of h
}

func newProduct(f frame) *product {
	p := &product{frame: f, fft: fourier.NewFFT(f.n), seq: make([]float64, f.n), spectrum: make([]complex128, f.n/2+1), all: make([]complex128, f.n/2+1)}
	for i := range p.all {
		p.all[i] = 1
	}
	return p
}

// multiply composes count uses of a piece with what there is. Losses wrap around
// the window: see [product.curve].
func (p *product) multiply(x piece) {
	clear(p.seq)
	for i, k := range x.at {
		p.seq[modulo(k, p.n)] += x.weight[i]
	}
	p.fft.Coefficients(p.spectrum, p.seq)
	for n := x.count; n > 0; n >>= 1 {
		if n&1 == 1 {
			for i, s := range p.spectrum {
				p.all[i] *= s
			}
		}
		if n > 1 {
			for i, s := range p.spectrum {
				p.spectrum[i] = s * s
			}
		}
	}
	c := float64(x.count)
	p.count += c
	p.log += c * x.log
	p.logUpper += c * x.logUpper
	p.infinite += c * x.infinite
	p.highest += c * float64(x.at[len(x.at)-1])
}

func (p *product) flush() {}

func (p *product) join(q *product) {
	for i, s := range q.all {
		p.all[i] *= s
	}
	p.count += q.count
	p.log += q.log
	p.logUpper += q.logUpper
	p.infinite += q.infinite
	p.highest += q.highest
}

// curve transforms back. What is added is on the side of less privacy:
// to each weight what rounding can have taken, and to the infinite loss Chernoff's
// bound of what lies above the window, which wrapped to smaller losses. What lies
// below wrapped to larger ones and needs nothing.
func (p *product) curve() *curve {
	size := 0.0
	for i, s := range p.all {
		m := math.Hypot(real(s), imag(s))
		if i > 0 && i < len(p.all)-1 {
			m *= 2
		}
		size += m
	}
	n := float64(p.n)
	// An FFT errs by at most some u log2(n) relative to its largest entry, here 1;
	// a product of spectra by the sum of these.
	err := 4 * 0x1p-53 * math.Log2(n) * (1 + p.count*size/n)
	p.fft.Sequence(p.seq, p.all)
	c := &curve{frame: p.frame, log: p.log - p.tilt*p.centre, infinite: p.infinite, weight: make([]float64, p.n)}
	for j := range c.weight {
		c.weight[j] = max(0, p.seq[modulo(p.first+j, p.n)]/n) + err
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

// chunks is how many parts work is divided into: a constant, so that sums come out
// the same on any number of processors.
const chunks = 8

// inChunks calls work for contiguous parts of n things, at once as far as there are
// processors, and waits.
func inChunks(n int, work func(chunk, from, to int)) {
	if n < 4 || runtime.GOMAXPROCS(0) == 1 {
		for c := range chunks {
			if from, to := n*c/chunks, n*(c+1)/chunks; from < to || c == 0 {
				work(c, from, to)
			}
		}
		return
	}
	var wait sync.WaitGroup
	for c := range chunks {
		if from, to := n*c/chunks, n*(c+1)/chunks; from < to || c == 0 {
			wait.Go(func() { work(c, from, to) })
		}
	}
	wait.Wait()
}
