package radiomics

import (
	"math"
	"slices"
)

// A Feature is a number that describes an image.
type Feature struct {
	Code  string // "ibsi:Q4LE"
	Name  string // kebab-case: "mean"
	Value float64
}

// Bins is the usual number of bins of an intensity histogram.
const Bins = 32

// Features are the intensity-based statistics (section 3.3 of the manual) of the region
// of interest, and the entropy and uniformity of its intensity histogram (section 3.4)
// of a fixed number of bins (section 2.7). Percentiles between two values are
// interpolated linearly. What the region does not define is left out: everything of an
// empty one, and a ratio to zero.
func Features(m Image, bins int) []Feature {
	x := m.region()
	if len(x) == 0 {
		return nil
	}
	s := moments(x)
	entropy, uniformity := histogram(x, s.low, s.high, bins)
	q := percentiles(x, 10, 25, 50, 75, 90) // reorders x
	p10, p25, median, p75, p90 := q[0], q[1], q[2], q[3], q[4]
	all := []Feature{
		{"ibsi:Q4LE", "mean", s.mean},
		{"ibsi:ECT3", "variance", s.variance},
		{"ibsi:KE2A", "skewness", s.skewness},
		{"ibsi:IPH6", "kurtosis", s.kurtosis},
		{"ibsi:Y12H", "median", median},
		{"ibsi:1GSF", "minimum", s.low},
		{"ibsi:QG58", "percentile-10", p10},
		{"ibsi:8DWT", "percentile-90", p90},
		{"ibsi:84IY", "maximum", s.high},
		{"ibsi:SALO", "interquartile-range", p75 - p25},
		{"ibsi:2OJQ", "range", s.high - s.low},
		{"ibsi:4FUA", "mean-absolute-deviation", deviation(x, s.mean)},
		{"ibsi:1128", "robust-mean-absolute-deviation", robust(x, p10, p90)},
		{"ibsi:N72L", "median-absolute-deviation", deviation(x, median)},
		{"ibsi:7TET", "coefficient-of-variation", math.Sqrt(s.variance) / s.mean},
		{"ibsi:9S40", "quartile-coefficient-of-dispersion", (p75 - p25) / (p75 + p25)},
		{"ibsi:N8CA", "energy", s.energy},
		{"ibsi:5ZWQ", "root-mean-square", math.Sqrt(s.energy / float64(len(x)))},
		{"ibsi:TLU2", "histogram-entropy", entropy},
		{"ibsi:BJ5W", "histogram-uniformity", uniformity},
	}
	return slices.DeleteFunc(all, func(f Feature) bool { return math.IsNaN(f.Value) || math.IsInf(f.Value, 0) })
}

// Codes lists the codes and names of Features, in their order.
func Codes() []Feature {
	out := Features(Image{Shape: []int{1, 4}, Spacing: []float64{0, 0}, Values: []float32{1, 1, 2, 2}}, 2)
	for i := range out {
		out[i].Value = 0
	}
	return out
}

type statistics struct {
	mean, variance, skewness, kurtosis, energy, low, high float64
}

// moments are 3.3.1 to 3.3.4, 3.3.6, 3.3.9 and 3.3.17. Skewness and kurtosis of a
// constant are 0, as the manual sets them.
func moments(x []float32) statistics {
	s := statistics{low: float64(x[0]), high: float64(x[0])}
	n := float64(len(x))
	for _, v := range x {
		v := float64(v)
		s.mean += v
		s.energy += v * v
		s.low, s.high = min(s.low, v), max(s.high, v)
	}
	s.mean /= n
	var m3, m4 float64
	for _, v := range x {
		d := float64(v) - s.mean
		d2 := d * d
		s.variance += d2
		m3 += d2 * d
		m4 += d2 * d2
	}
	s.variance /= n
	if s.low == s.high {
		s.variance = 0 // whatever rounding left
		return s
	}
	s.skewness = m3 / n / math.Pow(s.variance, 1.5)
	s.kurtosis = m4/n/(s.variance*s.variance) - 3
	return s
}

// deviation is the mean distance to a centre: 3.3.12 and 3.3.14.
func deviation(x []float32, centre float64) float64 {
	var sum float64
	for _, v := range x {
		sum += math.Abs(float64(v) - centre)
	}
	return sum / float64(len(x))
}

// robust is 3.3.13: the mean absolute deviation of what lies between two percentiles.
func robust(x []float32, low, high float64) float64 {
	var sum, n float64
	for _, v := range x {
		if v := float64(v); v >= low && v <= high {
			sum += v
			n++
		}
	}
	mean := sum / n
	sum = 0
	for _, v := range x {
		if v := float64(v); v >= low && v <= high {
			sum += math.Abs(v - mean)
		}
	}
	return sum / n
}

// histogram gives entropy (3.4.18) and uniformity (3.4.19) of intensities in bins of
// equal width.
func histogram(x []float32, low, high float64, bins int) (entropy, uniformity float64) {
	counts := make([]int, max(bins, 1))
	for _, v := range x {
		k := 0
		if high > low {
			k = min(int(float64(len(counts))*((float64(v)-low)/(high-low))), len(counts)-1)
		}
		counts[k]++
	}
	for _, c := range counts {
		if p := float64(c) / float64(len(x)); c > 0 {
			entropy -= p * math.Log2(p)
			uniformity += p * p
		}
	}
	return entropy, uniformity
}

// percentiles are those of x, which it reorders; percents rise.
func percentiles(x []float32, percents ...float64) []float64 {
	out := make([]float64, len(percents))
	rest := 0 // what lies before is in its place or smaller
	for i, p := range percents {
		at := p / 100 * float64(len(x)-1)
		k := int(at)
		pick(x[rest:], k-rest)
		rest = k
		out[i] = float64(x[k])
		if part := at - float64(k); part > 0 {
			next := slices.Min(x[k+1:])
			out[i] += part * (float64(next) - float64(x[k]))
		}
	}
	return out
}

// pick moves the element of rank k to its place: smaller ones stand before it, larger
// ones behind (Hoare's FIND, with the middle of three as pivot).
func pick(x []float32, k int) {
	low, high := 0, len(x)-1
	for low < high {
		a, b, c := x[low], x[low+(high-low)/2], x[high]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := low, high
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return
		}
	}
}
