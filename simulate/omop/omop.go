// Package omop writes simulated records as a folder of the OMOP common data model
// 5.4: one CSV file a table (OHDSI CommonDataModel v5.4, as its DDL names them).
//
// It serves simulate. Identifiers of rows are computed from the person's, so that
// they do not depend on who else is written. Imaging studies have no table in the
// CDM: they stand among the procedures, under their DICOM modality. Consents stand
// among the observations, policy by policy, and beside the CDM in consent.csv, as the
// list that package law/consent reads, under the numbers of the people.
package omop

import (
	"strconv"

	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/table"
)

// RowsPerPerson bounds the rows of a person in a table: row k of person n has the
// identifier RowsPerPerson*n + k.
const RowsPerPerson = 10000

// Layout is the format.
type Layout struct{}

// Name is what the command line writes.
func (Layout) Name() string { return "omop" }

// A file of a table; person-wise ones come first.
type file struct {
	name   string
	header string
	append func(*writer, *record.Record)
}

func files() []file {
	return []file{
		{"person", "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,race_concept_id,ethnicity_concept_id,location_id,provider_id,care_site_id,person_source_value,gender_source_value,gender_source_concept_id,race_source_value,race_source_concept_id,ethnicity_source_value,ethnicity_source_concept_id", persons},
		{"observation_period", "observation_period_id,person_id,observation_period_start_date,observation_period_end_date,period_type_concept_id", periods},
		{"visit_occurrence", "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_end_datetime,visit_type_concept_id,provider_id,care_site_id,visit_source_value,visit_source_concept_id,admitted_from_concept_id,admitted_from_source_value,discharged_to_concept_id,discharged_to_source_value,preceding_visit_occurrence_id", visits},
		{"condition_occurrence", "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_start_datetime,condition_end_date,condition_end_datetime,condition_type_concept_id,condition_status_concept_id,stop_reason,provider_id,visit_occurrence_id,visit_detail_id,condition_source_value,condition_source_concept_id,condition_status_source_value", conditions},
		{"drug_exposure", "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_start_datetime,drug_exposure_end_date,drug_exposure_end_datetime,verbatim_end_date,drug_type_concept_id,stop_reason,refills,quantity,days_supply,sig,route_concept_id,lot_number,provider_id,visit_occurrence_id,visit_detail_id,drug_source_value,drug_source_concept_id,route_source_value,dose_unit_source_value", drugs},
		{"procedure_occurrence", "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,procedure_datetime,procedure_end_date,procedure_end_datetime,procedure_type_concept_id,modifier_concept_id,quantity,provider_id,visit_occurrence_id,visit_detail_id,procedure_source_value,procedure_source_concept_id,modifier_source_value", procedures},
		{"measurement", "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,measurement_time,measurement_type_concept_id,operator_concept_id,value_as_number,value_as_concept_id,unit_concept_id,range_low,range_high,provider_id,visit_occurrence_id,visit_detail_id,measurement_source_value,measurement_source_concept_id,unit_source_value,unit_source_concept_id,value_source_value,measurement_event_id,meas_event_field_concept_id", measurements},
		{"observation", "observation_id,person_id,observation_concept_id,observation_date,observation_datetime,observation_type_concept_id,value_as_number,value_as_string,value_as_concept_id,qualifier_concept_id,unit_concept_id,provider_id,visit_occurrence_id,visit_detail_id,observation_source_value,observation_source_concept_id,unit_source_value,qualifier_source_value,value_source_value,observation_event_id,obs_event_field_concept_id", observations},
		{"death", "person_id,death_date,death_datetime,death_type_concept_id,cause_concept_id,cause_source_value,cause_source_concept_id", deaths},
		{"specimen", "specimen_id,person_id,specimen_concept_id,specimen_type_concept_id,specimen_date,specimen_datetime,quantity,unit_concept_id,anatomic_site_concept_id,disease_status_concept_id,specimen_source_id,specimen_source_value,unit_source_value,anatomic_site_source_value,disease_status_source_value", specimens},
		{"consent", "patient,purpose,valid_from,valid_to,status", consents},
		{"location", "location_id,address_1,address_2,city,state,zip,county,location_source_value,country_concept_id,country_source_value,latitude,longitude", nil},
		{"care_site", "care_site_id,care_site_name,place_of_service_concept_id,location_id,care_site_source_value,place_of_service_source_value", nil},
		{"concept", "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code,valid_start_date,valid_end_date,invalid_reason", nil},
		{"cdm_source", "cdm_source_name,cdm_source_abbreviation,cdm_holder,source_description,source_documentation_reference,cdm_etl_reference,source_release_date,cdm_release_date,cdm_version,cdm_version_concept_id,vocabulary_version", nil},
	}
}

// Files are one a table.
func (Layout) Files() []string {
	var out []string
	for _, f := range files() {
		out = append(out, f.name+".csv")
	}
	return out
}

// Head writes the headers, and the tables that are the same for everybody.
func (Layout) Head(s record.Site) [][]byte {
	var out [][]byte
	for _, f := range files() {
		w := writer{b: []byte(f.header + "\n")}
		switch f.name {
		case "location":
			locations(&w, s)
		case "care_site":
			w.int(1).text("Simulated hospital " + s.Name).none(2).text(s.Name).none(1).end()
		case "concept":
			concepts(&w)
		case "cdm_source":
			w.text("Simulated hospital " + s.Name).text("hmsp-" + s.Name).text("nobody").text("people who never existed")
			w.none(2).text("2025-01-01").text("2025-01-01").text("5.4").int(756265).text("hmsp simulated").end()
		}
		out = append(out, w.b)
	}
	return out
}

// Append writes one person's rows.
func (Layout) Append(bytes [][]byte, r *record.Record) {
	for i, f := range files() {
		if f.append != nil {
			w := writer{b: bytes[i]}
			f.append(&w, r)
			bytes[i] = w.b
		}
	}
}

// A writer appends cells, each followed by a comma, and ends rows. Texts hold no
// comma and no quote, but for names of concepts, which are quoted.
type writer struct{ b []byte }

func (w *writer) int(n int64) *writer {
	w.b = append(strconv.AppendInt(w.b, n, 10), ',')
	return w
}

func (w *writer) text(s string) *writer {
	w.b = append(append(w.b, s...), ',')
	return w
}

func (w *writer) quoted(s string) *writer {
	w.b = append(append(append(w.b, '"'), s...), '"', ',')
	return w
}

// none writes n empty cells.
func (w *writer) none(n int) *writer {
	for range n {
		w.b = append(w.b, ',')
	}
	return w
}

func (w *writer) number(x float64, decimals int) *writer {
	w.b = append(strconv.AppendFloat(w.b, x, 'f', decimals, 64), ',')
	return w
}

func (w *writer) date(t int64) *writer {
	w.b = append(record.AppendDate(w.b, t), ',')
	return w
}

// moment writes a date and a datetime: two cells.
func (w *writer) moment(t int64) *writer {
	w.date(t)
	w.b = append(record.AppendClock(append(record.AppendDate(w.b, t), ' '), t), ',')
	return w
}

func (w *writer) end() { w.b[len(w.b)-1] = '\n' }

// ids begins a row: its identifier and the person's.
func (w *writer) ids(r *record.Record, k int) *writer {
	return w.int(rowID(r, k)).int(int64(r.Person.Number))
}

func rowID(r *record.Record, k int) int64 { return int64(r.Person.Number)*RowsPerPerson + int64(k) }

func midnight(t int64) int64 { return t - t%table.Day }
