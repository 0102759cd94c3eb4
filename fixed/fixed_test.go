package fixed

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEncodeIsRoundHalfEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.IntRange(0, 110).Draw(t, "f")
		x := rapid.Float64Range(-0x1p15, 0x1p15).Draw(t, "x")
		lo, hi := encode(x, f)
		got := toBig(lo, hi)
		r := new(big.Rat).SetFloat64(x)
		r.Mul(r, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(f))))
		if want := roundHalfEven(r); got.Cmp(want) != 0 {
			t.Fatalf("encode(%v, %d) = %v, want %v", x, f, got, want)
		}
	})
}

func TestDecodeIsCorrectlyRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.IntRange(0, 120).Draw(t, "f")
		lo, hi := rapid.Uint64().Draw(t, "lo"), rapid.Uint64().Draw(t, "hi")
		if hi == 1<<63 && lo == 0 {
			return
		}
		r := new(big.Rat).SetFrac(toBig(lo, hi), new(big.Int).Lsh(big.NewInt(1), uint(f)))
		want, _ := r.Float64()
		if got := decode(lo, hi, f); got != want {
			t.Fatalf("decode(%x, %x, %d) = %v, want %v", lo, hi, f, got, want)
		}
	})
}

// The sum over any split of rows is the same integer, bit for bit.
func TestSumIsOrderIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 60).Draw(t, "xs")
		g, err := NewGrid([]Range{{Max: 100}}, 1000, 7)
		if err != nil {
			t.Fatal(err)
		}
		whole, a, b := NewVector(g), NewVector(g), NewVector(g)
		for i, x := range xs {
			whole.Add(0, x)
			if rapid.Bool().Draw(t, "side") || i == 0 {
				a.Add(0, x)
			} else {
				b.Add(0, x)
			}
		}
		b.Merge(a)
		if whole.Words[0] != b.Words[0] || whole.Words[1] != b.Words[1] {
			t.Fatal("the sum depends on the split")
		}
	})
}

func TestIntegerVectorsTravelIn64Bits(t *testing.T) {
	g, err := NewGrid([]Range{{Max: 1, Integer: true}, {Max: 3, Integer: true}}, 1<<24, 50)
	if err != nil || g.Bits != 64 || g.Frac[0] != 0 {
		t.Fatalf("grid %+v, %v", g, err)
	}
	v := NewVector(g)
	v.Add(0, 1)
	v.Add(1, -3)
	if got := Decode(g, v.Words); got[0] != 1 || got[1] != -3 {
		t.Fatal(got)
	}
}

func TestOutOfRangeIsRefusedWithoutTheValue(t *testing.T) {
	g, _ := NewGrid([]Range{{Max: 120}}, 1000, 6)
	for _, x := range []float64{121, -120.5, math.NaN(), math.Inf(1)} {
		v := NewVector(g)
		v.Add(0, x)
		if err := v.Err(); err == nil {
			t.Errorf("value %v was accepted", x)
		}
	}
}

func TestNoWrapAtTheLimit(t *testing.T) {
	for _, max := range []float64{1, 0.3, 1e6, 1e-9, 3.7e20} {
		const rows, parties = 1 << 20, 6
		g, err := NewGrid([]Range{{Max: max}}, rows, parties)
		if err != nil {
			t.Fatal(err)
		}
		sum := make([]uint64, 2)
		for range parties {
			v := NewVector(g)
			v.AddSum(0, max*rows)
			if err := v.Err(); err != nil {
				t.Fatal(err)
			}
			g.Layout().AddTo(sum, v.Words)
		}
		want := max * rows * parties
		if got := Decode(g, sum)[0]; math.Abs(got-want) > 1e-15*want {
			t.Errorf("max %v: sum %v, want %v", max, got, want)
		}
	}
}

func TestUnboundedIsRefused(t *testing.T) {
	for _, max := range []float64{math.Inf(1), math.NaN(), -1, 1e40} {
		if _, err := NewGrid([]Range{{Max: max}}, 1<<24, 6); err == nil {
			t.Errorf("a bound of %v was accepted", max)
		}
	}
}

func toBig(lo, hi uint64) *big.Int {
	b := new(big.Int).SetUint64(hi)
	b.Lsh(b, 64).Add(b, new(big.Int).SetUint64(lo))
	if hi>>63 == 1 {
		b.Sub(b, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return b
}

func roundHalfEven(r *big.Rat) *big.Int {
	q, m := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	twice := new(big.Int).Lsh(m, 1)
	if c := twice.Cmp(r.Denom()); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

func BenchmarkAdd128(b *testing.B) {
	r := make([]Range, 256)
	for i := range r {
		r[i].Max = 1
	}
	g, _ := NewGrid(r, 1<<20, 6)
	v := NewVector(g)
	x := 0.123456789
	for b.Loop() {
		for i := range 256 {
			v.Add(i, x)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*256), "ns/value")
}

func BenchmarkAddOuter(b *testing.B) {
	const p = 22
	r := make([]Range, p*(p+1)/2)
	for i := range r {
		r[i].Max = 1
	}
	g, _ := NewGrid(r, 1<<20, 6)
	v, x := NewVector(g), make([]float64, p)
	for i := range x {
		x[i] = math.Sin(float64(3*i + 1))
	}
	for b.Loop() {
		v.AddOuter(0, 0.25, x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(r)), "ns/value")
}

func TestCoarseGridRoundsToItsStepsAndKeepsRoomForNoise(t *testing.T) {
	g, err := NewCoarseGrid([]Range{{Max: 1}, {Max: 1000}, {Max: 1, Integer: true}}, []int{4, -3, 0}, []float64{100, 100, 100}, 10, 3)
	if err != nil {
		t.Fatal(err)
	}
	v := NewVector(g)
	for _, x := range []float64{0.5, -0.03125, 0.09375, 1} { // half steps go to even
		v.Add(0, x)
	}
	v.Add(1, 20)
	v.Add(2, -1)
	v.Words[2] += uint64(99) // a draw of noise
	if got, want := Decode(g, v.Words), []float64{0.5 + 0 + 0.125 + 1, 16, 98}; !slices.Equal(got, want) || v.Err() != nil {
		t.Errorf("got %v (%v), want %v", got, v.Err(), want)
	}
	v.Add(0, 1.01)
	if v.Err() == nil {
		t.Error("a value beyond the range was taken")
	}
	for _, bad := range []struct {
		frac   []int
		margin []float64
	}{{[]int{60}, []float64{0}}, {[]int{0}, []float64{1 << 61}}, {[]int{0, 0}, []float64{0}}, {[]int{2000}, []float64{0}}} {
		if _, err := NewCoarseGrid([]Range{{Max: 1}}, bad.frac, bad.margin, 10, 3); err == nil {
			t.Errorf("grid with %v fraction bits and margins %v accepted", bad.frac, bad.margin)
		}
	}
}
