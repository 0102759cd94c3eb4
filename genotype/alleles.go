package genotype

import "strings"

// A relation is how the alleles of two variants at one place stand to each other.
type relation int

const (
	others   relation = iota
	same              // the same in the same order
	swapped           // the same in the other order
	opposite          // complements, in the same order
	crossed           // complements in the other order
	either            // on one strand the same, on the other swapped: A/T and C/G
)

func (r relation) turned() bool { return r == swapped || r == crossed }
func (r relation) strand() bool { return r == opposite || r == crossed }

// relate compares the alleles of a wanted variant, which are on the forward strand, with
// those of a source. Known is Info.ReferenceKnown: where alleles are on the forward strand
// and Ref is the reference's, the complement is another variant, and an insertion is no
// deletion. Insertions and deletions are compared as they are written; none is moved to
// the left. An allele that a file leaves open, as it does where all people have the other
// one, is the one that is missing.
func relate(want, source Variant, known bool) relation {
	single := len(want.Ref) == 1 && len(want.Alt) == 1
	comp := Variant{Ref: complement(want.Ref), Alt: complement(want.Alt)}
	palindrome := single && comp.Ref != "" && fold(comp.Ref, want.Alt)
	order := func(w Variant) relation {
		switch {
		case fits(w.Ref, source.Ref) && fits(w.Alt, source.Alt) && !(open(source.Ref) && open(source.Alt)):
			return same
		case fits(w.Ref, source.Alt) && fits(w.Alt, source.Ref) && !(open(source.Ref) && open(source.Alt)) && (!known || len(w.Ref) == len(w.Alt)):
			return swapped
		}
		return others
	}
	r := order(want)
	switch {
	case known:
		return r
	case palindrome && r != others:
		return either
	case r != others || !single || comp.Ref == "" || comp.Alt == "":
		return r
	}
	switch order(comp) {
	case same:
		return opposite
	case swapped:
		return crossed
	}
	return others
}

// fits says whether an allele of a source is the one wanted or left open.
func fits(want, source string) bool { return open(source) || fold(want, source) }

// open says that a file names no allele: "0" in PLINK's files, "." in VCF.
func open(allele string) bool { return allele == "0" || allele == "." }

// fold compares alleles; of bases the case does not matter, of symbols it does.
func fold(a, b string) bool {
	return a == b || len(a) == len(b) && strings.EqualFold(a, b) && strings.Trim(a, "ACGTNacgtn") == ""
}

// complement is the base on the other strand; "" of what is no single base.
func complement(base string) string {
	switch base {
	case "A", "a":
		return "T"
	case "T", "t":
		return "A"
	case "C", "c":
		return "G"
	case "G", "g":
		return "C"
	}
	return ""
}
