package omop

import "hmsp.center/hmsp/format"

// A part is a raw table of which rows become rows of a clinical table.
type part struct {
	table    string
	required []string // columns without which it is no such table
	fields   map[string]field
}

// A field makes a column of a clinical table out of columns of a raw one. What the
// raw table lacks is missing in every row.
type field struct {
	needs  []string
	text   func(m *maker, in []format.Values, i int) (string, *flaw) // "" is missing
	number func(m *maker, in []format.Values, i int) (float64, bool)
}

// A flaw is what is wrong with a cell.
type flaw struct{ column, want string }

// parts says of what a clinical table is made.
func parts(table string) []part {
	switch table {
	case format.PersonTable:
		return []part{{person, []string{"person_id", "gender_concept_id", "year_of_birth"}, map[string]field{
			format.Patient: patient(),
			format.Birth:   birth(),
			format.Death:   dead(),
			format.Sex:     sex(),
			format.Postal:  postal(),
		}}}
	case format.VisitTable:
		return []part{event("visit_occurrence", "visit_concept_id", "visit_start_date", map[string]field{
			format.Time: when("visit_start"), format.End: when("visit_end"),
			format.Code:  codes("visit_concept_id", "visit_source_concept_id"),
			format.Visit: identifier("visit_occurrence_id"), format.ID: identifier("visit_occurrence_id"),
		})}
	case format.ConditionTable:
		return []part{event("condition_occurrence", "condition_concept_id", "condition_start_date", map[string]field{
			format.Time: when("condition_start"), format.End: when("condition_end"),
			format.Code:   codes("condition_concept_id", "condition_source_concept_id"),
			format.Status: textOrCodes("condition_status_source_value", "condition_status_concept_id"),
			format.Visit:  identifier("visit_occurrence_id"), format.ID: identifier("condition_occurrence_id"),
		})}
	case format.MeasurementTable:
		return []part{event("measurement", "measurement_concept_id", "measurement_date", map[string]field{
			format.Time:  when("measurement"),
			format.Code:  codes("measurement_concept_id", "measurement_source_concept_id"),
			format.Value: value(), format.Unit: unit(), format.ValueCode: codes("value_as_concept_id", ""),
			format.ValueText: valueText("value_source_value"),
			format.Visit:     identifier("visit_occurrence_id"), format.ID: identifier("measurement_id"),
		}), event("observation", "observation_concept_id", "observation_date", map[string]field{
			format.Time:  when("observation"),
			format.Code:  codes("observation_concept_id", "observation_source_concept_id"),
			format.Value: value(), format.Unit: unit(), format.ValueCode: codes("value_as_concept_id", ""),
			format.ValueText: valueText("value_as_string", "value_source_value"),
			format.Visit:     identifier("visit_occurrence_id"), format.ID: identifier("observation_id"),
		})}
	case format.ProcedureTable:
		return []part{event("procedure_occurrence", "procedure_concept_id", "procedure_date", map[string]field{
			format.Time: when("procedure"), format.End: when("procedure_end"),
			format.Code:  codes("procedure_concept_id", "procedure_source_concept_id"),
			format.Visit: identifier("visit_occurrence_id"), format.ID: identifier("procedure_occurrence_id"),
		})}
	case format.DrugTable:
		return []part{event("drug_exposure", "drug_concept_id", "drug_exposure_start_date", map[string]field{
			format.Time: when("drug_exposure_start"), format.End: when("drug_exposure_end"),
			format.Code:   codes("drug_concept_id", "drug_source_concept_id"),
			format.Amount: numeric("quantity"), format.AmountUnit: words("dose_unit_source_value"),
			format.Visit: identifier("visit_occurrence_id"), format.ID: identifier("drug_exposure_id"),
		})}
	case format.SpecimenTable:
		return []part{event("specimen", "specimen_concept_id", "specimen_date", map[string]field{
			format.Time: when("specimen"),
			format.Code: codes("specimen_concept_id", ""),
			format.ID:   identifier("specimen_id"),
		})}
	case format.ImagingTable: // of the medical imaging extension, R-CDM
		return []part{event("image_occurrence", "modality_concept_id", "image_occurrence_date", map[string]field{
			format.Time: when("image_occurrence"),
			format.Code: codes("modality_concept_id", ""), format.Modality: modality(),
			format.Visit: identifier("visit_occurrence_id"), format.ID: identifier("image_occurrence_id"),
		})}
	case format.PeriodTable:
		return []part{{"observation_period", []string{"person_id", "observation_period_start_date", "observation_period_end_date"}, map[string]field{
			format.Patient: patient(),
			format.Time:    when("observation_period_start"),
			format.End:     when("observation_period_end"),
		}}}
	}
	return nil // the model has no consents
}

// event is a part of which each row is something that happened to a person.
func event(table, code, day string, fields map[string]field) part {
	fields[format.Patient] = patient()
	return part{table, []string{"person_id", code, day}, fields}
}
