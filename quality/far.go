package quality

import (
	"math"

	"hmsp.center/hmsp/table"
)

// fences are where values are far from the others: three interquartile ranges beyond
// the quartiles (Tukey, Exploratory Data Analysis, 1977, "far out"), on the scale,
// natural or logarithmic, on which the quartiles are more even about the median.
// Quartiles do not move however far out a quarter of the values lie.
type fences struct {
	lo, hi float64
	n      int
	same   map[float64]int // how often values beyond the fences stand, of the first that were met
}

// mostSame bounds the different values beyond the fences that are counted apart.
const mostSame = 1024

func (v *pass) fences() fences {
	f := fences{lo: math.Inf(-1), hi: math.Inf(1), same: map[float64]int{}}
	s := v.meter.sketch
	if !measured(v.column.variable) || s.n < fewest {
		return f
	}
	q := s.quantiles(false, 0.25, 0.5, 0.75)
	if !(q[2] > q[0]) { // half of the values are the same
		return f
	}
	f.lo, f.hi = q[0]-3*(q[2]-q[0]), q[2]+3*(q[2]-q[0])
	if q[0] <= 0 {
		return f
	}
	l := []float64{math.Log(q[0]), math.Log(q[1]), math.Log(q[2])}
	if math.Abs(skew(l)) < math.Abs(skew(q)) {
		f.lo, f.hi = math.Exp(l[0]-3*(l[2]-l[0])), math.Exp(l[2]+3*(l[2]-l[0]))
	}
	return f
}

// fewest is how many values are needed to judge single ones by the others.
const fewest = 20

// skew is Bowley's skewness, -1 to 1.
func skew(q []float64) float64 { return (q[2] + q[0] - 2*q[1]) / (q[2] - q[0]) }

func (f *fences) add(x float64) {
	f.n++
	if _, ok := f.same[x]; ok || x == 0 || len(f.same) < mostSame {
		f.same[x]++
	}
}

// atemporal judges the values without their times.
func (v *pass) atemporal(f *fences) {
	a, s, n := &v.out.Atemporal, v.meter.sketch, v.out.Values
	if !v.column.variable.Numeric() {
		for _, k := range v.total {
			a.Constant = a.Constant || k == n && n >= fewest && len(v.total) > 1
		}
		return
	}
	if v.column.variable.Kind == "flag" {
		return // of a flag, 0 is no, and often only yes is recorded
	}
	a.Constant = n >= fewest && s.min == s.max
	if !measured(v.column.variable) {
		return
	}
	a.FarOut = f.n
	if a.Spike = spike(s, a.Zeros); a.Spike {
		a.FarOut -= f.same[0]
	}
	for x, k := range f.same {
		if x != 0 && 2*k > f.n && k >= 5 && k > a.Sentinel {
			a.Sentinel = k
		}
	}
	a.Digits, a.Decimals = v.digits.judge(s)
}

// measured says whether a variable is a measurement, whose values are near each other.
// Flags, codes written as numbers and counts of rare things are none: they have few
// units between their bounds.
func measured(v table.Variable) bool {
	const fewUnits = 20
	return v.Kind == table.Number || v.Kind == table.Integer && v.Max-v.Min >= fewUnits
}

// spike says whether zeros are far from the values that are not zero: below Tukey's
// inner fence of these, or all that there is. They are then most likely values that
// are missing.
func spike(s *sketch, zeros int) bool {
	if zeros < 5 || s.n < fewest {
		return false
	}
	others := s.n - zeros
	if others == 0 {
		return true
	}
	if others < fewest {
		return false
	}
	q := s.quantiles(true, 0.25, 0.75)
	return q[0]-1.5*(q[1]-q[0]) > 0 && s.min >= 0
}
