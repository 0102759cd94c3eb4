package verify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/secure/securetest"
)

// A run is one checked round of n sites, up to the opened sum.
type run struct {
	layout     fixed.Layout
	transcript Transcript
	xs         map[int][]uint64
	rho        map[int][32]byte
	keys       map[int]map[int]secure.Key
	sum        []uint64
}

// contribution draws a vector whose sum over a few sites stays in range:
// |x| < 2^58 in 64 bits and < 2^122 in 128.
func contribution(layout fixed.Layout, rnd io.Reader) []uint64 {
	x := securetest.Random(layout, rnd)
	at := 0
	for _, s := range layout {
		for i := range s.Len {
			if s.Bits == 64 {
				x[at+i] = uint64(int64(x[at+i]) >> 5)
			} else {
				x[at+2*i+1] = uint64(int64(x[at+2*i+1]) >> 5)
			}
		}
		at += s.Len * s.Bits / 64
	}
	return x
}

func start(t testing.TB, n int, layout fixed.Layout, seed string) *run {
	t.Helper()
	terms, ok := securetest.Terms(n, 1)
	if !ok {
		t.Fatal("terms")
	}
	rnd := securetest.Rand(seed)
	r := &run{layout: layout, xs: map[int][]uint64{}, rho: map[int][32]byte{}, keys: map[int]map[int]secure.Key{}}
	r.transcript = Transcript{Terms: terms, Round: 7, Set: terms.Members, Commitments: map[int][32]byte{}, Vectors: map[int][32]byte{}}
	for _, i := range terms.Members {
		r.keys[i] = map[int]secure.Key{}
	}
	for _, i := range terms.Members {
		var rho [32]byte
		io.ReadFull(rnd, rho[:])
		r.rho[i], r.xs[i] = rho, contribution(layout, rnd)
		r.transcript.Commitments[i] = Commit(terms, 7, i, layout, r.xs[i], rho)
		r.transcript.Vectors[i] = mask.HashWords(securetest.Random(layout, rnd))
		for _, j := range terms.Members[i+1:] {
			k, _ := secure.NewKey(rnd)
			r.keys[i][j], r.keys[j][i] = k, k
		}
	}
	r.sum = securetest.Plain(layout, terms.Members, r.xs)
	return r
}

// scalars lets every site answer the coin.
func (r *run) scalars(t testing.TB, c Coin) map[int]Scalar {
	t.Helper()
	masked := map[int]Scalar{}
	for _, i := range r.transcript.Set {
		sigma, err := c.Inner(r.layout, r.xs[i])
		if err != nil {
			t.Fatal(err)
		}
		if masked[i], err = c.MaskScalar(sigma, i, r.transcript.Set, r.keys[i]); err != nil {
			t.Fatal(err)
		}
		if masked[i] == sigma {
			t.Fatal("a scalar left unmasked")
		}
	}
	return masked
}

// check runs the check on the sum that the lead claims.
func (r *run) check(t testing.TB, claimed []uint64) error {
	t.Helper()
	r.transcript.Opened = mask.HashWords(claimed)
	c, err := r.transcript.Coin()
	if err != nil {
		t.Fatal(err)
	}
	return c.Check(r.layout, claimed, r.transcript.Set, r.scalars(t, c))
}

func TestTrueSumIsAccepted(t *testing.T) {
	for name, layout := range securetest.Layouts() {
		for n := 4; n <= 9; n++ {
			r := start(t, n, layout, fmt.Sprint(name, n))
			if err := r.check(t, r.sum); err != nil {
				t.Errorf("%s, %d sites: %v", name, n, err)
			}
		}
	}
}

