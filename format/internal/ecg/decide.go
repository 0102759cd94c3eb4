package ecg

import "math"

// A level is the running estimate of the peaks of signal and noise (12)-(19).
type level struct{ signal, noise float64 }

func (l level) threshold() float64 { return l.noise + 0.25*(l.signal-l.noise) }

type levels struct{ sum, band level }

// noise takes a peak that is no QRS (13).
func (l *levels) noise(c candidate) {
	l.sum.noise += 0.125 * (c.sum - l.sum.noise)
	l.band.noise += 0.125 * (c.band - l.band.noise)
}

// signal takes a peak that is one, with the share of (12), or that of (18) behind a search
// back.
func (l *levels) signal(c candidate, share float64) {
	l.sum.signal += share * (c.sum - l.sum.signal)
	l.band.signal += share * (c.band - l.band.signal)
}

// over says whether a peak is above the thresholds, times a factor.
func (l *levels) over(c candidate, factor float64) bool {
	return c.sum > factor*l.sum.threshold() && c.band > factor*l.band.threshold()
}

// learning gathers two seconds, from which the first thresholds come.
type learning struct {
	from           int64
	found          []candidate
	sum, band      float64 // the largest
	sums, bands, n float64 // for the means
}

// consider judges a peak of the moving sum.
func (d *Detector) consider(c candidate) {
	switch {
	case !d.learned:
		d.learn.found = append(d.learn.found, c)
	case d.last >= 0 && c.at-d.last < d.ms(200): // no heart beats again so soon
	case d.last >= 0 && c.at-d.last < d.ms(360) && c.slope < d.lastSlope/2: // a T wave
		d.levels.noise(c)
	case d.levels.over(c, 1):
		d.found(c, 0.125)
	default:
		d.levels.noise(c)
		if len(d.waiting) < 32 {
			d.waiting = append(d.waiting, c)
		}
	}
}

// found tells a beat.
func (d *Detector) found(c candidate, share float64) {
	d.levels.signal(c, share)
	if d.last >= 0 {
		d.rr[d.rrs%len(d.rr)] = float64(c.at - d.last)
		d.rrs++
	}
	d.last, d.lastSlope = c.at, c.slope
	kept := d.waiting[:0]
	for _, w := range d.waiting {
		if w.at > c.at {
			kept = append(kept, w)
		}
	}
	d.waiting = kept
	d.beat(max(c.at-d.delay, 0))
}

// behind does what time brings: the end of learning, the search back, learning anew.
func (d *Detector) behind(y float64) {
	if !d.learned {
		l, sum := &d.learn, d.sum
		if d.at-d.begin <= d.ms(150) && l.from == 0 { // the filters settle
			return
		}
		l.sum, l.band = max(l.sum, sum), max(l.band, math.Abs(y))
		l.sums, l.bands, l.n = l.sums+sum, l.bands+math.Abs(y), l.n+1
		if l.n >= 2*d.rate {
			d.learnt()
		}
		return
	}
	since := d.at - max(d.last, d.learn.from)
	if d.last >= 0 && d.rrs > 0 && float64(since) > 1.66*d.meanRR() && len(d.waiting) > 0 {
		d.searchBack()
	} else if float64(since) > 4*d.rate { // nothing for long: the signal has changed
		d.learned, d.learn = false, learning{from: d.at}
		d.waiting = d.waiting[:0]
	}
}

// searchBack takes the largest peak since the last QRS if it is above half the thresholds.
func (d *Detector) searchBack() {
	best := candidate{at: -1}
	for _, w := range d.waiting {
		if w.sum > best.sum && w.at-d.last >= d.ms(200) && !(w.at-d.last < d.ms(360) && w.slope < d.lastSlope/2) {
			best = w
		}
	}
	if best.at >= 0 && d.levels.over(best, 0.5) {
		d.found(best, 0.25)
		return
	}
	d.waiting = d.waiting[:0]
}

// learnt sets the thresholds and judges what was found meanwhile.
func (d *Detector) learnt() {
	l := d.learn
	if l.n > 0 {
		d.levels = levels{sum: level{signal: l.sum / 2, noise: l.sums / l.n / 2}, band: level{signal: l.band / 2, noise: l.bands / l.n / 2}}
	}
	d.learned, d.learn = true, learning{from: d.at}
	for _, c := range l.found {
		d.consider(c)
	}
}

// meanRR is the mean of the last eight intervals (24).
func (d *Detector) meanRR() float64 {
	n := min(d.rrs, len(d.rr))
	sum := 0.0
	for _, x := range d.rr[:n] {
		sum += x
	}
	return sum / float64(n)
}
