package genotype

import (
	"slices"
	"strings"
)

// A Match is what a source has of a wanted variant.
type Match struct {
	Found   bool
	Variant Variant // as the source has it
	Turned  bool    // the source counts the other allele: the count wanted is 2-x
	Strand  bool    // the source has the alleles of the other strand
	ByID    bool    // found by identifier alone; no alleles were compared
	Problem string  // why the source's variant cannot be what is wanted; "" if it can, or has none
	Mend    string

	elsewhere bool // the source has one of the name, at another position
}

// Name is the name of the column that counts the wanted allele: in the source's own
// letters, the counted one last.
func (m Match) Name() string {
	if m.Turned {
		return m.Variant.Turned().Name()
	}
	return m.Variant.Name()
}

// A Harmoniser finds wanted variants among those of a source: by place and alleles, in
// either order of the alleles and on either strand where the source may have any, and by
// identifier where the dictionary gives no place on the source's build. What could be two
// things is a problem and no match.
type Harmoniser struct {
	wanted []Wanted
	info   Info
	at     map[site][]int
	named  map[string][]int
	met    [][]Variant // candidates of each wanted
}

type site struct {
	chromosome string
	position   int
}

// maxMet bounds the candidates that are kept of a wanted variant.
const maxMet = 256

// NewHarmoniser looks for variants in a source that says of itself what info has.
func NewHarmoniser(wanted []Wanted, info Info) *Harmoniser {
	h := &Harmoniser{wanted: wanted, info: info, at: map[site][]int{}, named: map[string][]int{}, met: make([][]Variant, len(wanted))}
	for i, w := range wanted {
		for _, p := range w.Places {
			if h.info.Build == "" || p.Build == "" || p.Build == h.info.Build {
				s := site{p.Chromosome, p.Position}
				h.at[s] = append(h.at[s], i)
			}
		}
		for _, id := range w.IDs {
			h.named[id] = append(h.named[id], i)
		}
	}
	return h
}

// Regions are where all wanted variants are; nil where some can only be met by reading
// everything: those without a place on the source's build, and all if that is not known.
func (h *Harmoniser) Regions() []Region {
	var out []Region
	for _, w := range h.wanted {
		places := w.on(h.info.Build)
		if len(places) == 0 || h.info.Build == "" && (len(w.IDs) > 0 || len(places) < len(w.Places)) {
			return nil
		}
		for _, p := range places {
			out = append(out, Region{Chromosome: p.Chromosome, From: p.Position, To: p.Position})
		}
	}
	return out
}

// Keep says whether a variant may be one of the wanted: for Options.
func (h *Harmoniser) Keep(v Variant) bool {
	if len(h.at[site{v.Chromosome, v.Position}]) > 0 {
		return true
	}
	return len(h.named) > 0 && len(h.byID(v)) > 0
}

// byID are the wanted that have an identifier of the variant; VCF separates several by
// semicolons.
func (h *Harmoniser) byID(v Variant) []int {
	if v.ID == "" || !strings.Contains(v.ID, ";") {
		return h.named[v.ID]
	}
	var out []int
	for _, id := range strings.Split(v.ID, ";") {
		out = append(out, h.named[id]...)
	}
	return out
}

// Add takes a variant of the source into consideration, of which it keeps a copy, and
// says whether it may be one of the wanted.
func (h *Harmoniser) Add(v Variant) bool {
	list := slices.Concat(h.at[site{v.Chromosome, v.Position}], h.byID(v))
	if len(list) == 0 {
		return false
	}
	kept := false
	v = Variant{Chromosome: strings.Clone(v.Chromosome), Position: v.Position, ID: strings.Clone(v.ID), Ref: strings.Clone(v.Ref), Alt: strings.Clone(v.Alt)}
	slices.Sort(list)
	for _, i := range slices.Compact(list) {
		if len(h.met[i]) < maxMet { // as many are too many to choose among
			h.met[i] = append(h.met[i], v)
			kept = true
		}
	}
	return kept
}
