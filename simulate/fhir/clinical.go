package fhir

import "hmsp.center/hmsp/simulate/record"

const (
	core      = "https://www.medizininformatik-initiative.de/fhir/core/"
	ext       = "https://www.medizininformatik-initiative.de/fhir/ext/"
	terminals = "http://terminology.hl7.org/CodeSystem/"
)

func patients(w *writer, r *record.Record) {
	p := r.Person
	w.open("Patient", p.ID, core+"modul-person/StructureDefinition/Patient").identifier(r, "patient", "MR", p.ID)
	w.text(`,"name":[{"use":"official","family":`).quote(p.Family).text(`,"given":[`).quote(p.Given).text(`]}],"gender":"`)
	if p.IsMale() {
		w.text("male")
	} else {
		w.text("female")
	}
	w.text(`","birthDate":`).date(p.Birth)
	if r.Died() {
		w.text(`,"deceasedDateTime":`).date(p.Exit)
	}
	w.text(`,"address":[{"type":"both","postalCode":"`).text(r.Site.Postal(r.Person.Postal)).text(`","country":"DE"}]`)
	w.text(`,"managingOrganization":{"reference":"Organization/`).text(r.Site.Name).text("\"}}\n")
}

// episodes are from when to when everything about somebody was recorded.
func episodes(w *writer, r *record.Record) {
	w.open("EpisodeOfCare", row(r, "e", 0), "")
	w.text(`,"status":"finished","patient":{"reference":"Patient/`).text(r.Person.ID)
	w.text(`"},"managingOrganization":{"reference":"Organization/`).text(r.Site.Name)
	w.text(`"},"period":{"start":`).date(r.Person.Entry).text(`,"end":`).date(r.Person.Exit).text("}}\n")
}

func encounters(w *writer, r *record.Record) {
	for i, v := range r.Visits {
		id := row(r, "v", i)
		w.open("Encounter", id, core+"modul-fall/StructureDefinition/KontaktGesundheitseinrichtung").identifier(r, "encounter", "VN", id)
		class := `"AMB","display":"ambulatory"`
		kind := "ambulanz"
		if v.Inpatient {
			class, kind = `"IMP","display":"inpatient encounter"`, "normalstationaer"
		}
		w.text(`,"status":"finished","class":{"system":"` + terminals + `v3-ActCode","code":`).text(class).text("}")
		w.text(`,"type":[{"coding":[{"system":"http://fhir.de/CodeSystem/Kontaktebene","code":"einrichtungskontakt"}]}`)
		if v.Inpatient {
			w.text(`,{"coding":[{"system":"http://fhir.de/CodeSystem/kontaktart-de","code":"`).text(kind).text(`"}]}`)
		}
		w.text("]").subject(r).text(`,"period":{"start":`).time(v.Start).text(`,"end":`).time(v.End)
		w.text(`},"serviceProvider":{"reference":"Organization/`).text(r.Site.Name).text("\"}}\n")
	}
}

func conditions(w *writer, r *record.Record) {
	for i, d := range r.Diagnoses {
		x := &r.Codes.Diseases[d.Disease]
		w.open("Condition", row(r, "d", i), core+"modul-diagnose/StructureDefinition/Diagnose")
		w.text(`,"clinicalStatus":{"coding":[{"system":"` + terminals + `condition-clinical","code":"active"}]}`)
		w.text(`,"verificationStatus":{"coding":[{"system":"` + terminals + `condition-ver-status","code":"confirmed"}]}`)
		w.text(`,"category":[{"coding":[{"system":"` + terminals + `condition-category","code":"encounter-diagnosis"}]}]`)
		w.text(`,"code":`).concept(choose(r.Site, x.ICD, x.SNOMED)...)
		w.subject(r).encounter(r, d.Visit).text(`,"onsetDateTime":`).date(d.Time).text(`,"recordedDate":`).date(d.Time).text("}\n")
	}
}

