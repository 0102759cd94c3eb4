package microbiome

import (
	"math"
	"testing"

	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// The planted shift of diabetes in the log counts of those who have the taxon comes
// back within five standard errors, against taxa without an effect.
func TestEffects(t *testing.T) {
	n := 4000
	if testing.Short() {
		n = 1500
	}
	f := person.New(3, 600, record.Day(2014, 12, 31), record.Day(2024, 12, 31))
	s, c := f.Scratch(), New(3)
	const reference, shifted = 0, 2 // taxon001 and taxon003
	var m [2]struct{ n, x, xx float64 }
	for i := range n {
		p := f.Person("x", person.Traits{Age: 62, Ancestry: [3]float64{1, 1, 1}}, i, s)
		got := c.Sample(p, p.Exit)
		sum := 0
		for _, k := range got.Counts {
			sum += int(k)
		}
		if sum != got.Depth || len(got.Counts) != TaxonCount {
			t.Fatalf("counts sum to %d of %d", sum, got.Depth)
		}
		if a, b := got.Counts[shifted], got.Counts[reference]; a > 0 && b > 0 {
			g := &m[0]
			if p.At(person.Diabetes, p.Exit) {
				g = &m[1]
			}
			x := math.Log(float64(a) / float64(b))
			g.n, g.x, g.xx = g.n+1, g.x+x, g.xx+x*x
		}
	}
	mean := func(i int) (float64, float64) {
		a := m[i].x / m[i].n
		return a, (m[i].xx/m[i].n - a*a) / m[i].n
	}
	a, va := mean(0)
	b, vb := mean(1)
	if z := (b - a + 1) / math.Sqrt(va+vb); math.Abs(z) > 5 {
		t.Errorf("diabetes shifts taxon003 by %.3f, planted -1: %.1f standard errors", b-a, z)
	}
}
