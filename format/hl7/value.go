package hl7

import (
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/vocabulary"
)

// iso turns a time stamp YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ] (chapter 2A, TS and
// DTM) into ISO 8601 to the same precision. A text that is no time stamp stays as the
// source has it, for the reader of times to judge.
func iso(s string) string {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	rest := s[digits:]
	zone := ""
	if i := strings.IndexAny(rest, "+-"); i >= 0 {
		rest, zone = rest[:i], rest[i:]
	}
	if digits < 4 || digits > 14 || digits%2 == 1 || zone != "" && len(zone) != 5 || rest != "" && (digits != 14 || rest[0] != '.') {
		return s
	}
	var buf [40]byte
	b := append(buf[:0], s[:4]...)
	for i := 0; i < 5 && digits >= 6+2*i; i++ {
		b = append(append(b, "--T::"[i]), s[4+2*i:6+2*i]...)
	}
	if len(rest) > 1 {
		b = append(b, rest...)
	}
	if digits > 8 && zone != "" {
		b = append(append(append(b, zone[:3]...), ':'), zone[3:]...)
	}
	out := string(b)
	if _, ok := format.ParseTime(out, ""); !ok {
		return s
	}
	return out
}

// system is the name of a coding system as package vocabulary has it: from the names
// of table 0396 and their usual spellings, and from OIDs.
func system(id string) string {
	if s := vocabulary.FromHL7(id); s != id {
		return s
	}
	plain := strings.NewReplacer("-", "", " ", "", "_", "").Replace(id)
	if s := vocabulary.FromHL7(plain); s != plain {
		return s
	}
	if strings.HasPrefix(strings.ToUpper(plain), "I10GM") {
		return "icd10gm"
	}
	return vocabulary.Short(id)
}

// german gives the yearly OIDs of the German Federal Institute (1.2.276.0.76.5) the
// name of the system that a segment's codes are of: ICD-10-GM or OPS.
func german(id, name string) string {
	if s := system(id); s != id || !strings.HasPrefix(id, "1.2.276.0.76.5.") {
		return s
	}
	return name
}

// sexOf is table 0001 in the words of FHIR AdministrativeGender.
func sexOf(s string) string {
	switch strings.ToUpper(s) {
	case "":
		return ""
	case "F":
		return "female"
	case "M":
		return "male"
	case "A", "O", "D", "X": // ambiguous, other; "D" is what German systems write for divers
		return "other"
	}
	return "unknown"
}

// resultStatus is table 0085, and of a report 0123, in the words of FHIR.
func resultStatus(s string) string {
	switch strings.ToUpper(s) {
	case "F", "U": // U: became final without being sent again
		return "final"
	case "P", "R", "S", "A":
		return "preliminary"
	case "C":
		return "corrected"
	case "B":
		return "appended"
	case "D":
		return "deleted"
	case "W":
		return "entered-in-error"
	case "X":
		return "cancelled"
	case "N":
		return "not-done"
	case "I", "O":
		return "registered"
	}
	return strings.ToLower(s)
}

// classOf is a patient class, table 0004, as in FHIR: the code of v3 ActCode that it
// means, and its own.
func classOf(s string) string {
	act := ""
	switch strings.ToUpper(s) {
	case "":
		return ""
	case "E":
		act = "EMER"
	case "I":
		act = "IMP"
	case "O", "R":
		act = "AMB"
	case "P":
		act = "PRENC"
	case "B":
		act = "OBSENC"
	}
	own := vocabulary.Token("http://terminology.hl7.org/CodeSystem/v2-0004", s)
	if act == "" {
		return own
	}
	return vocabulary.Token("actcode", act) + " " + own
}

// trim drops the blanks around a value.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }
