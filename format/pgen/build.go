package pgen

import (
	"strings"

	"hmsp.center/hmsp/genotype"
)

// A buildFinder tells the reference genome from the head of a VCF or pvar file.
type buildFinder struct{ seen map[genotype.Build]bool }

// meta looks at a line that begins with ##.
func (f *buildFinder) meta(line string) {
	var b genotype.Build
	switch {
	case strings.HasPrefix(line, "##contig=<"):
		b = lengthBuild(line)
		if b == "" {
			b = namedBuild(line)
		}
	case strings.HasPrefix(line, "##reference="), strings.HasPrefix(line, "##assembly="):
		b = namedBuild(line)
	}
	if b != "" {
		if f.seen == nil {
			f.seen = map[genotype.Build]bool{}
		}
		f.seen[b] = true
	}
}

// found is the build, if all that was seen agrees.
func (f *buildFinder) found() genotype.Build {
	if len(f.seen) != 1 {
		return ""
	}
	for b := range f.seen {
		return b
	}
	return ""
}

// lengthBuild knows the lengths of chromosomes 1 to 22, X and Y, all of which differ
// (Genome Reference Consortium, GRCh37 and GRCh38).
func lengthBuild(line string) genotype.Build {
	_, rest, ok := strings.Cut(line, "length=")
	if !ok {
		return ""
	}
	switch rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))] {
	case "249250621", "243199373", "198022430", "191154276", "180915260", "171115067", "159138663", "146364022",
		"141213431", "135534747", "135006516", "133851895", "115169878", "107349540", "102531392", "90354753",
		"81195210", "78077248", "59128983", "63025520", "48129895", "51304566", "155270560", "59373566":
		return genotype.GRCh37
	case "248956422", "242193529", "198295559", "190214555", "181538259", "170805979", "159345973", "145138636",
		"138394717", "133797422", "135086622", "133275309", "114364328", "107043718", "101991189", "90338345",
		"83257441", "80373285", "58617616", "64444167", "46709983", "50818468", "156040895", "57227415":
		return genotype.GRCh38
	}
	return ""
}

func namedBuild(line string) genotype.Build {
	line = strings.ToLower(line)
	for _, n := range []string{"grch37", "hg19", "b37", "hs37d5", "g1k_v37"} {
		if strings.Contains(line, n) {
			return genotype.GRCh37
		}
	}
	for _, n := range []string{"grch38", "hg38", "hs38"} {
		if strings.Contains(line, n) {
			return genotype.GRCh38
		}
	}
	return ""
}
