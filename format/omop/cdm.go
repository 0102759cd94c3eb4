package omop

import "strings"

// The tables of the CDM that this package reads by itself.
const (
	person          = "person"
	death           = "death"
	location        = "location"
	concept         = "concept"
	conceptAncestor = "concept_ancestor"
	cdmSource       = "cdm_source"
)

// known says whether a table is of the CDM 5.3 or 5.4, of its results schema or of
// its imaging extension.
func known(table string) bool {
	switch table {
	case person, "observation_period", "visit_occurrence", "visit_detail", "condition_occurrence", "drug_exposure", "procedure_occurrence",
		"device_exposure", "measurement", "observation", death, "note", "note_nlp", "specimen", "fact_relationship", "survey_conduct",
		location, "care_site", "provider", "payer_plan_period", "cost",
		"drug_era", "dose_era", "condition_era", "episode", "episode_event", "metadata", cdmSource,
		concept, "vocabulary", "domain", "concept_class", "concept_relationship", "relationship", "concept_synonym", conceptAncestor,
		"source_to_concept_map", "drug_strength", "cohort", "cohort_definition", "attribute_definition", "cohort_attribute", "concept_hierarchy",
		"image_occurrence", "image_feature":
		return true
	}
	return false
}

// isVocabulary says whether a table is of the vocabularies, which may have a schema
// of their own.
func isVocabulary(table string) bool {
	switch table {
	case concept, "vocabulary", "domain", "concept_class", "concept_relationship", "relationship", "concept_synonym", conceptAncestor,
		"source_to_concept_map", "drug_strength":
		return true
	}
	return false
}

// A kind is what the CDM defines a column to hold.
type kind uint8

const (
	asIs kind = iota // the CDM does not know the column
	text
	integer
	number
	date // a day, or a day with a time
)

// kindOf is the kind of a column of a table of the CDM. The CDM is regular enough
// for names to say it: identifiers (…_id) are whole numbers but for those listed
// first. Source: OMOP CDM 5.3 and 5.4 DDL for PostgreSQL,
// github.com/OHDSI/CommonDataModel, inst/ddl.
func kindOf(table, column string) kind {
	if !known(table) {
		return asIs
	}
	switch column {
	case "domain_id", "vocabulary_id", "concept_class_id", "relationship_id", "reverse_relationship_id", "source_vocabulary_id",
		"unique_device_id", "production_id", "cost_domain_id", "image_study_uid", "image_series_uid",
		"concept_code", "value_as_string", "zip", "cdm_version", "vocabulary_version":
		return text
	case "year_of_birth", "month_of_birth", "day_of_birth", "refills", "days_supply", "gap_days", "box_size", "episode_number",
		"condition_occurrence_count", "drug_exposure_count", "min_levels_of_separation", "max_levels_of_separation",
		"concept_id_1", "concept_id_2", "domain_concept_id_1", "domain_concept_id_2", "fact_id_1", "fact_id_2":
		return integer
	case "value_as_number", "range_low", "range_high", "quantity", "dose_value", "latitude", "longitude",
		"amount_value", "numerator_value", "denominator_value",
		"total_charge", "total_cost", "total_paid", "paid_by_payer", "paid_by_patient", "paid_patient_copay", "paid_patient_coinsurance",
		"paid_patient_deductible", "paid_by_primary", "paid_ingredient_cost", "paid_dispensing_fee", "amount_allowed":
		return number
	}
	switch {
	case strings.HasSuffix(column, "_id"):
		return integer
	case strings.HasSuffix(column, "_date"), strings.HasSuffix(column, "_datetime"):
		return date
	case strings.HasSuffix(column, "_source_value"):
		return text
	}
	return asIs
}
