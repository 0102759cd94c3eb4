// Package noise draws exact noise on the integers: discrete Laplace and discrete
// Gaussian (Canonne, Kamath and Steinke, The Discrete Gaussian for Differential
// Privacy, NeurIPS 2020), and the shares of a discrete Laplace that several
// parties add. Every decision is a comparison of integers with uniform random
// integers; no floating point takes part in a draw, so the law of the noise is the
// one that the proofs are about (Mironov, CCS 2012).
//
// It serves the door of a site. It refuses parameters with which a decision would
// overflow. How long a draw takes depends on its value; it is drawn before any
// step that depends on data.
package noise

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

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

// A Source gives uniform random integers from a reader of random bytes. The first
// error stays: every draw after it fails.
type Source struct {
	r   *bufio.Reader
	err error
}

// NewSource makes a source of r, which must be unpredictable to those from whom the
// noise is to hide: crypto/rand, or a stream under a secret key. It reads ahead.
func NewSource(r io.Reader) *Source { return &Source{r: bufio.NewReaderSize(r, 1024)} }

// Err is the first error of the reader.
func (s *Source) Err() error { return s.err }

// word is 64 random bits; 0 after an error.
func (s *Source) word() uint64 {
	var b [8]byte
	if s.err == nil {
		if _, err := io.ReadFull(s.r, b[:]); err != nil {
			s.err = fmt.Errorf("read random bytes: %w", err)
		}
	}
	if s.err != nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b[:])
}

// bit is one random bit.
func (s *Source) bit() bool {
	if s.err != nil {
		return false
	}
	b, err := s.r.ReadByte()
	if err != nil {
		s.err = fmt.Errorf("read random bytes: %w", err)
		return false
	}
	return b&1 == 1
}

// below is uniform on 0..n-1, by rejection; n is at least 1.
func (s *Source) below(n uint64) uint64 {
	if n&(n-1) == 0 {
		return s.word() & (n - 1)
	}
	most := math.MaxUint64 - math.MaxUint64%n // a multiple of n
	for s.err == nil {
		if w := s.word(); w < most {
			return w % n
		}
	}
	return 0
}

// checked returns a finished draw, or why there is none.
func checked(x int64, d Distribution, s *Source) (int64, error) {
	if s.err != nil {
		return 0, s.err
	}
	if b := d.Bound(); x > b || x < -b {
		return 0, ErrBound
	}
	return x, nil
}
