package noise

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"testing"
	"testing/iotest"

	"gonum.org/v1/gonum/stat/distuv"
)

var update = flag.Bool("update", false, "write testdata again")

// alarm is the probability with which each statistical test of this package fails
// though the noise is right. Seeds are fixed, so it was drawn once.
const alarm = 1e-6

// stream is a source of random bits that is the same in every run.
func stream(seed byte) *Source {
	block, err := aes.NewCipher(append(make([]byte, 15), seed))
	if err != nil {
		panic(err)
	}
	return NewSource(cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, 16)), R: zeros{}})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func draws(t testing.TB, d Distribution, s *Source, n int) []int64 {
	t.Helper()
	out := make([]int64, n)
	for i := range out {
		var err error
		if out[i], err = d.Draw(s); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func fits(t *testing.T, xs []int64, p func(int64) float64) {
	t.Helper()
	if text := misfit(xs, p); text != "" {
		t.Error(text)
	}
}

// misfit is the chi-squared test of goodness of fit against the law p on the
// integers; cells that expect fewer than 20 draws are put together. It says what
// does not fit.
func misfit(xs []int64, p func(int64) float64) string {
	seen := map[int64]float64{}
	for _, x := range xs {
		seen[x]++
	}
	n := float64(len(xs))
	chi, cells, rest, restSeen := 0.0, 0, n, n
	for k := int64(0); ; k++ {
		any := false
		for _, x := range slices.Compact([]int64{-k, k}) {
			if want := n * p(x); want >= 20 {
				chi += (seen[x] - want) * (seen[x] - want) / want
				rest, restSeen, any = rest-want, restSeen-seen[x], true
				cells++
			}
		}
		if !any && k > 0 {
			break
		}
	}
	if rest > 5 {
		chi += (restSeen - rest) * (restSeen - rest) / rest
		cells++
	} else if restSeen > rest+40 {
		return fmt.Sprintf("%v draws in the tails, want %v", restSeen, rest)
	}
	if most := (distuv.ChiSquared{K: float64(cells - 1)}).Quantile(1 - alarm); !(chi < most) {
		return fmt.Sprintf("chi-squared %.1f with %d cells, at most %.1f", chi, cells, most)
	}
	return ""
}

// The test of fit is sharp enough to see 2% in a scale, one sign in 25 lost and zeros that
// are half a percent too many.
func TestTheTestOfFitCanFail(t *testing.T) {
	xs := draws(t, Laplace{10, 1}, stream(40), 1_000_000)
	folded, zeros := slices.Clone(xs), slices.Clone(xs)
	for i := range xs {
		if folded[i] = xs[i]; i%25 == 0 {
			folded[i] = max(xs[i], -xs[i])
		}
		if i%200 == 0 {
			zeros[i] = 0
		}
	}
	for name, text := range map[string]string{
		"scale":     misfit(xs, laplaceLaw(10.2)),
		"signs":     misfit(folded, laplaceLaw(10)),
		"zeros":     misfit(zeros, laplaceLaw(10)),
		"a quarter": misfit(draws(t, Gaussian{1, 4}, stream(41), 1_000_000), gaussLaw(0.2525)),
	} {
		if text == "" {
			t.Errorf("%s: not seen", name)
		}
	}
}

// lawOf normalises weights over -reach..reach.
func lawOf(reach int64, weight func(x float64) float64) func(int64) float64 {
	total := 0.0
	for x := -reach; x <= reach; x++ {
		total += weight(float64(x))
	}
	return func(x int64) float64 { return weight(float64(x)) / total }
}

func gaussLaw(variance float64) func(int64) float64 {
	return lawOf(int64(40*math.Sqrt(variance))+20, func(x float64) float64 { return math.Exp(-x * x / (2 * variance)) })
}

func laplaceLaw(scale float64) func(int64) float64 {
	return lawOf(int64(60*scale)+20, func(x float64) float64 { return math.Exp(-math.Abs(x) / scale) })
}

// polyaDifference is the law of a share: the difference of two negative binomials
// of parameter 1/h, by convolution of their mass functions.
func polyaDifference(scale float64, h int) func(int64) float64 {
	q, r := math.Exp(-1/scale), 1/float64(h)
	mass := make([]float64, int(45*scale)+30)
	mass[0] = math.Pow(1-q, r)
	for k := 1; k < len(mass); k++ {
		mass[k] = mass[k-1] * q * (float64(k-1) + r) / float64(k)
	}
	return func(x int64) float64 {
		p := 0.0
		for k := int(max(x, -x)); k < len(mass); k++ {
			p += mass[k] * mass[k-int(max(x, -x))]
		}
		return p
	}
}

func times(t *testing.T) int {
	if testing.Short() || raced {
		return 100_000
	}
	return 1_000_000
}

// The digits of methods B1.
func TestLawsHaveTheGoldenDigits(t *testing.T) {
	for _, c := range []struct {
		d            Distribution
		p            func(int64) float64
		zero, second float64
	}{
		{Gaussian{1, 1}, gaussLaw(1), 0.398942278267, 0.999999788768},
		{Gaussian{1, 4}, gaussLaw(0.25), 0.786570707042, 0.215012675088},
		{Gaussian{4, 1}, gaussLaw(4), 0.199471140201, 4},
		{Laplace{1, 1}, laplaceLaw(1), 0.46211715726, 1.84134718842},
		{Laplace{10, 1}, laplaceLaw(10), math.Tanh(0.05), 199.833416634},
	} {
		if math.Abs(c.p(0)-c.zero) > 1e-11 || math.Abs(c.d.Variance()/c.second-1) > 1e-7 {
			t.Errorf("%v: P(0) = %.12f, variance %.12f, want %.12f and %.12f", c.d, c.p(0), c.d.Variance(), c.zero, c.second)
		}
	}
}

func TestDrawsFollowTheirLaws(t *testing.T) {
	for name, c := range map[string]struct {
		d Distribution
		p func(int64) float64
		n int
	}{
		"gaussian 1/4":      {Gaussian{1, 4}, gaussLaw(0.25), 1},
		"gaussian 1":        {Gaussian{1, 1}, gaussLaw(1), 1},
		"gaussian 4":        {Gaussian{4, 1}, gaussLaw(4), 1},
		"gaussian 1000":     {Gaussian{16000, 16}, gaussLaw(1000), 1},
		"laplace 1":         {Laplace{1, 1}, laplaceLaw(1), 1},
		"laplace 10":        {Laplace{10, 1}, laplaceLaw(10), 1},
		"laplace 1/3":       {Laplace{1, 3}, laplaceLaw(1. / 3), 1},
		"laplace 7/3":       {Laplace{7, 3}, laplaceLaw(7. / 3), 1},
		"share of one":      {LaplaceShare{Laplace{2, 1}, 1}, laplaceLaw(2), 1},
		"share of two":      {LaplaceShare{Laplace{3, 1}, 2}, polyaDifference(3, 2), 2},
		"share of five":     {LaplaceShare{Laplace{10, 1}, 5}, polyaDifference(10, 5), 4},
		"share of 7/3":      {LaplaceShare{Laplace{7, 3}, 3}, polyaDifference(7./3, 3), 2},
		"share of a narrow": {LaplaceShare{Laplace{2, 5}, 5}, polyaDifference(0.4, 5), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fits(t, draws(t, c.d, stream(byte(len(name))), times(t)/c.n), c.p)
		})
	}
}

// h shares together are a discrete Laplace, exactly.
func TestSharesSumToTheWhole(t *testing.T) {
	for _, h := range []int{2, 5, 9} {
		s := stream(byte(h))
		sums := make([]int64, times(t)/10)
		for range h {
			for i, x := range draws(t, LaplaceShare{Laplace{4, 1}, h}, s, len(sums)) {
				sums[i] += x
			}
		}
		fits(t, sums, laplaceLaw(4))
	}
}

// The variance of what several sites add, within 2% over 10^4 runs (methods B3);
// its standard error is below 1.5% for these laws, so the tolerance is that of the
// alarm where it is wider.
func TestVarianceOfDistributedNoise(t *testing.T) {
	const runs, sites, honest = 10_000, 6, 5
	for _, d := range []Distribution{Gaussian{16 * 50, 16}, LaplaceShare{Laplace{20, 1}, honest}} {
		s := stream(77)
		second, fourth := 0.0, 0.0
		for range runs {
			sum := 0.0
			for range sites {
				x, err := d.Draw(s)
				if err != nil {
					t.Fatal(err)
				}
				sum += float64(x)
			}
			second, fourth = second+sum*sum/runs, fourth+sum*sum*sum*sum/runs
		}
		want := sites * d.Variance()
		error := math.Sqrt((fourth - second*second) / runs)
		if math.Abs(second-want) > max(0.02*want, 4.9*error) {
			t.Errorf("%v: variance %.2f, want %.2f", d, second, want)
		}
	}
}

// The same bytes give the same draws, now and in every later version.
func TestDrawsAreAFunctionOfTheirSource(t *testing.T) {
	got := map[string][]int64{
		"gaussian 100":    draws(t, Gaussian{100, 1}, stream(1), 20),
		"laplace 9":       draws(t, Laplace{9, 1}, stream(2), 20),
		"laplace share 9": draws(t, LaplaceShare{Laplace{9, 1}, 3}, stream(3), 20),
	}
	const file = "testdata/draws-v1.json"
	if *update {
		b, _ := json.MarshalIndent(got, "", " ")
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]int64
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: drew %v, want %v: a site that answers a question again would add other noise", name, got[name], want[name])
		}
	}
}

