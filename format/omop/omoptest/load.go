//go:build unix

package omoptest

import (
	"bytes"
	"compress/gzip"
	"context"
	stdcsv "encoding/csv"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Load makes the tables of an OMOP common data model out of the CSV files of a
// folder, in the schema that the address names, with the types of the published
// definition (github.com/OHDSI/CommonDataModel, inst/ddl).
func Load(t testing.TB, address, folder string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	schema := u.Query().Get("schema")
	Exec(t, address, `CREATE SCHEMA IF NOT EXISTS "`+schema+`"`)
	files, err := filepath.Glob(filepath.Join(folder, "*.csv*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CSV files in %s: %v", folder, err)
	}
	for _, path := range files {
		table, _, _ := strings.Cut(strings.ToLower(filepath.Base(path)), ".")
		copyFile(t, address, `"`+schema+`"."`+table+`"`, path)
	}
}

func copyFile(t testing.TB, address, table, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		unpacked, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(unpacked); err != nil {
			t.Fatal(err)
		}
	}
	header, err := stdcsv.NewReader(bytes.NewReader(data)).Read()
	if err != nil {
		t.Fatal(err)
	}
	var names, columns []string
	for _, h := range header {
		name := `"` + strings.ToLower(h) + `"`
		names = append(names, name)
		columns = append(columns, name+" "+sqlType(strings.ToLower(h)))
	}
	Exec(t, address, "CREATE TABLE "+table+" ("+strings.Join(columns, ", ")+")")
	conn, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	list := strings.Join(names, ", ")
	if _, err := conn.CopyFrom(t.Context(), bytes.NewReader(data), "COPY "+table+" ("+list+") FROM STDIN WITH (FORMAT csv, HEADER true, FORCE_NULL ("+list+"))"); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// sqlType is the type that the published definition gives to a column.
func sqlType(column string) string {
	switch column {
	case "domain_id", "vocabulary_id", "concept_class_id", "relationship_id", "reverse_relationship_id", "unique_device_id", "production_id":
		return "varchar(255)"
	case "value_as_number", "range_low", "range_high", "quantity":
		return "numeric"
	case "person_id", "measurement_id", "visit_occurrence_id":
		return "bigint"
	}
	for ending, kind := range map[string]string{"_id": "integer", "_id_1": "integer", "_id_2": "integer", "_of_birth": "integer", "_count": "integer",
		"gap_days": "integer", "refills": "integer", "days_supply": "integer", "_levels_of_separation": "integer", "_date": "date", "_datetime": "timestamp"} {
		if strings.HasSuffix(column, ending) {
			return kind
		}
	}
	return "text"
}
