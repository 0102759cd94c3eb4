package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
)

// Commit returns a site's commitment to its vector: sent before the coin can be
// known, opened only to an auditor. rho is 32 fresh random bytes that the site
// keeps; without them the commitment tells nothing about x.
func Commit(t secure.Terms, round, self int, layout fixed.Layout, x []uint64, rho [32]byte) [32]byte {
	h := mask.HashWords(x)
	shape := make([]byte, 0, 16*len(layout))
	for _, s := range layout {
		shape = append(append(shape, secure.Number(s.Bits)...), secure.Number(s.Len)...)
	}
	// The hash of x alone never leaves the site; rho makes the commitment hiding.
	return sha256.Sum256(secure.Frame("check commitment", rho[:], t.Session, t.Roster[:], secure.Number(t.Epoch),
		secure.Number(round), secure.Number(self), shape, h[:]))
}

// ErrCommitment says that a vector is not the one that was committed to.
var ErrCommitment = errors.New("the vector is not the one committed to")

// Audit refuses, with [ErrCommitment], an opening (x, rho) that does not fit
// the commitment of a site.
func Audit(commitment [32]byte, t secure.Terms, round, self int, layout fixed.Layout, x []uint64, rho [32]byte) error {
	if !hmac.Equal(commitment[:], sum32(Commit(t, round, self, layout, x, rho))) {
		return fmt.Errorf("round %d, site %d: %w", round, self, ErrCommitment)
	}
	return nil
}

func sum32(b [32]byte) []byte { return b[:] }

// MaskScalar hides σ_i = ⟨v, x_i⟩ in the sum over set: σ_i + Σ_{j>i} m_ij −
// Σ_{j<i} m_ij. keys holds the pair's key of this round by peer
// (mask.StreamCheck), at least for every other member of set. Masks are bound
// to the coin, so that another transcript has other masks. There is no
// dropping out of the check: without all of set it does not end.
func (c Coin) MaskScalar(sigma Scalar, self int, set secure.Sites, keys map[int]secure.Key) (Scalar, error) {
	if !set.Has(self) {
		return Scalar{}, fmt.Errorf("check: site %d is no contributor", self)
	}
	for _, j := range set {
		if j == self {
			continue
		}
		k, ok := keys[j]
		if !ok {
			return Scalar{}, fmt.Errorf("check: site %d has no key with site %d", self, j)
		}
		if m := c.pad(k); j > self {
			sigma = sigma.Add(m)
		} else {
			sigma = sigma.Sub(m)
		}
	}
	return sigma, nil
}

// pad returns a uniform scalar from a key, drawn again where it equals p.
func (c Coin) pad(k secure.Key) Scalar {
	for n := 0; ; n++ {
		h := hmac.New(sha256.New, k[:])
		h.Write(secure.Frame("check mask", c.seed[:], secure.Number(n)))
		b := h.Sum(nil)[:ScalarSize]
		b[ScalarSize-1] &= 0x7f
		var s Scalar
		if s.UnmarshalBinary(b) == nil {
			return s
		}
	}
}

// ErrMismatch says that the opened sum is not the sum of what the sites hold:
// the lead altered it, or a site was inconsistent. Commitments opened to an
// auditor tell which.
var ErrMismatch = errors.New("the opened sum is not the sum of the contributions")

// Check accepts the opened sum when ⟨v, S⟩ = Σσ, where masked are all
// contributors' masked scalars. Every party calls it for itself, over scalars
// that their senders signed.
func (c Coin) Check(layout fixed.Layout, opened []uint64, set secure.Sites, masked map[int]Scalar) error {
	if err := inRange(layout, opened); err != nil {
		return err
	}
	if len(masked) != len(set) {
		return fmt.Errorf("check: %d scalars of %d contributors", len(masked), len(set))
	}
	var sum Scalar
	for _, j := range set {
		s, ok := masked[j]
		if !ok {
			return fmt.Errorf("check: no scalar of site %d", j)
		}
		sum = sum.Add(s)
	}
	inner, err := c.Inner(layout, opened)
	if err != nil {
		return err
	}
	if inner != sum {
		return fmt.Errorf("check: %w", ErrMismatch)
	}
	return nil
}

// inRange refuses a sum with a coordinate of 128 bits outside -2^126 < S < 2^126,
// where the lift to integers would not be unique modulo p.
func inRange(layout fixed.Layout, sum []uint64) error {
	if err := layout.Valid(); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if len(sum) != layout.Words() {
		return fmt.Errorf("check: sum of %d words, the layout has %d", len(sum), layout.Words())
	}
	at := 0
	for _, s := range layout {
		if s.Bits == 128 {
			for i := 0; i < s.Len; i++ {
				lo, hi := sum[at+2*i], sum[at+2*i+1]
				if top := hi >> 62; top == 1 || top == 2 || hi == 3<<62 && lo == 0 {
					return fmt.Errorf("check: coordinate %d of a 128-bit segment is beyond 2^126: %w", i, ErrMismatch)
				}
			}
		}
		at += s.Len * s.Bits / 64
	}
	return nil
}
