package crosstab

import "math"

// Fisher's exact test of a 2x2 table, conditional on its margins: the number in
// the first cell is hypergeometric, noncentral with the odds ratio.

// rsTolerance is the accuracy at which R's uniroot, and so its fisher.test,
// stops: .Machine$double.eps^0.25. The conditional estimate is found by the same
// iteration to the same accuracy, so that a reader finds R's digits.
const rsTolerance = 0x1p-13

// A noncentral is the conditional distribution of the first cell.
type noncentral struct {
	lo, hi, x float64   // support and observed value
	logs      []float64 // log density at lo..hi when the odds ratio is 1, up to a constant
}

func newNoncentral(g grid) noncentral {
	rows, columns, _ := g.margins()
	k, m, n := rows[0], columns[0], columns[1]
	d := noncentral{lo: math.Max(0, k-n), hi: math.Min(k, m), x: g.n[0][0]}
	// Neighbouring densities differ by (k-y)(m-y)/((y+1)(n-k+y+1)).
	log := 0.0
	for y := d.lo; y <= d.hi; y++ {
		d.logs = append(d.logs, log)
		log += math.Log((k - y) * (m - y) / ((y + 1) * (n - k + y + 1)))
	}
	return d
}

// density is the distribution under an odds ratio.
func (d noncentral) density(ratio float64) []float64 {
	out := make([]float64, len(d.logs))
	l := math.Log(ratio)
	for i, c := range d.logs {
		out[i] = c + l*(d.lo+float64(i))
	}
	top, sum := largest(out), 0.0
	for i := range out {
		out[i] = math.Exp(out[i] - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func (d noncentral) mean(ratio float64) float64 {
	sum := 0.0
	for i, p := range d.density(ratio) {
		sum += p * (d.lo + float64(i))
	}
	return sum
}

// atMost and atLeast are the tail probabilities of the observed value.
func (d noncentral) atMost(ratio float64) float64 {
	sum := 0.0
	for _, p := range d.density(ratio)[:int(d.x-d.lo)+1] {
		sum += p
	}
	return sum
}

func (d noncentral) atLeast(ratio float64) float64 {
	sum := 0.0
	for _, p := range d.density(ratio)[int(d.x-d.lo):] {
		sum += p
	}
	return sum
}

// pValue is the two-sided p-value: all values at most as probable as the
// observed one, with R's allowance of 1e-7 for equal ones.
func (d noncentral) pValue() float64 {
	p := d.density(1)
	limit, sum := p[int(d.x-d.lo)]*(1+1e-7), 0.0
	for _, q := range p {
		if q <= limit {
			sum += q
		}
	}
	return min(sum, 1)
}

// oddsRatio is the conditional maximum likelihood estimate, at which the mean is
// the observed value, with the exact interval.
func (d noncentral) oddsRatio(level float64) estimate {
	alpha := (1 - level) / 2
	e := estimate{0, 0, math.Inf(1)}
	if d.x == d.hi {
		e.value = math.Inf(1)
	}
	if d.lo < d.x && d.x < d.hi {
		e.value = solve(func(t float64) float64 { return d.mean(t) - d.x })
	}
	if d.x > d.lo {
		e.low = solve(func(t float64) float64 { return d.atLeast(t) - alpha })
	}
	if d.x < d.hi {
		e.high = solve(func(t float64) float64 { return alpha - d.atMost(t) })
	}
	return e
}

// solve finds the positive root of an increasing function, between 0 and 1 or
// the inverse of one there.
func solve(f func(float64) float64) float64 {
	at1 := f(1)
	switch {
	case at1 > 0:
		return brent(func(t float64) float64 { return f(math.Max(t, math.SmallestNonzeroFloat64)) }, 0, 1, rsTolerance)
	case at1 < 0:
		return 1 / brent(func(t float64) float64 { return f(1 / t) }, 0x1p-52, 1, rsTolerance)
	}
	return 1
}

// brent finds a root between a and b, where f changes its sign, to within tol:
// Brent, Algorithms for Minimization without Derivatives, 1973, procedure zero
// (chapter 4), which R's uniroot follows. b is the best point so far, a the one
// before, c the point of opposite sign.
func brent(f func(float64) float64, a, b, tol float64) float64 {
	fa, fb := f(a), f(b)
	if fa == 0 {
		return a
	}
	c, fc := a, fa
	for range 1000 {
		previous := b - a
		if math.Abs(fc) < math.Abs(fb) {
			a, b, c = b, c, b
			fa, fb, fc = fb, fc, fb
		}
		accuracy := 0x1p-51*math.Abs(b) + tol/2
		step := (c - b) / 2
		if math.Abs(step) <= accuracy || fb == 0 {
			break
		}
		if math.Abs(previous) >= accuracy && math.Abs(fa) > math.Abs(fb) {
			if p, q := interpolate(a, b, c, fa, fb, fc); p < 0.75*(c-b)*q-math.Abs(accuracy*q)/2 && p < math.Abs(previous*q/2) {
				step = p / q
			}
		}
		if math.Abs(step) < accuracy {
			step = math.Copysign(accuracy, step)
		}
		a, fa = b, fb
		b += step
		fb = f(b)
		if fb > 0 == (fc > 0) && fb != 0 {
			c, fc = a, fa
		}
	}
	return b
}

// interpolate is the step p/q to where the secant or the inverse parabola
// through the points is zero; p is not negative.
func interpolate(a, b, c, fa, fb, fc float64) (p, q float64) {
	s := fb / fa
	if a == c {
		p, q = (c-b)*s, 1-s
	} else {
		t, r := fa/fc, fb/fc
		p = s * ((c-b)*t*(t-r) - (b-a)*(r-1))
		q = (t - 1) * (r - 1) * (s - 1)
	}
	if p > 0 {
		return p, -q
	}
	return -p, q
}
