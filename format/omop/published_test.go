package omop_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// The cohorts that Eunomia publishes with its data set, and two orders in time.
func TestCohorts(t *testing.T) {
	path, f := shared(t, "omop/gibleed"), reading()
	rows, _, err := read(t, f, path, format.Options{}, map[string][]string{
		format.ConditionTable: {format.Patient, format.Time, format.Code},
		"cdm.drug_era":        {"person_id", "drug_era_start_date", "drug_concept_id"},
	})
	if err != nil {
		t.Fatal(err)
	}
	bleeds := map[string][]string{} // days by patient
	for _, r := range rows[format.ConditionTable] {
		c := strings.Split(r, "|")
		if slices.Contains(strings.Fields(c[2]), "omop:192671") {
			bleeds[c[0]] = append(bleeds[c[0]], c[1])
		}
	}
	got := map[string]int{"gi_bleed_192671_persons": len(bleeds)}
	for name, id := range map[string]string{"celecoxib": "1118084", "diclofenac": "1124300"} {
		first := map[string]string{}
		for _, r := range rows["cdm.drug_era"] {
			if c := strings.Split(r, "|"); c[2] == id && (first[c[0]] == "" || c[1] < first[c[0]]) {
				first[c[0]] = c[1]
			}
		}
		got[name+"_"+id+"_persons"] = len(first)
		for who, start := range first {
			if slices.ContainsFunc(bleeds[who], func(day string) bool { return day >= start }) {
				got["gi_bleed_on_or_after_first_"+name+"_era_start"]++
			}
		}
	}
	ref := loadReference(t, "gibleed")
	for name, raw := range ref.Cohort {
		var want int
		if json.Unmarshal(raw, &want) == nil && got[name] != want {
			t.Errorf("%s: %d, want %d", name, got[name], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("cohorts %v", got)
	}
}

// ACHILLES, the quality tool of OHDSI, counted the same rows and persons by concept,
// of the rows that begin within an observation period.
func TestAchilles(t *testing.T) {
	path, f := shared(t, "omop/gibleed"), reading()
	results, err := formattest.ReadAll(t.Context(), f.Files[0], shared(t, "reference/omop/gibleed_achilles_results.csv.gz"),
		format.Options{Columns: []string{"analysis_id", "stratum_1", "count_value"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{} // by analysis, by concept
	for i := range results.Rows {
		id := results.Columns[0].Text[i]
		if want[id] == nil {
			want[id] = map[string]int{}
		}
		n, err := strconv.Atoi(results.Columns[2].Text[i])
		if err != nil {
			t.Fatal(err)
		}
		want[id][results.Columns[1].Text[i]] += n
	}
	columns := []string{format.Patient, format.Code, format.Time}
	rows, _, err := read(t, f, path, format.Options{}, map[string][]string{
		format.VisitTable: columns, format.ConditionTable: columns, format.ProcedureTable: columns, format.DrugTable: columns,
		"cdm.observation": {"person_id", "observation_concept_id", "observation_date"}, "cdm.measurement": {"person_id", "measurement_concept_id", "measurement_date"},
		"cdm.drug_era":      {"person_id", "drug_concept_id", "drug_era_start_date"},
		"cdm.condition_era": {"person_id", "condition_concept_id", "condition_era_start_date"},
		"cdm.person":        {"person_id", "gender_concept_id", "birth_datetime"}, format.PeriodTable: {format.Patient, format.Time, format.End},
	})
	if err != nil {
		t.Fatal(err)
	}
	periods := map[string][2]string{} // this data set has one a person
	for _, r := range rows[format.PeriodTable] {
		c := strings.Split(r, "|")
		periods[c[0]] = [2]string{c[1], c[2]}
	}
	compared := 0
	for table, analyses := range map[string][2]string{ // persons, records
		format.VisitTable: {"200", "201"}, format.ConditionTable: {"400", "401"}, format.ProcedureTable: {"600", "601"}, format.DrugTable: {"700", "701"},
		"cdm.observation": {"800", "801"}, "cdm.measurement": {"1800", "1801"}, "cdm.drug_era": {"900", "901"}, "cdm.condition_era": {"1000", "1001"},
		"cdm.person": {"2", "2"},
	} {
		records, persons := map[string]int{}, map[string]map[string]bool{}
		for _, r := range rows[table] {
			c := strings.Split(r, "|")
			who, code, day := c[0], c[1], c[2]
			if within := periods[who]; table != "cdm.person" && (day < within[0] || day > within[1]) {
				continue
			}
			if _, own, ok := strings.Cut(code, "omop:"); ok {
				code, _, _ = strings.Cut(own, " ")
			} else if code == "?" {
				code = "0"
			}
			if records[code]++; persons[code] == nil {
				persons[code] = map[string]bool{}
			}
			persons[code][who] = true
		}
		for code, n := range want[analyses[0]] {
			if len(persons[code]) != n {
				t.Errorf("%s, analysis %s, concept %s: %d persons, want %d", table, analyses[0], code, len(persons[code]), n)
			}
			compared++
		}
		for code, n := range want[analyses[1]] {
			if records[code] != n {
				t.Errorf("%s, analysis %s, concept %s: %d records, want %d", table, analyses[1], code, records[code], n)
			}
			compared++
		}
	}
	if compared < 900 {
		t.Errorf("only %d numbers were compared", compared)
	}
}