func procedures(w *writer, r *record.Record) {
	for i, x := range r.Procedures {
		w.open("Procedure", row(r, "p", i), core+"modul-prozedur/StructureDefinition/Procedure")
		w.text(`,"status":"completed","category":{"coding":[{"system":"http://snomed.info/sct","code":`)
		if x.Code == r.Codes.Angioplast {
			w.text(`"277132007","display":"Therapeutic procedure"}]}`)
		} else {
			w.text(`"103693007","display":"Diagnostic procedure"}]}`)
		}
		w.text(`,"code":`).concept(x.Code).subject(r).encounter(r, x.Visit).text(`,"performedDateTime":`).time(x.Time).text("}\n")
	}
}

func requests(w *writer, r *record.Record) {
	for i, x := range r.Drugs {
		if x.Before {
			continue
		}
		d := &r.Codes.Drugs[x.Drug]
		w.open("MedicationRequest", row(r, "r", i), core+"modul-medikation/StructureDefinition/MedicationRequest")
		w.text(`,"status":"completed","intent":"order","medicationCodeableConcept":`).concept(choose(r.Site, d.ATC, d.RxNorm)...)
		w.subject(r).text(`,"authoredOn":`).time(x.Start)
		w.text(`,"dosageInstruction":[{"timing":{"repeat":{"boundsPeriod":{"start":`).date(x.Start).text(`,"end":`).date(x.End)
		w.text(`},"frequency":1,"period":1,"periodUnit":"d"}},"doseAndRate":[{"doseQuantity":`).quantity(d.Amount, 0, r.Codes.Milligram).text("}]}]}\n")
	}
}

func statements(w *writer, r *record.Record) {
	for i, x := range r.Drugs {
		if !x.Before {
			continue
		}
		d := &r.Codes.Drugs[x.Drug]
		w.open("MedicationStatement", row(r, "r", i), core+"modul-medikation/StructureDefinition/MedicationStatement")
		w.text(`,"status":"completed","medicationCodeableConcept":`).concept(choose(r.Site, d.ATC, d.RxNorm)...)
		w.subject(r).text(`,"effectivePeriod":{"start":`).date(x.Start).text(`,"end":`).date(x.End)
		w.text(`},"dosage":[{"doseAndRate":[{"doseQuantity":`).quantity(d.Amount, 0, r.Codes.Milligram).text("}]}]}\n")
	}
}

func specimens(w *writer, r *record.Record) {
	for i, x := range r.Specimens {
		id := row(r, "s", i)
		w.open("Specimen", id, ext+"modul-biobank/StructureDefinition/Specimen").identifier(r, "specimen", "", id)
		w.text(`,"status":"available","type":`).concept(x.Type).subject(r).text(`,"collection":{"collectedDateTime":`).time(x.Time).text("}}\n")
	}
}

func images(w *writer, r *record.Record) {
	for i, x := range r.Images {
		w.open("ImagingStudy", row(r, "i", i), "")
		w.text(`,"identifier":[{"system":"urn:dicom:uid","value":"urn:oid:`).text(x.UID).text(`"}],"status":"available","modality":[`)
		modality := func() {
			w.text(`{"system":"` + record.DICOM.URI() + `","code":"`).text(x.Modality.Code).text(`","display":"`).text(x.Modality.Display).text(`"}`)
		}
		modality()
		w.text("]").subject(r).encounter(r, x.Visit).text(`,"started":`).time(x.Time)
		w.text(`,"numberOfSeries":1,"numberOfInstances":1,"series":[{"uid":"`).text(x.UID).text(`.1","number":1,"modality":`)
		modality()
		w.text(`,"numberOfInstances":1,"instance":[{"uid":"`).text(x.UID).text(`.1.1","sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:`)
		if x.Head {
			w.text("1.2.840.10008.5.1.4.1.1.4") // MR Image Storage
		} else {
			w.text("1.2.840.10008.5.1.4.1.1.1") // CR Image Storage
		}
		w.text("\"}}]}]}\n")
	}
}
