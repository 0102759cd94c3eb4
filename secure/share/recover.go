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
func Recover(shares []Share, t int) (secure.Key, error) { return new(Recovery).Recover(shares, t) }

// A Recovery recovers many secrets that were shared among the same holders: it
// keeps the Lagrange coefficients, which cost all the time. The zero value is
// ready; it is used by one goroutine.
type Recovery struct{ bases map[string][]group.Scalar }

// Recover is [Recover].
func (r *Recovery) Recover(shares []Share, t int) (secure.Key, error) {
	if t < 1 || len(shares) < t {
		return secure.Key{}, fmt.Errorf("recover from %d shares with threshold %d: %w", len(shares), t, ErrTooFew)
	}
	y, err := values(shares)
	if err != nil {
		return secure.Key{}, fmt.Errorf("recover: %w", err)
	}
	tried := 0
	for use := range subsets(len(shares), t) {
		if tried++; tried > attempts {
			break
		}
		secret, ok := unseal(r.evaluate(shares, y, use, zero))
		if !ok {
			continue
		}
		var wrong secure.Sites
		for i, s := range shares {
			if !slices.Contains(use, i) && !r.evaluate(shares, y, use, s.Holder).IsEqual(y[i]) {
				wrong = append(wrong, s.Holder)
			}
		}
		if slices.Sort(wrong); len(wrong) > 0 {
			return secure.Key{}, fmt.Errorf("recover: %w", &WrongShareError{wrong})
		}
		return secret, nil
	}
	return secure.Key{}, fmt.Errorf("recover: %w", ErrUnrecoverable)
}

// zero is the holder at whose point the secret lies: point(zero) = 0.
const zero = -1

// evaluate returns the value at a holder's point of the polynomial through the
// shares in use.
func (r *Recovery) evaluate(shares []Share, y []group.Scalar, use []int, holder int) group.Scalar {
	id := make([]byte, 0, 1+len(use))
	id = append(id, byte(holder+1))
	for _, k := range use {
		id = append(id, byte(shares[k].Holder))
	}
	base, ok := r.bases[string(id)]
	if !ok {
		x := make([]group.Scalar, len(use))
		for i, k := range use {
			x[i] = point(shares[k].Holder)
		}
		base = make([]group.Scalar, len(use))
		for i := range use {
			base[i] = polynomial.LagrangeBase(uint(i), x, point(holder))
		}
		if r.bases == nil {
			r.bases = map[string][]group.Scalar{}
		}
		r.bases[string(id)] = base
	}
	sum, term := group.Ristretto255.NewScalar(), group.Ristretto255.NewScalar()
	for i, k := range use {
		sum.Add(sum, term.Mul(base[i], y[k]))
	}
	return sum
}

// values decodes the shares and refuses two of one holder.
func values(shares []Share) ([]group.Scalar, error) {
	seen := map[int]bool{}
	y := make([]group.Scalar, len(shares))
	for i, s := range shares {
		if s.Holder < 0 || s.Holder >= secure.MaxSites {
			return nil, fmt.Errorf("share of site %d, outside the roster", s.Holder)
		}
		if seen[s.Holder] {
			return nil, fmt.Errorf("two shares of site %d", s.Holder)
		}
		seen[s.Holder] = true
		y[i] = group.Ristretto255.NewScalar()
		if err := y[i].UnmarshalBinary(s.value[:]); err != nil {
			return nil, fmt.Errorf("share of site %d is not below the group's order", s.Holder)
		}
	}
	return y, nil
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
