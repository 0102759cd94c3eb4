package genotype

import (
	"strconv"
	"strings"
)

// Wanted is a variant as a dictionary names it: by places, by identifiers, or by both.
type Wanted struct {
	Places []Place
	IDs    []string // "rs123"
	Broken int      // codes of a place that say none
	Coded  bool     // it has codes, of a dictionary, and not the name of one file's column alone
}

// A Place is a variant with the build that its position is of. Build is "" where the
// place is one of the file's own: as the file has it, in either order of the alleles.
type Place struct {
	Build Build
	Variant
}

// Want reads the names of a variant: codes of a place on a build, `grch37:20:61795:G:T`
// and `grch38:...`, of which the last allele is counted; the name of a column, which is
// the same without the build; other codes as `dbsnp:rs123` or `hmsp:sim12`, of which what
// follows the colon is the identifier; and identifiers alone.
func Want(names []string) Wanted {
	var w Wanted
	for _, name := range names {
		system, rest, coded := strings.Cut(name, ":")
		build := buildOf(system)
		if !coded || build == "" {
			rest = name
		}
		v, ok := ParseName(rest)
		switch {
		case ok:
			w.Places = append(w.Places, Place{Build: build, Variant: v})
		case build != "":
			w.Broken++
		case coded:
			w.Coded = true
			_, id, _ := strings.Cut(name, ":")
			w.IDs = append(w.IDs, id, name)
		default:
			w.IDs = append(w.IDs, name)
		}
	}
	return w
}

func buildOf(system string) Build {
	switch strings.ToLower(system) {
	case "grch37":
		return GRCh37
	case "grch38":
		return GRCh38
	}
	return ""
}

// Name is what the column of a variant is called: "20:61795:G:T", of which the last allele
// is counted. A variant without a place is called by its ID.
func (v Variant) Name() string {
	if v.Position <= 0 {
		return v.ID
	}
	return v.Chromosome + ":" + strconv.Itoa(v.Position) + ":" + v.Ref + ":" + v.Alt
}

// ParseName reads a place as Name writes it.
func ParseName(name string) (v Variant, ok bool) {
	part := strings.Split(name, ":")
	if len(part) != 4 || part[0] == "" || part[2] == "" || part[3] == "" {
		return Variant{}, false
	}
	at, err := strconv.Atoi(part[1])
	if err != nil || at <= 0 {
		return Variant{}, false
	}
	return Variant{Chromosome: Chromosome(part[0]), Position: at, Ref: part[2], Alt: part[3]}, true
}

// Turned is the variant with its alleles in the other order: the other one is counted.
func (v Variant) Turned() Variant {
	v.Ref, v.Alt = v.Alt, v.Ref
	return v
}

// on is the place of the wanted variant on a build, and those of the file's own.
func (w Wanted) on(b Build) []Place {
	var out []Place
	for _, p := range w.Places {
		if p.Build == "" || p.Build == b {
			out = append(out, p)
		}
	}
	return out
}
