package fhir

import (
	"strconv"

	"hmsp.center/hmsp/format"
)

// A mapping is how resources of one type become rows of one clinical table. The
// columns are those of format.ClinicalColumns; one that is not here is missing.
type mapping struct {
	table   string
	cells   map[string]cell
	numbers map[string]func(*row) (float64, bool)
	parts   func(x *row, emit func()) // emits the rows of a resource; nil where it is one
}

// mapped is the mapping of a type of resource, as FHIR R4 defines it.
func mapped(kind string) (mapping, bool) {
	switch kind {
	case "Patient":
		return person(), true
	case "Encounter":
		return event(format.VisitTable, "", map[string]cell{
			format.Time: at("period.start"), format.End: at("period.end"), format.Code: coded("class", "type"), format.Visit: own}), true
	case "Condition":
		return event(format.ConditionTable, "encounter", map[string]cell{
			format.Time: either(began("onset"), at("recordedDate")), format.End: either(at("abatementDateTime"), at("abatementPeriod.end"), at("abatementPeriod.start")),
			// What was refuted, or entered in error, is no diagnosis, whatever its clinical status.
			format.Code: coded("code"), format.Status: either(at("verificationStatus.coding.code"), at("clinicalStatus.coding.code"))}), true
	case "Observation":
		return observation(), true
	case "Procedure":
		return event(format.ProcedureTable, "encounter", map[string]cell{
			format.Time: began("performed"), format.End: ended("performed"), format.Code: coded("code")}), true
	case "Specimen":
		return event(format.SpecimenTable, "", map[string]cell{
			format.Time: either(at("collection.collectedDateTime"), at("collection.collectedPeriod.start"), at("receivedTime")),
			format.End:  at("collection.collectedPeriod.end"), format.Code: coded("type")}), true
	case "ImagingStudy":
		return event(format.ImagingTable, "encounter", map[string]cell{
			format.Time: at("started"), format.Code: coded("procedureCode"), format.Modality: words("modality.code", "series.modality.code")}), true
	case "EpisodeOfCare":
		return period(), true
	case "Consent":
		return consent(), true
	}
	return drug(kind)
}

// event is a mapping with what most resources have alike.
func event(table, encounter string, cells map[string]cell) mapping {
	shared := map[string]cell{format.Patient: whose, format.ID: own, format.Status: at("status")}
	if encounter != "" {
		shared[format.Visit] = visit(encounter)
	}
	for name, c := range cells {
		shared[name] = c
	}
	return mapping{table: table, cells: shared}
}

// period is the time in which a patient was in the care of an organization as a whole.
// An episode that has a type is of one programme, and one without both ends does not
// say until when everything was recorded.
func period() mapping {
	return mapping{table: format.PeriodTable, cells: map[string]cell{
		format.Patient: whose, format.Time: at("period.start"), format.End: at("period.end"),
	}, parts: func(x *row, emit func()) {
		e, p, status := x.resource, x.resource.get("period"), x.resource.get("status")
		counts := status.equals("active") || status.equals("finished") || status.equals("onhold")
		if counts && !e.get("type").there() && p.get("start").is(text) && p.get("end").is(text) {
			emit()
		}
	}}
}

func person() mapping {
	return mapping{table: format.PersonTable, cells: map[string]cell{
		format.Patient: own,
		format.Birth:   at("birthDate"),
		format.Death: either(at("deceasedDateTime"), func(x *row, dst []byte) []byte {
			if x.resource.get("deceasedBoolean").is(yes) {
				return append(dst, "true"...)
			}
			return dst
		}),
		format.Sex: at("gender"),
		format.Postal: func(x *row, dst []byte) []byte {
			for a := range x.resource.get("address").each {
				if p := a.get("postalCode"); p.is(text) && !a.get("use").equals("old") {
					return p.append(dst)
				}
			}
			return dst
		},
	}}
}

// drug is the mapping of what prescribes, gives, hands out or states a drug. The
// dose is that of the first dosage; where a dispense has none, how much was handed
// out.
func drug(kind string) (mapping, bool) {
	const ordered, stated = "dosageInstruction.doseAndRate.doseQuantity", "dosage.doseAndRate.doseQuantity"
	from := func(encounter string, began, ended cell, doses ...string) (mapping, bool) {
		paths := split(doses)
		dose := func(x *row) value {
			for _, p := range paths {
				if v := x.resource.path(p...); v.there() {
					return v
				}
			}
			return value{}
		}
		m := event(format.DrugTable, encounter, map[string]cell{format.Time: began, format.End: ended, format.Code: medication, format.AmountUnit: unit(dose)})
		m.numbers = map[string]func(*row) (float64, bool){format.Amount: quantity(dose)}
		return m, true
	}
	switch kind {
	case "MedicationRequest":
		return from("encounter", at("authoredOn"), at("dispenseRequest.validityPeriod.end"), ordered)
	case "MedicationAdministration":
		return from("context", began("effective"), ended("effective"), "dosage.dose")
	case "MedicationStatement":
		return from("context", either(began("effective"), at("dateAsserted")), ended("effective"), stated)
	case "MedicationDispense":
		return from("context", either(at("whenHandedOver"), at("whenPrepared")), nil, ordered, "quantity")
	case "Immunization":
		m, ok := from("encounter", at("occurrenceDateTime"), nil, "doseQuantity")
		m.cells[format.Code] = coded("vaccineCode")
		return m, ok
	}
	return mapping{}, false
}

