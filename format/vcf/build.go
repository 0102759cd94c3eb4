package vcf

import (
	"strconv"
	"strings"

	"hmsp.center/hmsp/genotype"
)

// evidence is what a header says of the genome build.
type evidence struct {
	lengths, texts [2]int // for GRCh37, GRCh38
}

// build is the one that all the evidence is for. Lengths of contigs are stronger than
// names; where they contradict each other nothing is known.
func (e *evidence) build(notes *[]string) genotype.Build {
	for _, n := range [][2]int{e.lengths, e.texts} {
		switch {
		case n[0] > 0 && n[1] > 0:
			*notes = append(*notes, "the header speaks of both GRCh37 and GRCh38; the build is taken as unknown")
			return ""
		case n[0]+n[1] == 0:
			continue
		}
		build, other := genotype.GRCh37, 1
		if n[1] > 0 {
			build, other = genotype.GRCh38, 0
		}
		if e.texts[other] > 0 {
			*notes = append(*notes, "the lengths of the contigs are those of "+string(build)+", though the header names another reference")
		}
		return build
	}
	return ""
}

// text weighs ##reference, ##assembly and the assembly of a contig.
func (e *evidence) text(key, value string) {
	switch key {
	case "reference", "assembly", "contigAssembly":
	default:
		return
	}
	value = strings.ToLower(value)
	for i, names := range [2][]string{{"grch37", "hg19", "b37", "hs37", "g1k_v37", "ncbi37"}, {"grch38", "hg38", "b38", "hs38", "ncbi38"}} {
		for _, name := range names {
			if strings.Contains(value, name) {
				e.texts[i]++
				break
			}
		}
	}
}

// contig weighs the length of a chromosome.
func (e *evidence) contig(id, length string) {
	n, err := strconv.Atoi(length)
	if err != nil {
		return
	}
	for i, build := range [2]genotype.Build{genotype.GRCh37, genotype.GRCh38} {
		if n == chromosomeLength(build, genotype.Chromosome(id)) {
			e.lengths[i]++
		}
	}
}

// chromosomeNames are those whose lengths chromosomeLength knows, in a genome's order.
func chromosomeNames() []string {
	var names []string
	for i := 1; i <= 22; i++ {
		names = append(names, strconv.Itoa(i))
	}
	return append(names, "X", "Y")
}

// chromosomeLength is the length of a chromosome of the primary assembly (Genome Reference
// Consortium, GCF_000001405.25 and .40); -1 if it is not known. The mitochondrial genome
// is the same in both.
func chromosomeLength(build genotype.Build, name string) int {
	var lengths [24]int
	switch build {
	case genotype.GRCh37:
		lengths = [24]int{249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
			141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210,
			78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566}
	case genotype.GRCh38:
		lengths = [24]int{248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
			138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441,
			80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415}
	default:
		return -1
	}
	switch name {
	case "X":
		return lengths[22]
	case "Y":
		return lengths[23]
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 || n > 22 {
		return -1
	}
	return lengths[n-1]
}
