// Package fhir writes simulated records as FHIR R4 resources, one file of lines for
// each type as a bulk export has them (HL7 FHIR Bulk Data Access 2.0).
//
// It serves simulate. Resources name the profiles of the German Medical Informatics
// Initiative's core data set, and carry the security label HTEST: test health data.
package fhir

import (
	"strconv"

	"hmsp.center/hmsp/simulate/record"
)

// The files, in the order of Files.
const (
	patient = iota
	encounter
	condition
	observation
	procedure
	request
	statement
	specimen
	imaging
	consent
	episode
	organization
	types
)

// Layout is the format.
type Layout struct{}

// Name is what the command line writes.
func (Layout) Name() string { return "fhir" }

func resources() [types]string {
	return [types]string{"Patient", "Encounter", "Condition", "Observation", "Procedure", "MedicationRequest",
		"MedicationStatement", "Specimen", "ImagingStudy", "Consent", "EpisodeOfCare", "Organization"}
}

// Files are one a resource type.
func (Layout) Files() []string {
	var out []string
	for _, r := range resources() {
		out = append(out, r+".ndjson")
	}
	return out
}

// Head writes the hospital itself.
func (Layout) Head(s record.Site) [][]byte {
	out := make([][]byte, types)
	w := writer{b: nil}
	w.open("Organization", s.Name, "")
	w.text(`,"active":true,"name":`).quote("Simulated hospital " + s.Name).text("}\n")
	out[organization] = w.b
	return out
}

// Append writes one person's resources.
func (Layout) Append(files [][]byte, r *record.Record) {
	for i, f := range [...]func(*writer, *record.Record){patient: patients, encounter: encounters, condition: conditions,
		observation: observations, procedure: procedures, request: requests, statement: statements, specimen: specimens,
		imaging: images, consent: consents, episode: episodes} {
		w := writer{b: files[i]}
		f(&w, r)
		files[i] = w.b
	}
}

// A writer appends JSON. It knows that what it is given is not nested wrongly.
type writer struct{ b []byte }

func (w *writer) text(s string) *writer {
	w.b = append(w.b, s...)
	return w
}

// quote writes a JSON string.
func (w *writer) quote(s string) *writer {
	const hex = "0123456789abcdef"
	w.b = append(w.b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		case c < ' ':
			w.b = append(w.b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			w.b = append(w.b, c)
		}
	}
	w.b = append(w.b, '"')
	return w
}

// open begins a resource: type, id, label and profile.
func (w *writer) open(resource, id, profile string) *writer {
	w.text(`{"resourceType":"`).text(resource).text(`","id":"`).text(id)
	w.text(`","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST","display":"test health data"}]`)
	if profile != "" {
		w.text(`,"profile":["`).text(profile).text(`"]`)
	}
	return w.text("}")
}

// row is the identifier of row i of a kind: north-000012-m17.
func row(r *record.Record, kind string, i int) string {
	return r.Person.ID + "-" + kind + strconv.Itoa(i+1)
}

// identifier names a row in the hospital's own system.
func (w *writer) identifier(r *record.Record, kind, code, id string) *writer {
	w.text(`,"identifier":[{`)
	if code != "" {
		w.text(`"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"`).text(code).text(`"}]},`)
	}
	w.text(`"system":"https://`).text(r.Site.Name).text(`.hospital.invalid/fhir/sid/`).text(kind).text(`","value":"`).text(id).text(`"`)
	return w.text(`,"assigner":{"reference":"Organization/`).text(r.Site.Name).text(`"}}]`)
}

func (w *writer) subject(r *record.Record) *writer {
	return w.text(`,"subject":{"reference":"Patient/`).text(r.Person.ID).text(`"}`)
}

func (w *writer) encounter(r *record.Record, visit int) *writer {
	return w.text(`,"encounter":{"reference":"Encounter/`).text(row(r, "v", visit)).text(`"}`)
}

// concept writes a CodeableConcept of codes.
func (w *writer) concept(codes ...record.Code) *writer {
	w.text(`{"coding":[`)
	for i, c := range codes {
		if i > 0 {
			w.text(",")
		}
		w.text(`{"system":"`).text(c.System.URI())
		if v := c.System.Version(); v != "" {
			w.text(`","version":"`).text(v)
		}
		w.text(`","code":"`).text(c.Code).text(`","display":`).quote(c.Display).text("}")
	}
	return w.text("]}")
}

// choose gives the codes that a site uses.
func choose(s *record.Site, national, international record.Code) []record.Code {
	switch s.Coding {
	case record.National:
		return []record.Code{national}
	case record.International:
		return []record.Code{international}
	}
	return []record.Code{national, international}
}

// date writes "YYYY-MM-DD".
func (w *writer) date(t int64) *writer {
	w.b = append(record.AppendDate(append(w.b, '"'), t), '"')
	return w
}

// time writes "YYYY-MM-DDTHH:MM:SS+01:00".
func (w *writer) time(t int64) *writer {
	w.b = record.AppendClock(append(record.AppendDate(append(w.b, '"'), t), 'T'), t)
	w.b = append(record.AppendZone(w.b, t), '"')
	return w
}

func (w *writer) quantity(x float64, decimals int, unit record.Code) *writer {
	w.text(`{"value":`)
	w.b = strconv.AppendFloat(w.b, x, 'f', decimals, 64)
	return w.text(`,"unit":"`).text(unit.Code).text(`","system":"http://unitsofmeasure.org","code":"`).text(unit.Code).text(`"}`)
}