// medication is the codes of a drug, which the resource holds or refers to.
func medication(x *row, dst []byte) []byte {
	if c := x.resource.get("medicationCodeableConcept"); c.there() {
		x.buffer = x.terms.codes(x.buffer[:0], c)
		return append(dst, x.buffer...)
	}
	r := x.resource.get("medicationReference")
	t, contained := x.scope.find(r, x.resource)
	if contained.there() {
		x.buffer = x.terms.codes(x.buffer[:0], contained.get("code"))
		return append(dst, x.buffer...)
	}
	if len(t.id) == 0 || len(t.kind) > 0 && string(t.kind) != "Medication" {
		return dst
	}
	codes, ok := x.scope.medications.codes[string(t.id)]
	if !ok {
		if codes, x.failed = x.source.medication(string(t.id)); x.failed != nil {
			return dst
		}
	}
	return append(dst, codes...)
}

// observation makes a row of the value and one of each component. A panel without a
// value of its own is a row too: that it was observed may be what is asked.
func observation() mapping {
	m := event(format.MeasurementTable, "encounter", map[string]cell{
		format.Time: either(began("effective"), at("issued")), format.End: ended("effective"),
		format.Code: coded("code"), format.ValueCode: coded("valueCodeableConcept"), format.ValueText: measuredText,
		format.Unit: unit(func(x *row) value {
			if q := x.part.get("valueQuantity"); q.there() {
				return q
			}
			return x.part.path("valueRange", "low")
		}),
	})
	m.numbers = map[string]func(*row) (float64, bool){format.Value: measured}
	m.parts = func(x *row, emit func()) {
		emit()
		for c := range x.resource.get("component").each {
			x.part = c
			emit()
		}
	}
	return m
}

// measured is the number that was measured; a yes or no is 1 or 0.
func measured(x *row) (float64, bool) {
	if q := x.part.get("valueQuantity"); q.there() {
		return q.get("value").float()
	}
	if b := x.part.get("valueBoolean"); b.is(yes) || b.is(no) {
		return map[bool]float64{true: 1}[b.is(yes)], true
	}
	return x.part.get("valueInteger").float()
}

// measuredText is what was measured where it is no number alone: the comparator of
// a number, the text of a concept without codes, a range, a ratio, a time.
func measuredText(x *row, dst []byte) []byte {
	for name, v := range x.part.members {
		switch string(name) {
		case "valueQuantity":
			return v.get("comparator").append(dst)
		case "valueCodeableConcept":
			if !v.get("coding").there() {
				return v.get("text").append(dst)
			}
		case "valueString", "valueBoolean", "valueTime", "valueDateTime":
			return v.append(dst)
		case "valuePeriod":
			return between(dst, "/", v.get("start"), v.get("end"))
		case "valueRange":
			return between(dst, "..", v.path("low", "value"), v.path("high", "value"))
		case "valueRatio":
			return between(dst, ":", v.path("numerator", "value"), v.path("denominator", "value"))
		}
	}
	return dst
}

func between(dst []byte, mark string, a, b value) []byte {
	if !a.there() && !b.there() {
		return dst
	}
	return b.append(append(a.append(dst), mark...))
}

// consent makes a row of the provision that stands for the whole resource, also
// where there is none, and one of each provision in it.
func consent() mapping {
	scope, rule, uris := whole(coded("scope")), whole(coded("policyRule")), whole(words("policy.uri"))
	return mapping{table: format.ConsentTable, parts: provisions, cells: map[string]cell{
		format.Patient: whose, format.ID: own, format.Status: at("status"), format.Time: at("dateTime"), format.Scope: scope,
		format.Policy: func(x *row, dst []byte) []byte {
			from := len(dst)
			return behind(uris(x, dst), from, rule(x, nil))
		},
		format.Provision: func(x *row, dst []byte) []byte { return append(dst, x.place...) },
		format.Decision:  part("type"), format.Start: part("period.start"), format.End: part("period.end"),
		format.Purpose: said("purpose"), format.Action: said("action"), format.Code: said("code"), format.Class: limits,
		format.Actor: func(x *row, dst []byte) []byte {
			from := len(dst)
			for a := range x.part.get("actor").each {
				x.buffer = x.terms.codes(x.buffer[:0], a.get("role"))
				dst = behind(dst, from, x.buffer)
				dst = behind(dst, from, a.path("reference", "reference").text())
			}
			return dst
		},
	}}
}

// said is the codes of a provision, and "|text" for those that are text alone: what
// limits a consent must not read as if there were no limit.
func said(name string) cell {
	codes := coded(name)
	return func(x *row, dst []byte) []byte {
		from := len(dst)
		dst = codes(x, dst)
		for c := range x.part.get(name).each {
			if c.there() && !c.get("coding").there() && !c.get("code").there() {
				dst = behind(dst, from, []byte("|text"))
			}
		}
		return dst
	}
}

// limits is to what kinds of data a provision is limited: class, security labels, and
// "|data" or "|dataPeriod" where it names single data or their time.
func limits(x *row, dst []byte) []byte {
	from := len(dst)
	dst = said("class")(x, dst)
	dst = behind(dst, from, said("securityLabel")(x, nil))
	for _, k := range []string{"data", "dataPeriod"} {
		if x.part.get(k).there() {
			dst = behind(dst, from, []byte("|"+k))
		}
	}
	return dst
}

// whole is a cell of the resource in a row of a part of it.
func whole(c cell) cell {
	return func(x *row, dst []byte) []byte {
		part := x.part
		x.part = x.resource
		dst = c(x, dst)
		x.part = part
		return dst
	}
}

func provisions(x *row, emit func()) {
	var each func(p value, place string)
	each = func(p value, place string) {
		x.part, x.place = p, place
		emit()
		if place != "" {
			place += "."
		}
		n := 0
		for q := range p.get("provision").each {
			n++
			each(q, place+strconv.Itoa(n))
		}
	}
	each(x.resource.get("provision").first(), "")
}
