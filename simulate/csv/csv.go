// Package csv writes simulated records as files that a hospital's analyst might have
// made: people.csv of one row a person, and long files of everything else.
//
// It serves simulate. One of the sites writes as German software does: semicolons,
// decimal commas, DD.MM.YYYY. Beside them dataset.yaml (hmsp: dataset/v1) says how they
// become clinical tables.
package csv

import (
	_ "embed" // the mapping
	"strconv"

	"hmsp.center/hmsp/simulate/record"
)

// Layout is the format.
type Layout struct{}

// Name is what the command line writes.
func (Layout) Name() string { return "csv" }

type file struct {
	name   string
	header []string
	append func(*writer, *record.Record)
}

func files() []file {
	return []file{
		{"people", []string{"patient", "birth", "sex", "postal", "group", "smoking", "given", "family", "observed_from", "observed_to", "death"}, people},
		{"labs", []string{"patient", "time", "code", "name", "value", "unit", "visit"}, labs},
		{"diagnoses", []string{"patient", "date", "icd10gm", "snomed", "visit"}, diagnoses},
		{"drugs", []string{"patient", "start", "end", "atc", "rxnorm", "name", "amount", "unit"}, drugs},
		{"consent", []string{"patient", "purpose", "valid_from", "valid_to", "status"}, consent},
		{"policies", []string{"patient", "policy", "valid_from", "valid_to", "status"}, policies},
		{"visits", []string{"patient", "visit", "start", "end", "class"}, visits},
		{"procedures", []string{"patient", "time", "ops", "visit"}, procedures},
		{"specimens", []string{"patient", "time", "snomed", "visit"}, specimens},
		{"imaging", []string{"patient", "time", "modality", "study", "visit"}, imaging},
	}
}

// mapping is dataset.yaml, the same for all sites: delimiters, decimal marks and the
// order of dates are told from the files.
//
//go:embed dataset.yaml
var mapping []byte

// Files are people.csv, the long ones, and how they are to be read.
func (Layout) Files() []string {
	var out []string
	for _, f := range files() {
		out = append(out, f.name+".csv")
	}
	return append(out, "dataset.yaml")
}

// Head writes the headers, and the mapping.
func (Layout) Head(s record.Site) [][]byte {
	var out [][]byte
	for _, f := range files() {
		w := newWriter(nil, &s)
		for _, h := range f.header {
			w.text(h)
		}
		w.end()
		out = append(out, w.b)
	}
	return append(out, mapping)
}

// Append writes one person's rows.
func (Layout) Append(bytes [][]byte, r *record.Record) {
	for i, f := range files() {
		w := newWriter(bytes[i], r.Site)
		f.append(w, r)
		bytes[i] = w.b
	}
}

// A writer appends cells, each followed by a separator, and ends rows. No text has a
// separator in it.
type writer struct {
	b      []byte
	comma  byte
	german bool
}

func newWriter(b []byte, s *record.Site) *writer {
	if s.German {
		return &writer{b, ';', true}
	}
	return &writer{b, ',', false}
}

func (w *writer) text(s string) *writer {
	w.b = append(append(w.b, s...), w.comma)
	return w
}

func (w *writer) number(x float64, decimals int) *writer {
	n := len(w.b)
	w.b = append(strconv.AppendFloat(w.b, x, 'f', decimals, 64), w.comma)
	for i := n; w.german && i < len(w.b); i++ {
		if w.b[i] == '.' {
			w.b[i] = ','
		}
	}
	return w
}

func (w *writer) date(t int64) *writer {
	w.day(t)
	w.b = append(w.b, w.comma)
	return w
}

func (w *writer) day(t int64) {
	if w.german {
		w.b = record.AppendGerman(w.b, t)
	} else {
		w.b = record.AppendDate(w.b, t)
	}
}

func (w *writer) time(t int64) *writer {
	w.day(t)
	if w.german {
		w.b = append(w.b, ' ')
	} else {
		w.b = append(w.b, 'T')
	}
	w.b = append(record.AppendClock(w.b, t), w.comma)
	return w
}

func (w *writer) visit(i int) *writer { return w.text(strconv.Itoa(i + 1)) }

func (w *writer) end() { w.b[len(w.b)-1] = '\n' }

// codes writes the national and the international code as the site uses them.
func (w *writer) codes(s *record.Site, national, international record.Code) *writer {
	a, b := national.Code, international.Code
	switch s.Coding {
	case record.National:
		b = ""
	case record.International:
		a = ""
	}
	return w.text(a).text(b)
}
