package simulate_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	csvformat "hmsp.center/hmsp/format/csv"
	fhirformat "hmsp.center/hmsp/format/fhir"
	omopformat "hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/simulate"
)

// rows reads a CSV file as maps; every row has as many cells as the header.
func rows(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	if b, _ := os.ReadFile(path); strings.Contains(strings.SplitN(string(b), "\n", 2)[0], ";") {
		r.Comma = ';'
	}
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var out []map[string]string
	for _, cells := range all[1:] {
		m := map[string]string{}
		for i, c := range cells {
			m[all[0][i]] = c
		}
		out = append(out, m)
	}
	return out
}

// resources reads a file of a bulk export; none where there is no file.
func resources(t testing.TB, dir, kind string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, kind+".ndjson"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		out = append(out, m)
	}
	return out
}

// at walks into a resource: "subject.reference", with numbers for elements of lists.
func at(m any, path string) string {
	for _, p := range strings.Split(path, ".") {
		switch x := m.(type) {
		case map[string]any:
			m = x[p]
		case []any:
			i := 0
			fmt.Sscan(p, &i)
			if i >= len(x) {
				return ""
			}
			m = x[i]
		default:
			return ""
		}
	}
	if m == nil {
		return ""
	}
	return fmt.Sprint(m)
}

func small() simulate.Options {
	o := simulate.Options{Seed: 5, People: 240, Years: 5, Variants: 500}
	if testing.Short() {
		o.People = 60
	}
	return o
}

// Each format has as many rows of each person and kind as the others, and as the
// truth counts.
func TestFormatsAgree(t *testing.T) {
	dir := write(t, small())
	truth := readTruth(t, dir)
	for _, s := range truth.Sites {
		fhir, omop, flat := filepath.Join(dir, s.Name, "fhir"), filepath.Join(dir, s.Name, "omop"), filepath.Join(dir, s.Name, "csv")
		compare := func(kind string, total int, counts ...map[string]int) {
			t.Helper()
			sum := 0
			for _, n := range counts[0] {
				sum += n
			}
			if sum != total {
				t.Errorf("%s: %d %s, the truth counts %d", s.Name, sum, kind, total)
			}
			for i, c := range counts[1:] {
				if !maps.Equal(counts[0], c) {
					t.Errorf("%s: %s differ between formats 0 and %d", s.Name, kind, i+1)
				}
			}
		}
		name := map[string]string{}
		for _, p := range rows(t, filepath.Join(omop, "person.csv")) {
			name[p["person_id"]] = p["person_source_value"]
		}
		table := func(file string, with ...string) map[string]int {
			out := map[string]int{}
			for _, r := range rows(t, filepath.Join(omop, file+".csv")) {
				if len(with) == 0 || strings.HasPrefix(r[with[0]], with[1]) == (len(with) < 3) {
					out[name[r["person_id"]]]++
				}
			}
			return out
		}
		long := func(file string) map[string]int {
			out := map[string]int{}
			for _, r := range rows(t, filepath.Join(flat, file+".csv")) {
				out[r["patient"]]++
			}
			return out
		}
		bulk := func(kinds ...string) map[string]int {
			out := map[string]int{}
			for _, k := range kinds {
				for _, r := range resources(t, fhir, k) {
					id := strings.TrimPrefix(at(r, "subject.reference")+at(r, "patient.reference"), "Patient/")
					if k == "Patient" {
						id = at(r, "id")
					}
					n := 1
					if k == "Observation" {
						switch {
						case at(r, "category.0.coding.0.code") == "social-history":
							n = 0
						case r["component"] != nil:
							n = 0
							for i := range r["component"].([]any) {
								if at(r, fmt.Sprintf("component.%d.valueQuantity.value", i)) != "" {
									n++
								}
							}
						}
					}
					if out[id] += n; out[id] == 0 {
						delete(out, id)
					}
				}
			}
			return out
		}
		compare("people", s.Counts["people"], bulk("Patient"), bulk("EpisodeOfCare"), table("person"), long("people"), table("observation_period"))
		compare("visits", s.Counts["visits"], bulk("Encounter"), table("visit_occurrence"), long("visits"))
		compare("diagnoses", s.Counts["diagnoses"], bulk("Condition"), table("condition_occurrence"), long("diagnoses"))
		compare("measurements", s.Counts["measurements"], bulk("Observation"), table("measurement"), long("labs"))
		compare("drugs", s.Counts["drugs"], bulk("MedicationRequest", "MedicationStatement"), table("drug_exposure"), long("drugs"))
		compare("specimens", s.Counts["specimens"], bulk("Specimen"), table("specimen"), long("specimens"))
		compare("procedures", s.Counts["procedures"], bulk("Procedure"), long("procedures"))
		compare("images", s.Counts["images"], bulk("ImagingStudy"), long("imaging"))
		compare("procedures and images", s.Counts["procedures"]+s.Counts["images"], bulk("Procedure", "ImagingStudy"), table("procedure_occurrence"))
		compare("consents", s.Counts["consents"], bulk("Consent"))
		died := map[string]int{}
		for _, r := range resources(t, fhir, "Patient") {
			if at(r, "deceasedDateTime") != "" {
				died[at(r, "id")]++
			}
		}
		compare("deaths", s.Counts["deaths"], died, table("death"))
		provisions := map[string]int{}
		for _, r := range resources(t, fhir, "Consent") {
			for range r["provision"].(map[string]any)["provision"].([]any) {
				provisions[strings.TrimPrefix(at(r, "patient.reference"), "Patient/")]++
			}
		}
		total := 0
		for _, n := range provisions {
			total += n
		}
		compare("provisions", total, provisions, long("policies"), table("observation", "observation_source_value", "2.16.840."))
	}
}

