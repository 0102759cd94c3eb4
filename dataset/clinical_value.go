package dataset

import (
	"math"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/vocabulary"
)

// A conversion is what a unit of the source means in the dictionary's.
type conversion struct {
	scale, offset float64
	why           string // it cannot be converted
}

// value is what a row is worth as an event of the variable.
func (s *selection) value(t *tableReader, i int, name string) (float64, verdict) {
	v := s.variable
	if s.source.Value != "" {
		if x, ok := t.number(s.source.Value, i); ok {
			return s.number(x, t, i)
		}
		text, ok := t.text(s.source.Value, i)
		if !ok {
			return 0, missing
		}
		return s.word(text, t, i)
	}
	switch v.Kind {
	case table.Number, table.Integer:
		column := format.Value
		if name == format.DrugTable {
			column = format.Amount
		}
		x, ok := t.number(column, i)
		if !ok {
			text, ok := t.text(column, i)
			if !ok {
				return 0, missing
			}
			return s.word(text, t, i)
		}
		return s.number(x, t, i)
	case table.Flag:
		if name != format.MeasurementTable {
			return 1, good // it is on record: so it was
		}
		if x, ok := t.number(format.Value, i); ok {
			return s.convert.code(x)
		}
		if text, ok := t.text(format.ValueText, i); ok {
			if x, is := s.convert.text(text); is == good || s.source.Codes != nil {
				return x, is
			}
		}
		if codes, ok := t.text(format.ValueCode, i); ok {
			if s.source.Codes != nil {
				return s.levels(codes)
			}
			return yesNo(codes), good
		}
		return 1, good
	}
	if codes, ok := t.text(format.ValueCode, i); ok {
		return s.levels(codes)
	}
	if text, ok := t.text(format.ValueText, i); ok {
		return s.convert.text(text)
	}
	if codes, ok := t.text(format.Code, i); ok && name != format.MeasurementTable {
		return s.levels(codes)
	}
	return 0, missing
}

// word judges a text that a mapping names as the value.
func (s *selection) word(text string, t *tableReader, i int) (float64, verdict) {
	if s.variable.Kind == table.Number || s.variable.Kind == table.Integer {
		x, ok := format.ParseNumber(text, t.decimal)
		if !ok {
			return 0, wrong
		}
		return s.number(x, t, i)
	}
	if x, is := s.convert.text(text); is == good {
		return x, is
	}
	return s.levels(text)
}

// coded_ finds the level of one of several codes, with or without its system.
func (s *selection) levels(codes string) (float64, verdict) {
	for token := range strings.FieldsSeq(codes) {
		_, code := vocabulary.Split(token)
		for _, try := range [...]string{token, code} {
			if x, is := s.convert.word(try); is == good {
				return x, is
			}
		}
	}
	return 0, unknown
}

// yesNo is 0 for an answer that says no, in SNOMED CT, LOINC or HL7, and 1 for any
// other finding.
func yesNo(codes string) float64 {
	for token := range strings.FieldsSeq(codes) {
		if _, code := vocabulary.Split(token); code == "N" || slices.Contains(noAnswers(), token) {
			return 0
		}
	}
	return 1
}

// number converts a measured number from the unit of its row.
func (s *selection) number(x float64, t *tableReader, i int) (float64, verdict) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, missing
	}
	if s.source.Scale == nil && s.variable.Unit != "" {
		column := format.Unit
		if s.source.UnitFrom != "" {
			column = s.source.UnitFrom
		}
		unit, ok := t.text(column, i)
		if !ok {
			unit = s.source.Unit
		}
		if unit != "" && unit != s.variable.Unit {
			k := s.units[unit]
			if k == nil {
				k = convert(s.variable, unit)
				if len(s.units) < maxSeen {
					s.units[strings.Clone(unit)] = k
				}
			}
			if k.why != "" {
				s.foreign++
				return 0, excluded
			}
			x = float64(x*k.scale) + k.offset
		}
	}
	if s.variable.Kind == table.Integer {
		x = math.Round(x)
	}
	if x, is := s.convert.number(x); is != outside || s.source.OutOfRange == "refuse" {
		return x, is
	}
	return 0, excluded
}

// A tableReader gives cells of a batch by the column's name.
type tableReader struct {
	at      map[string]int
	kind    []format.Kind
	layout  map[string]string // of columns with dates
	decimal string
	b       format.Batch
}

func newTableReader(columns []format.Column, decimal string) *tableReader {
	t := &tableReader{at: map[string]int{}, kind: make([]format.Kind, len(columns)), layout: map[string]string{}, decimal: decimal}
	for i, c := range columns {
		t.at[c.Name], t.kind[i], t.layout[c.Name] = i, c.Kind, c.Time
	}
	return t
}

// text is a cell as text; false if it is missing.
func (t *tableReader) text(name string, row int) (string, bool) {
	at, ok := t.at[name]
	if !ok || t.b.Columns[at].Missing(row) {
		return "", false
	}
	return raw(t.kind[at], t.b.Columns[at], row), true
}

// number is a cell of a column of numbers; false if it is missing or a text.
func (t *tableReader) number(name string, row int) (float64, bool) {
	at, ok := t.at[name]
	if !ok || t.b.Columns[at].Missing(row) {
		return 0, false
	}
	switch v := t.b.Columns[at]; t.kind[at] {
	case format.Float:
		return v.Float[row], true
	case format.Int:
		return float64(v.Int[row]), true
	}
	return 0, false
}
