package mask

import (
	"crypto/aes"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"slices"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/securetest"
)

// parties returns the parties of an epoch whose pair secrets are drawn from a
// seed, so that nothing is left to the system's randomness.
func parties(t testing.TB, terms secure.Terms, seed string) map[int]*Party {
	t.Helper()
	rnd := securetest.Rand(seed)
	pairs := map[int]map[int]Pair{}
	for _, i := range terms.Members {
		pairs[i] = map[int]Pair{}
	}
	for _, i := range terms.Members {
		for _, j := range terms.Members {
			if i < j {
				var p Pair
				io.ReadFull(rnd, p[:])
				pairs[i][j], pairs[j][i] = p, p
			}
		}
	}
	all := map[int]*Party{}
	for _, i := range terms.Members {
		p, err := NewParty(terms, i, pairs[i], new(Guard))
		if err != nil {
			t.Fatal(err)
		}
		all[i] = p
	}
	return all
}

// Methods A1, target 1: the opened sum equals the plain sum bit for bit for
// every K in 3..50 and sampled sets of contributors; every set for K up to 8 is
// in TestScheme.
func TestEqualsThePlainSumForEveryNumberOfSites(t *testing.T) {
	layout := securetest.Layouts()["mixed"]
	for n := 3; n <= 50; n++ {
		for _, c := range []int{0, 1, n / 3} {
			terms, ok := securetest.Terms(n, c)
			if !ok {
				continue
			}
			name := fmt.Sprintf("%d sites %d colluders", n, c)
			rnd := securetest.Rand(name)
			set := securetest.Sample(terms.Members, max(terms.Threshold(), c+3), rnd)
			xs, sum := map[int][]uint64{}, make([]uint64, layout.Words())
			self, lost := map[int]secure.Key{}, map[int]map[int]secure.Key{}
			all := parties(t, terms, name)
			for _, j := range set {
				xs[j] = securetest.Random(layout, rnd)
				y := slices.Clone(xs[j])
				self[j], _ = secure.NewKey(rnd)
				if err := Mask(layout, y, j, all[j].Keys(4, StreamMask), self[j]); err != nil {
					t.Fatal(err)
				}
				layout.AddTo(sum, y)
			}
			for _, j := range terms.Members.Minus(set) {
				lost[j] = map[int]secure.Key{}
				for _, i := range set {
					lost[j][i] = all[i].Keys(4, StreamMask)[j]
				}
			}
			if err := Unmask(layout, sum, self, lost); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(sum, securetest.Plain(layout, set, xs)) {
				t.Fatalf("%s: set %v: not the sum", name, set)
			}
		}
	}
}

// The formula of methods A1 step 2, written out with big integers and one AES
// block at a time.
func TestMaskIsTheFormula(t *testing.T) {
	for name, layout := range securetest.Layouts() {
		rnd := securetest.Rand(name)
		keys := map[int]secure.Key{}
		for _, j := range []int{0, 1, 4, 9} {
			keys[j], _ = secure.NewKey(rnd)
		}
		b, _ := secure.NewKey(rnd)
		const self = 3
		x := securetest.Random(layout, rnd)
		y := slices.Clone(x)
		if err := Mask(layout, y, self, keys, b); err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, s := range layout {
			n := s.Bits / 64
			for i := range s.Len {
				k := at + i*n
				want := number(x[k : k+n])
				want.Add(want, pad(b, k, n))
				for j, key := range keys {
					if j > self {
						want.Add(want, pad(key, k, n))
					} else {
						want.Sub(want, pad(key, k, n))
					}
				}
				want.Mod(want, new(big.Int).Lsh(big.NewInt(1), uint(s.Bits)))
				if number(y[k:k+n]).Cmp(want) != 0 {
					t.Fatalf("%s: coordinate at word %d", name, k)
				}
			}
			at += s.Len * n
		}
	}
}

func number(words []uint64) *big.Int {
	n := new(big.Int)
	for i := len(words) - 1; i >= 0; i-- {
		n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(words[i]))
	}
	return n
}

