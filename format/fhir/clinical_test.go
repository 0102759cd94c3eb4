package fhir

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// one is the rows of a table that some resources make, one a line.
func one(t *testing.T, table string, resources ...string) (rows, []string) {
	t.Helper()
	got, notes := read(t, write(t, "x.ndjson", strings.Join(resources, "\n")), map[string][]string{table: nil})
	return got[table], notes
}

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMeasurements(t *testing.T) {
	const head = `{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/1"},"code":{"coding":[{"system":"http://loinc.org","code":"1-8"}]},`
	for value, want := range map[string]map[string]any{
		`"valueQuantity":{"value":5.5,"comparator":"<","unit":"mg","system":"http://unitsofmeasure.org","code":"mg/dL"}`: {"value": 5.5, "value_text": "<", "unit": "mg/dL"},
		`"valueQuantity":{"value":-1e2,"unit":"grams","system":"http://x","code":"g"}`:                                   {"value": -100.0, "unit": "grams"},
		`"valueQuantity":{"value":7,"code":"g"}`:                                                                         {"value": 7.0, "unit": "g"},
		`"valueQuantity":{"value":1e999,"unit":"g"}`:                                                                     {"unit": "g"},
		`"valueQuantity":{"unit":"g"}`:                                                                                   {"unit": "g"},
		`"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"260385009"},{"system":"http://x y","code":"n g"}],"text":"neg"}`: {"value_code": "snomed:260385009 http://x%20y|n%20g"},
		`"valueCodeableConcept":{"text":"neg\u00e4tiv \"x\""}`: {"value_text": "negätiv \"x\""},
		`"valueBoolean":true`:         {"value": 1.0, "value_text": "true"},
		`"valueBoolean":false`:        {"value": 0.0, "value_text": "false"},
		`"valueInteger":3`:            {"value": 3.0},
		`"valueString":"NA"`:          {"value_text": "NA"},
		`"valueDateTime":"2024-01"`:   {"value_text": "2024-01"},
		`"valueTime":"08:00:00"`:      {"value_text": "08:00:00"},
		`"valuePeriod":{"start":"a"}`: {"value_text": "a/"},
		`"valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}`: {"value_text": "1:128"},
		`"valueRange":{"low":{"value":1,"unit":"g"},"high":{"value":2}}`:     {"value_text": "1..2", "unit": "g"},
		`"dataAbsentReason":{"coding":[{"code":"unknown"}]}`:                 {},
		`"valueQuantity":null`:                                              {},
		`"effectiveDateTime":"2020","issued":"2021"`:                        {"time": "2020"},
		`"effectivePeriod":{"start":"2020","end":"2021"}`:                   {"time": "2020", "end": "2021"},
		`"effectiveInstant":"2020-01-01T00:00:00Z"`:                         {"time": "2020-01-01T00:00:00Z"},
		`"effectiveTiming":{"event":["2019","2020"]}`:                       {"time": "2019"},
		`"issued":"2021"`:                                                   {"time": "2021"},
		`"encounter":{"reference":"http://x/fhir/Encounter/e1/_history/2"}`: {"visit": "e1"},
		`"encounter":{"reference":"EpisodeOfCare/e1"}`:                      {},
	} {
		got, _ := one(t, format.MeasurementTable, head+value+"}")
		want["patient"], want["id"], want["status"], want["code"] = "1", "o", "final", "loinc:1-8"
		if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s:\n got %v\nwant %v", value, got, want)
		}
	}
	got, _ := one(t, format.MeasurementTable, head+`"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120}},{"code":{"text":"x"},"valueString":"y"}]}`)
	if len(got) != 3 || got[1]["code"] != "loinc:8480-6" || got[1]["value"] != 120.0 || got[0]["value"] != nil || got[2]["code"] != nil || got[2]["value_text"] != "y" || got[2]["id"] != "o" {
		t.Errorf("components: %v", got)
	}
}

