// Package composition computes with counts of taxa, which are compositional: log-ratios,
// rarefaction and diversity.
//
// It serves the readers of microbiome tables. It knows no files. A composition is a slice
// of parts, none negative; what cannot be computed of one is NaN, never a guess.
package composition

import "math"

// Total is the sum of the parts: a sample's library size.
func Total(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum
}

// Closed are the parts as shares of their sum; nil where that is not positive.
func Closed(x []float64) []float64 {
	total := Total(x)
	if !(total > 0) || math.IsInf(total, 1) {
		return nil
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / total
	}
	return out
}

// Added are the parts with a pseudocount added to each, zero or not.
func Added(x []float64, pseudocount float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v + pseudocount
	}
	return out
}

// Replaced are the shares of the parts with each zero replaced by delta and the others
// multiplied so that all sum to 1: multiplicative replacement, equation 5 of
// Martín-Fernández, Barceló-Vidal and Pawlowsky-Glahn 2003 (Math Geol 35:253-278). It
// keeps the ratios of the parts that are not zero. Nil where delta is not positive, the
// zeros leave no room or the sum is not positive.
func Replaced(x []float64, delta float64) []float64 {
	out := Closed(x)
	zeros := 0
	for _, v := range out {
		if v == 0 {
			zeros++
		}
	}
	rest := 1 - float64(zeros)*delta
	if out == nil || !(delta > 0) || !(rest > 0) {
		return nil
	}
	for i, v := range out {
		if out[i] = v * rest; v == 0 {
			out[i] = delta
		}
	}
	return out
}

// CLR are the centred log-ratios of positive parts, ln(x/g(x)) with their geometric mean
// g (Aitchison 1986); NaN all of them where a part is not positive.
func CLR(x []float64) []float64 {
	out := make([]float64, len(x))
	mean := 0.0
	for i, v := range x {
		out[i] = logarithm(v)
		mean += out[i] / float64(len(x))
	}
	for i := range out {
		out[i] -= mean
	}
	return out
}

// ILR are the isometric log-ratios of D positive parts, the D-1 coordinates of
// Egozcue, Pawlowsky-Glahn, Mateu-Figueras and Barceló-Vidal 2003 (Math Geol 35:279-300,
// equation 18): z_i = sqrt(i/(i+1)) ln(g(x_1..x_i)/x_{i+1}).
func ILR(x []float64) []float64 {
	if len(x) < 2 {
		return nil
	}
	out := make([]float64, len(x)-1)
	sum := 0.0
	for i := range out {
		sum += logarithm(x[i])
		out[i] = PivotCoordinate(i+1, sum, logarithm(x[i+1]))
	}
	return out
}

// PivotCoordinate is coordinate i (from 1) of ILR, of the sum of the logarithms of the
// first i parts and that of the part after them.
func PivotCoordinate(i int, logs, next float64) float64 {
	n := float64(i)
	return math.Sqrt(n/(n+1)) * (logs/n - next)
}

// InverseILR are the shares whose ILR z is.
func InverseILR(z []float64) []float64 {
	clr := make([]float64, len(z)+1)
	for i, v := range z { // the basis of ILR: its vector i is 1/i, i times, then -1
		n := float64(i + 1)
		scale := math.Sqrt(n/(n+1)) * v
		for k := range i + 1 {
			clr[k] += scale / n
		}
		clr[i+1] -= scale
	}
	for i, v := range clr {
		clr[i] = math.Exp(v)
	}
	return Closed(clr)
}

// Balance is the isometric log-ratio of two groups of positive parts,
// sqrt(rs/(r+s)) ln(g(up)/g(down)) of r and s parts (Egozcue and Pawlowsky-Glahn 2005,
// Math Geol 37:795-828, equation 11).
func Balance(up, down []float64) float64 {
	r, s := float64(len(up)), float64(len(down))
	return math.Sqrt(r*s/(r+s)) * (meanLog(up) - meanLog(down))
}

func meanLog(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += logarithm(v)
	}
	return sum / float64(len(x))
}

// logarithm is NaN where there is none, also of 0.
func logarithm(x float64) float64 {
	if !(x > 0) {
		return math.NaN()
	}
	return math.Log(x)
}
