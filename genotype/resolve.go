package genotype

import (
	"fmt"
	"slices"
)

// Matches says what was found of each of the wanted, once all variants were added, and in
// words what was decided.
func (h *Harmoniser) Matches() ([]Match, []string) {
	build, notes := h.build()
	out := make([]Match, len(h.wanted))
	fit, elsewhere := 0, 0
	for i := range h.wanted {
		out[i] = h.match(i, build)
		switch {
		case out[i].Found && !out[i].ByID && len(h.wanted[i].IDs) > 0:
			fit++
		case out[i].elsewhere:
			elsewhere++
		}
	}
	if elsewhere > fit { // what lies where it should does so by chance
		for i := range out {
			if out[i].Found && !out[i].ByID && !h.own(i) {
				out[i] = Match{Variant: out[i].Variant, Problem: otherBuild, Mend: mendBuild}
			}
		}
	}
	return out, append(notes, said(h.wanted, out)...)
}

// The problems of variants that a source has.
const (
	otherPlace    = "the file has the variant of this name at another position than the dictionary"
	otherBuild    = "most variants of the dictionary are at another position in this file: it is of another build than it seems"
	mendBuild     = "find out the build of the file and lift it over, or add the codes of its build to the dictionary"
	otherAllele   = "the variant at this position has other alleles than the dictionary's"
	mendAllele    = "check build and alleles; insertions and deletions are compared as written, so normalise them in the file (bcftools norm) and the dictionary"
	onePlace      = "the dictionary has this variant on another build than the file's"
	mendPlace     = "add its code on the file's build to the dictionary"
	palindromic   = "its alleles are A and T, or C and G: which strand the file has cannot be told, and the count could be that of either allele"
	mendStrand    = "if the file is known to be on the forward strand, name the file's own column CHROMOSOME:POSITION:ALLELE:COUNTED in the mapping; or use a file with reference alleles, such as VCF"
	several       = "the file has several variants that are the one wanted"
	nameAlone     = "the source has a variant of this name, but the dictionary gives no alleles, and a file of this kind may count either of them"
	mendNameAlone = "add a code with position and alleles to the dictionary, such as grch38:CHROMOSOME:POSITION:REF:COUNTED"
	mendSeveral   = "take the duplicates out (plink2 --rm-dup), or add a code with position and alleles to the dictionary"
)

// build is that of the source, or the one on which more of the wanted variants are found.
func (h *Harmoniser) build() (Build, []string) {
	if h.info.Build != "" {
		return h.info.Build, nil
	}
	fit, coded := map[Build]int{}, 0
	for i, w := range h.wanted {
		found := false
		for _, p := range w.Places {
			if p.Build == "" {
				continue
			}
			found = true
			if slices.ContainsFunc(h.met[i], func(v Variant) bool {
				return v.Chromosome == p.Chromosome && v.Position == p.Position && relate(p.Variant, v, h.info.ReferenceKnown) != others
			}) {
				fit[p.Build]++
			}
		}
		if found {
			coded++
		}
	}
	switch {
	case coded == 0:
		return GRCh37, nil
	case fit[GRCh38] > fit[GRCh37]:
		return GRCh38, []string{fmt.Sprintf("the build of this file is not stated; %d of %d variants lie where GRCh38 has them, %d where GRCh37 does", fit[GRCh38], coded, fit[GRCh37])}
	case fit[GRCh37] > 0:
		return GRCh37, []string{fmt.Sprintf("the build of this file is not stated; %d of %d variants lie where GRCh37 has them, %d where GRCh38 does", fit[GRCh37], coded, fit[GRCh38])}
	}
	return GRCh37, []string{"the build of this file is not stated; positions were taken to be those of GRCh37"}
}

// own says whether a variant is wanted under a name of the file's own.
func (h *Harmoniser) own(i int) bool {
	return slices.ContainsFunc(h.wanted[i].Places, func(p Place) bool { return p.Build == "" })
}

