//go:build unix

package omop_test

import (
	"io"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop/omoptest"
)

// BenchmarkClinical reads all clinical tables of 2694 people: of files, of a
// database, and, to compare with, the raw tables of the files that they are made of.
func BenchmarkClinical(b *testing.B) {
	folder, f := shared(b, "omop/gibleed"), reading()
	address := omoptest.Start(b)
	omoptest.Load(b, address, folder)
	raw := map[string][]string{}
	for table, columns := range everything(b, f, folder) {
		switch table {
		case "cdm.person", "cdm.visit_occurrence", "cdm.condition_occurrence", "cdm.measurement", "cdm.observation", "cdm.procedure_occurrence",
			"cdm.drug_exposure", "cdm.observation_period", "cdm.concept":
			raw[table] = columns
		}
	}
	for _, c := range []struct {
		name, path string
		want       map[string][]string
	}{{"folder", folder, clinical()}, {"database", address, clinical()}, {"raw", folder, raw}} {
		b.Run(c.name, func(b *testing.B) {
			rows := 0
			for b.Loop() {
				r, err := f.OpenTables(b.Context(), c.path, format.Options{}, c.want)
				if err != nil {
					b.Fatal(err)
				}
				for {
					_, batch, err := r.Next()
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					rows += batch.Rows
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
