package bed

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

// shared is the folder of real data beside the checkout.
func shared(t testing.TB, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	full := filepath.Join(dir, "..", "shared", "data", path)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("the data set %s is not here", path)
	}
	return full
}

// rows are the fields of a gzipped table, without its header.
func rows(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(shared(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	in := bufio.NewScanner(z)
	for in.Scan() {
		out = append(out, strings.Fields(in.Text()))
	}
	return out[1:]
}

func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// counted has the variants and counts of all variants.
func counted(t *testing.T, f *File) (vs []genotype.Variant, ns []genotype.Counts) {
	t.Helper()
	var v genotype.Variant
	var c genotype.Calls
	for r := f.reader(t.Context(), genotype.Options{}); r.Next(&v, &c) == nil; {
		vs, ns = append(vs, v), append(ns, c.Counts())
	}
	return vs, ns
}

// six is a number as plink2 prints it.
func six(x float64) string {
	if x != x {
		return "nan"
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}

// TestFrequencies: the counts of every bed file are those of plink2 to the last digit.
func TestFrequencies(t *testing.T) {
	for bed, reference := range map[string]string{
		"genomics/kg_phase1/kg_phase1.bed":         "reference/genomics/kg_phase1",
		"genomics/gwas_chr10_cc/gwas_chr10_cc.bed": "reference/genomics/gwas_chr10_cc",
		"genomics/regenie_example/example.bed":     "reference/genomics/regenie_example",
	} {
		t.Run(filepath.Base(bed), func(t *testing.T) {
			vs, ns := counted(t, open(t, shared(t, bed)))
			want := rows(t, reference+".afreq.gz")
			if len(vs) != len(want) {
				t.Fatalf("%d variants, want %d", len(vs), len(want))
			}
			for i, row := range want {
				if got := []string{vs[i].Chromosome, vs[i].ID, vs[i].Ref, vs[i].Alt, six(ns[i].Frequency()), strconv.Itoa(2 * ns[i].Called())}; !equal(got, row) {
					t.Fatalf("variant %d: %v, want %v", i+1, got, row)
				}
			}
		})
	}
}

// equal compares fields, numbers by their value.
func equal(a, b []string) bool {
	for i := range a {
		x, err1 := strconv.ParseFloat(a[i], 64)
		y, err2 := strconv.ParseFloat(b[i], 64)
		if a[i] != b[i] && (err1 != nil || err2 != nil || x != y) {
			return false
		}
	}
	return len(a) == len(b)
}

// TestHardy: the counts of genotypes are those of plink2's test.
func TestHardy(t *testing.T) {
	for bed, reference := range map[string]string{
		"genomics/kg_phase1/kg_phase1.bed":         "reference/genomics/kg_phase1.hardy.gz",
		"genomics/gwas_chr10_cc/gwas_chr10_cc.bed": "reference/genomics/gwas_chr10_cc.hardy.gz",
	} {
		t.Run(filepath.Base(bed), func(t *testing.T) {
			vs, ns := counted(t, open(t, shared(t, bed)))
			for i, row := range rows(t, reference) {
				n := [3]int{ns[i].HomRef, ns[i].Het, ns[i].HomAlt}
				if row[2] == vs[i].Alt {
					n[0], n[2] = n[2], n[0]
				}
				if got := fmt.Sprint(vs[i].ID, " ", n[0], n[1], n[2]); got != fmt.Sprint(row[1], " ", row[4], " ", row[5], " ", row[6]) {
					t.Fatalf("variant %d: %s, want %v", i+1, got, row[:7])
				}
			}
		})
	}
}

// TestMissing: the missing calls of each sample are those that plink2 counts.
func TestMissing(t *testing.T) {
	f := open(t, shared(t, "genomics/kg_phase1/kg_phase1.bed"))
	stats := genotype.NewSampleStats(len(f.Info().Samples))
	var v genotype.Variant
	var c genotype.Calls
	for r := f.reader(t.Context(), genotype.Options{}); r.Next(&v, &c) == nil; {
		stats.Add(&v, &c)
	}
	want := rows(t, "reference/genomics/kg_phase1.smiss.gz")
	if len(want) != len(f.Info().Samples) {
		t.Fatalf("%d samples, want %d", len(f.Info().Samples), len(want))
	}
	for i, row := range want {
		got := []string{f.Info().Samples[i].ID, strconv.Itoa(stats.Variants() - stats.Called(i)), strconv.Itoa(stats.Variants())}
		if !equal(got, row[1:4]) {
			t.Fatalf("sample %d: %v, want %v", i+1, got, row[1:4])
		}
	}
}