// pad returns n words of the keystream of a key from word at.
func pad(key secure.Key, at, n int) *big.Int {
	block, _ := aes.NewCipher(key[:])
	words := make([]uint64, n)
	for i := range words {
		var in, out [16]byte
		binary.BigEndian.PutUint64(in[8:], uint64((at+i)/2))
		block.Encrypt(out[:], in[:])
		words[i] = binary.LittleEndian.Uint64(out[8*((at+i)%2):])
	}
	return number(words)
}

// Methods A1, target 3: one site's y alone is uniform, over 100 seeds and with a
// constant x. False alarm below 3e-5, see securetest.Uniformity; seeds are fixed.
func TestOneMaskedVectorIsUniform(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	layout := fixed.Layout{{Bits: 64, Len: 4096}, {Bits: 128, Len: 2048}}
	var samples [][]uint64
	for n := range 100 {
		seed := fmt.Sprint("uniform ", n)
		p := parties(t, terms, seed)[n%6]
		parcel, err := p.Send(secure.Round{Number: n}, layout, make([]uint64, layout.Words()), securetest.Rand(seed+" site"))
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, parcel.Vector)
	}
	securetest.Uniformity(t, samples)
}

// What the lead and the relay hold of one site without the self mask, that is
// with all its pairwise keys given away as if it were lost, is still uniform.
func TestLateVectorOfALostSiteIsUniform(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	layout := fixed.Layout{{Bits: 64, Len: 8192}}
	var samples [][]uint64
	for n := range 100 {
		seed := fmt.Sprint("late ", n)
		p := parties(t, terms, seed)[n%6]
		parcel, err := p.Send(secure.Round{Number: n}, layout, make([]uint64, layout.Words()), securetest.Rand(seed+" site"))
		if err != nil {
			t.Fatal(err)
		}
		var pads []Pad
		for j, k := range p.Keys(n, StreamMask) {
			pads = append(pads, Pad{Key: k, Minus: j > p.self})
		}
		Apply(layout, parcel.Vector, pads)
		samples = append(samples, parcel.Vector)
	}
	securetest.Uniformity(t, samples)
}

func TestBadMaskCallsAreRefused(t *testing.T) {
	layout := fixed.Layout{{Bits: 64, Len: 2}}
	k := map[int]secure.Key{1: {1}}
	for name, err := range map[string]error{
		"short vector":  Mask(layout, make([]uint64, 1), 0, k, secure.Key{}),
		"ring of 32":    Mask(fixed.Layout{{Bits: 32, Len: 2}}, make([]uint64, 1), 0, k, secure.Key{}),
		"no peer":       Mask(layout, make([]uint64, 2), 0, nil, secure.Key{}),
		"itself":        Mask(layout, make([]uint64, 2), 1, k, secure.Key{}),
		"unmask short":  Unmask(layout, make([]uint64, 3), k, nil),
		"both":          Unmask(layout, make([]uint64, 2), k, map[int]map[int]secure.Key{1: k}),
		"a key missing": Unmask(layout, make([]uint64, 2), k, map[int]map[int]secure.Key{2: {}}),
		"a stranger":    Unmask(layout, make([]uint64, 2), k, map[int]map[int]secure.Key{2: {5: {}}}),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParseWords(f *testing.F) {
	f.Add(1, 1, make([]byte, 24))
	f.Add(0, 0, []byte{})
	f.Add(-1, 3, []byte{1})
	f.Fuzz(func(t *testing.T, narrow, wide int, b []byte) {
		layout := fixed.Layout{{Bits: 64, Len: narrow}, {Bits: 128, Len: wide}}
		words, err := ParseWords(layout, b)
		if err != nil {
			return
		}
		if string(AppendWords(nil, words)) != string(b) {
			t.Fatal("another encoding")
		}
	})
}

func TestHashOfWordsTellsVectorsApart(t *testing.T) {
	long := make([]uint64, chunk+1)
	seen := map[[32]byte]bool{HashWords(nil): true, HashWords(long[:1]): true, HashWords(long[:chunk]): true, HashWords(long): true}
	long[chunk] = 1
	seen[HashWords(long)] = true
	if len(seen) != 5 {
		t.Errorf("%d hashes of 5 vectors", len(seen))
	}
}