// A reader's pieces do not matter, only its bytes.
func TestDrawsDoNotDependOnThePiecesOfTheReader(t *testing.T) {
	for name, split := range map[string]func(io.Reader) io.Reader{"bytes": iotest.OneByteReader, "halves": iotest.HalfReader} {
		whole, parts := stream(9), NewSource(split(stream(9).r))
		for range 200 {
			a, _ := (LaplaceShare{Laplace{9, 1}, 3}).Draw(whole)
			b, err := (LaplaceShare{Laplace{9, 1}, 3}).Draw(parts)
			if a != b || err != nil {
				t.Fatalf("%s: drew %d, want %d (%v)", name, b, a, err)
			}
		}
	}
}

// Neighbouring sums can both give whatever one of them gives (methods B2): from
// either side, noise reaches every integer about them.
func TestNeighboursShareTheirSupport(t *testing.T) {
	for _, d := range []Distribution{Gaussian{1, 1}, Laplace{1, 1}, LaplaceShare{Laplace{1, 1}, 3}} {
		released := [2]map[int64]bool{{}, {}}
		for i := range released {
			for _, x := range draws(t, d, stream(byte(60+i)), 100_000) {
				released[i][int64(i)+x] = true
			}
		}
		for x := int64(-2); x <= 3; x++ {
			if !released[0][x] || !released[1][x] {
				t.Errorf("%+v: %d is released from one of two neighbours only", d, x)
			}
		}
	}
}