func TestMappings(t *testing.T) {
	for _, c := range []struct {
		table, resource string
		want            map[string]any
	}{
		{"person", `{"id":"p","resourceType":"Patient","gender":"female","birthDate":"1980-05","deceasedBoolean":true,"address":[{"use":"old","postalCode":"1"},{"city":"x"},{"postalCode":"2"}]}`,
			map[string]any{"patient": "p", "birth": "1980-05", "death": "true", "sex": "female", "postal": "2"}},
		{"person", `{"resourceType":"Patient","id":"p","deceasedDateTime":"2020-01-01","gender":"other"}`, map[string]any{"patient": "p", "death": "2020-01-01", "sex": "other"}},
		{"person", `{"resourceType":"Patient","id":"p","deceasedBoolean":false}`, map[string]any{"patient": "p"}},
		{"condition", `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"clinicalStatus":{"coding":[{"code":"active"}]},"recordedDate":"2020","abatementPeriod":{"end":"2021"}}`,
			map[string]any{"patient": "p", "id": "c", "status": "active", "time": "2020", "end": "2021"}},
		{"condition", `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"refuted"}]},"recordedDate":"2020","onsetDateTime":"2019"}`,
			map[string]any{"patient": "p", "id": "c", "status": "refuted", "time": "2019"}},
		{"visit", `{"resourceType":"Encounter","id":"e","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"type":[{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},{"text":"x"}],"subject":{"reference":"Patient/p"},"period":{"start":"a","end":"b"}}`,
			map[string]any{"patient": "p", "id": "e", "visit": "e", "status": "finished", "code": "actcode:IMP snomed:1", "time": "a", "end": "b"}},
		{"procedure", `{"resourceType":"Procedure","id":"e","status":"entered-in-error","subject":{"reference":"Patient/p"},"performedPeriod":{"start":"a","end":"b"},"code":{"coding":[{"system":"http://fhir.de/CodeSystem/bfarm/ops","code":"5-470"}]}}`,
			map[string]any{"patient": "p", "id": "e", "status": "entered-in-error", "code": "ops:5-470", "time": "a", "end": "b"}},
		{"specimen", `{"resourceType":"Specimen","id":"s","subject":{"reference":"Patient/p"},"receivedTime":"z","type":{"coding":[{"code":"x"}]}}`,
			map[string]any{"patient": "p", "id": "s", "code": "|x", "time": "z"}},
		{"imaging", `{"resourceType":"ImagingStudy","id":"s","status":"available","subject":{"reference":"Patient/p"},"started":"z","series":[{"modality":{"code":"CT"}},{"modality":{"code":"CT"}},{"modality":{"code":"PT"}}]}`,
			map[string]any{"patient": "p", "id": "s", "status": "available", "modality": "CT PT", "time": "z"}},
		{"drug", `{"resourceType":"MedicationRequest","id":"m","status":"active","subject":{"reference":"#x","identifier":{"value":"q"},"type":"Patient"}}`, nil},
		{"drug", `{"resourceType":"MedicationRequest","id":"m","status":"active","subject":{"reference":"Patient/p"},"contained":[{"resourceType":"Medication","id":"x","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"A10BA02"}]}}],"medicationReference":{"reference":"#x"},"authoredOn":"t","dosageInstruction":[{"doseAndRate":[{"doseQuantity":{"value":2,"unit":"tablets"}}]}]}`,
			map[string]any{"patient": "p", "id": "m", "status": "active", "code": "atc:A10BA02", "time": "t", "amount": 2.0, "amount_unit": "tablets"}},
		{"drug", `{"resourceType":"MedicationAdministration","id":"m","context":{"reference":"Encounter/e"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"t","medicationCodeableConcept":{"coding":[{"system":"http://fhir.de/CodeSystem/ifa/pzn","code":"1"}]},"dosage":{"dose":{"value":2,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}}}`,
			map[string]any{"patient": "p", "id": "m", "visit": "e", "code": "pzn:1", "time": "t", "amount": 2.0, "amount_unit": "mg"}},
		{"drug", `{"resourceType":"MedicationDispense","id":"m","subject":{"reference":"Patient/p"},"whenPrepared":"t","quantity":{"value":30}}`,
			map[string]any{"patient": "p", "id": "m", "time": "t", "amount": 30.0}},
		{"drug", `{"resourceType":"MedicationStatement","id":"m","subject":{"reference":"Patient/p"},"dateAsserted":"t"}`, map[string]any{"patient": "p", "id": "m", "time": "t"}},
		{"drug", `{"resourceType":"Immunization","id":"m","patient":{"reference":"Patient/p"},"occurrenceDateTime":"t","vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"140"}]}}`,
			map[string]any{"patient": "p", "id": "m", "time": "t", "code": "cvx:140"}},
		{"period", `{"resourceType":"Patient","id":"p"}`, nil},
		{"period", `{"resourceType":"EpisodeOfCare","id":"e","status":"finished","patient":{"reference":"Patient/p"},"period":{"start":"2015-03-01","end":"2020-02-29"}}`,
			map[string]any{"patient": "p", "time": "2015-03-01", "end": "2020-02-29"}},
		{"period", `{"resourceType":"EpisodeOfCare","id":"e","status":"finished","patient":{"reference":"Patient/p"},"period":{"start":"2015-03-01"}}`, nil},
		{"period", `{"resourceType":"EpisodeOfCare","id":"e","status":"planned","patient":{"reference":"Patient/p"},"period":{"start":"2015-03-01","end":"2020-02-29"}}`, nil},
		{"period", `{"resourceType":"EpisodeOfCare","id":"e","status":"finished","type":[{"text":"diabetes"}],"patient":{"reference":"Patient/p"},"period":{"start":"2015-03-01","end":"2020-02-29"}}`, nil},
		{"measurement", `{"resourceType":"Observation","id":"o","subject":{"reference":"Group/g"}}`, nil},
		{"measurement", `{"resourceType":"Observation","id":"o","subject":{"reference":"Patient?identifier=x|1"}}`, nil},
	} {
		got, notes := one(t, c.table, c.resource)
		if c.want == nil {
			if len(got) != 0 || c.table != "period" && (len(notes) != 1 || !strings.HasPrefix(notes[0], "1 resources of type")) {
				t.Errorf("%s: %v, %v; want no row and a note", c.resource, got, notes)
			}
		} else if len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
			t.Errorf("%s:\n got %v\nwant %v", c.resource, got, c.want)
		}
	}
}

