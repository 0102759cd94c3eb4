package hl7

import (
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
)

// A message is what a message has said so far, and of whom and what the segments
// that follow are.
type message struct {
	segment
	charset charset
	kind    string // ADT, ORU
	event   string // A01
	when    string // when the event happened, or was recorded

	patient  string
	visit    string
	admitted string

	filler  string // the number of the order, to which results belong
	taken   string // when what is observed was, by the order
	drawn   string // when the specimen was, in messages that name it first
	results string // status of the report
	order   *row   // of a drug, until a later segment of the same order tells more
	at      int    // its line
	control string // what the order does to it
	timing  string // TQ1-7
	ident   string // the order's number

	*shared
}

// shared is what the messages of a reader have in common.
type shared struct {
	last  map[string]segment // of each name, if a column asks for one
	met   map[codeKey]string // codes by the field that they were read from
	one   row                // the row at hand
	wants func(table string) bool
	give  func(r *row, line int)
	text  func(raw []byte) string
	note  func(what string)
}

// begin reads a message's header.
func (m *message) begin(raw []byte, fail func(text, mend string, args ...any) error) error {
	d, ok := delimitersOf(raw)
	if !ok {
		return fail("MSH-1 and MSH-2 do not name the delimiters", `a message begins like MSH|^~\&|`)
	}
	m.delimiters = d
	m.cut(raw)
	clear(m.last)
	*m = message{segment: m.segment, shared: m.shared}
	if version := string(m.leaf(m.get(12))); version != "" && !strings.HasPrefix(version, "2.") && version != "2" {
		return fail("MSH-12 does not name version 2 of HL7", "export HL7 version 2.3 to 2.5.1")
	}
	m.charset = charsetOf(string(m.first(18)))
	m.kind, m.event = string(m.component(m.get(9), 1)), string(m.component(m.get(9), 2))
	if !segmentName(m.kind) {
		return fail("MSH-9 does not name the kind of message", "it is like ADT^A01 or ORU^R01; export the messages again")
	}
	return nil
}

// field is the text of the first component of a field's first repetition.
func (m *message) field(n int) string { return m.text(m.leaf(m.first(n))) }

// time is a field that is a time stamp.
func (m *message) time(n int) string { return iso(m.field(n)) }

// firstOf is the first text that is there.
func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// row begins a row of the patient, which is good until the next begins.
func (m *message) row(table string) *row {
	r := &m.one
	clear(r.text)
	r.table, r.known = table, false
	r.text[format.Patient], r.text[format.Visit] = m.patient, m.visit
	return r
}

// read makes rows of a segment.
func (m *message) read() {
	switch m.name() {
	case "EVN":
		m.when = firstOf(m.time(6), m.time(2))
	case "PID":
		m.person()
	case "MRG":
		m.merge()
	case "PV1":
		m.encounter()
	case "DG1":
		if m.wants(format.ConditionTable) {
			m.diagnosis()
		}
	case "PR1":
		if m.wants(format.ProcedureTable) {
			m.procedure()
		}
	case "ORC", "OBR", "RXO", "RXE", "RXA", "TQ1":
		m.ordered()
	case "OBX":
		if m.wants(format.MeasurementTable) {
			m.observation()
		}
	case "SPM":
		m.specimen()
	}
}

// person reads PID. Of the identifiers in PID-3 the medical record number (MR) is the
// patient's, then one that says that it is the hospital's (PI) or anyone's (PT), then
// the first; early messages have it in PID-2.
func (m *message) person() {
	m.flush()
	*m = message{segment: m.segment, charset: m.charset, kind: m.kind, event: m.event, when: m.when, shared: m.shared}
	m.patient = firstOf(m.identifier(3), m.identifier(2))
	if !m.wants(format.PersonTable) {
		return
	}
	r := m.row(format.PersonTable)
	r.text[format.Birth] = m.time(7)
	r.text[format.Sex] = sexOf(m.field(8))
	switch death := m.time(29); {
	case death != "" && death[0] >= '0' && death[0] <= '9':
		r.text[format.Death] = death
	case strings.EqualFold(m.field(30), "Y"):
		r.text[format.Death] = "true"
	}
	m.each(11, func(address []byte) bool {
		zip := m.text(part(m.component(address, 5), m.sub, 1))
		r.text[format.Postal] = zip
		return zip == ""
	})
	m.emit(r)
}

