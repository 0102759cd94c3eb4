package genome

import (
	"math"
	"slices"

	"hmsp.center/hmsp/simulate/chance"
)

// A Trait is what a hit acts on.
type Trait string

// The traits with hits.
const (
	LDL Trait = "ldl" // effects in mg/dL for each Alt
	BMI Trait = "bmi" // in kg/m2
	T2D Trait = "t2d" // log odds ratios, and log hazard ratios
)

// Traits lists them in the order of Scores.
func Traits() [3]Trait { return [3]Trait{LDL, BMI, T2D} }

// A Hit is a variant that acts: Effect times the number of Alt above 2 Centre.
type Hit struct {
	Trait   Trait
	Variant int // in the panel
	Effect  float64
	Centre  float64
}

// effects are what is planted for a trait.
func effects(t Trait) []float64 {
	switch t {
	case LDL:
		return []float64{7, -6, 5, 4, -4, 3}
	case BMI:
		return []float64{0.6, 0.5, -0.4, 0.4, -0.3, 0.3}
	default:
		return []float64{0.3, 0.25, -0.25, 0.2, 0.2, -0.15, 0.15, 0.1}
	}
}

// plant puts each hit into an autosomal block of its own, on the variant whose mean
// frequency is nearest to one in three.
func (p *Panel) plant(s *chance.Stream) {
	var autosomal []int
	for b, sp := range p.blocks {
		if p.Variants[sp.from].Chromosome < ChrX {
			autosomal = append(autosomal, b)
		}
	}
	for i := len(autosomal) - 1; i > 0; i-- {
		j := s.Below(i + 1)
		autosomal[i], autosomal[j] = autosomal[j], autosomal[i]
	}
	next := 0
	for _, t := range Traits() {
		for _, e := range effects(t) {
			sp := p.blocks[autosomal[next]]
			next++
			best := sp.from
			for i := sp.from; i < sp.to; i++ {
				if math.Abs(p.Variants[i].Mean()-1.0/3) < math.Abs(p.Variants[best].Mean()-1.0/3) {
					best = i
				}
			}
			p.Hits = append(p.Hits, Hit{t, best, e, p.Variants[best].Mean()})
		}
	}
}

// Scores sums the hits of a person by trait, in the order of Traits. Calls is the
// caller's scratch of the panel's length; it draws the hits' blocks alone, the same
// alleles as Genotypes.
func (p *Panel) Scores(calls []int8, person chance.Key, male bool, ancestry [Populations]float64) [3]float64 {
	var out [3]float64
	traits := Traits()
	s, under := person.Stream("genome"), person.Under("genome block")
	for _, h := range p.Hits {
		b := int(p.Variants[h.Variant].Block)
		clear(calls[p.blocks[b].from:p.blocks[b].to])
		p.block(calls, s, under, b, male, ancestry)
		out[slices.Index(traits[:], h.Trait)] += h.Effect * (float64(calls[h.Variant]) - 2*h.Centre)
	}
	return out
}
