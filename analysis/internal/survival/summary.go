package survival

import "math"

// Quantile is the time by which the share p has had the event, with the limits
// that follow from the curve's own (Brookmeyer and Crowley, Biometrics 1982):
// the first time at which the curve is at or below 1-p; where it stays exactly
// there for a while, the middle of that while, as R's survfit reports it. NaN
// where the curve does not come down that far.
func (c Curve) Quantile(p float64) (q, lo, hi float64) {
	return crossing(c.Time, c.Surv, 1-p), crossing(c.Time, c.Lo, 1-p), crossing(c.Time, c.Hi, 1-p)
}

func crossing(time, y []float64, level float64) float64 {
	const tolerance = 0x1p-26 // square root of the spacing of float64 at 1
	first := -1
	for k := range y {
		switch {
		case math.IsNaN(y[k]):
		case first < 0 && y[k] < level+tolerance:
			if first = k; y[k] < level-tolerance {
				return time[k]
			}
		case first >= 0 && y[k] < y[first]:
			return (time[first] + time[k]) / 2
		}
	}
	if first < 0 {
		return math.NaN()
	}
	return time[first]
}

// RestrictedMean is the mean survival time up to tau, the area under the
// curve, with its standard error (Irwin 1949; Kaplan and Meier 1958, section
// 5): the variance sums squared remaining areas times d/(n(n-d)). Beyond its
// last time the curve is held level.
func (c Curve) RestrictedMean(tau float64) (mean, se float64) {
	end := c.At(tau)
	area := make([]float64, end+1) // area[k]: from Time[k] to tau
	var after float64
	next := tau
	for k := end; k >= 0; k-- {
		after += c.Surv[k] * (next - c.Time[k])
		area[k], next = after, c.Time[k]
	}
	var v float64
	for k := range area {
		if n, d := c.Risk[k], c.Event[k]; d > 0 && n > d {
			v += area[k] * area[k] * d / (n * (n - d))
		}
	}
	return after + next, math.Sqrt(v + c.meanNoise(end, tau))
}
