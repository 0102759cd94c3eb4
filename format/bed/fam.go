package bed

import (
	"bufio"
	"fmt"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// maxLine bounds a line of a .fam.
const maxLine = 1 << 20

// readFam reads the samples: family, name, father, mother, sex and, of no use here, a
// phenotype. Names that are unique in their families alone are joined with them.
func readFam(path string) ([]genotype.Sample, []string, error) {
	file, err := format.OpenFile(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	var out []genotype.Sample
	in := bufio.NewScanner(file)
	in.Buffer(nil, maxLine)
	line := 0
	for in.Scan() {
		line++
		field := strings.Fields(in.Text())
		if len(field) == 0 {
			continue
		}
		if len(field) < 5 {
			return nil, nil, &format.Error{File: path, Line: line, Text: fmt.Sprintf("the line has %d fields, where 6 are", len(field)),
				Mend: "a line is family, name, father, mother, sex and phenotype; copy the .fam again, or write it with PLINK"}
		}
		out = append(out, genotype.Sample{Family: field[0], ID: field[1], Sex: sexOf(field[4])})
	}
	if err := in.Err(); err != nil {
		return nil, nil, &format.Error{File: path, Line: line + 1, Text: "the file cannot be read", Mend: "check the disk and that this is a .fam", Cause: err}
	}
	if len(out) == 0 {
		return nil, nil, &format.Error{File: path, Text: "the file lists no samples", Mend: "copy it again"}
	}
	return named(path, out)
}

func sexOf(code string) genotype.Sex {
	switch code {
	case "1":
		return genotype.Male
	case "2":
		return genotype.Female
	}
	return genotype.Unknown
}

// named makes names unique.
func named(path string, samples []genotype.Sample) ([]genotype.Sample, []string, error) {
	if twice(samples) < 0 {
		return samples, nil, nil
	}
	for i, s := range samples {
		samples[i].ID = s.Family + "_" + s.ID
	}
	if i := twice(samples); i >= 0 {
		return nil, nil, &format.Error{File: path, Row: i + 1, Text: "this sample has family and name of one before it", Mend: "name each sample once"}
	}
	return samples, []string{"names of samples are not unique: they are FAMILY_NAME here"}, nil
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
