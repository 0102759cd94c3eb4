package ecg

import "math"

// A biquad is a filter of second order in direct form II, transposed.
type biquad struct{ b0, b1, b2, a1, a2, z1, z2 float64 }

// butterworth makes a high-pass or a low-pass; f is the cut-off over the sampling rate.
func butterworth(f float64, high bool) biquad {
	k := math.Tan(math.Pi * f)
	norm := 1 / (1 + math.Sqrt2*k + k*k)
	q := biquad{a1: 2 * (k*k - 1) * norm, a2: (1 - math.Sqrt2*k + k*k) * norm}
	if high {
		q.b0, q.b1, q.b2 = norm, -2*norm, norm
	} else {
		q.b0, q.b1, q.b2 = k*k*norm, 2*k*k*norm, k*k*norm
	}
	return q
}

func (q *biquad) next(x float64) float64 {
	y := q.b0*x + q.z1
	q.z1 = q.b1*x - q.a1*y + q.z2
	q.z2 = q.b2*x - q.a2*y
	return y
}

// settle puts a high-pass where it would be behind a long time of x.
func (q *biquad) settle(x float64) { q.z1, q.z2 = -q.b0*x, q.b2*x }

// A ring holds the last values by their place.
type ring struct{ values []float64 }

func newRing(n int) ring                { return ring{make([]float64, n)} }
func (r ring) put(at int64, x float64)  { r.values[at%int64(len(r.values))] = x }
func (r ring) get(at int64) (x float64) { return r.values[at%int64(len(r.values))] }
func (r ring) clear()                   { clear(r.values) }

// peaks finds the peaks of the moving sum: one that no larger follows for 200 ms.
type peaks struct {
	largest float64
	at      int64
	before  float64
	pending candidate
	left    int64 // samples to wait
}

func (p *peaks) next(d *Detector, sum float64) (candidate, bool) {
	var c candidate
	if sum > p.before && sum > p.largest {
		p.largest, p.at = sum, d.at
	} else if p.largest > 0 && (sum < p.largest/2 || d.at-p.at > d.ms(95)) {
		c = d.measure(p.at, p.largest)
		p.largest = 0
	}
	p.before = sum
	if c.sum > p.pending.sum {
		p.pending, p.left = c, d.ms(200)
		return candidate{}, false
	}
	if p.pending.sum == 0 {
		return candidate{}, false
	}
	if p.left--; p.left > 0 {
		return candidate{}, false
	}
	c, p.pending = p.pending, candidate{}
	return c, true
}
