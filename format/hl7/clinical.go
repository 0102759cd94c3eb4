package hl7

import (
	"strings"

	"hmsp.center/hmsp/format"
)

// diagnosis reads DG1. Its time is when it was made, else attested, else when the
// patient was admitted.
func (m *message) diagnosis() {
	r := m.row(format.ConditionTable)
	r.text[format.Code] = m.codes(m.first(3), "icd10gm", m.field(2))
	r.text[format.Time] = firstOf(m.time(5), m.time(19), m.admitted)
	r.text[format.ID] = m.field(20)
	switch kind := strings.ToUpper(m.field(6)); {
	case strings.EqualFold(m.field(21), "D"):
		r.text[format.Status] = "deleted"
	case kind == "A":
		r.text[format.Status] = "admitting"
	case kind == "W":
		r.text[format.Status] = "working"
	case kind == "F":
		r.text[format.Status] = "final"
	default:
		r.text[format.Status] = strings.ToLower(kind)
	}
	m.emit(r)
}

// procedure reads PR1.
func (m *message) procedure() {
	r := m.row(format.ProcedureTable)
	r.text[format.Code] = m.codes(m.first(3), "ops", m.field(2))
	r.text[format.Time], r.text[format.ID] = m.time(5), m.field(19)
	if strings.EqualFold(m.field(20), "D") {
		r.text[format.Status] = "deleted"
	}
	m.emit(r)
}

// specimen reads SPM.
func (m *message) specimen() {
	r := m.row(format.SpecimenTable)
	pair := m.first(2) // numbers of placer and filler, each with its namespace
	number := func(k int) string { return m.text(part(m.component(pair, k), m.sub, 1)) }
	r.text[format.ID] = firstOf(number(2), number(1))
	r.text[format.Code] = m.codes(m.first(4), "", "")
	collected := m.first(17) // a range of two time stamps
	stamp := func(k int) string { return iso(m.text(part(m.component(collected, k), m.sub, 1))) }
	r.text[format.Time], r.text[format.End] = firstOf(stamp(1), m.time(18)), stamp(2)
	if m.kind == "OUL" { // where the results of a specimen follow it
		m.drawn = r.text[format.Time]
	}
	switch strings.ToUpper(m.field(20)) {
	case "Y":
		r.text[format.Status] = "available"
	case "N":
		r.text[format.Status] = "unavailable"
	}
	m.emit(r)
}
