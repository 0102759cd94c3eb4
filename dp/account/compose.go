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

const (
	// interval is the grid of losses where nothing asks for a finer or coarser one.
	interval = 1e-4
	// inflation bounds what the grid adds to the variance of the composed loss,
	// relative to it; a coarser grid is taken as long as that is negligible, or a
	// tenth of it where the window is small.
	inflation  = 5e-4
	negligible = 1e-6
	small      = 1 << 16
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

// A composition of uses, and coarse sketches of them that say where to look.
//
// Tilting: mass is weighted by e^{tilt loss} before the Fourier transform and the
// weight is taken off afterwards. Its rounding errors, which are relative to the
// largest mass, are thus relative to what counts at the tail in question, and
// deltas of any size come out precise.
type composition struct {
	uses  []use
	total float64
	sketches
}

// compose prepares for deltas of about the given size or more.
func compose(uses []use, delta float64) composition {
	c := composition{uses: uses, sketches: make(sketches, len(uses))}
	coarse := resolution{step: 40 * step(len(uses)), tail: max(1e-300, 1e-20*min(delta, 1e-10))}
	inChunks(len(uses), func(_, i int) { c.sketches[i] = sketchOf(uses[i].law(coarse), uses[i].count) })
	for _, u := range uses {
		c.total += float64(u.count)
	}
	return c
}

// epsilon at a delta between 0 and 1.
func (c composition) epsilon(delta float64) (float64, error) {
	best, sd := math.Inf(1), math.Sqrt(c.cumulant(0).variance)
	for tilt := tiltFor(c.cumulant, math.Log(delta)); ; tilt /= 4 {
		curve, err := c.curve(tilt, math.Log(delta))
		if err != nil {
			return 0, err
		}
		epsilon, within := curve.epsilon(delta)
		if best = min(best, epsilon); within || epsilon == 0 || tilt*sd < 1e-3 {
			return best, nil
		}
		// The best tilt for Chernoff's bound, which rare large losses or a bound of
		// them pushed up, looks beyond the answer.
	}
}

// delta at an epsilon.
func (c composition) delta(epsilon float64) (float64, error) {
	if _, high := c.span(); epsilon >= high {
		return min(1, c.infinite()+least), nil
	}
	tilt := tiltAt(c.cumulant, epsilon)
	curve, err := c.curve(tilt, min(0, c.cumulant(tilt).value-tilt*epsilon))
	if err != nil {
		return 0, err
	}
	return curve.delta(epsilon), nil
}

// curve computes the distribution of the composed loss under a tilt, for deltas of
// about the given logarithm.
func (c composition) curve(tilt, logDelta float64) (*curve, error) {
	f, err := c.frame(tilt, logDelta)
	if err != nil {
		return nil, err
	}
	return f.compose(c.widestFirst(c.uses, tilt)), nil
}

// frame decides by the sketches. Nothing that it decides can make the result too
// small: compose accounts for what the frame leaves out.
func (c composition) frame(tilt, logDelta float64) (frame, error) {
	f := frame{tilt: tilt}
	f.tail = math.Exp(max(logDelta, -600)-20.7) / c.total // altogether 1e-9 of delta
	from, to, sd := f.window(c.sketches)
	low, high := c.span()
	if f.tilt > 0 {
		from = min(from, f.centre-20/f.tilt)
	}
	margin := 4.0 // cells beyond the window: every use may be rounded up by one
	if to >= high && c.total < 1<<12 {
		margin += c.total
	}
	from, to = max(from, low), min(to, high)
	f.h = c.interval(sd, to-from)
	if f.tilt > 0 {
		f.h = min(f.h, 0.05/f.tilt)
	}
	f.size(to-from, margin, len(c.uses))
	f.first = int(math.Floor(from/f.h)) - 1
	if bad := f.h + f.centre + f.tilt + f.upper + to - from; math.IsNaN(bad) || math.IsInf(bad, 0) || !(math.Abs(from/f.h) < 1e17) {
		return f, errTooLarge
	}
	return f, nil
}

// interval chooses the distance of the grid's losses by what it adds to the variance
// of the composed loss.
func (c composition) interval(sd, width float64) float64 {
	adding := func(share float64) float64 { return sd * math.Sqrt(6*share/c.total) }
	fine, coarse := max(interval, adding(negligible/10)), max(interval, adding(negligible))
	return min(max(fine, min(coarse, width/small)), adding(inflation))
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
	least, most := 1<<13, 1<<19
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
