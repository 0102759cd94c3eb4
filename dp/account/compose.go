package account

import (
	"math"
	"sync"
)

// A use is a law that is composed count times with itself.
type use struct {
	count  int
	law    func(resolution) law
	smooth bool // cut at every point of the grid: such a law leaves only low frequencies
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
	s := make(sketches, len(uses))
	coarse := resolution{step: 40 * step(len(uses)), tail: 1e-30}
	inChunks(len(uses), func(_, i int) { s[i] = sketchOf(uses[i].law(coarse), uses[i].count) })
	f, err := frameOf(s, g)
	if err != nil {
		return nil, err
	}
	return f.compose(s.widestFirst(uses, f.tilt)), nil
}

// frameOf decides by coarse sketches of the uses. Nothing that it decides can make
// the result too small: compose accounts for what the frame leaves out.
func frameOf(s sketches, g goal) (frame, error) {
	total := 0.0
	for _, k := range s {
		total += k.count
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
	f.size(to-from, margin, len(s))
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

// step is how finely laws are cut: what connecting the dots adds to the variance of
// a loss is some step^2/6 of it, below 1e-3 also where many are composed.
func step(uses int) float64 {
	return min(0.03, 0.005*math.Sqrt(max(1, float64(uses)/50)))
}

// size chooses a power of two for the window, so that time and memory stay within
// bounds however much is composed; the grid gets coarser if it must.
func (f *frame) size(width, margin float64, uses int) {
	least, most := 1<<13, 1<<20
	for most > 1<<16 && most*uses > 1<<23 {
		most /= 2
	}
	f.n = least
	for f.n < most && float64(f.n)-margin < width/f.h {
		f.n *= 2
	}
	f.h = max(f.h, width/(float64(f.n)-margin))
}

// compose multiplies the spectra of all uses, the widest first: they leave few
// frequencies for the others.
func (f frame) compose(uses []use) *curve {
	turns, fine := sync.OnceValue(f.turns), step(len(uses))
	p := newProduct(f, f.n/2+1, turns)
	for done, next := 0, chunks; done < len(uses); done, next = next, 2*next {
		p.join(f.multiply(uses[done:min(next, len(uses))], fine, p.active, turns))
	}
	return p.curve()
}

// multiply computes the lowest frequencies of the product of the spectra of uses.
func (f frame) multiply(uses []use, step float64, active int, turns func() []complex128) *product {
	parts := make([]*product, chunks)
	inChunks(len(uses), func(c, i int) {
		if parts[c] == nil {
			parts[c] = newProduct(f, active, turns)
		}
		parts[c].multiply(f.discretise(uses[i], step))
	})
	all := parts[0]
	for _, p := range parts[1:min(len(uses), chunks)] {
		all.join(p)
	}
	return all
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

func (f frame) discretise(u use, step float64) piece {
	l := u.law(resolution{step, f.tail})
	p := piece{at: l.grid(f.h, u.smooth), count: u.count}
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
