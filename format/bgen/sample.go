package bgen

import (
	"bufio"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// maxLine is the longest line of a .sample file that is read.
const maxLine = 16 << 20

// readSamples reads an Oxford .sample file: the names of the columns, their types, and a
// line of each sample. The first two columns are ID_1 and ID_2, the family and the sample,
// or one column ID (https://www.cog-genomics.org/plink/2.0/formats, "sample").
func readSamples(path string) ([]genotype.Sample, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	broken := func(line int, text string) error {
		return &format.Error{File: path, Line: line, Text: text, Mend: "write the file again: two lines of names and types of columns, and a line of each sample"}
	}
	r := bufio.NewScanner(f)
	r.Buffer(nil, maxLine)
	var names []string
	sex := -1
	out := []genotype.Sample{}
	for line := 1; r.Scan(); line++ {
		fields := strings.Fields(r.Text())
		switch {
		case line == 1:
			names, sex = fields, slices.IndexFunc(fields, func(s string) bool { return strings.EqualFold(s, "sex") })
			if len(names) == 0 || !strings.HasPrefix(strings.ToUpper(names[0]), "ID") {
				return nil, broken(line, "the first column is no ID")
			}
		case line == 2:
			if len(fields) != len(names) || fields[0] != "0" {
				return nil, broken(line, "this is no line of the types of the columns")
			}
		case len(fields) == 0:
		case len(fields) != len(names):
			return nil, broken(line, "there are more or fewer columns than names of columns")
		default:
			out = append(out, sample(fields, len(names) > 1 && strings.EqualFold(names[1], "ID_2"), sex))
		}
	}
	if r.Err() != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be read as lines of text", Mend: "copy it again from where it was made", Cause: r.Err()}
	}
	if len(out) == 0 {
		return nil, broken(0, "there are no samples")
	}
	return out, nil
}

func sample(fields []string, two bool, sex int) genotype.Sample {
	s := genotype.Sample{ID: fields[0]}
	if two {
		s.Family, s.ID = fields[0], fields[1]
	}
	if sex >= 0 {
		switch fields[sex] {
		case "1", "M", "m":
			s.Sex = genotype.Male
		case "2", "F", "f":
			s.Sex = genotype.Female
		}
	}
	return s
}
