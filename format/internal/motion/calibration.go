package motion

import "math"

// A Calibration corrects each axis of a sensor: offset in g and gain.
type Calibration struct {
	Offset [3]float64
	Gain   [3]float64 // 0 stands for 1
}

func (c Calibration) gain(i int) float64 {
	if c.Gain[i] == 0 {
		return 1
	}
	return c.Gain[i]
}

func (c Calibration) apply(g [3]float64) [3]float64 {
	for i := range g {
		g[i] = c.Offset[i] + g[i]*c.gain(i)
	}
	return g
}

func (c Calibration) undo(g [3]float64) [3]float64 {
	for i := range g {
		g[i] = (g[i] - c.Offset[i]) / c.gain(i)
	}
	return g
}

// A Calibrator finds the calibration from times at rest, in which the acceleration is one g
// in whatever direction (V. T. van Hees and others, J Appl Physiol 2014;117:738-744).
type Calibrator struct {
	window axes
	at     int64
	points [][3]float64
	begun  bool
}

// rest is the length of a window, in s, and maxPoints how many windows at rest are kept: of
// more than a week.
const (
	rest      = 10
	maxPoints = 100_000
)

// Add takes acceleration as a Meter does.
func (c *Calibrator) Add(time int64, g [3]float64) {
	if at := floor(time, rest); !c.begun || at != c.at {
		c.close()
		c.at, c.begun = at, true
	}
	c.window.add(g)
}

// close keeps the mean of a window in which no axis moves.
func (c *Calibrator) close() {
	w := c.window
	c.window = axes{}
	if w.n < 2 || len(c.points) == maxPoints {
		return
	}
	for i := range w.mean {
		if math.Sqrt(w.m2[i]/w.n) >= stillDeviation || math.Abs(w.mean[i]) > 2 {
			return
		}
	}
	c.points = append(c.points, w.mean)
}

// Calibration fits offsets and gains by weighted least squares to the nearest point of the
// unit sphere, over and over. It is none, and ok is false, if the sensor did not lie on
// both sides of each axis (0.3 g), if there are less than ten windows, or if the error
// stays above 10 mg or is not less than before.
func (c *Calibrator) Calibration() (out Calibration, ok bool) {
	c.close()
	if !c.spread() || len(c.points) < 10 {
		return Calibration{}, false
	}
	out = Calibration{Gain: [3]float64{1, 1, 1}}
	before := c.errorOf(out)
	weights := make([]float64, len(c.points))
	for i := range weights {
		weights[i] = 1
	}
	last := math.Inf(1)
	for range 1000 {
		step := c.fit(out, weights)
		for i := range out.Gain { // the fit corrects what the calibration so far gives
			out.Offset[i] = step.Offset[i] + out.Offset[i]*step.Gain[i]
			out.Gain[i] *= step.Gain[i]
		}
		residual := 0.0
		for k, p := range c.points {
			r := math.Abs(length(out.apply(p)) - 1)
			weights[k] = min(1/max(r, 1e-9), 100)
			residual += r
		}
		residual /= float64(len(c.points))
		if !(math.Abs(last-residual) > 1e-10) || last < residual {
			break
		}
		last = residual
	}
	after := c.errorOf(out)
	return out, after < 0.01 && after <= before
}

func (c *Calibrator) spread() bool {
	var low, top [3]float64
	for _, p := range c.points {
		for i, v := range p {
			low[i], top[i] = min(low[i], v), max(top[i], v)
		}
	}
	for i := range low {
		if low[i] > -0.3 || top[i] < 0.3 {
			return false
		}
	}
	return true
}

// errorOf is the mean distance from the unit sphere, in g.
func (c *Calibrator) errorOf(with Calibration) float64 {
	sum := 0.0
	for _, p := range c.points {
		sum += math.Abs(length(with.apply(p)) - 1)
	}
	return sum / float64(len(c.points))
}

// fit is the regression of the nearest points of the sphere on the points, axis by axis.
func (c *Calibrator) fit(now Calibration, weights []float64) Calibration {
	var w, x, y, xx, xy [3]float64
	for k, p := range c.points {
		p = now.apply(p)
		n := length(p)
		if n == 0 {
			continue
		}
		for i, v := range p {
			t := v / n
			w[i] += weights[k]
			x[i] += weights[k] * v
			y[i] += weights[k] * t
			xx[i] += weights[k] * v * v
			xy[i] += weights[k] * v * t
		}
	}
	out := Calibration{Gain: [3]float64{1, 1, 1}}
	for i := range w {
		if d := w[i]*xx[i] - x[i]*x[i]; d > 0 {
			out.Gain[i] = (w[i]*xy[i] - x[i]*y[i]) / d
			out.Offset[i] = (y[i] - out.Gain[i]*x[i]) / w[i]
		}
	}
	return out
}

func length(p [3]float64) float64 { return math.Sqrt(p[0]*p[0] + p[1]*p[1] + p[2]*p[2]) }
