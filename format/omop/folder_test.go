package omop_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop"
)

// folder writes files.
func folder(t interface {
	TempDir() string
	Fatal(...any)
}, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// clinical asks for every column of every clinical table.
func clinical() map[string][]string {
	want := map[string][]string{}
	for _, table := range format.ClinicalTables() {
		for _, c := range format.ClinicalColumns(table) {
			want[table] = append(want[table], c.Name)
		}
	}
	return want
}

const persons = "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n"

// What is written in many ways is read as one: names of files and columns in any
// case, tabs, data frames' decimals, dates with midnight, partial births.
func TestShapes(t *testing.T) {
	path := folder(t, map[string]string{
		"README.txt": "no table",
		"Person.TSV": "PERSON_ID\tGENDER_CONCEPT_ID\tYEAR_OF_BIRTH\tMONTH_OF_BIRTH\tDAY_OF_BIRTH\tLOCATION_ID\tbirth_datetime\n" +
			"1.0\t8507\t1980\t5\t\t7\t\n2\t8532\t1981\t\t\t\t\n3\t8521\t1982\t2\t28\t\t\n4\t8551\t1983\t1\t1\t\t1983-02-03 04:05:06.789\n5\t0\t\t\t\t\t\n6\t1234\t1990\t12\t31\t\t1990-12-31T00:00:00Z\n",
		"location.csv":         "location_id,zip\n7,\"0 1234\"\n",
		"DEATH.csv":            "person_id,death_date,death_datetime\n1,2020-01-02,2020-01-02 00:00:00\n2,,\n3,2021-03-04,2021-03-04 10:00:00\n3,2021-03-05,\n",
		"visit_occurrence.csv": "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date\n9,1,9201,20200101,2020-01-05 12:00\n",
		"condition_occurrence.csv": "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_status_concept_id,condition_status_source_value,condition_source_concept_id,visit_occurrence_id\n" +
			"1,1,201826,2020-01-01,32902,,45591027,9\n2,1,0,2020-01-01,32902,final,0,\n",
		"drug_exposure.csv":    "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,quantity,dose_unit_source_value\n1,1,1118084,2020-01-01,2020-01-31,1.5,tablet\n",
		"specimen.csv":         "specimen_id,person_id,specimen_concept_id,specimen_date,specimen_datetime\n1,1,4001225,2020-01-01,2020-01-01 08:00\n",
		"image_occurrence.csv": "image_occurrence_id,person_id,modality_concept_id,image_occurrence_date\n1,1,2128000011,2020-01-01\n",
		"observation.csv":      "observation_id,person_id,observation_concept_id,observation_date,value_as_string,value_as_concept_id,qualifier_source_value\n1,2,4275495,2020-01-01,never,4144272,x\n",
		"CONCEPT.csv":          "concept_id\tvocabulary_id\tconcept_code\n201826\tSNOMED\t44054006\n45591027\tICD10CM\tE11\n2128000011\tDICOM\tCT\n4144272\tSNOMED\t266919005\n9201\tVisit\tIP\n",
		"extra.csv":            "a,b\n1,x\n",
	})
	want := clinical()
	want["cdm.extra"] = []string{"b", "a"}
	want["cdm.observation"] = []string{"qualifier_source_value", "observation_date"}
	rows, notes, err := read(t, reading(), path, format.Options{}, want)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, rows, map[string][]string{
		format.PersonTable: {"1|1980-05|2020-01-02|male|0 1234", "2|1981|true|female|?", "3|1982-02-28|2021-03-04T10:00:00|other|?",
			"4|1983-02-03T04:05:06|?|unknown|?", "5|?|?|?|?", "6|1990-12-31|?|?|?"},
		format.VisitTable:       {"1|2020-01-01|2020-01-05T12:00:00|visit:IP omop:9201|?|9|9"},
		format.ConditionTable:   {"1|2020-01-01|?|snomed:44054006 icd10cm:E11 omop:201826 omop:45591027|omop:32902|9|1", "1|2020-01-01|?|?|final|?|2"},
		format.DrugTable:        {"1|2020-01-01|2020-01-31|omop:1118084|?|tablet|?|1|1.5"},
		format.SpecimenTable:    {"1|2020-01-01T08:00:00|?|omop:4001225|?|?|1"},
		format.ImagingTable:     {"1|2020-01-01|?|dcm:CT omop:2128000011|?|CT|?|1"},
		format.MeasurementTable: {"2|2020-01-01|?|omop:4275495|?|?|snomed:266919005 omop:4144272|never|?|1|?"},
		"cdm.extra":             {"x|1"},
		"cdm.observation":       {"x|2020-01-01"},
	})
	if !slices.Equal(notes, []string{"1 persons have a gender_concept_id that is no standard concept: their sex is missing", "1 rows of death repeat a person: the first death was taken"}) {
		t.Errorf("notes %q", notes)
	}
}

