package genomes

import (
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// distinct sees to it that no two samples have one name: their genotypes would be those of
// one patient. Names that are unique in their families alone are joined with them.
func distinct(file string, info *genotype.Info) error {
	if twice(info.Samples) < 0 {
		return nil
	}
	for i, s := range info.Samples {
		info.Samples[i].ID = s.Family + "_" + s.ID
	}
	if i := twice(info.Samples); i >= 0 {
		return &format.Error{File: file, Row: i + 1, Text: "this sample has the name of one before it, and the same family", Mend: "name each sample once"}
	}
	info.Notes = append(info.Notes, "names of samples are not unique: they are FAMILY_NAME here")
	return nil
}

// twice is the first sample with the name of one before it; -1 if there is none.
func twice(samples []genotype.Sample) int {
	seen := make(map[string]bool, len(samples))
	for i, s := range samples {
		if seen[s.ID] {
			return i
		}
		seen[s.ID] = true
	}
	return -1
}
