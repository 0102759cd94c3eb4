package verify

import (
	"bytes"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func p127() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 127)
	return p.Sub(p, big.NewInt(1))
}

func (s Scalar) big() *big.Int {
	b := new(big.Int).Lsh(new(big.Int).SetUint64(s.hi), 64)
	return b.Add(b, new(big.Int).SetUint64(s.lo))
}

// word draws words near the places where carries happen as often as others.
func word() *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 2, low63, low63 - 1, 1 << 63, 1<<63 + 1, pLo, pLo - 1, 1 << 62, 3 << 62}))
}

func scalar(t *rapid.T, name string) Scalar {
	return reduce(word().Draw(t, name+" lo"), word().Draw(t, name+" hi"))
}

func TestFieldAgainstBigIntegers(t *testing.T) {
	p := p127()
	rapid.Check(t, func(t *rapid.T) {
		lo, hi := word().Draw(t, "lo"), word().Draw(t, "hi")
		wide := new(big.Int).Lsh(new(big.Int).SetUint64(hi), 64)
		wide.Add(wide, new(big.Int).SetUint64(lo))
		same(t, "reduce", reduce(lo, hi), wide)
		signed := new(big.Int).Set(wide)
		if hi>>63 == 1 {
			signed.Sub(signed, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		same(t, "lift", lift(lo, hi), signed)
		same(t, "lift64", lift64(lo), big.NewInt(int64(lo)))
		a, b := scalar(t, "a"), scalar(t, "b")
		same(t, "add", a.Add(b), new(big.Int).Add(a.big(), b.big()))
		same(t, "sub", a.Sub(b), new(big.Int).Sub(a.big(), b.big()))
		same(t, "mul", a.Mul(b), new(big.Int).Mul(a.big(), b.big()))
		if a.big().Cmp(p) >= 0 {
			t.Fatal("not reduced")
		}
	})
}

func same(t *rapid.T, what string, got Scalar, want *big.Int) {
	t.Helper()
	if w := new(big.Int).Mod(want, p127()); got.big().Cmp(w) != 0 {
		t.Fatalf("%s: %v, want %v", what, got.big(), w)
	}
}

func FuzzScalar(f *testing.F) {
	f.Add(make([]byte, ScalarSize))
	f.Add(bytes.Repeat([]byte{0xff}, ScalarSize))
	f.Add(append(bytes.Repeat([]byte{0xff}, 15), 0x7f)) // p itself
	f.Add(append([]byte{0xfe}, append(bytes.Repeat([]byte{0xff}, 14), 0x7f)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Scalar
		if s.UnmarshalBinary(b) != nil {
			return
		}
		if s.big().Cmp(p127()) >= 0 {
			t.Fatalf("%x is not below p", b)
		}
		if again, _ := s.MarshalBinary(); !bytes.Equal(again, b) {
			t.Fatalf("%x was accepted and is written %x", b, again)
		}
		text, _ := s.MarshalText()
		var u Scalar
		if err := u.UnmarshalText(text); err != nil || u != s {
			t.Fatalf("text %s: %v", text, err)
		}
	})
}

func FuzzScalarText(f *testing.F) {
	f.Add([]byte("00000000000000000000000000000000"))
	f.Add([]byte("ffffffffffffffffffffffffffffff7f"))
	f.Add([]byte("FEffffffffffffffffffffffffffff7f"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Scalar
		if s.UnmarshalText(text) != nil {
			return
		}
		if again, _ := s.MarshalText(); !bytes.Equal(again, text) {
			t.Fatalf("%q was accepted and is written %q", text, again)
		}
	})
}