// References between the entries of a Bundle, whatever the layout of the file and
// the order of its members.
func TestBundleReferences(t *testing.T) {
	const entries = `"entry":[
		{"fullUrl":"urn:uuid:b","resource":{"resourceType":"MedicationRequest","subject":{"reference":"urn:uuid:a"},"encounter":{"reference":"urn:uuid:e"},"medicationReference":{"reference":"urn:uuid:m"}}},
		{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient","id":"real"}},
		{"fullUrl":"urn:uuid:e","resource":{"resourceType":"Encounter","subject":{"reference":"urn:uuid:a"}}},
		{"fullUrl":"urn:uuid:g","resource":{"resourceType":"Group","id":"g"}},
		{"fullUrl":"urn:uuid:o","resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:g"}}},
		{"request":{"method":"DELETE","url":"x"}},
		{"resource":{"resourceType":"Bundle","entry":[{"fullUrl":"http://x/Patient/in","resource":{"resourceType":"Patient"}}]}},
		{"fullUrl":"urn:uuid:m","resource":{"resourceType":"Medication","id":"med","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"A"}]}}}]`
	ask := map[string][]string{"drug": {"patient", "visit", "code", "id"}, "visit": {"patient", "id"}, "person": {"patient"}, "measurement": {"id"}}
	want := map[string]rows{
		"drug":   {{"patient": "real", "visit": "e", "code": "atc:A", "id": "b"}},
		"visit":  {{"patient": "real", "id": "e"}},
		"person": {{"patient": "real"}, {"patient": "in"}},
	}
	one := strings.NewReplacer("\n", "", "\t", "")
	for name, text := range map[string]string{
		"a.json":       `{"resourceType":"Bundle","type":"transaction",` + entries + `}`,
		"late.json":    `{"type":"collection",` + entries + `,"total":8,"resourceType":"Bundle"}`,
		"line.ndjson":  one.Replace(`{"resourceType":"Bundle",` + entries + `}`),
		"a.json.gz":    `{"resourceType":"Bundle",` + entries + `}`,
		"marked.json":  "\xef\xbb\xbf" + `{"resourceType":"Bundle",` + entries + `}`,
		"line.json":    one.Replace(`{"resourceType":"Bundle",` + entries + `}`),
		"several.json": one.Replace(`{"resourceType":"Bundle",`+entries+`}`) + "\n" + `{"resourceType":"Bundle"}`,
		"x.ndjson.gz":  one.Replace(`{"resourceType":"Bundle",` + entries + `}`),
		"unnamed":      `{"resourceType":"Bundle",` + entries + `}`,
	} {
		if strings.HasSuffix(name, ".gz") {
			text = packed(t, text)
		}
		got, _ := read(t, write(t, name, text), ask)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want)
		}
	}
}