// identifier is the patient's among the repetitions of a field of type CX.
func (m *message) identifier(field int) string {
	best, rank := "", 0
	m.each(field, func(rep []byte) bool {
		id, of := m.text(m.leaf(rep)), 1
		switch m.text(m.component(rep, 5)) {
		case "MR":
			of = 4
		case "PI":
			of = 3
		case "PT":
			of = 2
		}
		if id != "" && of > rank {
			best, rank = id, of
		}
		return true
	})
	return best
}

// merge reads MRG, of A40 and the other events that bring identifiers together.
func (m *message) merge() {
	prior := m.identifier(1)
	if prior == "" || prior == m.patient {
		return
	}
	r := m.row(MergeTable)
	r.text[Prior], r.text[format.Time] = prior, m.when
	m.note("messages merge identifiers of patients: table " + MergeTable + " has them")
	m.emit(r)
}

// encounter reads PV1. Messages that report results repeat it, and then it only says
// which visit they are of.
func (m *message) encounter() {
	m.visit, m.admitted = m.field(19), m.time(44)
	if m.kind != "ADT" && m.kind != "BAR" || m.visit == "" && m.admitted == "" {
		return
	}
	r := m.row(format.VisitTable)
	start, end := m.admitted, m.time(45)
	switch m.event {
	case "A01", "A04", "A05":
		start = firstOf(start, m.when)
	case "A03":
		end = firstOf(end, m.when)
	}
	r.text[format.Time], r.text[format.End], r.text[format.ID] = start, end, m.visit
	r.text[format.Code] = classOf(m.field(2))
	r.text[format.Status] = visitStatus(m.event, end != "")
	if m.event == "A13" { // the discharge was none
		r.text[format.End] = ""
	}
	m.emit(r)
}

// visitStatus is where a visit stands by the event (chapter 3), in the words of FHIR.
func visitStatus(event string, ended bool) string {
	switch event {
	case "A05", "A14", "A15", "A16":
		return "planned"
	case "A11", "A27", "A38":
		return "cancelled"
	case "A13":
		return "discharge-cancelled"
	case "A23":
		return "deleted"
	}
	if ended {
		return "finished"
	}
	return "in-progress"
}

// emit gives a row of a patient; one of nobody is counted.
func (m *message) emit(r *row) {
	if r.text[format.Patient] == "" {
		m.note("segments are of no patient and are left out")
		return
	}
	m.give(r, m.line)
}

// place reads a place in the message for a column that is no standard one.
func (m *message) place(p place) string {
	s := m.segment
	if s.name() != p.segment {
		var ok bool
		if s, ok = m.last[p.segment]; !ok {
			return ""
		}
	}
	rep := s.first(p.field)
	if p.segment == "MSH" && p.field <= 2 { // the delimiters themselves
		return string(s.get(p.field))
	}
	b := s.component(rep, max(p.component, 1))
	if b = part(b, s.sub, max(p.sub, 1)); p.sub == 0 && p.component > 0 {
		b = s.component(rep, p.component)
	}
	return m.text(b)
}

// number reads a number as NM is written; a decimal comma is taken too, because no
// message may separate thousands.
func number(s string) (float64, bool) {
	if x, ok := format.ParseNumber(s, "."); ok {
		return x, true
	}
	if strings.Contains(s, ".") {
		return 0, false
	}
	return format.ParseNumber(s, ",")
}

// orderly makes a place of a result among those of an order: "F123/2345-7/1".
func orderly(parts ...string) string {
	return strings.TrimRight(strings.Join(parts, "/"), "/")
}

// count is a number of messages or batches; -1 if there is none.
func count(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}
