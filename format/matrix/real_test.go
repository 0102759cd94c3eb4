package matrix

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/internal/features"
)

// shared is a file of the shared data, or the test is skipped.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "..", "shared", "data", name)
			if _, err := os.Stat(path); err != nil {
				t.Skip("the shared data are not beside the checkout: " + name)
			}
			return path
		}
	}
	t.Skip("the test does not run in a checkout")
	return ""
}

func reference(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(shared(t, "reference/"+name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// records is a file as package encoding/csv reads it.
func records(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	out, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A table is a matrix as the format gives it: x by sample and feature.
type table struct {
	samples, features []string
	x                 [][]float64
}

// read reads the named features of a matrix.
func read(t testing.TB, path string, names []string) table {
	t.Helper()
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: append([]string{format.SampleColumn}, names...)})
	if err != nil {
		t.Fatal(err)
	}
	out := table{samples: b.Columns[0].Text, features: names, x: make([][]float64, b.Rows)}
	for i := range out.x {
		out.x[i] = make([]float64, len(names))
		for k := range names {
			if out.x[i][k] = b.Columns[k+1].Float[i]; b.Columns[k+1].Missing(i) {
				out.x[i][k] = math.NaN()
			}
		}
	}
	return out
}

// entire reads all features of a matrix, and holds them against package encoding/csv: every
// value is the same to the last bit.
func entire(t testing.TB, path string, l layout, apart int) table {
	t.Helper()
	rows := records(t, path)
	var names, samples []string
	for _, r := range rows[1:] {
		names = append(names, r[0])
	}
	samples = rows[0][1+apart:]
	if l == sampleRows {
		names, samples = samples, names
	}
	got := read(t, path, names)
	if !slices.Equal(got.samples, samples) {
		t.Fatalf("%s: other samples", filepath.Base(path))
	}
	for i := range samples {
		for k := range names {
			row, column := k+1, i+1+apart
			if l == sampleRows {
				row, column = i+1, k+1+apart
			}
			cell := rows[row][column]
			if want, err := strconv.ParseFloat(cell, 64); err != nil || want != got.x[i][k] {
				t.Fatalf("%s: sample %d, feature %d: %v, want %v", filepath.Base(path), i, k, got.x[i][k], cell)
			}
		}
	}
	return got
}

func TestEveryFile(t *testing.T) {
	for name, want := range map[string]struct {
		layout    layout
		values    features.Values
		apart     int
		samples   int
		features  int
		elsewhere bool
	}{
		"microbiome/dietswap_otu.csv.gz":                {featureRows, features.Counts, 0, 222, 130, true},
		"microbiome/enterotype_otu.csv.gz":              {featureRows, features.Relative, 0, 280, 553, false},
		"microbiome/esophagus_otu.csv.gz":               {featureRows, features.Counts, 0, 3, 58, false},
		"microbiome/globalpatterns_otu.csv.gz":          {featureRows, features.Counts, 0, 26, 12294, true},
		"microbiome/hmp_most_diverse_162x1674.csv.gz":   {sampleRows, features.Counts, 2, 162, 1674, true},
		"microbiome/peerj32_otu.csv.gz":                 {featureRows, features.Counts, 0, 44, 130, true},
		"microbiome/peerj32_lipids.csv.gz":              {sampleRows, features.Signal, 0, 44, 389, false},
		"expression/all_top4000.csv.gz":                 {featureRows, features.Signal, 0, 128, 4000, true},
		"expression/golub_38x3051.csv.gz":               {featureRows, features.Signal, 1, 38, 3051, true},
		"expression/methylation_37x5000_mvalues.csv.gz": {featureRows, features.MValues, 0, 37, 5000, true},
		"expression/tcga_breast_mirna_test.csv.gz":      {sampleRows, features.Signal, 0, 70, 184, false},
		"expression/tcga_breast_mirna_train.csv.gz":     {sampleRows, features.Signal, 0, 150, 184, true},
		"expression/tcga_breast_mrna_test.csv.gz":       {sampleRows, features.Signal, 0, 70, 200, false},
		"expression/tcga_breast_mrna_train.csv.gz":      {sampleRows, features.Signal, 0, 150, 200, false},
		"expression/tcga_breast_protein_train.csv.gz":   {sampleRows, features.Signal, 0, 150, 142, false},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := shared(t, name)
			m, err := (Source{}).Open(t.Context(), path, format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if got := m.(*matrix); got.rows != want.layout || got.info.Values != want.values {
				t.Errorf("%s of %s, want %s of %s", got.rows, got.info.Values, want.layout, want.values)
			}
			d, err := New().Describe(t.Context(), path, format.Options{})
			if size := fmt.Sprintf("%d samples, %d features: ", want.samples, want.features); err != nil || !strings.HasPrefix(d.Notes[0], size) || d.Rows != int64(want.samples) {
				t.Errorf("%v, want %s; %v", d.Notes, size, err)
			}
			if !want.elsewhere { // others are held against their references, which reads them
				entire(t, path, want.layout, want.apart)
			}
			if score := sniffed(t, path); score < 50 {
				t.Errorf("sniff %d", score)
			}
		})
	}
}

func sniffed(t *testing.T, path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Source{}.Sniff(data[:min(len(data), 64<<10)], path)
}

// Tables of people and of taxa are no matrices, and stay with package csv.
func TestOthersAreLeftAlone(t *testing.T) {
	n := 0
	for _, pattern := range []string{"microbiome/*_samples.csv", "microbiome/*_taxonomy.csv.gz", "expression/*_samples.csv", "expression/*_subtype_*.csv", "clinical/*.csv", "clinical/*/*.csv", "causal/*/*.csv", "causal/*.csv.gz",
		"wearable/*/*.csv", "wearable/*/*.csv.gz", "anonymisation/*/*.csv", "omop/*/*.csv", "omop/*/*.csv.gz", "imaging/*/*.csv", "text/*.csv"} {
		paths, _ := filepath.Glob(filepath.Join(shared(t, "."), pattern))
		for _, p := range paths {
			n++
			if score := sniffed(t, p); score > 0 {
				t.Errorf("%s: sniff %d", p, score)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d files", n)
	}
}

func TestTaxonomies(t *testing.T) {
	for name, want := range map[string]int{"dietswap": 130, "enterotype": 553, "globalpatterns": 12294, "hmp_most_diverse": 1674, "peerj32": 130} {
		a, err := features.ReadAnnotation(shared(t, "microbiome/"+name+"_taxonomy.csv.gz"))
		if err != nil || len(a.Features) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := shared(t, "microbiome/globalpatterns_otu.csv.gz")
	companions := New().(format.Companions).Companions(path)
	if len(companions) != 1 || filepath.Base(companions[0]) != "globalpatterns_taxonomy.csv.gz" {
		t.Errorf("companions %v", companions)
	}
	// Sums over taxa, counted here from the two files.
	counts, taxa := records(t, path), records(t, companions[0])
	for _, rank := range []struct {
		name   string
		column int
		taxon  string
	}{{"g__Bacteroides", 6, "Bacteroides"}, {"Prevotella", 6, "Prevotella"}, {"p__Firmicutes", 2, "Firmicutes"}, {"k__Archaea", 1, "Archaea"}} {
		got := read(t, path, []string{rank.name})
		for s := range got.samples {
			want := 0.0
			for i, r := range taxa {
				if r[rank.column] == rank.taxon {
					x, _ := strconv.ParseFloat(counts[i][s+1], 64)
					want += x
				}
			}
			if got.x[s][0] != want {
				t.Fatalf("%s of sample %d: %v, want %v", rank.name, s, got.x[s][0], want)
			}
		}
	}
}

// The attributes beside the matrix are read as text.
func TestAttributes(t *testing.T) {
	b, err := formattest.ReadAll(t.Context(), New(), shared(t, "microbiome/hmp_most_diverse_162x1674.csv.gz"), format.Options{Columns: []string{"bodysite", "subject"}})
	if err != nil || b.Rows != 162 || b.Columns[0].Text[0] != "Antecubital_fossa" || b.Columns[1].Text[0] != "158802708" {
		t.Errorf("%v %v", b.Rows, err)
	}
}