// Exact trials against their probabilities; 5 standard errors are an alarm of 6e-7.
func TestTrialsHaveTheirProbabilities(t *testing.T) {
	s := stream(12)
	big := wide{1 << 61, 12345}
	const n = 200_000
	for name, c := range map[string]struct {
		trial func() bool
		p     float64
	}{
		"bernoulli 2/7":   {func() bool { return s.bernoulli(2, 7) }, 2. / 7},
		"bernoulli 0":     {func() bool { return s.bernoulli(0, 7) }, 0},
		"bernoulli 1":     {func() bool { return s.bernoulli(7, 7) }, 1},
		"wide 3/8 and up": {func() bool { return s.bernoulliWide(wide{3 << 58, 0}, big) }, 3. / 8},
		"exp(-3/5)":       {func() bool { return s.exp(3, 5) }, math.Exp(-0.6)},
		"exp(-11/4)":      {func() bool { return s.exp(11, 4) }, math.Exp(-2.75)},
		"exp(-2), wide":   {func() bool { return s.expWide(big.twice(), big) }, math.Exp(-2)},
		"exp(-1/2), wide": {func() bool { return s.expWide(big, big.twice()) }, math.Exp(-0.5)},
		"1/e":             {s.overE, math.Exp(-1)},
		"2/e":             {s.twoOverE, 2 / math.E},
		"below 3 of 5":    {func() bool { return s.below(5) < 3 }, 0.6},
	} {
		hits := 0.0
		for range n {
			if c.trial() {
				hits++
			}
		}
		if math.Abs(hits/n-c.p) > 5*math.Sqrt(c.p*(1-c.p)/n) {
			t.Errorf("%s: %v, want %v", name, hits/n, c.p)
		}
	}
}

func TestRootsAreIntegerRoots(t *testing.T) {
	for _, r := range []uint64{1, 2, 3, 1000, 1<<24 - 1, 1 << 24, 1<<32 - 1} {
		if root(r*r) != r || root(r*r-1) != r-1 || root(r*r+r) != r {
			t.Errorf("roots about %d: %d, %d, %d", r, root(r*r-1), root(r*r), root(r*r+r))
		}
	}
}