// Resources have the elements that FHIR R4 requires of them, the label of test data,
// ids of their own, and references that lead somewhere.
func TestFHIRResources(t *testing.T) {
	dir := write(t, small())
	required := map[string][]string{
		"Patient": {"gender", "birthDate"}, "Encounter": {"status", "class.code", "subject.reference", "period.start"},
		"Condition": {"code.coding.0.code", "subject.reference", "clinicalStatus.coding.0.code"}, "Observation": {"status", "code.coding.0.code", "subject.reference", "effectiveDateTime"},
		"Procedure": {"status", "code.coding.0.code", "subject.reference", "performedDateTime"}, "MedicationRequest": {"status", "intent", "medicationCodeableConcept.coding.0.code", "subject.reference", "authoredOn"},
		"MedicationStatement": {"status", "medicationCodeableConcept.coding.0.code", "subject.reference"}, "Specimen": {"type.coding.0.code", "subject.reference", "collection.collectedDateTime"},
		"ImagingStudy":  {"status", "subject.reference", "series.0.uid", "series.0.modality.code", "series.0.instance.0.uid", "series.0.instance.0.sopClass.code"},
		"EpisodeOfCare": {"status", "patient.reference", "managingOrganization.reference", "period.start"},
		"Consent":       {"status", "scope.coding.0.code", "category.0.coding.0.code", "patient.reference", "dateTime", "policy.0.uri"}, "Organization": {"name"},
	}
	for _, site := range simulate.Sites() {
		ids := map[string]bool{}
		var references []string
		for kind, elements := range required {
			for _, r := range resources(t, filepath.Join(dir, site, "fhir"), kind) {
				id := kind + "/" + at(r, "id")
				if ids[id] || len(at(r, "id")) > 64 {
					t.Fatalf("%s: the id is not its own, or too long", kind)
				}
				ids[id] = true
				if at(r, "resourceType") != kind || at(r, "meta.security.0.code") != "HTEST" {
					t.Fatalf("%s: not one, or without its label", kind)
				}
				for _, e := range elements {
					if at(r, e) == "" {
						t.Fatalf("%s: no %s", kind, e)
					}
				}
				if kind == "Observation" && at(r, "valueQuantity.value") == "" && at(r, "component.0.code.coding.0.code") == "" && at(r, "valueCodeableConcept.coding.0.code") == "" {
					t.Fatal("Observation: no value")
				}
				for _, e := range []string{"subject", "patient", "encounter", "managingOrganization", "serviceProvider", "organization.0", "identifier.0.assigner"} {
					if ref := at(r, e+".reference"); ref != "" {
						references = append(references, ref)
					}
				}
			}
		}
		for _, ref := range references {
			if !ids[ref] {
				t.Fatalf("%s: a reference leads nowhere", site)
			}
		}
	}
}

// Keys are unique, every reference leads to a row, every concept is in CONCEPT.
func TestOMOPIntegrity(t *testing.T) {
	dir := write(t, small())
	for _, site := range simulate.Sites() {
		folder := filepath.Join(dir, site, "omop")
		keys := map[string]map[string]bool{}
		tables := []string{"person", "observation_period", "visit_occurrence", "condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation", "death", "specimen", "location", "care_site", "concept"}
		for _, name := range tables {
			key := name + "_id"
			if name == "death" {
				key = "person_id"
			}
			keys[name] = map[string]bool{}
			for _, r := range rows(t, filepath.Join(folder, name+".csv")) {
				if r[key] == "" || keys[name][r[key]] {
					t.Fatalf("%s: %s is missing or there twice", name, key)
				}
				keys[name][r[key]] = true
			}
		}
		for _, name := range tables {
			for _, r := range rows(t, filepath.Join(folder, name+".csv")) {
				for column, v := range r {
					target := ""
					switch {
					case strings.HasSuffix(column, "_concept_id") && v != "":
						target = "concept"
					case column == "person_id":
						target = "person"
					case column == "visit_occurrence_id" && v != "":
						target = "visit_occurrence"
					case column == "location_id" && v != "":
						target = "location"
					case column == "care_site_id" && v != "":
						target = "care_site"
					}
					if target != "" && !keys[target][v] {
						t.Fatalf("%s.%s: %s leads to no row of %s", name, column, v, target)
					}
				}
			}
		}
	}
}