// Without a CONCEPT table codes are OMOP's numbers, and the description says so.
func TestNoConcepts(t *testing.T) {
	path := folder(t, map[string]string{"person.csv": persons + "1,8507,1980,5,1\n",
		"condition_occurrence.csv": "person_id,condition_concept_id,condition_start_date\n1,201826,2020-01-01\n",
		"cdm_source.csv":           "cdm_source_name,cdm_version,vocabulary_version\nx,v5.4,v5.0 1\n"})
	rows, _, err := read(t, reading(), path, format.Options{}, map[string][]string{format.ConditionTable: {format.Code}})
	if err != nil || !slices.Equal(rows[format.ConditionTable], []string{"omop:201826"}) {
		t.Errorf("rows %v, %v", rows, err)
	}
	d, err := reading().Describe(t.Context(), path, format.Options{Table: format.ConditionTable})
	if err != nil || d.Rows != 1 || !d.Exact || !slices.Equal(d.Notes, []string{"OMOP CDM 5.4", "vocabularies 5.0 1", "there is no CONCEPT table: codes are omop: numbers alone"}) {
		t.Errorf("description %+v, %v", d, err)
	}
	if _, err := reading().Descendants(t.Context(), path, format.Options{}, []int64{1}); err == nil || !strings.Contains(err.Error(), "no table CONCEPT_ANCESTOR") {
		t.Errorf("descendants: %v", err)
	}
}

