package text

import "strings"

// A role is what a field of a record is to a note.
type role int

const (
	noRole role = iota
	textRole
	patientRole
	documentRole // the name of a file or document, whose owner is the patient where no field names one
	visitRole
	idRole
	timeRole
	languageRole
	codeRole
)

// roleOf tells a field by its name, in any case and with any of _, - and space.
func roleOf(name string) role {
	switch strings.NewReplacer("_", "", "-", "", " ", "", "\ufeff", "").Replace(strings.ToLower(name)) {
	case "text", "fulltext", "note", "notes", "notetext", "report", "reporttext", "letter", "dialogue", "dialog", "documenttext", "freetext", "befundtext", "arztbrief", "freitext":
		return textRole
	case "patient", "patientid", "patid", "pid", "mrn", "subject", "subjectid", "person", "personid":
		return patientRole
	case "name", "file", "filename", "document", "documentname":
		return documentRole
	case "visit", "visitid", "visitoccurrenceid", "encounter", "encounterid", "hadmid", "case", "caseid", "fall", "fallnummer":
		return visitRole
	case "id", "noteid", "documentid", "rowid":
		return idRole
	case "time", "date", "datetime", "notedate", "notedatetime", "charttime", "chartdate", "datum":
		return timeRole
	case "language", "lang", "sprache":
		return languageRole
	case "code", "type", "notetype", "doctype":
		return codeRole
	}
	return noRole
}

// A note is a row.
type note struct {
	patient, time, id, visit, language, code string // "" is missing
	text                                     string
	absent                                   bool // there is no text
}

// noted makes notes of the fields of a record: one for each field of text. Where there are
// several, the code of each is the field's name. Whose they are say, the best first, a
// patient, a document's name, a visit that stands for somebody of its own, or the file. A
// record whose patient is left empty is nobody's: a visit or the file would be taken for a
// patient that there is not.
func noted(names, values []string, given []bool, fallback string) []note {
	n := note{}
	var document string
	var texts []int
	named := false
	for i, name := range names {
		named = named || roleOf(name) == patientRole
		into := map[role]*string{patientRole: &n.patient, documentRole: &document, visitRole: &n.visit, idRole: &n.id, timeRole: &n.time, languageRole: &n.language, codeRole: &n.code}[roleOf(name)]
		switch {
		case roleOf(name) == textRole:
			texts = append(texts, i)
		case into != nil && given[i] && *into == "":
			*into = values[i]
		}
	}
	if document != "" && n.id == "" {
		n.id = document
	}
	if document != "" && n.time == "" {
		n.time = dateOf(document)
	}
	switch {
	case n.patient != "" || named:
	case document != "":
		n.patient = owner(document)
	case n.visit != "":
		n.patient = n.visit
	default:
		n.patient = fallback
	}
	var out []note
	for _, i := range texts {
		one := n
		one.text, one.absent = values[i], !given[i]
		if len(texts) > 1 {
			one.code = "hmsp:" + strings.ReplaceAll(strings.ToLower(names[i]), "_", "-")
		}
		out = append(out, one)
	}
	return out
}

// whose says in words what noted goes by.
func whose(names []string) string {
	best := noRole
	for _, n := range names {
		if r := roleOf(n); (r == patientRole || r == documentRole || r == visitRole) && (best == noRole || r < best) {
			best = r
		}
	}
	switch best {
	case patientRole:
		return ""
	case documentRole:
		return "no field names the patient: the name of each document does, without its ending"
	case visitRole:
		return "no field names the patient: each visit counts as somebody of its own"
	}
	return "no field names the patient: all notes are of whom the file is named after"
}
