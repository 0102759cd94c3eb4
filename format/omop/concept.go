package omop

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/vocabulary"
)

// A dictionary is what the CONCEPT table says of concepts: 16 bytes each and the
// letters of its code, so about 150 MB for the six million concepts of a usual
// download and nothing to speak of for a table cut to what is used.
type dictionary struct {
	concepts []conceptEntry
	letters  []byte
	systems  []string // short names, or the vocabulary's own
}

type conceptEntry struct {
	id     int64
	at     uint32 // of the code in letters
	system uint16
	length uint8
}

// The bounds of a conceptEntry.
const (
	maxLetters = 1<<32 - 1<<8
	maxSystems = 1 << 16
	maxCode    = 1<<8 - 1 // varchar(50) in the CDM
)

// loadDictionary reads the CONCEPT table; without one, no concept is known.
func loadDictionary(ctx context.Context, src source, o format.Options) (*dictionary, error) {
	d := &dictionary{}
	want := []string{"concept_id", "vocabulary_id", "concept_code"}
	t, columns, err := optional(ctx, src, concept, want...)
	if err != nil || columns == nil {
		return d, err
	}
	if missing := t.lacks(want...); len(missing) > 0 {
		return d, lacking(t.from, concept+" ("+strings.Join(missing, ", ")+")")
	}
	systems := map[string]uint16{}
	err = each(ctx, src, t, want, filter{}, o, func(p piece) error {
		for i := range p.Rows {
			if p.Columns[0].Missing(i) {
				return p.wrong(i, "concept_id", "the number of a concept")
			}
			if p.Columns[1].Missing(i) || p.Columns[2].Missing(i) {
				continue
			}
			if code := p.Columns[2].Text[i]; len(code) > maxCode {
				return p.wrong(i, "concept_code", "a code of at most 50 characters")
			} else if !d.add(systems, p.Columns[0].Int[i], p.Columns[1].Text[i], code) {
				return &format.Error{File: p.from, Text: "the vocabularies are larger than can be held", Mend: "load the vocabularies that are used"}
			}
		}
		return nil
	})
	slices.SortStableFunc(d.concepts, func(a, b conceptEntry) int { return cmp.Compare(a.id, b.id) })
	return d, err
}

func (d *dictionary) add(systems map[string]uint16, id int64, vocab, code string) bool {
	s, ok := systems[vocab]
	if !ok {
		if len(d.systems) == maxSystems {
			return false
		}
		s = uint16(len(d.systems))
		d.systems = append(d.systems, vocabulary.FromOMOP(vocab))
		systems[strings.Clone(vocab)] = s
	}
	if len(d.letters) > maxLetters {
		return false
	}
	d.concepts = append(d.concepts, conceptEntry{id: id, at: uint32(len(d.letters)), system: s, length: uint8(len(code))})
	d.letters = append(d.letters, code...)
	return true
}

// find is the code of a concept.
func (d *dictionary) find(id int64) (system, code string, ok bool) {
	k, ok := slices.BinarySearchFunc(d.concepts, id, func(e conceptEntry, id int64) int { return cmp.Compare(e.id, id) })
	if !ok {
		return "", "", false
	}
	e := d.concepts[k]
	return d.systems[e.system], string(d.letters[e.at : e.at+uint32(e.length)]), true
}

// tokens are the codes of concepts that say the same: what the vocabularies call
// them, then OMOP's numbers. Concept 0 stands for none.
func (d *dictionary) tokens(ids ...int64) string {
	var codes, own []string
	for _, id := range ids {
		token := "omop:" + strconv.FormatInt(id, 10)
		if id == 0 || slices.Contains(own, token) {
			continue
		}
		own = append(own, token)
		if system, code, ok := d.find(id); ok {
			if t := vocabulary.Token(system, code); t != "" && !slices.Contains(codes, t) {
				codes = append(codes, t)
			}
		}
	}
	return strings.Join(append(codes, own...), " ")
}
