package csv

import (
	"database/sql"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"hmsp.center/hmsp/format"
)

// 100,000 rows of 20 columns, all numbers, or as a hospital writes them: by this
// package, by the standard library, and by DuckDB, which gives every value as text.
func BenchmarkCSV(b *testing.B) {
	numbers, clinic := &strings.Builder{}, &strings.Builder{}
	for c := range 20 {
		fmt.Fprintf(numbers, "c%d%c", c, ",\n"[c/19])
		fmt.Fprintf(clinic, "c%d%c", c, ",\n"[c/19])
	}
	for r := range 100_000 {
		for c := range 20 {
			fmt.Fprintf(numbers, "%.3f%c", float64(r*c%9973)/7, ",\n"[c/19])
		}
		for c := range 4 {
			fmt.Fprintf(clinic, "P%07d,2024-%02d-%02d,\"Müller, \"\"K\"\"\",,%.1f%c", r, 1+r%12, 1+(r+c)%28, float64(r*c%997)/7, ",,,\n"[c])
		}
	}
	for name, text := range map[string]string{"numbers": numbers.String(), "clinic": clinic.String()} {
		path := write(b, "x.csv", text)
		b.Run(name+"/hmsp", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				ours(b, path, nil)
			}
		})
		b.Run(name+"/hmsp, 2 columns", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				ours(b, path, []string{"c1", "c4"})
			}
		})
		b.Run(name+"/encoding-csv", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				standard(b, path)
			}
		})
		b.Run(name+"/duckdb", func(b *testing.B) {
			db, err := sql.Open("duckdb", "")
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				var n, letters int64
				query := fmt.Sprintf("select count(*), sum(length(concat(*columns(*)))) from read_csv('%s', all_varchar = true)", path)
				if err := db.QueryRow(query).Scan(&n, &letters); err != nil || n != 100_000 {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func ours(b *testing.B, path string, columns []string) {
	r, err := Format{}.Open(b.Context(), path, format.Options{Columns: columns})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for {
		if _, err := r.Next(); err == io.EOF {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

func standard(b *testing.B, path string) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	in := stdcsv.NewReader(f)
	in.ReuseRecord = true
	for {
		if _, err := in.Read(); err == io.EOF {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
