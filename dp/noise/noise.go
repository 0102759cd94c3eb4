// Package noise draws exact noise on the integers: discrete Laplace and discrete
// Gaussian (Canonne, Kamath and Steinke, The Discrete Gaussian for Differential
// Privacy, NeurIPS 2020: CKS below), and the shares of a discrete Laplace that
// several parties add. Every decision compares integers with uniform random bits;
// no floating point takes part in a draw, so the law of the noise is the one that
// the proofs are about (Mironov, CCS 2012).
//
// It serves the door of a site. It refuses parameters with which a decision would
// overflow. How long a draw takes depends on its value; it is drawn before any
// step that depends on data.
//
// Noise in shares: the sum of h shares of a Laplace is a discrete Laplace exactly.
// The sum of h discrete Gaussians is not a discrete Gaussian; [Gap] says how little
// privacy that costs: from a variance of 4 of each share on it is below 1e-16 times
// the root of the number of coordinates.
package noise

import "errors"

// A Distribution is a law of noise on the integers.
type Distribution interface {
	// Draw takes one value. Errors: the source's, ErrBound, and what Valid says.
	Draw(*Source) (int64, error)
	// Valid says whether the parameters can be drawn with.
	Valid() error
	// Variance of a draw. It is not in the path of a release.
	Variance() float64
	// Bound is the largest magnitude that Draw returns. What is beyond has a
	// probability below 2^-128.
	Bound() int64
}

// ErrBound says that a draw was beyond its Bound, which does not happen.
var ErrBound = errors.New("a draw of noise beyond its bound")

// checked returns a finished draw, or why there is none.
func checked(x, bound int64, s *Source) (int64, error) {
	if s.err != nil {
		return 0, s.err
	}
	if x > bound || x < -bound {
		return 0, ErrBound
	}
	return x, nil
}
