package composition

import (
	"math"
	"math/rand/v2"
)

// Rarefied draws depth reads without replacement, each read alike: an exact draw from the
// multivariate hypergeometric distribution. Counts are whole numbers; nil where there are
// fewer reads than depth. The same source gives the same draw.
func Rarefied(counts []float64, depth int, source rand.Source) []float64 {
	total := Total(counts)
	if depth < 0 || total < float64(depth) || total > 1<<53 {
		return nil
	}
	out := make([]float64, len(counts))
	rng := rand.New(source)
	left, want := int64(total), int64(depth)
	// Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S): the
	// next read is kept with the chance of reads wanted to reads left, which is exact with
	// whole random numbers.
	for i, c := range counts {
		for range int64(c) {
			if want == 0 {
				return out
			}
			if rng.Int64N(left) < want {
				out[i]++
				want--
			}
			left--
		}
	}
	return out
}

// RarefiedRichness is the richness to expect of depth reads drawn without replacement
// (Hurlbert 1971): rarefy of vegan. NaN where there are fewer reads.
func RarefiedRichness(counts []float64, depth int) float64 {
	total, n := Total(counts), float64(depth)
	if depth < 0 || total < n {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range counts {
		if v > 0 {
			sum += 1 - without(total, v, n)
		}
	}
	return sum
}

// without is the chance that a part with v of total reads is not among n drawn:
// choose(total-v, n) / choose(total, n).
func without(total, v, n float64) float64 {
	if n > total-v {
		return 0
	}
	// Also the product of (total-n-k)/(total-k) for k below v, with n and v changed about:
	// exact to the last digits, where logarithms of great factorials cancel.
	if few, many := min(v, n), max(v, n); few <= 4096 {
		p := 1.0
		for k := 0.0; k < few; k++ {
			p *= (total - many - k) / (total - k)
		}
		return p
	}
	return math.Exp(logGamma(total-v+1) - logGamma(total-v-n+1) - logGamma(total+1) + logGamma(total-n+1))
}

func logGamma(x float64) float64 {
	y, _ := math.Lgamma(x)
	return y
}
