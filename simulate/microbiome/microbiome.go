// Package microbiome makes counts of bacteria in stool: a logistic-normal
// composition, shifted by diseases, from which reads are drawn.
//
// It serves simulate and writers of microbiome files.
package microbiome

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/person"
)

// TaxonCount is how many taxa there are.
const TaxonCount = 150

// A Taxon is a genus that is not known, in a class that is.
type Taxon struct {
	ID       string // "taxon017"
	Lineage  string // "k__Bacteria; p__...; ...; g__Fictibacter17"
	LogMean  float64
	LogSD    float64 // between people
	Richness float64 // chance that somebody has it at all
}

// An Effect of a variable on the logarithm of a taxon's abundance.
type Effect struct {
	Cause person.Variable `json:"cause"`
	Taxon string          `json:"taxon"`
	Size  float64         `json:"size"` // natural logarithm, for a whole unit of the cause
}

// Taxa are the counts of one sample, by taxon.
type Taxa struct {
	Counts []int32
	Depth  int // their sum
}

// A Community is the taxa that everybody of one seed may have.
type Community struct {
	Taxa    []Taxon
	Effects []Effect
	by      [][]term // by taxon
}

type term struct {
	cause person.Variable
	size  float64
}

// Effects are what is planted: by diseases and drugs where they are there on the day
// of the sample, and by the activity at entry.
func Effects() []Effect {
	taxon := func(i int) string { return fmt.Sprintf("taxon%03d", i) }
	return []Effect{
		{person.Diabetes, taxon(3), -1}, {person.Diabetes, taxon(5), -0.8}, {person.Diabetes, taxon(8), 0.9}, {person.Diabetes, taxon(13), 1.2},
		{person.Metformin, taxon(13), 0.8}, {person.Metformin, taxon(21), 1},
		{person.CHD, taxon(7), 0.8}, {person.CHD, taxon(10), -0.7},
		{person.Activity, taxon(4), 0.3}, {person.Statin, taxon(16), -0.4},
	}
}

// New designs the community of a seed.
func New(seed uint64) *Community {
	s := chance.NewKey(seed, "microbiome").Stream("community")
	c := &Community{Effects: Effects(), by: make([][]term, TaxonCount)}
	orders := []string{
		"p__Firmicutes; c__Clostridia; o__Clostridiales; f__Lachnospiraceae", "p__Firmicutes; c__Clostridia; o__Clostridiales; f__Ruminococcaceae",
		"p__Bacteroidetes; c__Bacteroidia; o__Bacteroidales; f__Bacteroidaceae", "p__Bacteroidetes; c__Bacteroidia; o__Bacteroidales; f__Prevotellaceae",
		"p__Actinobacteria; c__Actinobacteria; o__Bifidobacteriales; f__Bifidobacteriaceae", "p__Proteobacteria; c__Gammaproteobacteria; o__Enterobacteriales; f__Enterobacteriaceae",
		"p__Verrucomicrobia; c__Verrucomicrobiae; o__Verrucomicrobiales; f__Verrucomicrobiaceae",
	}
	for i := range TaxonCount {
		order := orders[s.Below(len(orders))]
		c.Taxa = append(c.Taxa, Taxon{
			ID: fmt.Sprintf("taxon%03d", i+1), Lineage: fmt.Sprintf("k__Bacteria; %s; g__Fictibacter%d", order, i+1),
			LogMean: -0.035*float64(i) + s.Residual(0.5), LogSD: s.Between(0.6, 1.4), Richness: 1 - 0.7*float64(i)/TaxonCount,
		})
	}
	for i, t := range c.Taxa {
		for _, e := range c.Effects {
			if e.Taxon == t.ID {
				c.by[i] = append(c.by[i], term{e.Cause, e.Size})
			}
		}
	}
	return c
}

// Sample takes a sample of somebody at a time: a taxon that they have has a
// log-normal weight exp(LogMean + effects + normal*LogSD); the weights over their sum
// are the composition, and reads are drawn from it. Depth is log-normal about 20,000.
func (c *Community) Sample(p *person.Person, at int64) Taxa {
	s := p.Key.Stream("microbiome")
	weights := make([]float64, len(c.Taxa))
	for i, t := range c.Taxa {
		x := t.LogMean + s.Residual(t.LogSD)
		for _, e := range c.by[i] {
			switch {
			case e.cause == person.Activity:
				x += e.size * p.X[person.Activity]
			case p.At(e.cause, at):
				x += e.size
			}
		}
		if s.Chance(t.Richness) {
			weights[i] = math.Exp(x)
		}
	}
	out := Taxa{Counts: make([]int32, len(c.Taxa)), Depth: int(20_000 * math.Exp(s.Residual(0.35)))}
	a := newAlias(weights)
	for range out.Depth {
		out.Counts[a.draw(s)]++
	}
	return out
}

// An alias draws an index with chances in proportion to weights, in constant time
// (Vose 1991).
type alias struct {
	keep  []float64
	other []int
}

func newAlias(weights []float64) alias {
	n, sum := len(weights), 0.0
	for _, w := range weights {
		sum += w
	}
	a := alias{make([]float64, n), make([]int, n)}
	var small, large []int
	for i, w := range weights {
		a.keep[i], a.other[i] = w/sum*float64(n), i
		if a.keep[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.other[s] = l
		a.keep[l] -= 1 - a.keep[s]
		if a.keep[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range large { // what rounding left over
		a.keep[i] = 1
	}
	return a
}

func (a alias) draw(s *chance.Stream) int {
	u := s.Uniform() * float64(len(a.keep))
	i := int(u)
	if u-float64(i) < a.keep[i] {
		return i
	}
	return a.other[i]
}