// What is no common data model is refused in words, which hold no cell.
func TestRefusals(t *testing.T) {
	visits := "visit_occurrence_id,person_id,visit_concept_id,visit_start_date\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(persons + strings.Repeat("1,8507,1980,5,1\n", 5000)))
	_ = w.Close()
	for _, c := range []struct {
		says  string
		files map[string]string
	}{
		{"this is a directory without files of an OMOP", map[string]string{"x.txt": "a"}},
		{"no file named for the table PERSON", map[string]string{"measurement.csv": "a,b\n1,2\n"}},
		{"no columns person (gender_concept_id, year_of_birth)", map[string]string{"person.csv": visits}},
		{"no columns person (year_of_birth), visit_occurrence (visit_concept_id, visit_start_date)",
			map[string]string{"person.csv": "person_id,gender_concept_id\n1,2\n", "visit_occurrence.csv": persons}},
		{"no columns concept (vocabulary_id)", map[string]string{"person.csv": persons, "concept.csv": "concept_id,concept_code\n1,2\n", "specimen.csv": "person_id,specimen_concept_id,specimen_date\n1,2,2020-01-01\n"}},
		{"PERSON.tsv and person.csv both hold the table person", map[string]string{"person.csv": persons, "PERSON.tsv": persons}},
		{"person.csv:3, column \"person_id\": expected a whole number", map[string]string{"person.csv": persons + "1,8507,1980,5,1\nErika,8507,1980,5,1\n"}},
		{"person.csv:2, column \"person_id\": expected the number of a person", map[string]string{"person.csv": persons + ",8507,1980,5,1\n"}},
		{"person.csv:2, column \"person_id\": expected a whole number", map[string]string{"person.csv": persons + "1.5,8507,1980,5,1\n"}},
		{"person.csv:2, column \"month_of_birth\": expected a month from 1 to 12", map[string]string{"person.csv": persons + "1,8507,1980,13,1\n"}},
		{"person.csv:2, column \"day_of_birth\": expected a day that the month has", map[string]string{"person.csv": persons + "1,8507,1981,2,29\n"}},
		{"person.csv:2, column \"day_of_birth\": expected a day", map[string]string{"person.csv": persons + "1,8507,1981,2,-1\n"}},
		{"person.csv:2, column \"year_of_birth\": expected a year", map[string]string{"person.csv": persons + "1,8507,80,2,1\n"}},
		{"visit_occurrence.csv:2, column \"visit_start_date\": expected a date such as", map[string]string{"person.csv": persons, "visit_occurrence.csv": visits + "1,1,1,Erika\n"}},
		{"visit_occurrence.csv:2, column \"visit_start_date\": expected a date such as", map[string]string{"person.csv": persons, "visit_occurrence.csv": visits + "1,1,1,2020-02-30\n"}},
		{"visit_occurrence.csv:2, column \"visit_start_date\": expected a date such as", map[string]string{"person.csv": persons, "visit_occurrence.csv": visits + "1,1,1,2020-02\n"}},
		{"visit_occurrence.csv:3: the line has 3 values", map[string]string{"person.csv": persons, "visit_occurrence.csv": visits + "1,1,1,2020-02-01\n1,Erika,1\n"}},
		{"column \"value_as_number\": expected a number", map[string]string{"person.csv": persons, "measurement.csv": "person_id,measurement_concept_id,measurement_date,value_as_number\n1,2,2020-01-01,Erika\n"}},
		{"column \"concept_code\": expected a code of at most", map[string]string{"person.csv": persons, "concept.csv": "concept_id,vocabulary_id,concept_code\n1,x," + strings.Repeat("9", 300) + "\n", "specimen.csv": "person_id,specimen_concept_id,specimen_date\n1,2,2020-01-01\n"}},
		{"person.csv.gz", map[string]string{"person.csv.gz": packed.String()[:packed.Len()/2]}},
		{"the kind of this file cannot be told", map[string]string{"person.csv": "\x89PNG\r\n\x1a\n\x00\x00"}},
		{"the kind of this file cannot be told", map[string]string{"person.parquet": "\x01\x02\x03"}},
		{"is damaged", map[string]string{"person.parquet": "PAR1PAR1"}},
		{"is empty", map[string]string{"person.csv": ""}},
		{"columns 1 and 2 have the same name", map[string]string{"person.csv": "person_id,PERSON_ID\n1,2\n"}},
		{"has other columns than a.csv", map[string]string{"person/a.csv": persons, "person/b.csv": "person_id\n1\n"}},
	} {
		path := folder(t, c.files)
		_, _, err := read(t, reading(), path, format.Options{}, clinical())
		var fe *format.Error
		if !errors.As(err, &fe) || fe.Mend == "" || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(fe.File, path) {
			t.Errorf("got %v; want a *format.Error that says %q", err, c.says)
		} else if strings.Contains(err.Error(), "Erika") {
			t.Errorf("the error repeats a cell: %v", err)
		}
	}
	path := folder(t, map[string]string{"person.csv": persons})
	for table, says := range map[string]string{"": "this holds several tables", "persons": "did you mean", "cdm.persons": "did you mean", "consents": "there is no table"} {
		if _, err := reading().Open(t.Context(), path, format.Options{Table: table}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("table %q: %v", table, err)
		}
		if _, err := reading().OpenTables(t.Context(), path, format.Options{}, map[string][]string{table: nil}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("table %q: %v", table, err)
		}
	}
	if _, err := (omop.Format{}).Tables(t.Context(), path, format.Options{}); err == nil {
		t.Error("a format that can read no files reads files")
	}
}

