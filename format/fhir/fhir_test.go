package fhir

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// data is the folder of the shared FHIR data.
func data(t testing.TB, names ...string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above")
		}
	}
	path := filepath.Join(append([]string{dir, "..", "shared", "data"}, names...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data are not here: " + strings.Join(names, "/"))
	}
	return path
}

func reference(t testing.TB, name string, into any) {
	text, err := os.ReadFile(data(t, "reference", "fhir", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// rows are the rows of a table as maps; what is missing is not in them.
type rows []map[string]any

func (r rows) text(i int, column string) string { s, _ := r[i][column].(string); return s }

// read reads tables of a source; a table without columns has all of them.
func read(t testing.TB, path string, want map[string][]string) (map[string]rows, []string) {
	t.Helper()
	out, notes, err := tryRead(t, path, want, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out, notes
}

func tryRead(t testing.TB, path string, want map[string][]string, o format.Options) (map[string]rows, []string, error) {
	r, err := Format{}.OpenTables(t.Context(), path, o, want)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	out := map[string]rows{}
	for {
		table, b, err := r.Next()
		if err == io.EOF {
			if read, of := r.Progress(); read != of || of == 0 {
				t.Errorf("%s: progress at the end: %d of %d", path, read, of)
			}
			return out, r.(interface{ Notes() []string }).Notes(), nil
		}
		if err != nil {
			return nil, nil, err
		}
		if b.First != len(out[table])+1 {
			t.Fatalf("batch of %s begins at row %d, want %d", table, b.First, len(out[table])+1)
		}
		columns := r.Columns(table)
		for i := range b.Rows {
			row := map[string]any{}
			for k, v := range b.Columns {
				switch {
				case v.Missing(i):
				case v.Float != nil:
					row[columns[k].Name] = v.Float[i]
				default:
					row[columns[k].Name] = v.Text[i]
				}
			}
			out[table] = append(out[table], row)
		}
	}
}

func everything() map[string][]string {
	out := map[string][]string{}
	for _, n := range format.ClinicalTables() {
		out[n] = nil
	}
	return out
}

func close6(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

// Every number of the reference of the Synthea bundles, computed with pandas.
func TestSyntheaBundles(t *testing.T) {
	var want struct {
		Resources map[string]map[string]int `json:"resources_per_site"`
		Patients  struct {
			Gender   map[string]int `json:"gender"`
			Deceased int            `json:"deceased"`
			Birth    float64        `json:"birth_year_mean"`
		}
		Conditions map[string]struct {
			Code      string         `json:"code"`
			Resources int            `json:"condition_resources"`
			Sites     map[string]int `json:"patients_per_site"`
		}
		Observations map[string]struct {
			Loinc           string
			Values          int
			Mean            float64 `json:"mean_all"`
			Var             float64 `json:"var_all"`
			Min, Max        float64
			SitePatients    map[string]int     `json:"per_site_patients"`
			SiteMeanOfLasts map[string]float64 `json:"per_site_mean_last"`
		}
	}
	reference(t, "synthea_bundles.json", &want)
	sex, dead, births, people := map[string]int{}, 0, 0.0, 0
	values := map[string][]float64{}
	conditions := map[string]int{}
	for site, resources := range want.Resources {
		ask := everything()
		for kind := range resources {
			ask[kind] = []string{format.ID}
		}
		got, notes := read(t, data(t, "fhir", "synthea-bundles", site), ask)
		if len(notes) > 0 {
			t.Errorf("%s: notes %v", site, notes)
		}
		for kind, n := range resources {
			if len(got[kind]) != n {
				t.Errorf("%s: %d resources of type %s, want %d", site, len(got[kind]), kind, n)
			}
		}
		for table, kind := range map[string]string{format.PersonTable: "Patient", format.VisitTable: "Encounter", format.ConditionTable: "Condition",
			format.ProcedureTable: "Procedure", format.ImagingTable: "ImagingStudy"} {
			if len(got[table]) != resources[kind] {
				t.Errorf("%s: %d rows of %s, want %d", site, len(got[table]), table, resources[kind])
			}
		}
		if n := resources["MedicationRequest"] + resources["Immunization"]; len(got[format.DrugTable]) != n {
			t.Errorf("%s: %d rows of drug, want %d", site, len(got[format.DrugTable]), n)
		}
		persons := map[string]bool{}
		for i, p := range got[format.PersonTable] {
			persons[p[format.Patient].(string)] = true
			sex[p[format.Sex].(string)]++
			if p[format.Death] != nil {
				dead++
			}
			var year float64
			if err := json.Unmarshal([]byte(got[format.PersonTable].text(i, format.Birth)[:4]), &year); err != nil {
				t.Fatal(err)
			}
			births += year
			people++
		}
		for table := range everything() {
			for i := range got[table] {
				if !persons[got[table].text(i, format.Patient)] {
					t.Fatalf("%s, %s: row %d is of nobody", site, table, i+1)
				}
			}
		}
		last, times, at := map[string]map[string]float64{}, map[string]string{}, got[format.MeasurementTable]
		for i := range at {
			x, ok := at[i][format.Value].(float64)
			if !ok {
				continue
			}
			code, who := at.text(i, format.Code), at.text(i, format.Patient)
			values[code] = append(values[code], x)
			if last[code] == nil {
				last[code] = map[string]float64{}
			}
			if when := at.text(i, format.Time)[:10]; when >= times[code+who] {
				last[code][who], times[code+who] = x, when
			}
		}
		for name, o := range want.Observations {
			lasts := last["loinc:"+o.Loinc]
			sum := 0.0
			for _, x := range lasts {
				sum += x
			}
			if len(lasts) != o.SitePatients[site] || !close6(sum/float64(len(lasts)), o.SiteMeanOfLasts[site]) {
				t.Errorf("%s, %s: %d patients, mean of last values %v; want %d, %v", site, name, len(lasts), sum/float64(len(lasts)), o.SitePatients[site], o.SiteMeanOfLasts[site])
			}
		}
		have := map[string]map[string]bool{}
		for i := range got[format.ConditionTable] {
			code := got[format.ConditionTable].text(i, format.Code)
			conditions[code]++
			if have[code] == nil {
				have[code] = map[string]bool{}
			}
			have[code][got[format.ConditionTable].text(i, format.Patient)] = true
		}
		for name, c := range want.Conditions {
			if n := len(have["snomed:"+c.Code]); n != c.Sites[site] {
				t.Errorf("%s, %s: %d patients, want %d", site, name, n, c.Sites[site])
			}
		}
	}
	if !maps.Equal(sex, want.Patients.Gender) || dead != want.Patients.Deceased || !close6(births/float64(people), want.Patients.Birth) {
		t.Errorf("people: %v, %d dead, born %v; want %+v", sex, dead, births/float64(people), want.Patients)
	}
	for name, c := range want.Conditions {
		if conditions["snomed:"+c.Code] != c.Resources {
			t.Errorf("%s: %d conditions, want %d", name, conditions["snomed:"+c.Code], c.Resources)
		}
	}
	for name, o := range want.Observations {
		x := values["loinc:"+o.Loinc]
		mean, variance := moments(x)
		if len(x) != o.Values || !close6(mean, o.Mean) || !close6(variance, o.Var) || slices.Min(x) != o.Min || slices.Max(x) != o.Max {
			t.Errorf("%s: %d values, mean %v, variance %v; want %d, %v, %v", name, len(x), mean, variance, o.Values, o.Mean, o.Var)
		}
	}
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, variance
}

// The counts of the bulk export, with all tables and each file alone.
func TestBulkExport(t *testing.T) {
	var want map[string]struct {
		Lines    int
		Types    map[string]int `json:"resource_types"`
		Patients int            `json:"distinct_patients_referenced"`
	}
	reference(t, "bulk_ndjson.json", &want)
	folder := data(t, "fhir", "bulk-10-patients")
	ask := map[string][]string{}
	for _, w := range want {
		for kind := range w.Types {
			if kind != "?" {
				ask[kind] = nil
			}
		}
	}
	got, notes := read(t, folder, ask)
	if len(notes) != 1 || !strings.Contains(notes[0], "log.ndjson") {
		t.Errorf("notes: %v; want one, of log.ndjson", notes)
	}
	for name, w := range want {
		for kind, n := range w.Types {
			alone, _, err := tryRead(t, filepath.Join(folder, filepath.Base(name)), map[string][]string{"Patient": nil}, format.Options{})
			var fe *format.Error
			if kind == "?" {
				if !errors.As(err, &fe) || !strings.Contains(fe.Text, "no FHIR resource") {
					t.Errorf("%s: %v; want a refusal", name, err)
				}
				continue
			}
			if err != nil || len(alone["Patient"]) != w.Types["Patient"] {
				t.Errorf("%s alone: %d patients, %v", name, len(alone["Patient"]), err)
			}
			people := map[string]bool{}
			for i := range got[kind] {
				if p := got[kind].text(i, format.Patient); p != "" && kind != "Patient" {
					people[p] = true
				}
			}
			if len(got[kind]) != n || len(people) != w.Patients {
				t.Errorf("%s: %d resources of %d patients, want %d of %d", kind, len(got[kind]), len(people), n, w.Patients)
			}
		}
	}
}
