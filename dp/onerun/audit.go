package onerun

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// A Report is what an audit found.
type Report struct {
	Canaries   int     // that a coin put in or left out
	Guesses    int     // r: on so many of them a guess was made
	Correct    int     // v: so many guesses were right
	Delta      float64 // of the claim that is tested
	Confidence float64 // that Epsilon is no more than the mechanism's own, if that claim's delta holds
	Epsilon    float64 // lower bound
}

func (r Report) String() string {
	return fmt.Sprintf("epsilon at least %.3f at delta %g (%d of %d guesses right about %d canaries, confidence %g)", r.Epsilon, r.Delta, r.Correct, r.Guesses, r.Canaries, r.Confidence)
}

// Refutes says whether the report proves a claim of epsilon wrong.
func (r Report) Refutes(epsilon float64) bool { return r.Epsilon > epsilon }

// Audit puts each of m canaries in by a fair coin from coins, runs the mechanism
// once and guesses: half of the guesses say "in" of the highest scores, the others
// "out" of the lowest. run returns a score for each canary that may depend on all
// that the mechanism gives away and on what an attacker knows beforehand, and on
// included by nothing else.
func Audit(m int, run func(included []bool) (scores []float64, err error), guesses int, delta, confidence float64, coins io.Reader) (Report, error) {
	report := Report{Canaries: m, Guesses: guesses, Delta: delta, Confidence: confidence}
	if _, err := LowerBound(m, guesses, 0, delta, confidence); err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	included, err := flip(m, coins)
	if err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	scores, err := run(slices.Clone(included))
	if err != nil {
		return report, fmt.Errorf("audit: run the mechanism: %w", err)
	}
	if len(scores) != m || slices.ContainsFunc(scores, math.IsNaN) {
		return report, fmt.Errorf("audit: %d scores of %d canaries: want one a canary, each a number", len(scores), m)
	}
	report.Correct = correct(included, scores, guesses)
	report.Epsilon, err = LowerBound(m, guesses, report.Correct, delta, confidence)
	return report, err
}

// flip draws m fair coins.
func flip(m int, coins io.Reader) ([]bool, error) {
	bytes := make([]byte, (m+7)/8)
	if _, err := io.ReadFull(coins, bytes); err != nil {
		return nil, fmt.Errorf("flip coins: %w", err)
	}
	out := make([]bool, m)
	for i := range out {
		out[i] = bytes[i/8]>>(i%8)&1 == 1
	}
	return out, nil
}

// correct counts the right guesses. Equal scores are taken in the order of the
// canaries, which has nothing to do with the coins.
func correct(included []bool, scores []float64, guesses int) int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	n, out := 0, guesses/2
	for _, i := range order[:out] {
		if !included[i] {
			n++
		}
	}
	for _, i := range order[len(order)-(guesses-out):] {
		if included[i] {
			n++
		}
	}
	return n
}
