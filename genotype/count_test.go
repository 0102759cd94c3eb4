package genotype

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// drawCalls draws calls and the counts that are in them.
func drawCalls(t *rapid.T, n int, label string) (Calls, []int) {
	counts := rapid.SliceOfN(rapid.IntRange(-1, 2), n, n).Draw(t, label)
	return callsOf(counts), counts
}

func callsOf(counts []int) Calls {
	var c Calls
	c.Reset(len(counts))
	for i, x := range counts {
		c.Set(i, x)
	}
	return c
}

// TestCounts: what is counted by planes is what is counted one by one.
func TestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, counts := drawCalls(t, rapid.IntRange(0, 200).Draw(t, "samples"), "counts")
		var want Counts
		alt := 0
		for i, x := range counts {
			if c.Count(i) != x {
				t.Fatalf("sample %d: %d, want %d", i, c.Count(i), x)
			}
			*map[int]*int{-1: &want.Missing, 0: &want.HomRef, 1: &want.Het, 2: &want.HomAlt}[x]++
			alt += max(x, 0)
		}
		if got := c.Counts(); got != want || got.Alt() != alt || got.Called() != len(counts)-want.Missing {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if p := c.Counts().Frequency(); want.Called() == 0 != math.IsNaN(p) || want.Called() > 0 && p != float64(alt)/float64(2*want.Called()) {
			t.Fatalf("frequency %v", p)
		}
	})
}

// TestDot: the product by planes is the sum of products.
func TestDot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "samples")
		a, x := drawCalls(t, n, "a")
		b, y := drawCalls(t, n, "b")
		dot, both := 0, 0
		for i := range n {
			if x[i] >= 0 && y[i] >= 0 {
				dot, both = dot+x[i]*y[i], both+1
			}
		}
		if Dot(&a, &b) != dot || Dot(&b, &a) != dot || Both(&a, &b) != both {
			t.Fatalf("dot %d of %d, want %d of %d", Dot(&a, &b), Both(&a, &b), dot, both)
		}
	})
}

// some gives calls of random variants, as a Reader.
type some struct {
	variants []Variant
	calls    []Calls
	next     int
}

func (s *some) Info() Info   { return Info{} }
func (s *some) Close() error { return nil }
func (s *some) Next(v *Variant, c *Calls) error {
	if s.next == len(s.calls) {
		return io.EOF
	}
	*v, *c = s.variants[s.next], s.calls[s.next].Clone()
	s.next++
	return nil
}

func random(samples, variants int, chromosome func(i int) string) *some {
	rng := rand.New(rand.NewPCG(uint64(samples), uint64(variants)))
	s := &some{}
	for k := range variants {
		counts := make([]int, samples)
		for i := range counts {
			counts[i] = rng.IntN(4) - 1
		}
		s.variants = append(s.variants, Variant{Chromosome: chromosome(k), Position: k + 1})
		s.calls = append(s.calls, callsOf(counts))
	}
	return s
}

func TestMatrix(t *testing.T) {
	s := random(70, 10, func(i int) string { return "1" })
	m := NewMatrix(70, 4)
	seen := 0
	for {
		m.Reset()
		err := m.Fill(s, 4)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range m.Variants {
			c := m.Calls(i)
			if v != s.variants[seen] || !reflect.DeepEqual(c, s.calls[seen]) {
				t.Fatalf("variant %d: %v %v", seen, v, c)
			}
			seen++
		}
	}
	if seen != 10 {
		t.Errorf("%d variants, want 10", seen)
	}
	defer func() {
		if recover() == nil {
			t.Error("calls of other samples are taken")
		}
	}()
	c := callsOf(make([]int, 71))
	m.Append(Variant{}, &c)
}

// TestSampleStats: counters on their side count as plain ones do, also when they are full.
func TestSampleStats(t *testing.T) {
	for _, variants := range []int{0, 1, 255, 256, 1000} {
		s := random(100, variants, func(i int) string { return [4]string{"1", "22", "X", "Y"}[i%4] })
		stats := NewSampleStats(100)
		type plain struct{ called, het, autosomal int }
		want := make([]plain, 100)
		n := 0
		for k := range s.calls {
			stats.Add(&s.variants[k], &s.calls[k])
			if s.variants[k].Chromosome == "Y" {
				continue
			}
			n++
			for i := range want {
				x := s.calls[k].Count(i)
				if x < 0 {
					continue
				}
				want[i].called++
				if s.variants[k].Chromosome != "X" {
					want[i].autosomal++
					want[i].het += x & 1
				}
			}
		}
		for i, w := range want {
			het, rate := float64(w.het)/float64(w.autosomal), float64(w.called)/float64(n)
			if stats.Variants() != n || stats.Called(i) != w.called || fmt.Sprint(stats.Heterozygosity(i)) != fmt.Sprint(het) || fmt.Sprint(stats.CallRate(i)) != fmt.Sprint(rate) {
				t.Fatalf("%d variants, sample %d: %d %v %v, want %+v", variants, i, stats.Called(i), stats.Heterozygosity(i), stats.CallRate(i), w)
			}
		}
	}
}

func TestAutosome(t *testing.T) {
	n := 0
	for i := range 100 {
		if autosome(fmt.Sprint(i)) {
			n++
		}
	}
	if n != 22 || autosome("X") || autosome("") || autosome("GL000192.1") || autosome("0") {
		t.Errorf("%d autosomes", n)
	}
}

func BenchmarkDot(b *testing.B) {
	const n = 1 << 20
	s := random(n, 2, func(int) string { return "1" })
	b.SetBytes(n / 4 * 2) // two bits of each of two genotypes
	for b.Loop() {
		Dot(&s.calls[0], &s.calls[1])
	}
}

// BenchmarkDotOfBytes is the alternative: a byte for each genotype.
func BenchmarkDotOfBytes(b *testing.B) {
	const n = 1 << 20
	x, y := make([]int8, n), make([]int8, n)
	for i := range x {
		x[i], y[i] = int8(i%3), int8(i%2)
	}
	b.SetBytes(n / 4 * 2)
	sum := 0
	for b.Loop() {
		for i, v := range x {
			sum += int(v) * int(y[i])
		}
	}
	_ = sum
}

func BenchmarkSampleStats(b *testing.B) {
	const n = 1 << 17
	s := random(n, 1, func(int) string { return "1" })
	stats := NewSampleStats(n)
	b.SetBytes(n / 4)
	for b.Loop() {
		stats.Add(&s.variants[0], &s.calls[0])
	}
}
