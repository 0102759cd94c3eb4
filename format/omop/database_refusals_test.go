//go:build unix

package omop_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/omop/omoptest"
)

// Databases that cannot be read are told apart, and no error repeats what the
// server said or a cell.
func TestDatabaseRefusals(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA empty; CREATE SCHEMA other; CREATE TABLE other.x (a int);
		CREATE SCHEMA wrong; CREATE TABLE wrong.person (person_id int, name text); CREATE TABLE wrong.measurement (person_id int);
		CREATE SCHEMA dirty; CREATE TABLE dirty.person (person_id text, gender_concept_id int, year_of_birth int, month_of_birth int, birth_datetime text);
		INSERT INTO dirty.person VALUES ('1', 8507, 1980, 5, NULL), ('Erika', 8532, 1981, 13, NULL);
		CREATE SCHEMA month; CREATE TABLE month.person AS SELECT 7 AS person_id, 8507 AS gender_concept_id, 1980 AS year_of_birth, 13 AS month_of_birth;
		CREATE SCHEMA huge; CREATE TABLE huge.person AS SELECT 7 AS person_id, 8507 AS gender_concept_id, 1980 AS year_of_birth;
		CREATE TABLE huge.drug_exposure AS SELECT 7 AS person_id, 1 AS drug_concept_id, DATE '2020-01-01' AS drug_exposure_start_date, '1e400'::numeric AS quantity;
		CREATE SCHEMA far; CREATE TABLE far.person AS SELECT * FROM huge.person;
		CREATE TABLE far.drug_exposure AS SELECT 7 AS person_id, 1 AS drug_concept_id, DATE 'infinity' AS drug_exposure_start_date;
		CREATE SCHEMA twice; CREATE TABLE twice.person AS SELECT * FROM huge.person; CREATE TABLE twice."PERSON" AS SELECT * FROM huge.person;
		CREATE ROLE stranger LOGIN; CREATE SCHEMA nobody; CREATE TABLE nobody.person AS SELECT * FROM huge.person; GRANT USAGE ON SCHEMA nobody TO stranger`)
	stranger := strings.Replace(with(t, address, "schema", "nobody"), "hmsp@", "stranger@", 1)
	for path, says := range map[string]string{
		with(t, address, "schema", "empty"):                  `shows no tables in the schema "empty"`,
		with(t, address, "schema", `q"; DROP`):               `shows no tables in the schema "q\"; DROP"`,
		with(t, address, "schema", "other"):                  "holds no table PERSON",
		with(t, address, "schema", "wrong"):                  "no columns person (gender_concept_id, year_of_birth), measurement (measurement_concept_id, measurement_date)",
		with(t, address, "schema", "dirty"):                  `row 2, column "person_id": expected a whole number`,
		with(t, address, "schema", "month"):                  `row 1, column "month_of_birth": expected a month from 1 to 12`,
		with(t, address, "schema", "huge"):                   "number beyond what can be computed with",
		with(t, address, "schema", "far"):                    `column "drug_exposure_start_date": expected a date`,
		with(t, address, "schema", "twice"):                  "but for the case of letters",
		stranger:                                             "this user may not read a table",
		strings.Replace(address, "/postgres?", "/none?", 1):  "no such database",
		with(t, address, "host", "/nowhere"):                 "cannot be reached",
		strings.Replace(address, "hmsp@", "erika@", 1):       "does not let this user in",
		strings.Replace(address, "hmsp@", "hmsp:secret@", 1): "holds a password",
		address + "&password=secret":                         "holds a password",
		address + "&options=-csearch_path%3Dsecret":          `setting "options" is not one`,
		address + "&schema=secret":                           `setting "schema" is not one of those that an address may have, or is there twice`,
		"postgres://u@db.example.org/x?sslmode=secret":       "cannot be used",
		"postgres://u:sec/ret@h/x":                           "no address of a database", "postgres://secret@x:5/x@y": "no address of a database",
		"postgres://h:secret:5/x": "no address of a database",
		address + "&%zz=secret":   "cannot be read",
	} {
		want := map[string][]string{}
		for _, table := range format.ClinicalTables() {
			for _, c := range format.ClinicalColumns(table) {
				want[table] = append(want[table], c.Name)
			}
		}
		_, _, err := read(t, reading(), path, format.Options{}, want)
		var fe *format.Error
		if !errors.As(err, &fe) || fe.Mend == "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want a *format.Error that says %q", path, err, says)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "Erika") || fe.Cause != nil {
			t.Errorf("the error repeats what must not be: %v", err)
		}
	}
}

// Types that are not those of the definition, names in capitals, vocabularies with a
// schema of their own, views, and columns beyond the model.
func TestDatabaseShapes(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA cdm; CREATE SCHEMA vocab;
		CREATE TABLE cdm."PERSON" ("PERSON_ID" numeric(38), "GENDER_CONCEPT_ID" text, "YEAR_OF_BIRTH" float8, "BIRTH_DATETIME" timestamptz, "LOCATION_ID" smallint, note jsonb, flag bool);
		INSERT INTO cdm."PERSON" VALUES (123456789012345678, ' 8532 ', 1980, '1980-05-01 03:04:05+02', 1, '{}', true), (2, '8507', 1990, NULL, NULL, NULL, NULL);
		CREATE TABLE cdm.location (location_id int, zip char(9)); INSERT INTO cdm.location VALUES (1, '12345');
		CREATE TABLE cdm.death (person_id int, death_date date); INSERT INTO cdm.death VALUES (2, NULL), (2, '2020-01-02'), (3, NULL);
		CREATE TABLE cdm.raw (measurement_id int, person_id bigint, c int, s int, day date, at timestamp, v real, u int, ut text, op int);
		INSERT INTO cdm.raw VALUES (1, 2, 3004410, 40785850, '2020-01-01', '2020-01-01 10:30:00.5', 1.5, 8554, 'percent', 4171756),
			(2, 2, 3004410, 3004410, '2020-01-01', '2020-01-02 10:30:00', 'NaN', 0, 'g', NULL), (3, 9, 0, NULL, '2020-01-01', NULL, NULL, NULL, NULL, NULL);
		CREATE VIEW cdm.measurement AS SELECT measurement_id, person_id, c AS measurement_concept_id, s AS measurement_source_concept_id, day AS measurement_date,
			at AS measurement_datetime, v AS value_as_number, u AS unit_concept_id, ut AS unit_source_value, op AS operator_concept_id FROM cdm.raw;
		CREATE TABLE vocab.concept (concept_id int, vocabulary_id varchar(20), concept_code varchar(50)); CREATE TABLE vocab.person (person_id int);
		INSERT INTO vocab.concept VALUES (3004410, 'LOINC', '4548-4'), (8554, 'UCUM', '%'), (40785850, 'House', 'a b')`)
	want := map[string][]string{
		format.PersonTable:      {"patient", "birth", "death", "sex", "postal"},
		format.MeasurementTable: {"patient", "time", "end", "code", "status", "unit", "value_code", "value_text", "visit", "id", "value"},
		"cdm.person":            {"person_id", "birth_datetime", "flag"},
		"cdm.raw":               {"v"},
	}
	rows, notes, err := read(t, reading(), with(t, address, "vocabulary", "vocab"), format.Options{}, want)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, rows, map[string][]string{
		format.PersonTable: {"123456789012345678|1980-05-01T03:04:05|?|female|12345", "2|1990|2020-01-02|male|?"},
		format.MeasurementTable: {"2|2020-01-01T10:30:00|?|loinc:4548-4 House|a%20b omop:3004410 omop:40785850|?|%|?|?|?|1|1.5",
			"2|2020-01-01|?|loinc:4548-4 omop:3004410|?|g|?|?|?|2|?", "9|2020-01-01|?|?|?|?|?|?|?|3|?"},
		"cdm.person": {"123456789012345678|1980-05-01T03:04:05|true", "2|?|?"},
		"cdm.raw":    {"1.5", "?", "?"},
	})
	if got := strings.Join(notes, "\n"); got != `1 rows of measurement are of persons who are not in PERSON
1 rows have a date and a datetime of different days: the date was taken
1 measured values are bounds (<, <=, >, >=): the bound was taken as the value
1 rows of death repeat a person: the first death was taken` {
		t.Errorf("notes:\n%s", got)
	}
	_, err = reading().Open(t.Context(), address, format.Options{Table: "cdm.person", Columns: []string{"note"}})
	if err == nil || !strings.Contains(err.Error(), "of type jsonb") {
		t.Errorf("a column of another type: %v", err)
	}
}