// match finds wanted variant i.
func (h *Harmoniser) match(i int, build Build) Match {
	w, met := h.wanted[i], h.met[i]
	var problem Match
	places := w.on(build)
	for _, p := range places {
		m := h.choose(p, filter(met, func(v Variant) bool { return v.Chromosome == p.Chromosome && v.Position == p.Position }))
		if m.Found {
			return m
		}
		if problem.Problem == "" {
			problem = m
		}
	}
	named := filter(met, func(v Variant) bool { return slices.Contains(h.byID(v), i) })
	switch {
	case problem.Problem != "" && (problem.Problem != otherAllele || len(named) == 0):
		return problem
	case len(places) > 0 && len(named) > 0 && !slices.ContainsFunc(named, func(v Variant) bool { return at(places, v) }):
		return w.elsewhere(named[0])
	case problem.Problem != "":
		return problem
	case len(places) > 0 || len(w.IDs) == 0 && len(w.Places) == 0:
		return Match{}
	case len(named) == 0 && len(w.Places) > 0:
		return Match{Problem: onePlace, Mend: mendPlace}
	case len(named) == 0:
		return Match{}
	}
	if len(w.Places) > 0 { // of another build: the alleles are the same on most of the genome
		return h.choose(w.Places[0], named)
	}
	if len(named) > 1 {
		return Match{Variant: named[0], Problem: several, Mend: mendSeveral}
	}
	if w.Coded && !h.info.ReferenceKnown { // another site's file may count the other allele
		return Match{Variant: named[0], Problem: nameAlone, Mend: mendNameAlone}
	}
	return Match{Found: true, Variant: named[0], ByID: true}
}

// elsewhere is what is said of a variant of the right name at another place than on the
// source's build.
func (w Wanted) elsewhere(v Variant) Match {
	m := Match{Variant: v, elsewhere: true, Problem: otherPlace, Mend: mendBuild}
	for _, p := range w.Places {
		if p.Build != "" && at([]Place{p}, v) {
			m.Problem += ": where " + string(p.Build) + " has it"
		}
	}
	return m
}

// at says whether a variant lies at one of the places.
func at(places []Place, v Variant) bool {
	return slices.ContainsFunc(places, func(p Place) bool { return v.Chromosome == p.Chromosome && v.Position == p.Position })
}

func filter(list []Variant, is func(Variant) bool) []Variant {
	var out []Variant
	for _, v := range list {
		if is(v) {
			out = append(out, v)
		}
	}
	return out
}

// choose takes the one among variants at the right place that has the right alleles, on
// the same strand before the other.
func (h *Harmoniser) choose(p Place, met []Variant) Match {
	var best Match
	rank, count := 0, 0
	for _, v := range met {
		r := relate(p.Variant, v, h.info.ReferenceKnown)
		if p.Build == "" {
			r = ownOrder(p.Variant, v, h.info.ReferenceKnown)
		}
		this := map[relation]int{same: 2, swapped: 2, either: 2, opposite: 1, crossed: 1}[r]
		switch {
		case this == 0 || this < rank:
			continue
		case this == rank:
			count++
			continue
		}
		rank, count = this, 1
		best = Match{Found: true, Variant: v, Turned: r.turned(), Strand: r.strand()}
		if r == either {
			best = Match{Variant: v, Problem: palindromic, Mend: mendStrand}
		}
	}
	switch {
	case count > 1:
		return Match{Variant: best.Variant, Problem: several, Mend: mendSeveral}
	case count == 0 && len(met) > 0:
		return Match{Variant: met[0], Problem: otherAllele, Mend: mendAllele}
	}
	return best
}

// ownOrder compares with a name of the file's own, as Match.Name writes it.
func ownOrder(name, v Variant, known bool) relation {
	switch {
	case name.Ref == v.Ref && name.Alt == v.Alt:
		return same
	case name.Ref == v.Alt && name.Alt == v.Ref && (!known || len(v.Ref) == len(v.Alt)):
		return swapped
	}
	return others
}

// said puts in words how variants were found.
func said(wanted []Wanted, all []Match) []string {
	var turned, strand, byID, broken int
	for i, m := range all {
		broken += wanted[i].Broken
		if m.Found {
			turned, strand, byID = turned+one(m.Turned), strand+one(m.Strand), byID+one(m.ByID)
		}
	}
	var out []string
	note := func(n int, one, more string) {
		switch {
		case n == 1:
			out = append(out, "1 variant "+one)
		case n > 1:
			out = append(out, fmt.Sprintf("%d variants %s", n, more))
		}
	}
	note(turned, "has the other allele counted in the file: its counts were turned round", "have the other allele counted in the file: their counts were turned round")
	note(strand, "is on the other strand in the file", "are on the other strand in the file")
	note(byID, "was found by its name alone: the allele that the file counts is counted", "were found by their names alone: the alleles that the file counts are counted")
	note(broken, "has a code that is not written BUILD:CHROMOSOME:POSITION:REF:ALT and was passed over", "have codes that are not written BUILD:CHROMOSOME:POSITION:REF:ALT and were passed over")
	return out
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
