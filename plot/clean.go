package plot

import (
	"math"
	"slices"
)

// finite returns a copy of the figure that holds only what can be drawn: points
// with finite coordinates (positive ones on a logarithmic axis), lists as long
// as their X. A missing or unusable limit of an interval becomes NaN, which the
// drawing reads as "none".
func finite(f Figure) Figure {
	f.X, f.Y = f.X.finite(), f.Y.finite()
	f.Series = slices.Clone(f.Series)
	for i := range f.Series {
		s := &f.Series[i]
		switch f.Kind {
		case Heat:
			s.Z = slices.Clone(s.Z)
			for k, z := range s.Z {
				if math.IsInf(z, 0) {
					s.Z[k] = math.NaN()
				}
			}
		case Bar:
			s.X, s.Y = keepFinite(s.X), slices.Clone(s.Y)
			for k, y := range s.Y {
				if !usable(y, f.Y.Log) {
					s.Y[k] = math.NaN()
				}
			}
			s.Lo, s.Hi = pad(s.Lo, len(s.Y), f.Y.Log), pad(s.Hi, len(s.Y), f.Y.Log)
		case Forest:
			n := max(len(s.X), len(s.Labels))
			s.X, s.Lo, s.Hi = pad(s.X, n, f.X.Log), pad(s.Lo, n, f.X.Log), pad(s.Hi, n, f.X.Log)
		default:
			*s = s.points(f.X.Log, f.Y.Log)
		}
	}
	if f.AtRisk != nil {
		r := AtRisk{Times: keepFinite(f.AtRisk.Times)}
		if len(r.Times) == len(f.AtRisk.Times) && len(r.Times) > 0 {
			r.Rows = f.AtRisk.Rows
			f.AtRisk = &r
		} else {
			f.AtRisk = nil
		}
	}
	return f
}

func (a Axis) finite() Axis {
	if a.Min != nil && !usable(*a.Min, a.Log) {
		a.Min = nil
	}
	if a.Max != nil && !usable(*a.Max, a.Log) {
		a.Max = nil
	}
	if a.Min != nil && a.Max != nil && !(*a.Max > *a.Min) {
		a.Min, a.Max = nil, nil
	}
	return a
}

// largest keeps sums and differences of coordinates finite.
const largest = 1e300

func usable(x float64, log bool) bool {
	return math.Abs(x) <= largest && (!log || x > 1e-300)
}

func keepFinite(xs []float64) []float64 {
	var out []float64
	for _, x := range xs {
		if usable(x, false) {
			out = append(out, x)
		}
	}
	return out
}

// pad gives a list length n; unusable and missing entries are NaN.
func pad(xs []float64, n int, log bool) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
		if i < len(xs) && usable(xs[i], log) {
			out[i] = xs[i]
		}
	}
	return out
}

func (s Series) points(logX, logY bool) Series {
	lo, hi := pad(s.Lo, len(s.X), logY), pad(s.Hi, len(s.X), logY)
	t := Series{Name: s.Name}
	for _, m := range s.Marks {
		if usable(m, logX) {
			t.Marks = append(t.Marks, m)
		}
	}
	for i := 0; i < min(len(s.X), len(s.Y)); i++ {
		if !usable(s.X[i], logX) || !usable(s.Y[i], logY) {
			continue
		}
		t.X, t.Y = append(t.X, s.X[i]), append(t.Y, s.Y[i])
		t.Lo, t.Hi = append(t.Lo, lo[i]), append(t.Hi, hi[i])
		if i < len(s.Labels) {
			t.Labels = append(t.Labels, s.Labels[i])
		} else if len(s.Labels) > 0 {
			t.Labels = append(t.Labels, "")
		}
	}
	return t
}

// empty says whether there is nothing to draw.
func (f Figure) empty() bool {
	for _, s := range f.Series {
		switch f.Kind {
		case Heat:
			if len(s.Z) > 0 && len(f.heatRows(s)) > 0 {
				return false
			}
		case Bar:
			if len(s.Y) > 0 {
				return false
			}
		case Forest:
			for i := range s.X {
				if !math.IsNaN(s.X[i]) || !math.IsNaN(s.Lo[i]) && !math.IsNaN(s.Hi[i]) {
					return false
				}
			}
		default:
			if len(s.X) > 0 {
				return false
			}
		}
	}
	return true
}
