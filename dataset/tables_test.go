package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func clinic() map[string]string {
	return map[string]string{
		"people.csv":    "patient,birth,death,habit,since\np1,1950-01-01,2021-06-01,9,2019-01-01\np2,1960-01-01,,snomed:449868002,2019-01-01\n",
		"diagnoses.csv": "patient,time,icd,sct\np1,2020-01-01,E11.90,\np2,2020-02-01,,44054006\np2,2020-03-01,J06.9,54150009\np1,2020-04-01,,\n",
		"labs.csv":      "patient,time,code,value,unit\np1,2020-01-01,2345-7,90,mg/dL\np2,2020-01-01,14749-6,5,mmol/L\n",
		"consent.csv":   "patient,purpose,valid_from,valid_to,status\np1,research,2020-01-01,,permit\n",
		"clinic.yaml": `hmsp: dataset/v1
name: clinic
path: .
consent: {path: consent.csv}
tables:
  person: {file: people.csv}
  condition: {file: diagnoses.csv, codes: {icd: icd10gm, sct: snomed}}
  measurement: {file: labs.csv, system: loinc}
mapping:
  smoking: {table: person, value: habit, time: since}
`}
}

func clinicDictionary() table.Schema {
	return table.Schema{
		{Name: "diabetes", Kind: table.Flag, Code: "icd10gm:E11 snomed:44054006"},
		{Name: "glucose", Kind: table.Number, Unit: "mg/dL", Code: "loinc:2345-7 loinc:14749-6", Min: 20, Max: 800},
		{Name: "smoking", Kind: table.Category, Levels: []table.Level{{Code: "never"}, {Code: "current", Concept: "snomed:449868002 snomed:77176002"}}},
	}
}

// Codes in a column for each system, a variable with the codes of several systems, a
// level with what sources write for it, units by the code that says of what.
func TestFlatTables(t *testing.T) {
	dir := folder(t, clinic())
	d, err := ReadFile(filepath.Join(dir, "clinic.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := loader().Keep(t.Context(), d, clinicDictionary(), Build{Path: filepath.Join(t.TempDir(), "pool")})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	h, err := k.History(t.Context(), "diabetes", "glucose", "smoking")
	if err != nil {
		t.Fatal(err)
	}
	diabetes, _ := h.Lookup("diabetes")
	glucose, _ := h.Lookup("glucose")
	smoking, _ := h.Lookup("smoking")
	if h.People() != 2 || !slices.Equal(diabetes.Patients, []int32{0, 1}) {
		t.Errorf("%d people, diabetes of %v", h.People(), diabetes.Patients)
	}
	if got := fmt.Sprintf("%.2f", glucose.Values.Numbers); got != "[90.00 90.08]" {
		t.Errorf("glucose %s", got)
	}
	if !slices.Equal(smoking.Patients, []int32{1}) || !slices.Equal(smoking.Values.Codes, []int32{1}) {
		t.Errorf("smoking %v of %v", smoking.Values.Codes, smoking.Patients)
	}
	if at, _ := format.ParseTime("2021-06-01", ""); h.To[0] != at {
		t.Errorf("who died was not observed until then")
	}
	for _, q := range k.Profile.Variables {
		if q.Variable == "smoking" && q.UnknownCodes != 1 {
			t.Errorf("a code that is no level: %+v", q)
		}
	}

	// A withdrawal is no change of the data; a diagnosis is one.
	consents, diagnoses := filepath.Join(dir, "consent.csv"), filepath.Join(dir, "diagnoses.csv")
	if err := os.WriteFile(consents, []byte("patient,purpose,valid_from,valid_to,status\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if same, err := k.Snapshot.Same(t.Context(), dir); err != nil || !same {
		t.Errorf("after a withdrawal: %v, %v", same, err)
	}
	if err := os.WriteFile(diagnoses, []byte("patient,time,icd,sct\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if same, err := k.Snapshot.Same(t.Context(), dir); err != nil || same {
		t.Errorf("after a change of the data: %v, %v", same, err)
	}
}

// What cannot be is refused where it stands.
func TestFlatTablesRefuse(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"codes: {icd: icd10gm, sct: snomed}", "codes: {icd: icd10gm}, system: snomed", "leave out system"},
		{"codes: {icd: icd10gm, sct: snomed}", "codes: {}", "codes"},
		{"codes: {icd: icd10gm, sct: snomed}", "codes: {idc: icd10gm}", `"icd"`},
		{"labs.csv", "nowhere.csv", "nowhere.csv"},
	} {
		files := clinic()
		files["clinic.yaml"] = strings.Replace(files["clinic.yaml"], c.old, c.new, 1)
		dir := folder(t, files)
		d, err := ReadFile(filepath.Join(dir, "clinic.yaml"))
		if err == nil {
			_, err = loader().Keep(t.Context(), d, clinicDictionary(), Build{Path: filepath.Join(t.TempDir(), "pool")})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

// A list of consents is found by its name and its columns.
func TestProposeConsent(t *testing.T) {
	for text, want := range map[string]bool{
		"patient,purpose,valid_from,valid_to,status\np1,research,2020-01-01,,permit\n": true,
		"patient;purpose;valid_from;valid_to;status\np1;research;2020-01-01;;permit\n": true,
		"patient,agrees\np1,yes\n": false,
		"":                         false,
	} {
		files := clinic()
		files["consent.csv"] = text
		files["clinic.yaml"] = strings.Replace(files["clinic.yaml"], "consent: {path: consent.csv}\n", "", 1)
		dir := folder(t, files)
		d, err := ReadFile(filepath.Join(dir, "clinic.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := loader().Propose(t.Context(), d, clinicDictionary())
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Dataset.Consent; (got != nil) != want || want && got.Path != filepath.Join(dir, "consent.csv") {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
