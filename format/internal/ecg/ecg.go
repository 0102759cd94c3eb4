// Package ecg finds heart beats in an electrocardiogram and makes samples of package
// activity of them: heart rate by the minute and the intervals between normal beats.
//
// It serves the formats that hold such signals. The detector is that of J. Pan and W. J.
// Tompkins, "A real-time QRS detection algorithm", IEEE Trans Biomed Eng 1985;32:230-236,
// for any sampling rate; it reads a signal once, with memory for a second of it.
package ecg

import "math"

// The rates, in Hz, between which a signal can be searched: the band of 5 to 15 Hz must
// be in it.
const (
	MinRate = 50
	MaxRate = 20000
)

// A Detector finds QRS complexes in one lead.
type Detector struct {
	rate float64
	beat func(sample int64)

	high, low biquad
	delay     int64 // of the band-pass, in samples
	step      int64 // between the points of the derivative
	at        int64 // samples pushed
	begin     int64 // the first sample of the stretch without gaps
	band      ring  // band-passed
	slope     ring
	energy    ring // slope squared, for the moving sum
	sum       float64

	peak    peaks
	levels  levels
	learned bool
	learn   learning

	last      int64 // place in band of the last QRS; -1 of none
	lastSlope float64
	rr        [8]float64 // the last intervals, in samples
	rrs       int
	waiting   []candidate // behind the last QRS, for the search back
}

// A candidate is a peak of the moving sum.
type candidate struct {
	at    int64   // where the band-passed signal is largest
	sum   float64 // the peak
	band  float64 // the largest band-passed value, without its sign
	slope float64 // the steepest slope
}

// NewDetector returns a detector of a signal of that rate in Hz, between MinRate and
// MaxRate. Beat gets the place of each R peak in order, in samples pushed before it.
func NewDetector(rate float64, beat func(sample int64)) *Detector {
	d := &Detector{rate: rate, beat: beat, step: max(1, int64(math.Round(rate/200)))}
	size := int(rate) + 8*int(d.step) + 2
	d.band, d.slope, d.energy = newRing(size), newRing(size), newRing(size)
	d.filters()
	largest := 0.0
	for i := range int64(rate) / 2 { // the delay is where an impulse comes out
		x := 0.0
		if i == 0 {
			x = 1
		}
		if y := math.Abs(d.low.next(d.high.next(x))); y > largest {
			largest, d.delay = y, i
		}
	}
	d.restart()
	return d
}

func (d *Detector) filters() {
	d.high, d.low = butterworth(5/d.rate, true), butterworth(15/d.rate, false)
}

// restart forgets everything but the place in the signal.
func (d *Detector) restart() {
	d.filters()
	d.begin, d.sum, d.learned, d.last, d.rrs = d.at, 0, false, -1, 0
	d.peak, d.learn, d.waiting = peaks{}, learning{}, d.waiting[:0]
	d.band.clear()
	d.slope.clear()
	d.energy.clear()
}

// Push takes the next sample, in any unit. NaN is a gap, behind which all begins anew.
func (d *Detector) Push(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d.Flush()
		d.at++
		d.begin = d.at
		return
	}
	if d.at == d.begin {
		d.high.settle(x)
	}
	y := d.low.next(d.high.next(x))
	d.band.put(d.at, y)
	k := d.step
	slope := 0.0
	if d.at-d.begin >= 4*k { // (2): the derivative over 20 ms
		slope = (2*y + d.band.get(d.at-k) - d.band.get(d.at-3*k) - 2*d.band.get(d.at-4*k)) / 8
	}
	d.slope.put(d.at, slope)
	window := d.ms(150) // (4): the moving sum over 150 ms
	d.energy.put(d.at, slope*slope)
	d.sum += slope * slope
	if d.at-d.begin >= window {
		d.sum -= d.energy.get(d.at - window)
	}
	d.sum = max(d.sum, 0)
	if c, found := d.peak.next(d, d.sum); found {
		d.consider(c)
	}
	d.at++
	d.behind(y)
}

// Flush ends a stretch of the signal. What is pushed next is behind a gap.
func (d *Detector) Flush() {
	if d.peak.pending.sum > 0 {
		d.consider(d.peak.pending)
	}
	if !d.learned && d.at-d.begin > 0 {
		d.learnt()
	}
	d.restart()
}

func (d *Detector) ms(t int64) int64 { return int64(float64(t) * d.rate / 1000) }

// measure describes the peak of the moving sum at a place: what lies in the sum's window.
func (d *Detector) measure(at int64, sum float64) candidate {
	c := candidate{at: at, sum: sum}
	for i := max(at-d.ms(150)-d.ms(10), d.begin); i <= at; i++ {
		if y := math.Abs(d.band.get(i)); y > c.band {
			c.band, c.at = y, i
		}
		c.slope = max(c.slope, math.Abs(d.slope.get(i)))
	}
	return c
}
