package fhir

import "hmsp.center/hmsp/simulate/record"

// observations are one a measurement, but for a systolic and a diastolic pressure of
// one time, which are components of one.
func observations(w *writer, r *record.Record) {
	social(w, r)
	for i := 0; i < len(r.Measurements); i++ {
		m := &r.Measurements[i]
		if m.Analyte == record.SBP || m.Analyte == record.DBP {
			n := 1
			if i+1 < len(r.Measurements) {
				if next := &r.Measurements[i+1]; m.Analyte == record.SBP && next.Analyte == record.DBP && next.Visit == m.Visit && next.Time == m.Time && next.Copy == m.Copy {
					n = 2
				}
			}
			pressure(w, r, i, n)
			i += n - 1
			continue
		}
		f := &r.Codes.Analytes[m.Analyte].Forms[m.Form]
		begin(w, r, i)
		w.text(`,"code":`).concept(f.Code)
		when(w, r, m)
		w.text(`,"valueQuantity":`).quantity(m.Value, f.Decimals, f.Unit).text("}\n")
	}
}

// begin writes what laboratory and vital signs have in common.
func begin(w *writer, r *record.Record, i int) {
	m := &r.Measurements[i]
	id := row(r, "m", i)
	if !r.Codes.Analytes[m.Analyte].Vital {
		w.open("Observation", id, core+"modul-labor/StructureDefinition/ObservationLab").identifier(r, "lab", "OBI", id)
		w.text(`,"status":"final","category":[{"coding":[{"system":"http://loinc.org","code":"26436-6"},{"system":"` + terminals + `observation-category","code":"laboratory"}]}]`)
		return
	}
	w.open("Observation", id, "http://hl7.org/fhir/StructureDefinition/"+vital(m.Analyte))
	w.text(`,"status":"final","category":[{"coding":[{"system":"` + terminals + `observation-category","code":"vital-signs"}]}]`)
}

func vital(analyte int) string {
	switch analyte {
	case record.Weight:
		return "bodyweight"
	case record.Height:
		return "bodyheight"
	case record.BMI:
		return "bmi"
	}
	return "bp"
}

func when(w *writer, r *record.Record, m *record.Measurement) {
	w.subject(r).encounter(r, m.Visit).text(`,"effectiveDateTime":`).time(m.Time)
}

// pressure writes n components. The profile asks for both pressures, and for a
// reason where one is absent.
func pressure(w *writer, r *record.Record, i, n int) {
	begin(w, r, i)
	w.text(`,"code":`).concept(r.Codes.Pressure)
	when(w, r, &r.Measurements[i])
	w.text(`,"component":[`)
	for k := range n {
		m := &r.Measurements[i+k]
		f := &r.Codes.Analytes[m.Analyte].Forms[m.Form]
		if k > 0 {
			w.text(",")
		}
		w.text(`{"code":`).concept(f.Code).text(`,"valueQuantity":`).quantity(m.Value, f.Decimals, f.Unit).text("}")
	}
	if n == 1 {
		other := record.SBP + record.DBP - r.Measurements[i].Analyte
		w.text(`,{"code":`).concept(r.Codes.Analytes[other].Forms[0].Code)
		w.text(`,"dataAbsentReason":{"coding":[{"system":"` + terminals + `data-absent-reason","code":"unknown"}]}}`)
	}
	w.text("]}\n")
}

// social writes what somebody says: smoking and ancestral population.
func social(w *writer, r *record.Record) {
	say := func(kind string, code, value record.Code) {
		w.open("Observation", r.Person.ID+"-"+kind, "")
		w.text(`,"status":"final","category":[{"coding":[{"system":"` + terminals + `observation-category","code":"social-history"}]}]`)
		w.text(`,"code":`).concept(code).subject(r).text(`,"effectiveDateTime":`).date(r.Person.Entry)
		w.text(`,"valueCodeableConcept":`).concept(value).text("}\n")
	}
	if r.Smoker >= 0 {
		say("smoking", r.Codes.Smoking, r.Codes.Smokers[r.Smoker])
	}
	say("group", r.Codes.Group, r.Codes.Groups[r.Person.Group])
}
