package pgen

import (
	"bytes"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// readSamples reads a .psam or .fam file (section 3).
func readSamples(path string) ([]genotype.Sample, error) {
	l, err := openLines(path)
	if err != nil {
		return nil, err
	}
	defer l.close()
	at := sampleColumns{family: 0, id: 1, sex: 4, fields: 5} // as in a .fam
	headed, begun := false, false
	var out []genotype.Sample
	var fields [][]byte
	for {
		line, err := l.next()
		if err != nil {
			return nil, err
		}
		if line == nil {
			break
		}
		if line[0] == '#' {
			if begun {
				return nil, l.broken("a line of the header stands among the samples", "write the file again")
			}
			if bytes.HasPrefix(line, []byte("#FID")) || bytes.HasPrefix(line, []byte("#IID")) {
				if headed {
					return nil, l.broken("there are two lines with the names of the columns", "write the file again")
				}
				if at, err = l.sampleHeader(string(line[1:])); err != nil {
					return nil, err
				}
				headed = true
			}
			continue
		}
		begun = true
		if fields = split(fields[:0], line, -1); len(fields) < at.fields {
			return nil, l.broken("there are too few columns", "write the family, the sample, the parents and the sex, or name the columns in a line that begins with #IID")
		}
		out = append(out, at.sample(fields))
	}
	if len(out) == 0 {
		return nil, l.broken("there are no samples", "write the file again")
	}
	return out, nil
}

// SampleColumns are the places of columns; -1 where there is none.
type sampleColumns struct {
	family, id, sex int
	fields          int // that a line has at least
}

func (l *lines) sampleHeader(line string) (sampleColumns, error) {
	names := strings.Fields(line)
	at := sampleColumns{slices.Index(names, "FID"), slices.Index(names, "IID"), slices.Index(names, "SEX"), len(names)}
	if at.id < 0 {
		return at, l.broken("there is no column IID", "name the columns #FID IID, or #IID")
	}
	for i, n := range names {
		if slices.Index(names, n) != i {
			return at, &format.Error{File: l.path, Line: l.line, Column: n, Text: "two columns have the same name", Mend: "rename one of them"}
		}
	}
	return at, nil
}

func (at sampleColumns) sample(fields [][]byte) genotype.Sample {
	s := genotype.Sample{ID: string(fields[at.id])}
	if at.family >= 0 {
		s.Family = string(fields[at.family])
	}
	if at.sex >= 0 {
		switch string(fields[at.sex]) {
		case "1", "M", "m":
			s.Sex = genotype.Male
		case "2", "F", "f":
			s.Sex = genotype.Female
		}
	}
	return s
}
