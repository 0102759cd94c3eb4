package fixed

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Two contributions have one fingerprint where they have the same words, and only
// there: in whatever order and pieces they come.
func TestFingerprintsTellVectorsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.IntRange(1, 3).Draw(t, "p")
		g := anyGrid(t, p*(p+1)/2)
		if rapid.Bool().Draw(t, "coarse") {
			n := len(g.Frac)
			ranges, frac, margin := make([]Range, n), make([]int, n), make([]float64, n)
			for i := range ranges {
				ranges[i].Max, frac[i] = 100, rapid.IntRange(-3, 5).Draw(t, "frac")
			}
			var err error
			if g, err = NewCoarseGrid(ranges, frac, margin, 100, 3); err != nil {
				t.Fatal(err)
			}
		}
		key := rapid.Uint64().Draw(t, "key")
		a, b, pa, pb := NewVector(g), NewVector(g), NewFingerprint(g, key), NewFingerprint(g, key)
		value := rapid.SampledFrom([]float64{0, 1, -1, 0.25, 1e-9, 3, -0.3, 7})
		for range rapid.IntRange(0, 4).Draw(t, "adds") {
			x := rapid.SliceOfN(value, p, p).Draw(t, "x")
			switch i := rapid.IntRange(0, len(g.Frac)-1).Draw(t, "at"); rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				a.Add(i, x[0])
				pa.Add(i, x[0])
			case 1:
				a.AddOuter(0, 0.5, x)
				pa.AddOuter(0, 0.5, x)
			default:
				a.AddSum(i, x[0])
				pa.AddSum(i, x[0])
			}
			i := rapid.IntRange(0, len(g.Frac)-1).Draw(t, "at")
			b.Add(i, x[0])
			b.Add(i, x[0])
			pb.Add(i, x[0])
			pb.Add(i, x[0])
		}
		if (a.Err() != nil) != (pa.Err() != nil) && pa.Err() != nil {
			t.Fatalf("%v, %v", a.Err(), pa.Err())
		}
		if slices.Equal(a.Words, b.Words) != (pa.Fingerprint() == pb.Fingerprint()) {
			t.Fatalf("%x and %x", a.Words, b.Words)
		}
		if pa.Fingerprint() != 0 {
			t.Fatal("it did not begin again")
		}
	})
}

// What is taken away again leaves no trace.
func TestFingerprintsAreLinear(t *testing.T) {
	g, err := NewGrid([]Range{{Max: 1}, {Max: 1e9}}, 1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	v := NewFingerprint(g, 5)
	for _, x := range []float64{0.3, 1, 1e-12} {
		v.Add(0, x)
		v.Add(1, 1e9*x)
		v.Add(1, -1e9*x)
		v.Add(0, -x)
	}
	if f := v.Fingerprint(); f != 0 && f != prime {
		t.Errorf("left %x", f)
	}
}