// The values of methods B3, and what many coordinates make of them.
func TestGapOfSummedGaussians(t *testing.T) {
	for _, c := range []struct {
		h        int
		variance float64
		dims     int
		want     float64
	}{{6, 1, 1, 5.4e-4}, {6, 4, 1, 7.2e-17}, {6, 0.5, 1, 0.098}, {6, 1, 100, 5.4e-3}, {1, 0.1, 1, 0}} {
		if got := Gap(c.h, c.variance, c.dims); math.Abs(got-c.want) > 0.01*c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestASourceThatFailsFailsTheDraw(t *testing.T) {
	broken := errors.New("no more")
	for _, d := range []Distribution{Gaussian{100, 1}, Laplace{9, 1}, LaplaceShare{Laplace{9, 1}, 3}} {
		s := NewSource(io.MultiReader(io.LimitReader(stream(8).r, 300), iotest.ErrReader(broken)))
		var err error
		for range 1000 {
			if _, err = d.Draw(s); err != nil {
				break
			}
		}
		if !errors.Is(err, broken) || !errors.Is(s.Err(), broken) {
			t.Errorf("%v: %v", d, err)
		}
	}
}

func TestParametersThatCannotBeDrawnWith(t *testing.T) {
	for _, d := range []Distribution{Gaussian{0, 1}, Gaussian{1, 0}, Gaussian{1, 65}, Gaussian{1 << 48, 1}, Laplace{0, 1}, Laplace{1, 0}, Laplace{1 << 51, 1 << 20}, Laplace{1 << 49, 1},
		LaplaceShare{Laplace{1, 1}, 0}, LaplaceShare{Laplace{0, 1}, 1}} {
		if _, err := d.Draw(stream(1)); err == nil || d.Valid() == nil {
			t.Errorf("%+v: drawn", d)
		}
	}
}

// At the ends of what is permitted nothing overflows: draws are spread as widely
// as their standard deviation says.
func TestTheWidestNoiseDoesNotOverflow(t *testing.T) {
	for _, d := range []Distribution{Gaussian{1<<54 - 1, 64}, Gaussian{1<<48 - 1, 1}, Laplace{1 << 44, 1}, Laplace{1 << 50, 1 << 6}, Laplace{1<<50 - 1, 1<<50 - 3}} {
		if d.Valid() != nil {
			t.Fatalf("%+v: %v", d, d.Valid())
		}
		second := 0.0
		const n = 4000
		for _, x := range draws(t, d, stream(5), n) {
			second += float64(x) * float64(x) / n
		}
		if r := second / d.Variance(); r < 0.7 || r > 1.4 { // more than 8 standard errors
			t.Errorf("%+v: variance is %.3f of what it should be", d, r)
		}
	}
}

func TestWhatIsBeyondTheBoundIsAnError(t *testing.T) {
	for x, want := range map[int64]error{11: ErrBound, -11: ErrBound, math.MinInt64: ErrBound, -10: nil, 10: nil} {
		if y, err := checked(x, 10, stream(1)); !errors.Is(err, want) || err == nil && y != x {
			t.Errorf("%d: %d, %v", x, y, err)
		}
	}
}

func BenchmarkGaussian(b *testing.B) { benchmark(b, Gaussian{16 * 100, 16}) }

func BenchmarkLaplace(b *testing.B) { benchmark(b, Laplace{10, 1}) }

func BenchmarkLaplaceShare(b *testing.B) { benchmark(b, LaplaceShare{Laplace{10, 1}, 5}) }

func BenchmarkLaplaceShareWide(b *testing.B) { benchmark(b, LaplaceShare{Laplace{2000, 1}, 5}) }

func benchmark(b *testing.B, d Distribution) {
	s := NewSource(rand.Reader)
	for b.Loop() {
		if _, err := d.Draw(s); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloatingPoint is what must not be added: Box and Muller's normal
// variable from the same random bytes.
func BenchmarkFloatingPoint(b *testing.B) {
	s := NewSource(rand.Reader)
	uniform := func() float64 { return (float64(s.word()>>11) + 0.5) / (1 << 53) }
	sum := 0.0
	for b.Loop() {
		sum += 10 * math.Sqrt(-2*math.Log(uniform())) * math.Cos(2*math.Pi*uniform())
	}
	if math.IsNaN(sum) {
		b.Fatal("no number")
	}
}
