package composition

import "math"

// Observed is how many parts are not zero.
func Observed(x []float64) int {
	n := 0
	for _, v := range x {
		if v > 0 {
			n++
		}
	}
	return n
}

// Chao1 estimates the richness of counts: observed + f1(f1-1)/(2(f2+1)) with f1 parts seen
// once and f2 twice, the bias-corrected form of Chao 1987 as estimateR of vegan has it.
func Chao1(counts []float64) float64 {
	f := frequencies(counts)
	return float64(Observed(counts)) + f[1]*(f[1]-1)/(2*(f[2]+1))
}

// rare is the greatest count of a rare part in ACE.
const rare = 10

// ACE estimates the richness of counts by their coverage: Chao and Lee 1992 with parts
// seen at most 10 times as rare, as estimateR of vegan has it. NaN where every rare part
// was seen once, as there.
func ACE(counts []float64) float64 {
	f := frequencies(counts)
	abundant, rares, reads, pairs := 0.0, 0.0, 0.0, 0.0
	for _, v := range counts {
		if v > rare {
			abundant++
		}
	}
	for i := 1; i <= rare; i++ {
		n := float64(i)
		rares += f[i]
		reads += n * f[i]
		pairs += n * (n - 1) * f[i]
	}
	if rares == 0 {
		return abundant
	}
	coverage := 1 - f[1]/reads
	if coverage == 0 {
		return math.NaN()
	}
	variation := max(rares/coverage*pairs/(reads*(reads-1))-1, 0)
	return abundant + rares/coverage + f[1]/coverage*variation
}

// frequencies are how many parts were seen 1 to rare times.
func frequencies(counts []float64) [rare + 1]float64 {
	var f [rare + 1]float64
	for _, v := range counts {
		if v >= 1 && v <= rare {
			f[int(v)]++
		}
	}
	return f
}

// Shannon is the entropy of the shares in nats (Shannon 1948): diversity(x) of vegan. 0 of
// a composition without parts, as there.
func Shannon(x []float64) float64 {
	total, sum := Total(x), 0.0
	for _, v := range x {
		if v > 0 {
			p := v / total
			sum -= p * math.Log(p)
		}
	}
	return sum
}

// Simpson is the chance that two reads are of different parts, 1 - sum of squared shares
// (Simpson 1949): diversity(x, "simpson") of vegan. NaN where there is no read.
func Simpson(x []float64) float64 { return 1 - squares(x) }

// InverseSimpson is the effective number of parts by Simpson: diversity(x, "invsimpson").
func InverseSimpson(x []float64) float64 { return 1 / squares(x) }

func squares(x []float64) float64 {
	total, sum := Total(x), 0.0
	if !(total > 0) {
		return math.NaN()
	}
	for _, v := range x {
		sum += v / total * (v / total)
	}
	return sum
}

// Pielou is the evenness: Shannon over its greatest value, ln of the observed richness
// (Pielou 1966). NaN of less than two parts.
func Pielou(x []float64) float64 {
	n := Observed(x)
	if n < 2 {
		return math.NaN()
	}
	return Shannon(x) / math.Log(float64(n))
}

// Fisher is alpha of the log-series of counts (Fisher, Corbet and Williams 1943), the
// solution of S = a ln(1 + N/a): fisher.alpha of vegan. NaN where each read is of a part
// of its own or there is none, because then there is no solution.
func Fisher(counts []float64) float64 {
	s, n := float64(Observed(counts)), Total(counts)
	if s == 0 || s >= n {
		return math.NaN()
	}
	// S rises with a from 0 to N: halving the logarithm of a finds it for certain.
	low, high := math.Log(1e-300), math.Log(1e300)
	for high-low > 1e-15*math.Abs(high) {
		mid := low + (high-low)/2
		if mid == low || mid == high {
			break
		}
		if a := math.Exp(mid); a*math.Log1p(n/a) < s {
			low = mid
		} else {
			high = mid
		}
	}
	return math.Exp(low)
}
