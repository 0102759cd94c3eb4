package plot

import (
	"math"
	"strconv"
	"strings"
)

// ticks finds the numbers to label an axis over lo..hi with, about m of them:
// Talbot, Lin and Hanrahan, An Extension of Wilkinson's Algorithm for
// Positioning Tick Labels on Axes, IEEE InfoVis 2010. Names are the paper's;
// legibility is constant here because all labels of an axis are formatted alike.
func ticks(lo, hi float64, m int) []float64 {
	if !(hi > lo) || m < 2 {
		return []float64{lo}
	}
	q := []float64{1, 5, 2, 2.5, 4, 3}
	const w1, w2, w3, w4 = 0.25, 0.2, 0.5, 0.05
	best, bestMin, bestStep, bestN := -2.0, lo, hi-lo, 2
	for j := 1.0; j < 20; j++ {
		for i, qi := range q {
			sm := 1 - float64(i)/float64(len(q)-1) - j + 1
			if w1*sm+w2+w3+w4 < best {
				j = 20
				break
			}
			for k := 2.0; k < 3*float64(m); k++ {
				dm := densityMax(k, float64(m))
				if w1*sm+w2+w3*dm+w4 < best {
					break
				}
				delta := (hi - lo) / (k + 1) / j / qi
				for z := math.Ceil(math.Log10(delta)); z < math.Ceil(math.Log10(delta))+8; z++ {
					step := j * qi * math.Pow(10, z)
					cm := coverageMax(lo, hi, step*(k-1))
					if w1*sm+w2*cm+w3*dm+w4 < best {
						break
					}
					from, to := math.Floor(hi/step)*j-(k-1)*j, math.Ceil(lo/step)*j
					for start := from; start <= to && to-from < 1e4; start++ {
						a := start * step / j
						b := a + step*(k-1)
						s := simplicity(i, j, len(q), a, b, step)
						score := w1*s + w2*coverage(lo, hi, a, b) + w3*density(k, float64(m), lo, hi, a, b) + w4
						if score > best {
							best, bestMin, bestStep, bestN = score, a, step, int(k)
						}
					}
				}
			}
		}
	}
	out := make([]float64, bestN)
	for i := range out {
		out[i] = clean(bestMin+float64(i)*bestStep, bestStep)
	}
	return out
}

// clean rounds x to the digits that a multiple of step can have.
func clean(x, step float64) float64 {
	if x == 0 || math.Abs(x) < math.Abs(step)*1e-9 {
		return 0
	}
	digits := 12 - int(math.Floor(math.Log10(math.Abs(step))))
	if digits < 0 || digits > 300 {
		return x
	}
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	if err != nil {
		return x
	}
	return y
}

func simplicity(i int, j float64, n int, a, b, step float64) float64 {
	v := 0.0
	r := math.Mod(a, step)
	if r < 0 {
		r += step
	}
	if (r < step*1e-10 || step-r < step*1e-10) && a <= 0 && b >= 0 {
		v = 1
	}
	return 1 - float64(i)/float64(n-1) - j + v
}

func coverage(lo, hi, a, b float64) float64 {
	r := 0.1 * (hi - lo)
	return 1 - 0.5*((hi-b)*(hi-b)+(lo-a)*(lo-a))/(r*r)
}

func coverageMax(lo, hi, span float64) float64 {
	if r := hi - lo; span > r {
		h := (span - r) / 2
		return 1 - h*h/(0.01*r*r)
	}
	return 1
}

func density(k, m, lo, hi, a, b float64) float64 {
	r := (k - 1) / (b - a)
	t := (m - 1) / (math.Max(b, hi) - math.Min(a, lo))
	return 2 - math.Max(r/t, t/r)
}

func densityMax(k, m float64) float64 {
	if k >= m {
		return 2 - (k-1)/(m-1)
	}
	return 1
}