// Batches of any size, any columns in any order and a limit of memory give the same.
func TestBatches(t *testing.T) {
	path, f := shared(t, "omop/synthea27nj"), reading()
	want := clinical()
	whole, _, err := read(t, f, path, format.Options{}, want)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []format.Options{{BatchRows: 7}, {BatchRows: 1000, MaxBytes: 20000}} {
		again, _, err := read(t, f, path, o, want)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, again, whole)
	}
	for table, columns := range want {
		for k, c := range columns {
			if testing.Short() && k%4 > 0 {
				continue
			}
			one, _, err := read(t, f, path, format.Options{}, map[string][]string{table: {c}})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range one[table] {
				if strings.Split(whole[table][i], "|")[k] != r {
					t.Fatalf("%s.%s alone: another value in row %d", table, c, i+1)
				}
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := f.OpenTables(ctx, path, format.Options{BatchRows: 1}, want)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if done, of := r.Progress(); of == 0 || done > of {
		t.Errorf("progress %d of %d", done, of)
	}
	cancel()
	if _, _, err := r.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("Next after the context ended: %v", err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A folder is told by PERSON and a second table.
func TestSniffFolder(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		score int
	}{
		{map[string]string{"person.csv": persons, "visit_occurrence.csv": "a\n"}, 95},
		{map[string]string{"PERSON.csv": strings.ToUpper(persons), "Death.CSV": "a\n", "x.md": ""}, 95},
		{map[string]string{"person/part-0.csv": persons, "death.csv": "a\n"}, 95},
		{map[string]string{"person.csv": persons}, 0},
		{map[string]string{"person.csv": "name,age\nx,1\n", "death.csv": "a\n"}, 0},
		{map[string]string{"person.csv": "", "death.csv": "a\n"}, 40},
		{map[string]string{"a.csv": "a", "b.csv": "a"}, 0},
	} {
		var names []string
		for name := range c.files {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := reading().SniffFolder(folder(t, c.files), names); got != c.score {
			t.Errorf("%v: %d, want %d", names, got, c.score)
		}
	}
}

// Whatever is in a folder's tables, it is read or refused.
func FuzzFolder(f *testing.F) {
	f.Add(persons+"1,8507,1980,5,1\n", "person_id,measurement_concept_id,measurement_date,value_as_number\n1,2,2020-01-01,5\n", "concept_id,vocabulary_id,concept_code\n2,LOINC,1-8\n")
	f.Add(strings.ToUpper(persons)+"-1,8532,1980,,\n", "person_id,measurement_concept_id,measurement_date,measurement_datetime,unit_concept_id\n1,2,20200101,2020-01-01 10:00:00,2\n", "concept_id\tvocabulary_id\tconcept_code\n2\tUCUM\tmg\n")
	f.Fuzz(func(t *testing.T, people, measurements, concepts string) {
		path := folder(t, map[string]string{"person.csv": people, "measurement.csv": measurements, "concept.csv": concepts, "death.csv": people, "location.csv": concepts})
		want := clinical()
		_, _, err := read(t, reading(), path, format.Options{MaxBytes: 1 << 20}, want)
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Fatalf("an error without the folder's name: %v", err)
		}
	})
}

// A birth has the precision of what is known of it.
func TestBirths(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		digits := func(name string) string {
			return rapid.OneOf(rapid.Just(""), rapid.StringMatching(`-?[0-9]{1,5}`)).Draw(rt, name)
		}
		year, month, day := digits("year"), digits("month"), digits("day")
		path := folder(t, map[string]string{"person.csv": persons + "1,8507," + year + "," + month + "," + day + "\n"})
		rows, _, err := read(t, reading(), path, format.Options{}, map[string][]string{format.PersonTable: {format.Birth}})
		if err != nil {
			return // refused
		}
		birth := rows[format.PersonTable][0]
		if birth == "?" {
			if year != "" {
				rt.Fatalf("a year is lost")
			}
			return
		}
		_, p, ok := format.ParseTimePrecision(birth, format.ISODate)
		wants := format.ToYear
		if month != "" {
			if wants = format.ToMonth; day != "" {
				wants = format.ToDay
			}
		}
		if !ok || p != wants || !strings.HasPrefix(birth, strings.TrimLeft(year, "0")) {
			rt.Fatalf("birth %s of %s, %s, %s", birth, year, month, day)
		}
	})
}
