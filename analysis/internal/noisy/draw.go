package noisy

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Z95 is the 97.5% quantile of the standard normal distribution, for figures that
// are made of many numbers. L95 is that of the Laplace distribution of the same
// standard deviation, log(20)/sqrt(2): noise of one number is within it in 95 of 100
// studies, if Laplace, and in more, if normal.
const (
	Z95 = 1.959963984540054
	L95 = 2.1183026052494203
)

// Interval is the range in which the number without noise is, in at least 95 of 100
// studies.
func (c Count) Interval() (low, high float64) { return c.N - L95*c.SD, c.N + L95*c.SD }

// Visible says that people are there: the count is beyond three standard deviations
// of its noise, which noise alone is once in 700 if normal, in 140 if Laplace.
func (c Count) Visible() bool { return c.N > 3*c.SD && c.N > 0.5 }

// Dice are draws from a fixed seed, so that every site computes the same result.
// They repeat what noise does to a figure; they protect nobody.
func Dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x686d7370)) }

// Laplace draws Laplace noise of a standard deviation, which is what a block of
// counts gets in most studies; where it gets Gaussian noise, Laplace has the
// heavier tails of the two.
func Laplace(r *rand.Rand, sd float64) float64 {
	x := r.ExpFloat64() * sd / math.Sqrt2
	if r.Uint64()&1 == 0 {
		return -x
	}
	return x
}

// Positive is the nearest matrix, entry by entry in squares, that has no negative
// eigenvalue (Higham, Linear Algebra and its Applications 1988;103:103-118).
func Positive(a *mat.SymDense) *mat.SymDense {
	p := a.SymmetricDim()
	out := mat.NewSymDense(p, nil)
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return out // no eigenvalues are found of a matrix of infinities only
	}
	var v mat.Dense
	e.VectorsTo(&v)
	for k, x := range e.Values(nil) {
		if x > 0 {
			out.SymRankOne(out, x, v.ColView(k))
		}
	}
	return out
}
