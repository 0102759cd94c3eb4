package fhir

import (
	"bytes"
	"errors"

	"hmsp.center/hmsp/format"
)

// medications are the codes of Medication resources by their ids, within a bound of
// memory.
type medications struct {
	codes map[string]string
	same  map[string]string // each different text of codes once
	terms terms
	bytes int
	limit int
}

// add notes a Medication. The first of an id counts.
func (m *medications) add(id string, medication value) error {
	if _, ok := m.codes[id]; ok || id == "" {
		return nil
	}
	if m.codes == nil {
		m.codes, m.same = map[string]string{}, map[string]string{}
	}
	codes := string(m.terms.codes(nil, medication.get("code")))
	one, ok := m.same[codes]
	if !ok {
		one, m.same[codes] = codes, codes
		m.bytes += len(codes) + mapBytes
	}
	m.codes[id] = one
	if m.bytes += len(id) + mapBytes; m.bytes > m.limit {
		return &format.Error{Text: "the Medication resources need more memory than they may have", Mend: "export drugs with medicationCodeableConcept, or allow more memory"}
	}
	return nil
}

// mapBytes is what a map keeps of an entry beside its texts, about.
const mapBytes = 64

// medication is the codes of a Medication anywhere in the source; "" where there is
// none of this id. The first call reads the source for them: most sources say in
// each resource what the drug is, and never pay for this.
func (s *source) medication(id string) (string, error) {
	s.once.Do(func() {
		for _, f := range s.files {
			if s.failed = s.collect(f); s.failed != nil {
				return
			}
		}
	})
	return s.drugs.codes[id], s.failed
}

// collect notes the Medications of a file.
func (s *source) collect(f file) error {
	here := scope{medications: &s.drugs}
	if !f.lines {
		in, err := s.stream(f, nil)
		if err != nil {
			return err
		}
		defer in.stop()
		kind, err := in.walk(here.enter)
		if err == nil && kind == "Medication" {
			err = in.whole(here.survey)
		}
		return located(err, f.path, 0)
	}
	var d doc
	buf, other := make([]byte, 0, chunkBytes), make([]byte, 0, chunkBytes)
	swap := func() []byte { buf, other = other, buf; return buf }
	return s.chunks(f, nil, swap, func(c chunk) error {
		if !bytes.Contains(c.text, []byte(`"Medication"`)) {
			return s.ctx.Err()
		}
		return c.each(func(line int, text []byte) error {
			if !bytes.Contains(text, []byte(`"Medication"`)) {
				return nil
			}
			v, err := c.parse(&d, line, text)
			if err == nil {
				err = here.survey(v)
			}
			return located(err, f.path, line)
		})
	})
}

// located gives an error its place, where it has none.
func located(err error, path string, line int) error {
	if err == nil {
		return nil
	}
	var e *format.Error
	if errors.As(err, &e) && e.File == "" {
		at := *e
		at.File, at.Line = path, line
		return &at
	}
	return err
}
