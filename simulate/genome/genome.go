// Package genome makes genotypes: blocks of variants in linkage disequilibrium on
// the chromosomes 1 to 22, X and Y, in three ancestral populations.
//
// It serves the model of simulate, which reads the planted hits, and writers of
// genotype files. Every block of every person has a stream of its own, so that the
// hits alone can be drawn without the rest.
package genome

import (
	"math"

	"hmsp.center/hmsp/simulate/chance"
)

// The shape of the genome.
const (
	Populations = 3
	BlockSize   = 20    // variants in a block, at most
	Rho         = 0.9   // correlation of the latent normals of neighbours in a block
	MissingRate = 0.002 // of calls
	MinVariants = 500
	MaxVariants = 5_000_000
	ChrX, ChrY  = 23, 24
)

// Fst is the Balding-Nichols divergence of a population from the ancestral one.
func Fst() [Populations]float64 { return [Populations]float64{0.02, 0.08, 0.12} }

// A Variant is a place in the genome with two alleles.
type Variant struct {
	Chromosome int8  // 1 to 22, ChrX, ChrY
	Position   int32 // from 1; places are invented and follow no assembly
	Ref, Alt   byte
	Block      int32
	Frequency  [Populations]float32 // of Alt
}

// Mean is the frequency of Alt over populations of equal size.
func (v Variant) Mean() float64 {
	return float64(v.Frequency[0]+v.Frequency[1]+v.Frequency[2]) / Populations
}

// A Panel is the variants that everybody of one seed has.
type Panel struct {
	Variants []Variant
	Hits     []Hit

	thresholds [][Populations]float32 // of the latent normal, by variant
	blocks     []span
}

type span struct{ from, to int }

// Genotypes are the calls of one person by variant: how many Alt, -1 where the call
// is missing. On X and Y a man has one allele, counted 0 or 2 as PLINK counts it; a
// woman's calls on Y are missing.
type Genotypes struct{ Calls []int8 }

// lengths are chromosomes' shares of the genome: their length in millions of bases.
func lengths() [24]int {
	return [24]int{248, 242, 198, 190, 181, 170, 159, 145, 138, 133, 135, 133, 114, 107, 101, 90, 83, 80, 58, 64, 46, 50, 156, 57}
}

// New designs the panel of a seed: m variants, in blocks of BlockSize, with
// frequencies p of an ancestral population uniform in [0.05, 0.5] or its mirror and
// those of population k Beta(p(1-F)/F, (1-p)(1-F)/F), F = Fst()[k] (Balding and
// Nichols 1995), kept within [0.01, 0.99].
func New(seed uint64, m int) *Panel {
	p := &Panel{Variants: make([]Variant, 0, m), thresholds: make([][Populations]float32, 0, m)}
	s := chance.NewKey(seed, "genome").Stream("panel")
	total, given, seen := 0, 0, 0
	for _, l := range lengths() {
		total += l
	}
	for c, l := range lengths() {
		seen += l
		n := m*seen/total - given
		given += n
		p.chromosome(s, int8(c+1), n, float64(l)*1e6)
	}
	p.plant(s)
	return p
}

func (p *Panel) chromosome(s *chance.Stream, c int8, n int, length float64) {
	blocks := (n + BlockSize - 1) / BlockSize
	width := length / float64(max(blocks, 1))
	for b := range blocks {
		from := len(p.Variants)
		k := n*(b+1)/blocks - n*b/blocks
		at := float64(b)*width + width*0.1*s.Uniform() + 1
		for range k {
			at += width / (2.5 * BlockSize) * s.Between(0.5, 1.5) // a block fills half of its share
			p.variant(s, c, int32(at))
		}
		p.blocks = append(p.blocks, span{from, len(p.Variants)})
	}
}

func (p *Panel) variant(s *chance.Stream, c int8, at int32) {
	const bases = "ACGT"
	v := Variant{Chromosome: c, Position: at, Block: int32(len(p.blocks))}
	if n := len(p.Variants); n > 0 && p.Variants[n-1].Chromosome == c && v.Position <= p.Variants[n-1].Position {
		v.Position = p.Variants[n-1].Position + 1
	}
	r := s.Below(4)
	v.Ref, v.Alt = bases[r], bases[(r+1+s.Below(3))%4]
	anc := s.Between(0.05, 0.5)
	if s.Chance(0.3) {
		anc = 1 - anc
	}
	var t [Populations]float32
	for k, f := range Fst() {
		q := min(max(s.Beta(anc*(1-f)/f, (1-anc)*(1-f)/f), 0.01), 0.99)
		v.Frequency[k], t[k] = float32(q), float32(chance.Quantile(q))
	}
	p.Variants = append(p.Variants, v)
	p.thresholds = append(p.thresholds, t)
}

// Genotypes draws everything of a person.
func (p *Panel) Genotypes(person chance.Key, male bool, ancestry [Populations]float64) Genotypes {
	calls := make([]int8, len(p.Variants))
	s, under := person.Stream("genome"), person.Under("genome block")
	for b := range p.blocks {
		p.block(calls, s, under, b, male, ancestry)
	}
	s.Restart(person.Under("genome missing"))
	for i := s.Exponential() / MissingRate; int(i) < len(calls); i += 1 + s.Exponential()/MissingRate {
		calls[int(i)] = -1
	}
	return Genotypes{calls}
}

// block draws one block into calls. An allele is Alt where a latent normal is below
// the quantile of the frequency; the normals of a haplotype are an autoregression of
// coefficient Rho along the block (a Gaussian copula). Each haplotype takes its
// population from the person's ancestry, anew in every block.
func (p *Panel) block(calls []int8, s *chance.Stream, under chance.Key, b int, male bool, ancestry [Populations]float64) {
	s.Restart(under.Item(uint64(b)))
	span := p.blocks[b]
	chromosome := p.Variants[span.from].Chromosome
	copies, each := 2, int8(1)
	if chromosome == ChrY && !male {
		for i := span.from; i < span.to; i++ {
			calls[i] = -1
		}
		return
	}
	if chromosome >= ChrX && male {
		copies, each = 1, 2
	}
	fresh := math.Sqrt(1 - Rho*Rho)
	for range copies {
		k := s.Pick(ancestry[:])
		z := s.Normal()
		for i := span.from; i < span.to; i++ {
			if z < float64(p.thresholds[i][k]) {
				calls[i] += each
			}
			z = Rho*z + fresh*s.Normal()
		}
	}
}
