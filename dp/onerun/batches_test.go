package onerun

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"testing"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/noise"
)

// steps of noisy sums over batches: each canary adds norm to the sums of the
// batches that it is in, and is in a batch with the rate 1/every that the claim of
// sampled noise rests on.
const (
	steps, every = 300, 60
	grid         = 16
)

func batchClaim() dp.Event {
	return dp.Event{Kind: dp.SampledGaussian, Noise: 1, Rate: 1. / every, Count: steps}
}

// A batching says whether a canary is in the batch of a step, and what a step's sum
// tells an attacker about it, as a logarithm of likelihoods.
type batching struct {
	in    func(canary, step int, coins io.Reader) (bool, error)
	score func(canary, step int, sum float64) float64
}

// batchings: Poisson sampling, and two that are none.
func batchings() map[string]batching {
	known := func(x float64) float64 { return x - 0.5 } // sigma is 1
	turn := func(canary, step int) bool { return step%every == canary%every }
	return map[string]batching{
		"poisson": {
			in: sampled,
			score: func(_, _ int, x float64) float64 {
				return math.Log1p((math.Exp(known(x)) - 1) / every)
			},
		},
		"fixed batches in turn": {
			in: func(c, s int, _ io.Reader) (bool, error) { return turn(c, s), nil },
			score: func(c, s int, x float64) float64 {
				if !turn(c, s) {
					return 0
				}
				return known(x)
			},
		},
		"everyone in each batch": {
			in:    func(int, int, io.Reader) (bool, error) { return true, nil },
			score: func(_, _ int, x float64) float64 { return known(x) },
		},
	}
}

// sampled is true with the probability 1092/2^16, a little below the rate of the
// claim.
func sampled(_, _ int, coins io.Reader) (bool, error) {
	var b [2]byte
	_, err := io.ReadFull(coins, b[:])
	return binary.LittleEndian.Uint16(b[:]) < (1<<16)/every, err
}

func (b batching) run(seed byte) func([]bool) ([]float64, error) {
	return func(included []bool) ([]float64, error) {
		coins, source := bufio.NewReader(stream(100+seed)), noise.NewSource(stream(200+seed))
		scores := make([]float64, len(included))
		for c, included := range included {
			for step := range steps {
				x, err := (noise.Gaussian{Num: grid * grid, Den: 1}).Draw(source)
				if err != nil {
					return nil, err
				}
				in, err := b.in(c, step, coins)
				if err != nil {
					return nil, err
				}
				if in && included {
					x += grid
				}
				scores[c] += b.score(c, step, float64(x)/grid)
			}
		}
		return scores, nil
	}
}

// The claim of sampled noise holds for Poisson sampling and for nothing else:
// batches of a fixed size that everyone takes turns in, and batches with everyone,
// are refuted.
func TestOnlyPoissonBatchesKeepTheClaimOfSampling(t *testing.T) {
	const canaries, guesses, delta = 1000, 500, 1e-6
	claim := claimed(t, delta, batchClaim())
	for name, b := range batchings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && name == "everyone in each batch" {
				t.Skip("long, and the plainest of the faults")
			}
			got := hold(t, canaries, guesses, delta, b.run)
			t.Logf("claims %.3f: %v", claim, got)
			if fault := name != "poisson"; got.Refutes(claim) != fault {
				t.Errorf("claims %.3f, refuted: %v, want %v: %v", claim, got.Refutes(claim), fault, got)
			}
		})
	}
}
