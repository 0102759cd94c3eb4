package hl7

import (
	"strings"

	"hmsp.center/hmsp/format"
)

// observation reads OBX (7.4.2). The lines of a text are one value; of every other
// type each repetition of OBX-5 is a row of its own. A row without a value stays: it
// says that something was looked for.
//
// Its time is OBX-14; where that is empty, when the order says that the specimen was
// taken, or else received or reported, and then what the specimen says. Its identifier, order number / code / OBX-4, is
// the same when the result is sent again, corrected.
func (m *message) observation() {
	kind := strings.ToUpper(m.field(2))
	code := m.codes(m.first(3), "", "")
	r := m.row(format.MeasurementTable)
	r.text[format.Code] = code
	r.text[format.Time] = firstOf(m.time(14), m.taken, m.drawn)
	r.text[format.Status] = firstOf(resultStatus(m.field(11)), m.results)
	r.text[format.Unit] = m.unit(m.first(6))
	if m.filler != "" {
		r.text[format.ID] = orderly(m.filler, m.field(3), m.field(4))
	}
	switch kind {
	case "ST", "TX", "FT", "":
		r.text[format.ValueText] = m.lines(5)
		if r.text[format.Unit] != "" { // a number, written as a text
			if x, ok := number(r.text[format.ValueText]); ok {
				r.number, r.known, r.text[format.ValueText] = x, true, ""
			}
		}
		m.emit(r)
	default:
		any := false
		m.each(5, func(rep []byte) bool {
			any = true
			r.known, r.text[format.ValueCode], r.text[format.ValueText] = false, "", ""
			m.value(r, kind, rep)
			m.emit(r)
			return true
		})
		if !any {
			m.emit(r)
		}
	}
}

// lines is a text over its repetitions.
func (m *message) lines(field int) string {
	var out []string
	m.each(field, func(rep []byte) bool {
		if !null(rep) {
			out = append(out, m.text(rep))
		}
		return true
	})
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// value reads one value of a type (table 0125).
func (m *message) value(r *row, kind string, rep []byte) {
	switch kind {
	case "NM":
		if r.number, r.known = number(m.text(rep)); !r.known {
			r.text[format.ValueText] = m.text(rep)
		}
	case "SN":
		m.structured(r, rep)
	case "CE", "CWE", "CNE", "CF":
		if len(m.component(rep, 1)) > 0 || len(m.component(rep, 4)) > 0 {
			r.text[format.ValueCode] = m.codes(rep, "", "")
		}
		r.text[format.ValueText] = m.named(rep)
	case "DT", "TS", "DTM":
		r.text[format.ValueText] = iso(m.text(m.component(rep, 1)))
	case "ED", "RP": // documents and images
	default:
		r.text[format.ValueText] = m.text(m.leaf(rep))
	}
}

// structured reads SN: a comparator, a number, and a separator with a second number.
// The comparator of one number is its text, as of a FHIR Quantity; ranges and ratios
// are text alone.
func (m *message) structured(r *row, rep []byte) {
	sign, separator, second := m.text(m.component(rep, 1)), m.text(m.component(rep, 3)), m.text(m.component(rep, 4))
	first := m.text(m.component(rep, 2))
	x, ok := number(first)
	if ok && separator == "" && second == "" {
		if r.number, r.known = x, true; sign != "=" {
			r.text[format.ValueText] = sign
		}
		return
	}
	r.text[format.ValueText] = strings.TrimSpace(sign + first + separator + second)
}