// logTicks finds the numbers to label a logarithmic axis with, at most m of
// them: the first of the usual series that has enough in range, else round
// numbers of the linear scale.
func logTicks(lo, hi float64, m int) []float64 {
	if !(lo > 0) || !(hi > lo) || m < 1 {
		return []float64{lo}
	}
	if t := decades(lo, hi, []float64{1}, 1); len(t) >= 4 && len(t) <= m {
		return t
	}
	var series [][]float64
	if hi/lo < 300 {
		series = append(series, halvings(lo, hi))
	}
	for _, set := range [][]float64{{1, 2, 5}, {1, 3}, {1, 1.5, 2, 3, 4, 5, 6, 8}, {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9}} {
		series = append(series, decades(lo, hi, set, 1))
	}
	for step := 1.0; step < 300; step++ {
		series = append(series, decades(lo, hi, []float64{1}, step))
	}
	for _, s := range series {
		if len(s) >= 3 && len(s) <= m {
			return s
		}
	}
	return within(ticks(lo, hi, min(m, 5)), lo, hi)
}

// within keeps the numbers in lo..hi; where none is, the ends serve.
func within(ts []float64, lo, hi float64) []float64 {
	slack := (hi - lo) * 1e-9
	var in []float64
	for _, t := range ts {
		if t >= lo-slack && t <= hi+slack {
			in = append(in, t)
		}
	}
	if len(in) == 0 {
		return []float64{lo, hi}
	}
	return in
}

// decades are the multiples in set of every step-th power of ten in lo..hi.
func decades(lo, hi float64, set []float64, step float64) []float64 {
	var out []float64
	for e := math.Floor(math.Log10(lo)/step) * step; e <= math.Log10(hi) && len(out) < 100; e += step {
		for _, s := range set {
			v := clean(s*math.Pow(10, e), math.Pow(10, e))
			if v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				out = append(out, v)
			}
		}
	}
	return out
}

// halvings are the powers of two in lo..hi: the usual marks for ratios.
func halvings(lo, hi float64) []float64 {
	var out []float64
	for e := math.Ceil(math.Log2(lo) - 1e-9); e <= math.Log2(hi)+1e-9 && len(out) < 100; e++ {
		out = append(out, math.Exp2(e))
	}
	return out
}

// labels writes the numbers of one axis, all with the same decimals.
func labels(ts []float64) []string {
	big, dec := 0.0, 0
	out := make([]string, len(ts))
	for _, t := range ts {
		big = math.Max(big, math.Abs(t))
		dec = max(dec, decimals(t))
	}
	for i, t := range ts {
		switch {
		case dec <= 5 && big < 1e6:
			out[i] = plain(t, dec)
		case t == 0:
			out[i] = "0"
		default:
			out[i] = scientific(t)
		}
	}
	return out
}

// logLabels writes each number with the digits it needs.
func logLabels(ts []float64) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		if t >= 1e5 || t < 1e-3 {
			out[i] = scientific(t)
		} else {
			out[i] = plain(t, decimals(t))
		}
	}
	return out
}

// decimals is the number of decimals that x, a round number, is written with.
func decimals(x float64) int {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if i := strings.IndexByte(s, '.'); i >= 0 {
		return len(s) - i - 1
	}
	return 0
}

// plain writes a number for people: a true minus sign, thousands apart from
// 10 000 on.
func plain(x float64, dec int) string {
	s := strconv.FormatFloat(math.Abs(x), 'f', dec, 64)
	whole, frac, _ := strings.Cut(s, ".")
	if len(whole) > 4 {
		var b strings.Builder
		for i, r := range whole {
			if i > 0 && (len(whole)-i)%3 == 0 {
				b.WriteRune('\u2009')
			}
			b.WriteRune(r)
		}
		whole = b.String()
	}
	if frac != "" {
		whole += "." + frac
	}
	if x < 0 && strings.Trim(s, "0.") != "" {
		return "−" + whole
	}
	return whole
}

// scientific writes x as a×10ⁿ.
func scientific(x float64) string {
	s := strconv.FormatFloat(x, 'e', -1, 64)
	m, e, _ := strings.Cut(s, "e")
	if len(m) > 5 {
		m, e, _ = strings.Cut(strconv.FormatFloat(x, 'e', 2, 64), "e")
	}
	n, _ := strconv.Atoi(e)
	up := strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")
	pow := "10" + up.Replace(strconv.Itoa(n))
	m = strings.Replace(m, "-", "−", 1)
	switch m {
	case "1":
		return pow
	case "−1":
		return "−" + pow
	}
	return m + "×" + pow
}
