package share

import (
	"bytes"
	"crypto/sha3"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/math/polynomial"
	"pgregory.net/rapid"

	"hmsp.center/hmsp/secure"
)

func stream(seed string) io.Reader {
	h := sha3.NewSHAKE128()
	h.Write([]byte(seed))
	return h
}

func sites(n int) secure.Sites {
	var s secure.Sites
	for i := range n {
		s = append(s, 3*i+1)
	}
	return s
}

func split(t testing.TB, seed string, threshold, n int) (secure.Key, []Share) {
	t.Helper()
	rnd := stream(seed)
	secret, err := secure.NewKey(rnd)
	if err != nil {
		t.Fatal(err)
	}
	shares, err := Split(secret, threshold, sites(n), rnd)
	if err != nil {
		t.Fatal(err)
	}
	return secret, shares
}

// pick returns the shares whose bit is set.
func pick(shares []Share, bits int) []Share {
	var s []Share
	for i := range shares {
		if bits>>i&1 == 1 {
			s = append(s, shares[i])
		}
	}
	return s
}

func TestEverySubsetRecovers(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for threshold := 1; threshold <= n; threshold++ {
			secret, shares := split(t, fmt.Sprint(n, threshold), threshold, n)
			for bits := range 1 << n {
				s := pick(shares, bits)
				got, err := Recover(s, threshold)
				if len(s) < threshold {
					if !errors.Is(err, ErrTooFew) {
						t.Fatalf("%d of %d: %v", len(s), threshold, err)
					}
				} else if err != nil || got != secret {
					t.Fatalf("%d of %d: %v", len(s), threshold, err)
				}
			}
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		threshold := rapid.IntRange(1, n).Draw(t, "t")
		rnd := stream(fmt.Sprint(rapid.Uint64().Draw(t, "seed")))
		secret, _ := secure.NewKey(rnd)
		shares, err := Split(secret, threshold, sites(n), rnd)
		if err != nil {
			t.Fatal(err)
		}
		shares = rapid.Permutation(shares).Draw(t, "order")[:rapid.IntRange(threshold, n).Draw(t, "k")]
		if got, err := Recover(shares, threshold); err != nil || got != secret {
			t.Fatal(err)
		}
	})
}

// Fewer than t shares tell nothing: for t-1 shares of one secret and any other
// secret there is a polynomial that gives just these shares (Shamir 1979).
func TestFewerThanTheThresholdFitEverySecret(t *testing.T) {
	const n, threshold = 7, 4
	_, shares := split(t, "one", threshold, n)
	other, _ := secure.NewKey(stream("another"))
	x, y := []group.Scalar{point(zero)}, []group.Scalar{seal(other)}
	known, _ := values(shares[:threshold-1])
	for i, s := range shares[:threshold-1] {
		x, y = append(x, point(s.Holder)), append(y, known[i])
	}
	p := polynomial.NewLagrangePolynomial(x, y)
	forged := slices.Clone(shares[:threshold-1])
	for _, h := range sites(n)[threshold-1:] {
		b, _ := p.Evaluate(point(h)).MarshalBinary()
		forged = append(forged, Share{Holder: h, value: [valueSize]byte(b)})
	}
	if got, err := Recover(forged, threshold); err != nil || got != other {
		t.Fatalf("the %d shares do not fit another secret: %v", threshold-1, err)
	}
}

