package vcf

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

// shared is the path of a file of the shared data, which are not part of the repository.
func shared(t testing.TB, parts ...string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the package")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{filepath.Dir(dir), "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return path
}

// tool runs a program that others trust, or skips.
func tool(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	var complaint strings.Builder
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, complaint.String())
	}
	return out
}

// table reads a reference table of plink2, by column names.
func table(t testing.TB, path string) (columns map[string]int, rows [][]string) {
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
	data, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	columns = map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		columns[strings.TrimPrefix(name, "#")] = i
	}
	for _, line := range lines[1:] {
		rows = append(rows, strings.Split(line, "\t"))
	}
	return columns, rows
}

// A row is a variant with its counts.
type row struct {
	genotype.Variant
	counts  []int8
	dosages []float32
}

func read(t testing.TB, path string, o genotype.Options) (genotype.Info, []row) {
	t.Helper()
	r, err := source{}.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows, err := rest(r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Info(), rows
}

func rest(r genotype.Reader) ([]row, error) {
	var rows []row
	var v genotype.Variant
	var c genotype.Calls
	for {
		err := r.Next(&v, &c)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		one := row{Variant: v, counts: make([]int8, c.Samples)}
		for i := range one.counts {
			one.counts[i] = int8(c.Count(i))
		}
		one.dosages = append(one.dosages, c.Dosages...)
		rows = append(rows, one)
	}
}

func (r row) same(other row) bool {
	return r.Variant == other.Variant && slices.Equal(r.counts, other.counts) && slices.Equal(r.dosages, other.dosages)
}

// tally counts the genotypes of some samples, nil for all: of 0, 1, 2 alleles.
func (r row) tally(in []bool) (n [3]int) {
	for i, c := range r.counts {
		if c >= 0 && (in == nil || in[i]) {
			n[c]++
		}
	}
	return n
}

// print is how plink2 prints a number, to six digits.
func print(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

func sameFrequencies(t *testing.T, rows []row, in []bool, reference string) {
	t.Helper()
	col, want := table(t, reference)
	if len(rows) != len(want) {
		t.Fatalf("%d variants, want %d", len(rows), len(want))
	}
	for i, w := range want {
		r := rows[i]
		n := r.tally(in)
		alleles := 2 * (n[0] + n[1] + n[2])
		id := r.ID
		if id == "" {
			id = "."
		}
		got := fmt.Sprint(r.Chromosome, id, r.Ref, r.Alt, print(float64(n[1]+2*n[2])/float64(alleles)), alleles)
		f, err := strconv.ParseFloat(w[col["ALT_FREQS"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(w[col["CHROM"]], w[col["ID"]], w[col["REF"]], w[col["ALT"]], print(f), w[col["OBS_CT"]]); got != text {
			t.Fatalf("variant %d: %s, want %s", i+1, got, text)
		}
	}
}

func TestFrequenciesOfEuropeans(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for _, site := range []string{"siteA_300_phased", "siteB_203_unphased"} {
		t.Run(site, func(t *testing.T) {
			info, rows := read(t, shared(t, "genomics", "kg_chr20_eur", site+".vcf.gz"), genotype.Options{})
			sameFrequencies(t, rows, nil, shared(t, "reference", "genomics", "kg_chr20_"+site+".afreq.gz"))
			want := map[string]genotype.Build{"siteA_300_phased": "", "siteB_203_unphased": genotype.GRCh37}[site]
			if info.Build != want || !info.ReferenceKnown || info.Variants != -1 || info.Dosages {
				t.Errorf("%+v", info)
			}
		})
	}
}

func TestPooledFrequencies(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	_, a := read(t, shared(t, "genomics", "kg_chr20_eur", "siteA_300_phased.vcf.gz"), genotype.Options{})
	_, b := read(t, shared(t, "genomics", "kg_chr20_eur", "siteB_203_unphased.vcf.gz"), genotype.Options{})
	col, want := table(t, shared(t, "reference", "genomics", "kg_chr20_pooled_freq.tsv.gz"))
	for i, w := range want {
		x, y := a[i].tally(nil), b[i].tally(nil)
		if got := fmt.Sprint(x[1]+2*x[2], y[1]+2*y[2]); got != w[col["ALT_COUNT_A"]]+" "+w[col["ALT_COUNT_B"]] {
			t.Fatalf("variant %d: %s, want %v", i+1, got, w)
		}
	}
}

func TestPopulationsOfChromosome21(t *testing.T) {
	info, rows := read(t, shared(t, "genomics", "kg_chr21_2504", "kg3_chr21_start.vcf.gz"), genotype.Options{})
	if info.Build != genotype.GRCh37 || len(info.Samples) != 2504 {
		t.Errorf("%d samples of %q", len(info.Samples), info.Build)
	}
	sameFrequencies(t, rows, nil, shared(t, "reference", "genomics", "kg_chr21_2504.afreq.gz"))
	col, people := table(t, shared(t, "genomics", "kg_chr21_2504", "samples_phase3_2504.tsv"))
	for _, population := range []string{"AFR", "AMR", "EAS", "EUR", "SAS"} {
		members := map[string]bool{}
		for _, p := range people {
			members[p[col["sample"]]] = p[col["super_pop"]] == population
		}
		in := make([]bool, len(info.Samples))
		for i, s := range info.Samples {
			in[i] = members[s.ID]
		}
		sameFrequencies(t, rows, in, shared(t, "reference", "genomics", "kg_chr21_2504_"+population+".afreq.gz"))
	}
	col, want := table(t, shared(t, "reference", "genomics", "kg_chr21_2504.hardy.gz"))
	for i, w := range want {
		n := rows[i].tally(nil)
		if w[col["A1"]] == rows[i].Alt {
			n[0], n[2] = n[2], n[0]
		}
		if got := fmt.Sprint(n[0], " ", n[1], " ", n[2]); got != strings.Join(w[col["HOM_A1_CT"]:col["TWO_AX_CT"]+1], " ") {
			t.Fatalf("variant %d: %s, want %v", i+1, got, w)
		}
	}
}
