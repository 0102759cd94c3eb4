package onerun

import (
	"crypto/aes"
	"crypto/cipher"
	"io"
	"math"
	"testing"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/noise"
)

// Every audit here has this confidence, and a mechanism counts as refuted where
// three audits with fresh coins and noise all refute it: one that keeps its claim
// fails with a probability of at most 1e-6. (One audit at that confidence would see
// less: the term of delta in the bound does not shrink with it.) Seeds are fixed.
const (
	confidence = 0.99
	audits     = 3
)

// stream is a source of random bytes that is the same in every run.
func stream(seed byte) io.Reader {
	block, err := aes.NewCipher(append(make([]byte, 15), seed))
	if err != nil {
		panic(err)
	}
	return cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, 16)), R: zeros{}}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A release is a sum over sites with a coordinate for each canary: what one adds is
// clipped to norm steps of the grid, and each site adds its share of the noise.
type release struct {
	sites int
	share noise.Distribution
	norm  int64
	claim dp.Event
	plant bug
}

type bug struct {
	quiet     bool // half the noise
	unclipped bool
}

// run releases the sum and scores each canary by what is told of it. Each adds five
// times what it may.
func (r release) run(seed byte) func([]bool) ([]float64, error) {
	return func(included []bool) ([]float64, error) {
		source := noise.NewSource(stream(seed))
		scores := make([]float64, len(included))
		for i, in := range included {
			var opened int64
			if in {
				opened = 5 * r.norm
				if !r.plant.unclipped {
					opened = min(opened, r.norm)
				}
			}
			for range r.sites {
				x, err := r.share.Draw(source)
				if err != nil {
					return nil, err
				}
				if r.plant.quiet {
					x /= 2
				}
				opened += x
			}
			scores[i] = float64(opened)
		}
		return scores, nil
	}
}

// A stage is a mechanism with its claim and the audit that has the power to see it:
// of Gaussian noise the claims at a small delta are due to rare draws, so there many
// canaries are needed for few guesses.
type stage struct {
	release
	canaries, guesses int
	delta             float64
}

// stages are the mechanisms of package noise, of epsilon 2.25 and 1.
func stages() map[string]stage {
	const sites, norm = 2, 64
	laplace := func(norm uint64) release {
		return release{sites: sites, norm: int64(norm),
			share: noise.LaplaceShare{Laplace: noise.Laplace{T: norm, S: 1}, Honest: sites},
			claim: dp.Event{Kind: dp.DiscreteLaplace, Noise: 1}}
	}
	gaussian := release{sites: sites, norm: norm,
		share: noise.Gaussian{Num: 4 * norm * norm / sites, Den: 1},
		claim: dp.Event{Kind: dp.Gaussian, Noise: 2}}
	return map[string]stage{
		"gaussian":          {gaussian, 200_000, 2000, 1e-6},
		"laplace":           {laplace(norm), 20_000, 2000, 0},
		"laplace of counts": {laplace(1), 20_000, 2000, 0},
	}
}

// claimed is the least epsilon that an accountant gives for the events.
func claimed(t testing.TB, delta float64, events ...dp.Event) float64 {
	t.Helper()
	least := math.Inf(1)
	for _, a := range account.All() {
		e, err := a.Epsilon(events, delta)
		if err != nil {
			t.Fatal(err)
		}
		least = min(least, e)
	}
	return least
}

// hold audits so many times, and returns the report that refutes least.
func hold(t testing.TB, canaries, guesses int, delta float64, run func(seed byte) func([]bool) ([]float64, error)) Report {
	t.Helper()
	var least Report
	for i := byte(0); i < audits; i++ {
		r, err := Audit(canaries, run(2*i), guesses, delta, confidence, stream(2*i+1))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 || r.Epsilon < least.Epsilon {
			least = r
		}
	}
	return least
}

// What sums claim is not refuted, and the instrument comes near it; half the noise
// and a patient who is not clipped are seen.
func TestSumsKeepWhatTheyClaimAndPlantedBugsAreSeen(t *testing.T) {
	for name, s := range stages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && s.canaries > 50_000 {
				t.Skip("long: many canaries")
			}
			claim := claimed(t, s.delta, s.claim)
			got := hold(t, s.canaries, s.guesses, s.delta, s.run)
			t.Logf("claims %.3f: %v", claim, got)
			if got.Refutes(claim) {
				t.Errorf("claims %.3f: %v", claim, got)
			}
			if got.Epsilon < claim/3 {
				t.Errorf("an audit of so little power shows nothing: claims %.3f: %v", claim, got)
			}
			for plant, b := range map[string]bug{"half the noise": {quiet: true}, "no clipping": {unclipped: true}} {
				r := s.release
				r.plant = b
				got := hold(t, s.canaries, s.guesses, s.delta, r.run)
				t.Logf("%s: %v", plant, got)
				if !got.Refutes(claim) {
					t.Errorf("%s was not seen: claims %.3f: %v", plant, claim, got)
				}
			}
		})
	}
}