// Methods A7, target: any change of a single coordinate by the lead is
// rejected, 10^5 trials. The chance that a sound check accepts one of them is
// 10^5/(2^127-1) < 1e-33.
func TestAnyChangeOfOneCoordinateIsRejected(t *testing.T) {
	trials := 100_000
	if testing.Short() || securetest.Race {
		trials = 2_000
	}
	layout := fixed.Layout{{Bits: 64, Len: 3}, {Bits: 128, Len: 2}}
	r := start(t, 4, layout, "single")
	rnd := securetest.Rand("changes")
	var draw [24]byte
	for n := range trials {
		io.ReadFull(rnd, draw[:])
		lo, hi := binary.LittleEndian.Uint64(draw[:])>>(n%64), binary.LittleEndian.Uint64(draw[8:])>>(n%61)
		if lo|hi == 0 {
			lo = 1
		}
		claimed := slices.Clone(r.sum)
		if at := int(draw[16]) % 5; at < 3 {
			if lo == 0 {
				lo = 1
			}
			claimed[at] += lo
		} else {
			at = 3 + 2*(at-3)
			var c uint64
			claimed[at], c = bits.Add64(claimed[at], lo, 0)
			claimed[at+1], _ = bits.Add64(claimed[at+1], hi, c)
		}
		if err := r.check(t, claimed); !errors.Is(err, ErrMismatch) {
			t.Fatalf("trial %d: %v instead of %v: %v", n, claimed, r.sum, err)
		}
	}
}

