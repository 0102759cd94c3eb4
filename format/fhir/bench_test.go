package fhir

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"hmsp.center/hmsp/format"
)

// observations writes the Observations of the four plain Synthea bundles as NDJSON,
// again and again, until the file has size bytes.
func observations(b *testing.B, size int) string {
	paths, _ := filepath.Glob(filepath.Join(data(b, "fhir", "synthea-bundles-plain"), "*.json"))
	var lines bytes.Buffer
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal(text, &bundle); err != nil {
			b.Fatal(err)
		}
		for _, e := range bundle.Entry {
			if bytes.Contains(e.Resource[:min(200, len(e.Resource))], []byte(`"Observation"`)) {
				if err := json.Compact(&lines, e.Resource); err != nil {
					b.Fatal(err)
				}
				lines.WriteByte('\n')
			}
		}
	}
	path := filepath.Join(b.TempDir(), "Observation.ndjson")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; n < size; n += lines.Len() {
		if _, err := f.Write(lines.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func measure(b *testing.B, path string, read func() int) {
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	n, before := 0, cpu()
	for b.Loop() {
		n = read()
	}
	b.ReportMetric(float64(n), "rows")
	// What the processors worked for it: says more than the clock where others work too.
	b.ReportMetric(float64(info.Size())*float64(b.N)/1e6/(cpu()-before), "MB/cpu-s")
}

// cpu is the seconds of processors that this process has used.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkObservations reads 64 MB of Observations into the same values: patient,
// time, first code, status, number, unit.
func BenchmarkObservations(b *testing.B) {
	path := observations(b, 64<<20)
	columns := []string{format.Patient, format.Time, format.Code, format.Status, format.Unit, format.Value}
	table := func(columns []string) func() int {
		return func() int {
			r, err := Format{}.Open(b.Context(), path, format.Options{Table: format.MeasurementTable, Columns: columns})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			n := 0
			for {
				batch, err := r.Next()
				if err == io.EOF {
					return n
				}
				if err != nil {
					b.Fatal(err)
				}
				n += batch.Rows
			}
		}
	}
	b.Run("six columns", func(b *testing.B) { measure(b, path, table(columns)) })
	b.Run("all columns", func(b *testing.B) { measure(b, path, table(nil)) })
	b.Run("selector", func(b *testing.B) {
		measure(b, path, table([]string{format.Patient, "code.coding.where(system='http://loinc.org').code", "value.ofType(Quantity).value"}))
	})
	b.Run("duckdb", func(b *testing.B) { measure(b, path, duckdb(b, path)) })
	b.Run("encoding-json", func(b *testing.B) { measure(b, path, lines(b, path, unmarshal)) })
	b.Run("own parser alone", func(b *testing.B) {
		var d doc
		measure(b, path, lines(b, path, func(line []byte) error {
			if _, flaw := d.parse(line, 0); flaw != nil {
				return flaw
			}
			return nil
		}))
	})
}

// duckdb reads the same values with DuckDB's JSON reader, told the types so that it
// need not guess them.
func duckdb(b *testing.B, path string) func() int {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() { db.Close() })
	return func() int {
		if _, err := db.Exec(`create or replace temp table m as select subject.reference as patient, effectiveDateTime as time,
			code.coding[1].system || '|' || code.coding[1].code as code, status, valueQuantity.code as unit, valueQuantity.value as value
			from read_ndjson(?, columns={subject: 'struct(reference varchar)', effectiveDateTime: 'varchar', status: 'varchar',
			code: 'struct(coding struct(system varchar, code varchar)[])', valueQuantity: 'struct(value double, code varchar)'})`, path); err != nil {
			b.Skip(err)
		}
		n := 0
		if err := db.QueryRow("select count(*) from m").Scan(&n); err != nil {
			b.Fatal(err)
		}
		return n
	}
}

func lines(b *testing.B, path string, do func([]byte) error) func() int {
	return func() int {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		n := 0
		for s := bufio.NewScanner(f); s.Scan(); n++ {
			if err := do(s.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
		return n
	}
}

type observed struct {
	Subject struct{ Reference string }
	Code    struct {
		Coding []struct{ System, Code string }
	}
	Time   string `json:"effectiveDateTime"`
	Status string
	Value  struct {
		Value float64
		Code  string
	} `json:"valueQuantity"`
}

func unmarshal(line []byte) error {
	var o observed
	return json.Unmarshal(line, &o)
}

// BenchmarkBundles reads 60 packed Bundles, about 49 MB of text, into all tables.
func BenchmarkBundles(b *testing.B) {
	dir := data(b, "fhir", "synthea-bundles", "siteA")
	paths, _ := filepath.Glob(filepath.Join(dir, "*.gz"))
	size := int64(0)
	for _, p := range paths {
		size += unpackedSize(b, p)
	}
	b.SetBytes(size)
	n, before := 0, cpu()
	for b.Loop() {
		r, err := Format{}.OpenTables(b.Context(), dir, format.Options{}, everything())
		if err != nil {
			b.Fatal(err)
		}
		for n = 0; ; {
			_, batch, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += batch.Rows
		}
		r.Close()
	}
	b.ReportMetric(float64(n), "rows")
	b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpu()-before), "MB/cpu-s")
}

func unpackedSize(b *testing.B, path string) int64 {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	n, err := io.Copy(io.Discard, z)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
