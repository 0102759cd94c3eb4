// Package onerun measures how private a mechanism is by playing against it: many
// canaries are put in or left out by coin flips, the mechanism runs once, and who
// then guesses the coins better than its epsilon allows has refuted its claim
// (Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run,
// NeurIPS 2023).
//
// It serves whoever builds or reviews a mechanism: a bound above the claimed
// epsilon proves a fault, up to the stated confidence. It refuses to be read the
// other way: a low bound proves nothing, as the guesser may be poor.
package onerun

import (
	"fmt"
	"math"
)

// most is the largest epsilon that is told apart.
const most = 64

// LowerBound is the largest epsilon that so many correct guesses refute: a
// mechanism that is (epsilon, delta)-private for each of m canaries, put in by
// independent fair coins, lets nobody get that many of so many guesses right with
// a probability above 1-confidence. How many guesses are made must be decided
// before scores are seen; 0 is returned where nothing is refuted.
func LowerBound(m, guesses, correct int, delta, confidence float64) (epsilon float64, err error) {
	switch {
	case m < 1 || guesses < 1 || guesses > m || correct < 0 || correct > guesses:
		return 0, fmt.Errorf("%d correct of %d guesses about %d canaries: want at least 1 guess, at most one a canary, at most all correct", correct, guesses, m)
	case !(delta >= 0 && delta < 1):
		return 0, fmt.Errorf("delta %v: want at least 0 and less than 1", delta)
	case !(confidence > 0 && confidence < 1):
		return 0, fmt.Errorf("confidence %v: want a number between 0 and 1", confidence)
	}
	choose := logChoose(guesses)
	refuted := func(epsilon float64) bool {
		return pValue(m, correct, epsilon, delta, choose) <= 1-confidence
	}
	if !refuted(0) {
		return 0, nil
	}
	low, high := 0.0, float64(most)
	for high-low > 1e-9 {
		if middle := (low + high) / 2; refuted(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// pValue bounds the probability that at least v of r guesses are correct under
// (epsilon, delta) (Theorem 5.2 of the paper, as its appendix computes it):
//
//	P[B >= v] + 2 m delta max_i (1/i) sum_{j=1..i} P[B = v-j],
//
// B binomial with r trials of probability e^epsilon/(1+e^epsilon). choose holds
// the logarithms of r choose k.
func pValue(m, v int, epsilon, delta float64, choose []float64) float64 {
	r := len(choose) - 1
	right, wrong := -math.Log1p(math.Exp(-epsilon)), -epsilon-math.Log1p(math.Exp(-epsilon))
	mass := func(k int) float64 {
		return math.Exp(choose[k] + float64(k)*right + float64(r-k)*wrong)
	}
	beta := 0.0
	for k := r; k >= v; k-- {
		beta += mass(k)
	}
	alpha, sum := 0.0, 0.0
	for i := 1; i <= min(v, m); i++ { // beyond v the sum stays and the mean falls
		sum += mass(v - i)
		alpha = max(alpha, sum/float64(i))
	}
	return min(1, beta+2*float64(m)*delta*alpha)
}

// logChoose holds log(r choose k) for k = 0..r.
func logChoose(r int) []float64 {
	out := make([]float64, r+1)
	all, _ := math.Lgamma(float64(r + 1))
	for k := range out {
		in, _ := math.Lgamma(float64(k + 1))
		rest, _ := math.Lgamma(float64(r - k + 1))
		out[k] = all - in - rest
	}
	return out
}