// Every wrong share is noticed; where there are shares beyond the threshold its
// holder is named and the rest recover the secret.
func TestWrongSharesAreNamed(t *testing.T) {
	const n, threshold = 7, 4
	secret, shares := split(t, "wrong", threshold, n)
	_, stranger := split(t, "another round", threshold, n)
	for bits := 1; bits < 1<<n; bits++ {
		mixed := slices.Clone(shares)
		var wrong secure.Sites
		for i := range mixed {
			if bits>>i&1 == 1 {
				if i%2 == 0 {
					mixed[i].value[0] ^= 1 << (i % 8)
				} else {
					mixed[i] = stranger[i] // replayed from another round
				}
				wrong = append(wrong, mixed[i].Holder)
			}
		}
		_, err := Recover(mixed, threshold)
		var named *WrongShareError
		if n-len(wrong) >= threshold {
			if !errors.As(err, &named) || !named.Holders.Equal(wrong) {
				t.Fatalf("wrong %v: %v", wrong, err)
			}
			rest := slices.DeleteFunc(mixed, func(s Share) bool { return named.Holders.Has(s.Holder) })
			if got, err := Recover(rest, threshold); err != nil || got != secret {
				t.Fatalf("the rest: %v", err)
			}
		} else if err == nil {
			t.Fatalf("wrong %v: accepted", wrong)
		}
	}
	exact := slices.Clone(shares[:threshold])
	exact[2].value[5]++
	if _, err := Recover(exact, threshold); !errors.Is(err, ErrUnrecoverable) {
		t.Errorf("a wrong share at the threshold: %v", err)
	}
}

// A holder who moves its share by what moves the secret by a chosen small
// amount does not fit the tag: without it he could steer the mask.
func TestSteeredShareIsRefused(t *testing.T) {
	const threshold = 3
	_, shares := split(t, "steered", threshold, threshold)
	x := []group.Scalar{point(shares[0].Holder), point(shares[1].Holder), point(shares[2].Holder)}
	delta := group.Ristretto255.NewScalar().SetUint64(1)
	delta.Mul(delta, group.Ristretto255.NewScalar().Inv(polynomial.LagrangeBase(0, x, point(zero))))
	y, _ := values(shares)
	b, _ := y[0].Add(y[0], delta).MarshalBinary()
	shares[0].value = [valueSize]byte(b)
	if _, err := Recover(shares, threshold); !errors.Is(err, ErrUnrecoverable) {
		t.Fatalf("steered share: %v", err)
	}
}

func TestTwoWrongOfFifty(t *testing.T) {
	secret, shares := split(t, "fifty", 26, 50)
	shares[0].value[0]++
	shares[25].value[0]++
	_, err := Recover(shares, 26)
	var named *WrongShareError
	if !errors.As(err, &named) || !named.Holders.Equal(secure.Sites{1, 76}) {
		t.Fatalf("%v", err)
	}
	if got, err := Recover(append(shares[1:25:25], shares[26:]...), 26); err != nil || got != secret {
		t.Fatal(err)
	}
}

func TestBadCallsAreRefused(t *testing.T) {
	secret, shares := split(t, "calls", 3, 5)
	if _, err := Recover(append(shares[:3:3], shares[0]), 3); err == nil || !strings.Contains(err.Error(), "two shares of site 1") {
		t.Errorf("a share twice: %v", err)
	}
	if _, err := Recover(shares, 0); !errors.Is(err, ErrTooFew) {
		t.Errorf("threshold 0: %v", err)
	}
	if _, err := Recover([]Share{{Holder: 300}}, 1); err == nil {
		t.Error("a holder outside the roster")
	}
	for _, threshold := range []int{-1, 0, 6} {
		if _, err := Split(secret, threshold, sites(5), stream("")); err == nil {
			t.Errorf("threshold %d of 5", threshold)
		}
	}
	if _, err := Split(secret, 2, secure.Sites{2, 1}, stream("")); err == nil {
		t.Error("holders out of order")
	}
	if _, err := Split(secret, 3, sites(5), bytes.NewReader(make([]byte, 40))); err == nil {
		t.Error("randomness ended and shares were made")
	}
}

// Coefficients are drawn by rejection: bytes beyond the order are skipped.
func TestCoefficientsAreBelowTheOrder(t *testing.T) {
	over := bytes.Repeat([]byte{0xff}, valueSize)
	small := append([]byte{7}, make([]byte, valueSize-1)...)
	s, err := draw(bytes.NewReader(append(over, small...)))
	if err != nil || !s.IsEqual(group.Ristretto255.NewScalar().SetUint64(7)) {
		t.Fatalf("%v, %v", s, err)
	}
}

func TestSharePrintsWithoutItsValue(t *testing.T) {
	_, shares := split(t, "print", 2, 3)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		if got := fmt.Sprintf(verb, shares[0]); got != "share.Share of site 1" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