// What a smaller field would let pass: multiples of 2^61-1, and of our own
// modulus wherever they fit the ring.
func TestMultiplesOfTheModulusAreRejected(t *testing.T) {
	layout := fixed.Layout{{Bits: 64, Len: 1}, {Bits: 128, Len: 1}}
	r := start(t, 4, layout, "modulus")
	for name, change := range map[string]func(s []uint64){
		"2^61-1 in 64 bits":   func(s []uint64) { s[0] += 1<<61 - 1 },
		"2^61-1 in 128 bits":  func(s []uint64) { var c uint64; s[1], c = bits.Add64(s[1], 1<<61-1, 0); s[2] += c },
		"2^127-1 in 128 bits": func(s []uint64) { var c uint64; s[1], c = bits.Add64(s[1], pLo, 0); s[2] += pHi + c },
		"1-2^127 in 128 bits": func(s []uint64) { var b uint64; s[1], b = bits.Sub64(s[1], pLo, 0); s[2] -= pHi + b },
		"2^127 in 128 bits":   func(s []uint64) { s[2] += 1 << 63 },
	} {
		claimed := slices.Clone(r.sum)
		change(claimed)
		if err := r.check(t, claimed); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The lead must name its sum before the coin falls: a sum that was chosen to
// suit one coin does not suit its own.
func TestSumChosenAfterTheCoinIsRejected(t *testing.T) {
	layout := fixed.Layout{{Bits: 128, Len: 2}}
	r := start(t, 4, layout, "late")
	r.transcript.Opened = mask.HashWords(r.sum)
	early, err := r.transcript.Coin()
	if err != nil {
		t.Fatal(err)
	}
	masked := r.scalars(t, early)
	forged := forge(t, early, r.sum)
	if err := early.Check(layout, forged, r.transcript.Set, masked); err != nil {
		t.Fatalf("the forgery is meant to suit the first coin: %v", err)
	}
	if err := r.check(t, forged); !errors.Is(err, ErrMismatch) {
		t.Fatalf("a forged sum was accepted: %v", err)
	}
}

// forge finds S' ≠ S with ⟨v, S'⟩ = ⟨v, S⟩ for a known v of two coordinates, by
// the continued fraction of v0/v1: S' = S + (a, b) with a·v0 + b·v1 = 0 mod p,
// |a|, |b| about 2^64.
func forge(t *testing.T, c Coin, sum []uint64) []uint64 {
	t.Helper()
	s := c.stream(2)
	a, b := shortRelation(s.next().big(), s.next().big())
	forged := slices.Clone(sum)
	addBig(forged[0:2], a)
	addBig(forged[2:4], b)
	return forged
}

func TestLiarsAndLossesStopTheCheck(t *testing.T) {
	layout := securetest.Layouts()["mixed"]
	r := start(t, 5, layout, "liars")
	r.transcript.Opened = mask.HashWords(r.sum)
	c, _ := r.transcript.Coin()
	set := r.transcript.Set
	for name, change := range map[string]func(m map[int]Scalar){
		"a site adds one to its scalar":      func(m map[int]Scalar) { m[2] = m[2].Add(Scalar{lo: 1}) },
		"two scalars are exchanged for zero": func(m map[int]Scalar) { m[1], m[2] = Scalar{}, Scalar{} },
		"a scalar is missing":                func(m map[int]Scalar) { delete(m, 3) },
		"a scalar of a stranger":             func(m map[int]Scalar) { delete(m, 3); m[9] = Scalar{} },
	} {
		m := r.scalars(t, c)
		change(m)
		if err := c.Check(layout, r.sum, set, m); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := c.Check(layout, r.sum[1:], set, r.scalars(t, c)); err == nil {
		t.Error("a sum that does not fit the layout")
	}
	if _, err := c.MaskScalar(Scalar{}, 9, set, r.keys[0]); err == nil {
		t.Error("a stranger masks")
	}
	delete(r.keys[0], 3)
	if _, err := c.MaskScalar(Scalar{}, 0, set, r.keys[0]); err == nil {
		t.Error("masked without the key of a contributor")
	}
}

func TestCoinDependsOnAllOfTheTranscript(t *testing.T) {
	base := start(t, 6, securetest.Layouts()["64"], "coin")
	first, err := base.transcript.Coin()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Coin]string{first: "base"}
	for name, change := range map[string]func(*Transcript){
		"session":    func(t *Transcript) { t.Terms.Session = []byte("other") },
		"roster":     func(t *Transcript) { t.Terms.Roster[31]++ },
		"epoch":      func(t *Transcript) { t.Terms.Epoch++ },
		"round":      func(t *Transcript) { t.Round++ },
		"commitment": func(t *Transcript) { t.Commitments[3] = [32]byte{1} },
		"vector":     func(t *Transcript) { t.Vectors[3] = [32]byte{1} },
		"opened":     func(t *Transcript) { t.Opened[0]++ },
		"swap":       func(t *Transcript) { t.Vectors[1], t.Vectors[2] = t.Vectors[2], t.Vectors[1] },
		"set": func(t *Transcript) {
			t.Set = t.Set[1:]
			delete(t.Vectors, 0)
			delete(t.Commitments, 0)
		},
	} {
		r := start(t, 6, securetest.Layouts()["64"], "coin")
		change(&r.transcript)
		c, err := r.transcript.Coin()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if other, ok := seen[c]; ok {
			t.Errorf("%s gives the coin of %s", name, other)
		}
		seen[c] = name
	}
	delete(base.transcript.Vectors, 2)
	if _, err := base.transcript.Coin(); err == nil {
		t.Error("a coin without all vectors")
	}
}

func TestAuditTellsWhoLied(t *testing.T) {
	layout := securetest.Layouts()["mixed"]
	r := start(t, 4, layout, "audit")
	terms := r.transcript.Terms
	for _, i := range r.transcript.Set {
		if err := Audit(r.transcript.Commitments[i], terms, 7, i, layout, r.xs[i], r.rho[i]); err != nil {
			t.Errorf("site %d: %v", i, err)
		}
	}
	lie := slices.Clone(r.xs[0])
	lie[0]++
	for name, err := range map[string]error{
		"another vector": Audit(r.transcript.Commitments[0], terms, 7, 0, layout, lie, r.rho[0]),
		"another rho":    Audit(r.transcript.Commitments[0], terms, 7, 0, layout, r.xs[0], r.rho[1]),
		"another round":  Audit(r.transcript.Commitments[0], terms, 8, 0, layout, r.xs[0], r.rho[0]),
		"another site":   Audit(r.transcript.Commitments[0], terms, 7, 1, layout, r.xs[0], r.rho[0]),
		"another layout": Audit(r.transcript.Commitments[0], terms, 7, 0, fixed.Layout{{Bits: 64, Len: layout.Words()}}, r.xs[0], r.rho[0]),
	} {
		if !errors.Is(err, ErrCommitment) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkInner(b *testing.B) {
	for _, width := range []int{64, 128} {
		b.Run(fmt.Sprint(width), func(b *testing.B) {
			layout := fixed.Layout{{Bits: width, Len: 1_000_000}}
			x := make([]uint64, layout.Words())
			var c Coin
			for b.Loop() {
				c.Inner(layout, x)
			}
		})
	}
}
