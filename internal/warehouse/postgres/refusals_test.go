//go:build unix

package postgres

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/omop/omoptest"
	"hmsp.center/hmsp/table"
)

// Categories and flags of measurements, texts and answers that say no, odd types,
// and units that only the source names.
func TestWorth(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA cdm;
		CREATE TABLE cdm.person AS SELECT i AS person_id, '8507'::text AS gender_concept_id, 1980 AS year_of_birth, NULLIF(i, 2) AS month_of_birth, 9 AS day_of_birth FROM generate_series(1, 3) i;
		CREATE TABLE cdm."OBSERVATION" ("PERSON_ID" numeric, observation_concept_id int, observation_date text, value_as_number numeric, value_as_string text, value_as_concept_id bigint, unit_source_value text);
		INSERT INTO cdm."OBSERVATION" VALUES (1, 5, '2020-01-01', NULL, NULL, 10, NULL), (1, 5, '2020-01-02', NULL, 'No', 10, NULL), (1, 5, '2020-01-03', 1, NULL, NULL, NULL),
			(1, 5, '2020-01-04', 7, NULL, NULL, 'g'), (2, 5, '1969-12-31', NULL, 'some', 11, NULL), (2, 5, NULL, 'NaN', ' yes ', NULL, NULL), (3, 6, '2020-01-01', NULL, NULL, NULL, NULL), (3, 5, '2020-01-01', -2.5, NULL, NULL, ' NA ')`)
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	category := table.Variable{Name: "c", Kind: table.Category, Levels: []table.Level{{Code: "a"}, {Code: "it's \"b\" $1"}}}
	for name, c := range map[string]struct {
		event omop.Event
		want  string
	}{
		"category": {omop.Event{Variable: category, Levels: [][]int64{{10, 99}, {11}}}, "1 2020-01-01 0; 1 2020-01-02 0; 2 1969-12-31 1"},
		"flag": {omop.Event{Variable: flag("f"), No: []int64{11}},
			"1 2020-01-01 1; 1 2020-01-02 0; 1 2020-01-03 1; 2 1969-12-31 0; 2 ? 1"},
		"number":  {omop.Event{Variable: number("n", "mg", -10, 10000), Units: []omop.Unit{{Code: "g", Scale: 1000, Offset: 0.5}, {Scale: 2}}}, "1 2020-01-03 2; 1 2020-01-04 7000.5; 3 2020-01-01 -5"},
		"integer": {omop.Event{Variable: table.Variable{Name: "i", Kind: table.Integer, Min: -3, Max: 1}}, "1 2020-01-03 1; 3 2020-01-01 -3"},
		"none":    {omop.Event{Variable: category}, ""},
	} {
		e := c.event
		e.Tables, e.Concepts = []string{format.MeasurementTable, format.SpecimenTable}, []int64{5}
		r, err := s.Model().Events(e)
		if err != nil {
			t.Fatal(err)
		}
		x := number("x", "", 0, 1) // a flag's events are numbers, too
		if !e.Variable.Numeric() {
			x = e.Variable
		}
		rows, err := s.Ask(t.Context(), Question{Relations: []Relation{{"e0", r}}, Query: "SELECT p, CAST(t AS DOUBLE PRECISION) AS t, x FROM e0",
			Columns: table.Schema{number("t", "s", 0, 1), x}, Names: []string{"t", "x"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			b, err := rows.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i, p := range b.People {
				day := "?"
				if at := b.Columns[0].Numbers[i]; !math.IsNaN(at) {
					day = map[float64]string{-86400: "1969-12-31"}[at]
					if at > 0 {
						day = "2020-01-0" + strconv.Itoa(int(at-1577836800)/86400+1)
					}
				}
				got = append(got, strconv.FormatInt(p, 10)+" "+day+" "+strconv.FormatFloat(value(b.Columns[1], i), 'g', -1, 64))
			}
		}
		slices.Sort(got)
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("%s: %s\n      want %s", name, all, c.want)
		}
	}
}

// What cannot be asked is refused; no error repeats the database's words.
func TestRefusals(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA cdm; CREATE TABLE cdm.person AS SELECT i AS person_id, 8507 AS gender_concept_id, 1980 AS year_of_birth FROM generate_series(1, 100000) i;
		CREATE TABLE cdm.specimen AS SELECT 1 AS person_id; CREATE SCHEMA bad; CREATE TABLE bad.person (person_id int)`)
	open := func() *Snapshot {
		s, err := Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	var fe *format.Error
	if _, err := Open(t.Context(), schema(t, address, "bad")); !errors.As(err, &fe) || !strings.Contains(err.Error(), "no columns person (gender_concept_id") {
		t.Errorf("no PERSON: %v", err)
	}
	s := open()
	if _, err := s.Model().Events(omop.Event{Tables: []string{format.SpecimenTable}}); !errors.As(err, &fe) || !strings.Contains(err.Error(), "specimen (specimen_concept_id, specimen_date)") {
		t.Errorf("no columns: %v", err)
	}
	if _, err := s.Model().Events(omop.Event{Tables: []string{format.PersonTable}}); !errors.As(err, &fe) {
		t.Errorf("no events: %v", err)
	}
	everyone := Question{Relations: []Relation{{"people", s.Model().People()}}, Query: "SELECT * FROM people"}
	for says, q := range map[string]Question{
		`name of a relation`:      {Relations: []Relation{{"people; DROP", omop.Relation{}}}},
		`name of a column`:        {Query: "SELECT 1 AS p", Names: []string{"a b"}, Columns: table.Schema{flag("x")}},
		"names each":              {Columns: table.Schema{flag("x")}},
		"of the type struct":      {Query: "SELECT 1 AS p", Args: []any{struct{}{}}},
		"zero byte":               {Query: "SELECT 1 AS p", Args: []any{"\x00"}},
		"not of the types":        {Query: "SELECT 1 AS p, 'Erika' AS x", Names: []string{"x"}, Columns: table.Schema{flag("x")}},
		"SQLSTATE 22P02":          {Query: "SELECT 1 AS p, CAST('Erika' AS BIGINT) AS x", Names: []string{"x"}, Columns: table.Schema{flag("x")}},
		"SQLSTATE 25006":          {Query: "SELECT NEXTVAL('cdm.s') AS p"},
		"SQLSTATE 42601":          {Query: "Erika"},
		"answer is not of the ty": {Query: "SELECT 1 AS p, CAST('Erika' AS TEXT) AS x", Names: []string{"x"}, Columns: table.Schema{{Name: "x", Kind: table.Category}}},
	} {
		if says == "SQLSTATE 25006" {
			omoptest.Exec(t, address, "CREATE SEQUENCE cdm.s")
		}
		rows, err := open().Ask(t.Context(), q)
		if err == nil {
			_, err = rows.Next()
		}
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "Erika") {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	rows, err := s.Ask(t.Context(), everyone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ask(t.Context(), everyone); err == nil || !strings.Contains(err.Error(), "not been read to their end") {
		t.Errorf("two questions at once: %v", err)
	}
	for range 2 {
		if err := errors.Join(rows.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Ask(t.Context(), everyone); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	rows, err = open().Ask(ctx, everyone)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = rows.Next()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

// Parameters are numbered anew, and nothing in quotes is touched.
func TestShift(t *testing.T) {
	if got := shift(`SELECT "a$1""$2", '$3''$4', $1, $12`, 5); got != `SELECT "a$1""$2", '$3''$4', $6, $17` {
		t.Error(got)
	}
}