func packed(t testing.TB, text string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A Medication may be in any file of the source, before or behind.
func TestMedicationElsewhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a.ndjson":   `{"resourceType":"MedicationRequest","subject":{"reference":"Patient/1"},"medicationReference":{"reference":"Medication/x"}}` + "\n" + `{"resourceType":"MedicationRequest","subject":{"reference":"Patient/1"},"medicationReference":{"reference":"http://s/Medication/y"}}`,
		"b/c.ndjson": `{"id":"x","resourceType":"Medication","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"A"}]}}`,
		"d.json":     `{"resourceType":"Medication","id":"y","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"B"}]}}`,
		"e.json":     `{"resourceType":"MedicationRequest","subject":{"reference":"Patient/1"},"medicationReference":{"reference":"Medication/z"}}`,
		"f.json":     `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Medication","id":"z","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"C"}]}}}]}`,
		"g.json":     `{"setting":1}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, notes := read(t, dir, map[string][]string{"drug": {"code"}})
	if !reflect.DeepEqual(got["drug"], rows{{"code": "atc:A"}, {"code": "atc:B"}, {"code": "atc:C"}}) || len(notes) != 1 {
		t.Errorf("got %v, %v", got, notes)
	}
}

// The test bundles of the German core data set give what they hold, counted in the
// bundles by their types.
func TestCoreDataSet(t *testing.T) {
	got, notes := read(t, data(t, "fhir", "mii-kds-testdata"), everything())
	if len(notes) != 0 {
		t.Errorf("notes: %v", notes)
	}
	for table, n := range map[string]int{"person": 24, "visit": 16, "condition": 16, "procedure": 34, "specimen": 25, "drug": 62, "consent": 48} {
		if len(got[table]) != n {
			t.Errorf("%s: %d rows, want %d", table, len(got[table]), n)
		}
	}
	has := func(table, column string, text string) {
		for i := range got[table] {
			if strings.Contains(got[table].text(i, column), text) {
				return
			}
		}
		t.Errorf("%s: no %s has %s", table, column, text)
	}
	has("condition", "code", "icd10gm:C34.1")
	has("condition", "code", "alphaid:")
	has("procedure", "code", "ops:5-323.51")
	has("drug", "code", "pzn:15205222 atc:J01XA04") // by reference
	has("measurement", "code", "mdc:151708")
	has("specimen", "code", "snomed:119364003")
}

// Every example of HL7 is read, with every type of resource as a table.
func TestExamples(t *testing.T) {
	ask := everything()
	for _, kind := range resourceTypes() {
		ask[kind] = []string{"id", "patient", kind + ".id", "text.status"}
	}
	got, _ := read(t, data(t, "fhir", "hl7-r4-examples", "hl7-r4-examples.ndjson"), ask)
	n := 0
	for _, kind := range resourceTypes() {
		n += len(got[kind])
		for i, r := range got[kind] {
			if r["id"] != r[kind+".id"] {
				t.Errorf("%s %d: selector %v", kind, i+1, r)
			}
		}
	}
	if n != 673 || len(got["measurement"]) != 75 || len(got["Observation"]) != 64 || len(got["Consent"]) != 12 {
		t.Errorf("%d resources, %d measurements", n, len(got["measurement"]))
	}
}
