package pgen

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

// A row is a variant with the calls of all samples.
type row struct {
	variant genotype.Variant
	counts  []int
	dosages []float32 // nil if there are none
}

func rowOf(v genotype.Variant, c *genotype.Calls) row {
	r := row{variant: v, counts: make([]int, c.Samples)}
	for i := range r.counts {
		r.counts[i] = c.Count(i)
	}
	if c.Dosages != nil {
		r.dosages = append([]float32{}, c.Dosages...)
	}
	return r
}

func (r row) equal(o row) bool {
	if r.variant != o.variant || len(r.counts) != len(o.counts) || (r.dosages == nil) != (o.dosages == nil) {
		return false
	}
	for i := range r.counts {
		if r.counts[i] != o.counts[i] || r.dosages != nil && math.Float32bits(r.dosages[i]) != math.Float32bits(o.dosages[i]) {
			return false
		}
	}
	return true
}

// all reads every variant that the options ask for.
func all(path string, o genotype.Options) ([]row, genotype.Info, error) {
	r, err := source{}.Open(context.Background(), path, o)
	if err != nil {
		return nil, genotype.Info{}, err
	}
	defer r.Close()
	var out []row
	var v genotype.Variant
	var c genotype.Calls
	for {
		if err := r.Next(&v, &c); err == io.EOF {
			return out, r.Info(), nil
		} else if err != nil {
			return out, r.Info(), err
		}
		out = append(out, rowOf(v, &c))
	}
}

func mustAll(t testing.TB, path string) ([]row, genotype.Info) {
	t.Helper()
	rows, info, err := all(path, genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rows, info
}

// data is a file of the data folder beside the repository.
func data(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the package")
		}
	}
	path := filepath.Join(dir, "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data folder has no %s", name)
	}
	return path
}

func plink2(t testing.TB, args ...string) {
	t.Helper()
	program, err := exec.LookPath("plink2")
	if err != nil {
		t.Skip("plink2 is not installed: its files and figures cannot be compared")
	}
	out, err := exec.CommandContext(t.Context(), program, append([]string{"--threads", "1", "--memory", "640"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("plink2 %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// lined reads a text file, gzipped if its name says so.
func lined(t testing.TB, path string, use func(string)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		use(s.Text())
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
}

// vcf reads GT, and DS if there, of a VCF that plink2 wrote.
func vcf(t testing.TB, path string) []row {
	var out []row
	lined(t, path, func(line string) {
		if line[0] == '#' {
			return
		}
		f := strings.Split(line, "\t")
		pos, _ := strconv.Atoi(f[1])
		ds := -1
		for i, key := range strings.Split(f[8], ":") {
			if key == "DS" {
				ds = i
			}
		}
		for a, alt := range strings.Split(f[4], ",") {
			id := f[2]
			if id == "." {
				id = ""
			}
			r := row{variant: genotype.Variant{Chromosome: genotype.Chromosome(f[0]), Position: pos, ID: id, Ref: f[3], Alt: alt}}
			for _, cell := range f[9:] {
				parts := strings.Split(cell, ":")
				r.counts = append(r.counts, countOf(parts[0], strconv.Itoa(a+1)))
				if ds >= 0 {
					x := float32(math.NaN())
					if ds < len(parts) && parts[ds] != "." {
						v, err := strconv.ParseFloat(parts[ds], 32)
						if err != nil {
							t.Fatal(err)
						}
						if x = float32(v); haploid(parts[0]) {
							x *= 2
						}
					}
					r.dosages = append(r.dosages, x)
				}
			}
			out = append(out, r)
		}
	})
	return out
}

func countOf(gt, allele string) int {
	n := 0
	for _, a := range strings.FieldsFunc(gt, func(r rune) bool { return r == '/' || r == '|' }) {
		if a == "." {
			return -1
		}
		if a == allele {
			n++
		}
	}
	if haploid(gt) { // one allele counts as two
		n *= 2
	}
	return n
}

func haploid(gt string) bool { return !strings.ContainsAny(gt, "/|") }

// same compares what was read with plink2's words, dosages to the digits it prints.
func same(t testing.TB, got, want []row) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d variants, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.variant != w.variant {
			t.Fatalf("variant %d: %v, want %v", i, g.variant, w.variant)
		}
		for s := range w.counts {
			if g.counts[s] != w.counts[s] {
				t.Fatalf("variant %d (%v), sample %d: %d, want %d", i, g.variant, s, g.counts[s], w.counts[s])
			}
			if w.dosages == nil {
				continue
			}
			x := float64(g.counts[s])
			if g.dosages != nil {
				x = float64(g.dosages[s])
			} else if x < 0 {
				x = math.NaN()
			}
			if y := float64(w.dosages[s]); math.IsNaN(x) != math.IsNaN(y) || math.Abs(x-y) > 5e-5 {
				t.Fatalf("variant %d (%v), sample %d: dosage %v, want %v", i, g.variant, s, x, y)
			}
		}
	}
}
