// Package moments holds what private regressions share: matrices of second moments
// whose entries carry noise. It says how far noise can reach, lifts what it drowns,
// and names the coefficients that are lost in it. It serves linear and the
// generalised linear models; all of it is post-processing of opened sums, and costs
// no budget.
package moments

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Radius bounds the spectral norm of a symmetric p by p matrix whose entries on
// and above the diagonal are independent noise of standard deviation sd: twice the
// square root of p by Wigner's law, and three deviations of a Gaussian whose
// Lipschitz constant is the square root of 2 (Boucheron, Lugosi and Massart 2013,
// Theorem 5.6): it is exceeded in about 1 of 100 cases.
func Radius(p int, sd float64) float64 {
	return sd * (2*math.Sqrt(float64(p)) + 3*math.Sqrt2)
}

// A Spectrum is a noisy symmetric matrix by its eigenvalues, and the radius of its
// noise.
type Spectrum struct {
	Values  []float64 // increasing
	Vectors *mat.Dense
	Radius  float64
}

// Of decomposes a. sd is the standard deviation of the noise of its entries.
func Of(a *mat.SymDense, sd float64) (Spectrum, error) {
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return Spectrum{}, fmt.Errorf("the eigenvalues of a noisy matrix of %d rows were not found", a.SymmetricDim())
	}
	s := Spectrum{Values: e.Values(nil), Vectors: &mat.Dense{}, Radius: Radius(a.SymmetricDim(), sd)}
	e.VectorsTo(s.Vectors)
	return s, nil
}

// Seen says that direction k stands out from the noise, and from rounding.
func (s Spectrum) Seen(k int) bool {
	return s.Values[k] > s.Radius && s.Values[k] > s.rounding()
}

// rounding is what of the largest eigenvalue the sums of 16 digits leave unsure.
func (s Spectrum) rounding() float64 {
	return 1e-12 * math.Max(s.Values[len(s.Values)-1], math.SmallestNonzeroFloat64/1e-12)
}

// Lifted is an eigenvalue, or the radius of the noise where that is more.
func (s Spectrum) Lifted(k int) float64 {
	return math.Max(s.Values[k], math.Max(s.Radius, s.rounding()))
}

// Apply is the symmetric matrix of the same eigenvectors whose eigenvalues are f of
// the lifted ones: none is below the radius of the noise.
func (s Spectrum) Apply(f func(float64) float64) *mat.SymDense {
	p := len(s.Values)
	out := mat.NewSymDense(p, nil)
	for k := range s.Values {
		y := f(s.Lifted(k))
		for i := range p {
			for j := i; j < p; j++ {
				out.SetSym(i, j, out.At(i, j)+y*s.Vectors.At(i, k)*s.Vectors.At(j, k))
			}
		}
	}
	return out
}

// Lower raises eigenvalues below 0, which no matrix of second moments has, to 0.
func (s Spectrum) Lower() {
	for k, x := range s.Values {
		s.Values[k] = math.Max(x, 0)
	}
}

// Matrix is the matrix of the spectrum, times a factor.
func (s Spectrum) Matrix(factor float64) *mat.SymDense {
	p := len(s.Values)
	out := mat.NewSymDense(p, nil)
	for k, x := range s.Values {
		out.SymRankOne(out, factor*x, s.Vectors.ColView(k))
	}
	return out
}

// Ridge is what AdaSSP adds to the diagonal (Wang, UAI 2018, Algorithm 2): enough
// that no eigenvalue is within the noise's reach, nothing where none was. The paper
// spends a third of the budget on the smallest eigenvalue; over several sites that
// is no sum, so its lower bound here is the smallest eigenvalue of the noisy matrix
// less the radius, which costs nothing. An eigenvalue that noise has put below
// half the radius is lifted to there.
func (s Spectrum) Ridge() float64 {
	least := s.Values[0]
	ridge := math.Max(0, s.Radius-math.Max(0, least-s.Radius))
	return math.Max(ridge, s.Radius/2-least)
}

// Hidden says which coefficients rest on directions that do not stand out from the
// noise. Row j of to takes the matrix's coordinates to coefficient j; a coefficient
// is hidden when a tenth of its row's squared length lies in such directions.
func (s Spectrum) Hidden(to mat.Matrix) []bool {
	rows, p := to.Dims()
	out := make([]bool, rows)
	var turned mat.Dense
	turned.Mul(to, s.Vectors)
	for j := range out {
		hidden, all := 0.0, 0.0
		for k := range p {
			x := turned.At(j, k) * turned.At(j, k)
			all += x
			if !s.Seen(k) {
				hidden += x
			}
		}
		out[j] = hidden > 0.1*all
	}
	return out
}

// Identity of p rows.
func Identity(p int) *mat.DiagDense {
	d := mat.NewDiagDense(p, nil)
	for i := range p {
		d.SetDiag(i, 1)
	}
	return d
}

// Sandwich is a b a' for a symmetric b.
func Sandwich(a mat.Matrix, b mat.Symmetric) *mat.SymDense {
	var m, n mat.Dense
	m.Mul(a, b)
	n.Mul(&m, a.T())
	p, _ := n.Dims()
	out := mat.NewSymDense(p, nil)
	for i := range p {
		for j := i; j < p; j++ {
			out.SetSym(i, j, (n.At(i, j)+n.At(j, i))/2)
		}
	}
	return out
}

// Outer bounds the upper triangle of x x' by the norms of x, where no |x_i| exceeds
// 1: the sum over i <= j of x_i^2 x_j^2 is half of (l2^4 + the sum of x_i^4), and
// that of |x_i x_j| half of (l1^2 + l2^2).
func Outer(l1, l2 float64) (outer1, outer2 float64) {
	return (l1*l1 + l2*l2) / 2, math.Sqrt((l2*l2*l2*l2 + l2*l2) / 2)
}
