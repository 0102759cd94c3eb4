package genome

import (
	"math"
	"testing"

	"hmsp.center/hmsp/simulate/chance"
)

func people(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

// sample draws n men and women of one population.
func sample(p *Panel, n, population int) (calls [][]int8, male []bool) {
	var a [Populations]float64
	a[population] = 1
	for i := range n {
		m := i%2 == 0
		calls = append(calls, p.Genotypes(chance.NewKey(5, "people").Item(uint64(i)), m, a).Calls)
		male = append(male, m)
	}
	return calls, male
}

func TestDesign(t *testing.T) {
	for _, m := range []int{MinVariants, 2000, 12345} {
		p := New(1, m)
		if len(p.Variants) != m {
			t.Fatalf("%d variants, want %d", len(p.Variants), m)
		}
		traits := map[Trait]int{}
		blocks := map[int32]bool{}
		for _, h := range p.Hits {
			v := p.Variants[h.Variant]
			if traits[h.Trait]++; v.Chromosome >= ChrX || blocks[v.Block] {
				t.Errorf("a hit on chromosome %d or a second one in its block", v.Chromosome)
			}
			blocks[v.Block] = true
		}
		for _, tr := range Traits() {
			if traits[tr] != len(effects(tr)) {
				t.Errorf("%d hits for %s", traits[tr], tr)
			}
		}
		seen := map[int8]bool{}
		for i, v := range p.Variants {
			seen[v.Chromosome] = true
			if v.Ref == v.Alt || v.Position < 1 {
				t.Fatalf("variant %d: %+v", i, v)
			}
			if i > 0 && p.Variants[i-1].Chromosome == v.Chromosome && p.Variants[i-1].Position >= v.Position {
				t.Fatalf("variant %d is not behind the one before", i)
			}
		}
		if len(seen) != 24 {
			t.Errorf("%d chromosomes", len(seen))
		}
	}
}

// Frequencies are as designed and genotypes in Hardy-Weinberg equilibrium in one
// population: 480 autosomal variants, each |z| < 6 for both. Two thousand million to
// one against each: a false alarm for 2 seeds in a million.
func TestFrequenciesAndHardyWeinberg(t *testing.T) {
	p := New(2, MinVariants)
	n := people(5000)
	for k := range Populations {
		calls, _ := sample(p, n, k)
		for i, v := range p.Variants {
			if v.Chromosome >= ChrX {
				continue
			}
			var c [3]float64
			for _, x := range calls {
				if x[i] >= 0 {
					c[x[i]]++
				}
			}
			total := c[0] + c[1] + c[2]
			q := float64(v.Frequency[k])
			got := (c[1] + 2*c[2]) / (2 * total)
			if z := (got - q) / math.Sqrt(q*(1-q)/(2*total)); math.Abs(z) > 6 {
				t.Errorf("population %d, variant %d: frequency %.1f standard errors off", k, i, z)
			}
			// Without sampling of the frequency: heterozygotes against 2q(1-q).
			h := 2 * q * (1 - q)
			if z := (c[1]/total - h) / math.Sqrt(h*(1-h)/total); math.Abs(z) > 6 {
				t.Errorf("population %d, variant %d: heterozygotes %.1f standard errors off", k, i, z)
			}
		}
	}
}

// The correlation of the calls of neighbours is that of two cut bivariate normals of
// correlation Rho^distance, within 6 standard errors of Fisher's z; across blocks it
// is none.
func TestLinkage(t *testing.T) {
	p := New(3, MinVariants)
	n := people(5000)
	calls, _ := sample(p, n, 1)
	for i := range len(p.Variants) - 3 {
		for _, d := range []int{1, 3} {
			a, b := p.Variants[i], p.Variants[i+d]
			if b.Chromosome >= ChrX {
				continue
			}
			want := 0.0
			if a.Block == b.Block {
				want = phi(float64(a.Frequency[1]), float64(b.Frequency[1]), math.Pow(Rho, float64(d)))
			}
			got := correlation(calls, i, i+d)
			// The calls are not normal: their kurtosis widens the error, by less than 2.
			if z := (math.Atanh(got) - math.Atanh(want)) * math.Sqrt(float64(n)) / 2; math.Abs(z) > 6 {
				t.Errorf("variants %d and %d: correlation %.3f, designed %.3f", i, i+d, got, want)
			}
		}
	}
}

// phi is the correlation of two indicators below quantiles p and q of normals of
// correlation rho, by integration.
func phi(p, q, rho float64) float64 {
	a, b := chance.Quantile(p), chance.Quantile(q)
	sum, step := 0.0, 5e-3
	for z := -8.0; z < a; z += step {
		m := z + step/2
		sum += step * math.Exp(-m*m/2) / math.Sqrt(2*math.Pi) * 0.5 * math.Erfc(-(b-rho*m)/math.Sqrt(2*(1-rho*rho)))
	}
	return (sum - p*q) / math.Sqrt(p*(1-p)*q*(1-q))
}

func correlation(calls [][]int8, i, j int) float64 {
	var n, x, y, xx, yy, xy float64
	for _, c := range calls {
		if c[i] < 0 || c[j] < 0 {
			continue
		}
		a, b := float64(c[i]), float64(c[j])
		n, x, y, xx, yy, xy = n+1, x+a, y+b, xx+a*a, yy+b*b, xy+a*b
	}
	return (xy - x*y/n) / math.Sqrt((xx-x*x/n)*(yy-y*y/n))
}

func TestSexChromosomes(t *testing.T) {
	p := New(4, MinVariants)
	calls, male := sample(p, 200, 0)
	for k, c := range calls {
		for i, v := range p.Variants {
			switch {
			case v.Chromosome >= ChrX && male[k] && c[i] == 1:
				t.Fatal("a man has one allele of two")
			case v.Chromosome == ChrY && !male[k] && c[i] != -1:
				t.Fatal("a woman has calls on Y")
			}
		}
	}
}

// Scores, which draws the hits' blocks alone, sees the alleles of Genotypes.
func TestScores(t *testing.T) {
	p := New(5, 1000)
	scratch := make([]int8, 1000)
	a := [Populations]float64{0.5, 0.3, 0.2}
	for i := range 50 {
		k := chance.NewKey(9, "p").Item(uint64(i))
		calls := p.Genotypes(k, true, a).Calls
		var want [3]float64
		complete := true
		for _, h := range p.Hits {
			for j, tr := range Traits() {
				if tr == h.Trait {
					want[j] += h.Effect * (float64(calls[h.Variant]) - 2*h.Centre)
				}
			}
			complete = complete && calls[h.Variant] >= 0
		}
		if got := p.Scores(scratch, k, true, a); complete && got != want {
			t.Fatalf("person %d: scores %v, genotypes say %v", i, got, want)
		}
	}
}

func BenchmarkGenotypes(b *testing.B) {
	p := New(1, 10_000)
	k, i := chance.NewKey(1, "b"), uint64(0)
	b.SetBytes(10_000)
	for b.Loop() {
		i++
		p.Genotypes(k.Item(i), true, [Populations]float64{0.5, 0.3, 0.2})
	}
}

func BenchmarkScores(b *testing.B) {
	p := New(1, 2000)
	scratch := make([]int8, 2000)
	k, i := chance.NewKey(1, "b"), uint64(0)
	for b.Loop() {
		i++
		p.Scores(scratch, k.Item(i), true, [Populations]float64{0.5, 0.3, 0.2})
	}
}
