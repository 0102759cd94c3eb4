package hl7

import (
	"strings"

	"hmsp.center/hmsp/format"
)

// ordered reads the segments of an order (chapters 4 and 7). Of a drug, RXE says what
// the pharmacy made of the request in RXO, and RXA what was given: the last of them
// in an order is its row, and each RXA is one.
func (m *message) ordered() {
	switch m.name() {
	case "ORC":
		m.flush()
		m.ident, m.filler, m.timing = firstOf(m.field(3), m.field(2)), "", ""
		m.control = orderStatus(m.field(1), m.field(5))
		m.timing = iso(m.text(part(m.component(m.first(7), 4), m.sub, 1)))
		m.timing = firstOf(m.timing, m.time(15), m.time(9))
	case "OBR":
		m.filler = firstOf(m.field(3), m.field(2), m.ident)
		m.taken = firstOf(m.time(7), m.time(14), m.time(22))
		m.results = resultStatus(m.field(25))
	case "TQ1":
		if at := m.time(7); at != "" {
			if m.timing = at; m.order != nil {
				m.order.text[format.Time] = at
			}
		}
	case "RXO":
		m.drug(m.codes(m.first(1), "", ""), 2, 4)
	case "RXE":
		m.drug(m.codes(m.first(2), "", ""), 3, 5)
		timing := m.first(1) // TQ: components 4 and 5 are start and end
		stamp := func(k int) string { return iso(m.text(part(m.component(timing, k), m.sub, 1))) }
		m.order.text[format.Time] = firstOf(stamp(4), m.order.text[format.Time])
		m.order.text[format.End] = stamp(5)
	case "RXA":
		m.order = nil
		m.drug(m.codes(m.first(5), "", ""), 6, 7)
		m.order.text[format.Time], m.order.text[format.End] = m.time(3), m.time(4)
		m.order.text[format.Status] = givenStatus(m.field(20), m.field(21))
		m.flush()
	}
}

// drug begins the row of a drug in place of what the order said before.
func (m *message) drug(code string, amount, unit int) {
	r := &row{table: format.DrugTable, text: map[string]string{format.Patient: m.patient, format.Visit: m.visit}} // which waits
	r.text[format.Code], r.text[format.Time] = code, m.timing
	r.text[format.Status], r.text[format.ID] = m.control, m.ident
	r.text[format.AmountUnit] = m.unit(m.first(unit))
	if r.number, r.known = number(m.field(amount)); r.known && r.number == 999 && m.name() == "RXA" {
		r.known = false // RXA-6: 999 where no amount applies
	}
	m.order, m.at = r, m.line
}

// flush gives the row of a drug that waits, when its order ends.
func (m *message) flush() {
	if m.order == nil {
		return
	}
	r, line := m.order, m.line
	m.order, m.line = nil, m.at
	m.emit(r)
	m.line = line
}

// orderStatus is ORC-5 (table 0038), or what ORC-1 (table 0119) does to the order, in
// the words of FHIR.
func orderStatus(control, status string) string {
	switch strings.ToUpper(status) {
	case "CM":
		return "completed"
	case "CA":
		return "cancelled"
	case "DC", "RP":
		return "stopped"
	case "ER":
		return "entered-in-error"
	case "HD":
		return "on-hold"
	case "A", "IP", "SC":
		return "active"
	}
	switch strings.ToUpper(control) {
	case "CA", "OC", "CR", "UA":
		return "cancelled"
	case "DC", "OD", "DR":
		return "stopped"
	case "HD", "OH", "HR":
		return "on-hold"
	case "":
		return ""
	}
	return "active"
}

// givenStatus is RXA-20 (table 0322) and RXA-21 (table 0323).
func givenStatus(completion, action string) string {
	if strings.EqualFold(action, "D") {
		return "deleted"
	}
	switch strings.ToUpper(completion) {
	case "CP", "PA":
		return "completed"
	case "RE", "NA":
		return "not-done"
	}
	return strings.ToLower(completion)
}
