package matrix

import (
	"fmt"
	"io"

	"hmsp.center/hmsp/format/internal/features"
)

// matrix reads a text row by row.
type matrix struct {
	path       string
	text       *features.Text
	words      words
	delimiter  byte
	decimal    byte
	missing    []string
	names      []string // of the columns
	roles      []role
	rows       layout
	annotation *features.Annotation
	notes      []string
	info       features.Info
	fields     [][]byte
	read       int
}

func (m *matrix) Info() features.Info { return m.info }

func (m *matrix) Close() error { return m.text.Close() }

// Next reads a line.
func (m *matrix) Next(r *features.Row) error {
	line, err := m.text.Line()
	if err == io.EOF && m.read == 0 {
		return m.text.Fault("the file has no line below its header", "export it again")
	}
	if err != nil {
		return err
	}
	m.read++
	var ok bool
	if m.fields, ok = features.Fields(m.fields[:0], line, m.delimiter); !ok {
		return m.text.Fault("a quote does not end on its line", "export the file again")
	}
	if len(m.fields) != len(m.names) {
		return m.text.Fault(fmt.Sprintf("the line has %d values where the header has %d names", len(m.fields), len(m.names)), "export the file again, or set the right delimiter")
	}
	r.Line, r.Values, r.Places, r.Attributes = m.text.Number, r.Values[:0], nil, nil
	id, err := m.text.Name(m.fields[0])
	if err != nil {
		return err
	}
	if m.rows == featureRows {
		r.Feature = m.feature(id)
	} else {
		r.Sample = id
	}
	for i, f := range m.fields[1:] {
		switch role := m.roles[i+1]; {
		case role == value && !r.NamesOnly:
			x, ok := features.ParseValue(f, m.decimal, m.missing)
			if !ok {
				return m.text.Fault(fmt.Sprintf("the value in column %d is no number", i+2), "correct it, or write NA where it is missing")
			}
			r.Values = append(r.Values, x)
		case role == text || role == whole:
			if err := m.aside(r, role, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// aside takes what stands beside the values.
func (m *matrix) aside(r *features.Row, role role, field []byte) error {
	s, err := m.text.Name(field)
	if err != nil {
		return err
	}
	for _, missing := range m.missing {
		if s == missing {
			s = ""
		}
	}
	switch {
	case m.rows == sampleRows:
		r.Attributes = append(r.Attributes, s)
	case s == "":
	case role == whole:
		r.Feature.Lineage = features.Lineage(s)
	default:
		r.Feature.Names = append(r.Feature.Names[:len(r.Feature.Names):len(r.Feature.Names)], s) // those of the table stay
	}
	return nil
}
