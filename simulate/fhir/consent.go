package fhir

import "hmsp.center/hmsp/simulate/record"

// consents are documents of the broad consent, version 1.7.2. A refusal and a
// withdrawal are documents with provisions that deny, from their day on; a consent
// that was withdrawn stays as it was signed.
func consents(w *writer, r *record.Record) {
	const modules = "https://www.medizininformatik-initiative.de/fhir/modul-consent/"
	for i, c := range r.Consents {
		w.open("Consent", row(r, "c", i), modules+"StructureDefinition/mii-pr-consent-einwilligung")
		w.text(`,"status":"active","scope":{"coding":[{"system":"` + terminals + `consentscope","code":"research"}]}`)
		w.text(`,"category":[{"coding":[{"system":"http://loinc.org","code":"57016-8"}]},{"coding":[{"system":"` + modules + `CodeSystem/mii-cs-consent-version-modules","code":"2.16.840.1.113883.3.1937.777.24.2.184"}]}]`)
		w.text(`,"patient":{"reference":"Patient/`).text(r.Person.ID).text(`"},"dateTime":`).time(c.Time)
		w.text(`,"organization":[{"reference":"Organization/`).text(r.Site.Name).text(`"}],"policy":[{"uri":"urn:oid:2.16.840.1.113883.3.1937.777.24.2.`).text(template(c.Answer))
		w.text(`"}],"provision":{"type":"deny"`)
		if len(c.Provisions) > 0 {
			first, last := c.Provisions[0].Start, c.Provisions[0].End
			for _, p := range c.Provisions {
				last = max(last, p.End)
			}
			w.text(`,"period":{"start":`).date(first).text(`,"end":`).date(last).text(`},"provision":[`)
			for k, p := range c.Provisions {
				provision(w, r, c.Answer, p, k)
			}
			w.text("]")
		}
		w.text("}}\n")
	}
}

func provision(w *writer, r *record.Record, a record.Answer, p record.Provision, k int) {
	if k > 0 {
		w.text(",")
	}
	decision := "deny"
	if a == record.Given {
		decision = "permit"
	}
	w.text(`{"type":"`).text(decision).text(`","period":{"start":`).date(p.Start).text(`,"end":`).date(p.End)
	w.text(`},"code":[`).concept(r.Codes.Purposes[p.Purpose].Code).text("]}")
}

// template is the last arc of the identifier of the form that was signed.
func template(a record.Answer) string {
	switch a {
	case record.Refused:
		return "4054"
	case record.Withdrawn:
		return "2722"
	}
	return "2079"
}
