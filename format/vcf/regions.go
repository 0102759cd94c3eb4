package vcf

import (
	"cmp"
	"slices"

	"hmsp.center/hmsp/genotype"
)

// regions are those in which variants are wanted: of each chromosome the stretches, sorted
// and not touching. nil is everywhere.
type regions struct {
	of map[string][]genotype.Region
}

func newRegions(list []genotype.Region) *regions {
	if list == nil {
		return nil
	}
	r := &regions{of: map[string][]genotype.Region{}}
	for _, x := range list {
		x.Chromosome, x.From = genotype.Chromosome(x.Chromosome), max(x.From, 0)
		if x.From <= x.To {
			r.of[x.Chromosome] = append(r.of[x.Chromosome], x)
		}
	}
	for name, all := range r.of {
		slices.SortFunc(all, func(a, b genotype.Region) int { return cmp.Compare(a.From, b.From) })
		merged := all[:1]
		for _, x := range all[1:] {
			if last := &merged[len(merged)-1]; x.From-1 <= last.To {
				last.To = max(last.To, x.To)
			} else {
				merged = append(merged, x)
			}
		}
		r.of[name] = merged
	}
	return r
}

// holds says whether a place is wanted.
func (r *regions) holds(chromosome string, position int) bool {
	if r == nil {
		return true
	}
	all := r.of[chromosome]
	i, found := slices.BinarySearchFunc(all, position, func(x genotype.Region, p int) int { return cmp.Compare(x.From, p) })
	return found || i > 0 && position <= all[i-1].To
}