// The project's readers of FHIR and OMOP see the same people and rows in both.
func TestReadersAgree(t *testing.T) {
	dir := write(t, simulate.Options{Seed: 6, People: 60, Years: 4, Variants: 500})
	omop := omopformat.Format{Files: []format.Format{csvformat.Format{}}}
	for _, s := range readTruth(t, dir).Sites {
		fhirRows := count(t, fhirformat.Format{}, filepath.Join(dir, s.Name, "fhir"))
		omopRows := count(t, omop, filepath.Join(dir, s.Name, "omop"))
		for table, key := range map[string]string{format.PersonTable: "people", format.VisitTable: "visits", format.ConditionTable: "diagnoses", format.DrugTable: "drugs", format.SpecimenTable: "specimens"} {
			if fhirRows[table] != s.Counts[key] || omopRows[table] != s.Counts[key] {
				t.Errorf("%s: %s: %d rows of FHIR, %d of OMOP, %d in truth", s.Name, table, fhirRows[table], omopRows[table], s.Counts[key])
			}
		}
		if fhirRows[format.ImagingTable] != s.Counts["images"] {
			t.Errorf("%s: %d images of %d", s.Name, fhirRows[format.ImagingTable], s.Counts["images"])
		}
		for _, n := range []int{fhirRows[format.MeasurementTable], omopRows[format.MeasurementTable]} {
			if n < s.Counts["measurements"] { // what people say of themselves comes on top
				t.Errorf("%s: %d measurements of %d", s.Name, n, s.Counts["measurements"])
			}
		}
	}
}

// A register of consents decides the same from the FHIR resources and from the list.
func TestConsentsAgree(t *testing.T) {
	dir := write(t, simulate.Options{Seed: 7, People: 300, Years: 10, Variants: 500})
	seen := map[consent.Decision]int{}
	for _, site := range simulate.Sites() {
		load := func(f format.Format, r format.Reader, err error) *consent.Register {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			c, err := consent.Load(context.Background(), r, f.Name(), pseudonym)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		bulk, err := format.OpenOne(context.Background(), fhirformat.Format{}, filepath.Join(dir, site, "fhir"), format.Options{Table: format.ConsentTable}.Defaults())
		a := load(fhirformat.Format{}, bulk, err)
		list, err := csvformat.Format{}.Open(context.Background(), filepath.Join(dir, site, "csv", "consent.csv"), format.Options{}.Defaults())
		b := load(csvformat.Format{}, list, err)
		list, err = csvformat.Format{}.Open(context.Background(), filepath.Join(dir, site, "omop", "consent.csv"), format.Options{}.Defaults())
		c := load(csvformat.Format{}, list, err)
		if c.Count("research", 19_000) != b.Count("research", 19_000) {
			t.Errorf("%s: the list beside the common data model differs", site)
		}
		for _, p := range rows(t, filepath.Join(dir, site, "csv", "people.csv")) {
			for day := int32(16_400); day < 32_000; day += 61 {
				x, y := a.Decide(pseudonym(p["patient"]), "research", day), b.Decide(pseudonym(p["patient"]), "research", day)
				seen[x]++
				if (x.Outcome == consent.Permit) != (y.Outcome == consent.Permit) || (x.Outcome == consent.Deny) != (y.Outcome == consent.Deny) {
					t.Fatalf("%s: on day %d the resources say %v and the list %v", site, day, x, y)
				}
			}
		}
	}
	if len(seen) < 4 {
		t.Errorf("only %d kinds of decisions came up", len(seen))
	}
}

func pseudonym(patient string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(patient))
	return h.Sum64()
}

func count(t *testing.T, f format.Tables, path string) map[string]int {
	t.Helper()
	want := map[string][]string{}
	tables, err := f.Tables(context.Background(), path, format.Options{}.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range format.ClinicalTables() {
		for _, have := range tables {
			if have.Name == name {
				want[name] = []string{format.Patient}
			}
		}
	}
	r, err := f.OpenTables(context.Background(), path, format.Options{}.Defaults(), want)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := map[string]int{}
	for {
		name, b, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out[name] += b.Rows
	}
}
