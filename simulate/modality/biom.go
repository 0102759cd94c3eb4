package modality

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// Stool writes the counts of a site's stools as BIOM 1.0 (JSON, sparse;
// https://biom-format.org/documentation/format_versions/biom-1.0.html), and whose each is.
// It writes sample after sample, for a table of everybody is larger than memory.
type Stool struct {
	Community *microbiome.Community
	site      *record.Site
}

// NewStool is for one site.
func NewStool(c *microbiome.Community, s *record.Site) Stool { return Stool{c, s} }

// Name is "biom".
func (Stool) Name() string { return BIOM }

// Files are SITE.biom, and samples.csv, which lists sample, patient and time.
func (t Stool) Files() []string { return []string{t.site.Name + ".biom", "samples.csv"} }

// Head begins the matrix of taxa and samples.
func (t Stool) Head() [][]byte {
	b := fmt.Appendf(nil, `{"id":null,"format":"Biological Observation Matrix 1.0.0","format_url":"http://biom-format.org","type":"OTU table",`+
		`"generated_by":"hmsp simulate","date":"2024-12-31T00:00:00","matrix_type":"sparse","matrix_element_type":"int","shape":[%d,%d],"rows":[`,
		len(t.Community.Taxa), t.site.People)
	for i, x := range t.Community.Taxa {
		if i > 0 {
			b = append(b, ',')
		}
		lineage, err := json.Marshal(strings.Split(x.Lineage, "; "))
		if err != nil {
			panic(err) // texts are JSON
		}
		b = fmt.Appendf(b, `{"id":%q,"metadata":{"taxonomy":%s}}`, x.ID, lineage)
	}
	return [][]byte{append(b, `],"data":[`...), []byte("sample,patient,time\n")}
}

// Append writes somebody's counts that are not 0, and their line of the list.
func (t Stool) Append(files [][]byte, s *Subject) {
	b, first := files[0], s.Person.Number == 1
	for i, n := range s.Taxa().Counts {
		if n == 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = strconv.AppendInt(append(b, '['), int64(i), 10)
		b = strconv.AppendInt(append(b, ','), int64(s.Person.Number-1), 10)
		b = append(strconv.AppendInt(append(b, ','), int64(n), 10), ']')
	}
	files[0] = b
	files[1] = fmt.Appendf(files[1], "%s,%s,%s\n", StoolName(s.Person.ID), s.Person.ID, stamp(s.StoolTime()))
}

// Tail lists the samples, part after part.
func (t Stool) Tail(write func(file int, part []byte) error) error {
	b := []byte(`],"columns":[`)
	for i := range t.site.People {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%q,"metadata":null}`, StoolName(person.ID(t.site.Name, i)))
		if len(b) > 1<<15 {
			if err := write(0, b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	return write(0, append(b, "]}\n"...))
}