// Passwords come from the files that PostgreSQL's own tools read, and a server
// elsewhere must prove who it is.
func TestAddresses(t *testing.T) {
	dir := t.TempDir()
	file, service := filepath.Join(dir, "pass"), filepath.Join(dir, "service")
	for path, text := range map[string]string{file: "*:*:*:*:secret\n", service: "[far]\nhost=db.example.org\n[near]\nhost=localhost\n[sure]\nhost=db.example.org\nsslmode=require\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PGSSLMODE", "")
	for path, says := range map[string]string{
		"postgres://u@db.example.org/x?passfile=" + file:                                    "",
		"postgresql://u@[::1]:5433/x":                                                       "",
		"postgres:///x?service=near&servicefile=" + service:                                 "",
		"postgres:///x?service=sure&servicefile=" + service:                                 "",
		"postgres:///x?service=far&servicefile=" + service:                                  "data could go unencrypted",
		"postgres:///x?service=far&sslmode=disable&servicefile=" + service:                  "",
		"postgres:///x?service=none&servicefile=" + service:                                 "cannot be used",
		"postgres://u@db.example.org/x?sslmode=verify-full&sslrootcert=" + dir + "/nothing": "cannot be used",
	} {
		_, err := omop.Parse(path)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v; want %q", path, err, says)
		}
	}
}
