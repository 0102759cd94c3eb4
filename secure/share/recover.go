package share

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/math/polynomial"

	"hmsp.center/hmsp/secure"
)

// ErrTooFew says that there are fewer shares than the threshold.
var ErrTooFew = errors.New("fewer shares than the threshold")

// ErrUnrecoverable says that no threshold of the shares fits together: at least
// one is wrong, and there are too few others to tell which.
var ErrUnrecoverable = errors.New("the shares do not belong together, and there are too few to tell whose is wrong")

// A WrongShareError names the holders whose shares do not fit the others. The
// secret can be recovered from the rest.
type WrongShareError struct{ Holders secure.Sites }

func (e *WrongShareError) Error() string {
	return fmt.Sprintf("wrong shares from sites %v", []int(e.Holders))
}

// attempts bounds the search for a threshold of right shares. It is exhaustive
// for up to 13 shares, and finds any two wrong ones among 50.
const attempts = 2000

// Recover returns the secret of which shares are any t or more shares. It
// refuses fewer ([ErrTooFew]), two of one holder, shares that do not fit
// together ([ErrUnrecoverable]), and, although the others suffice, any that is
// wrong ([*WrongShareError]): the caller records who it was and calls again
// without it.
func Recover(shares []Share, t int) (secure.Key, error) {
	if t < 1 || len(shares) < t {
		return secure.Key{}, fmt.Errorf("recover from %d shares with threshold %d: %w", len(shares), t, ErrTooFew)
	}
	x, y, err := points(shares)
	if err != nil {
		return secure.Key{}, fmt.Errorf("recover: %w", err)
	}
	tried := 0
	for use := range subsets(len(shares), t) {
		if tried++; tried > attempts {
			break
		}
		ux, uy := make([]group.Scalar, t), make([]group.Scalar, t)
		for i, k := range use {
			ux[i], uy[i] = x[k], y[k]
		}
		p := polynomial.NewLagrangePolynomial(ux, uy)
		secret, ok := unseal(p.Evaluate(group.Ristretto255.NewScalar()))
		if !ok {
			continue
		}
		if wrong := misfits(p, shares, x, y); len(wrong) > 0 {
			return secure.Key{}, fmt.Errorf("recover: %w", &WrongShareError{wrong})
		}
		return secret, nil
	}
	return secure.Key{}, fmt.Errorf("recover: %w", ErrUnrecoverable)
}

func points(shares []Share) (x, y []group.Scalar, err error) {
	seen := map[int]bool{}
	for _, s := range shares {
		if s.Holder < 0 || s.Holder >= secure.MaxSites {
			return nil, nil, fmt.Errorf("share of site %d, outside the roster", s.Holder)
		}
		if seen[s.Holder] {
			return nil, nil, fmt.Errorf("two shares of site %d", s.Holder)
		}
		seen[s.Holder] = true
		v := group.Ristretto255.NewScalar()
		if err := v.UnmarshalBinary(s.value[:]); err != nil {
			return nil, nil, fmt.Errorf("share of site %d is not below the group's order", s.Holder)
		}
		x, y = append(x, point(s.Holder)), append(y, v)
	}
	return x, y, nil
}

// misfits returns the holders whose share is not on the polynomial.
func misfits(p polynomial.LagrangePolynomial, shares []Share, x, y []group.Scalar) secure.Sites {
	var wrong secure.Sites
	for i, s := range shares {
		if !p.Evaluate(x[i]).IsEqual(y[i]) {
			wrong = append(wrong, s.Holder)
		}
	}
	slices.Sort(wrong)
	return wrong
}

// subsets yields sets of t out of n indices: the first t, then the first t
// without one, without two, and so on.
func subsets(n, t int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for out := 0; out <= n-t; out++ {
			for without := range choose(n, out) {
				use := make([]int, 0, t)
				for i, k := 0, 0; len(use) < t; i++ {
					if k < len(without) && without[k] == i {
						k++
						continue
					}
					use = append(use, i)
				}
				if !yield(use) {
					return
				}
			}
		}
	}
}

// choose yields the k-element subsets of 0..n-1, ascending.
func choose(n, k int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		c := make([]int, k)
		for i := range c {
			c[i] = i
		}
		for yield(c) {
			i := k - 1
			for i >= 0 && c[i] == n-k+i {
				i--
			}
			if i < 0 {
				return
			}
			c[i]++
			for j := i + 1; j < k; j++ {
				c[j] = c[j-1] + 1
			}
		}
	}
}
