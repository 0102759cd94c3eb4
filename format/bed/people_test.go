package bed

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/genotype"
)

// rewrite writes the variants of a set that are wanted anew, changed by change.
func rewrite(t *testing.T, f *File, dir, name string, o genotype.Options, change func(i int, v *genotype.Variant, c *genotype.Calls)) string {
	t.Helper()
	var out [3]*os.File
	for i, ext := range [3]string{".bed", ".bim", ".fam"} {
		var err error
		if out[i], err = os.Create(filepath.Join(dir, name+ext)); err != nil {
			t.Fatal(err)
		}
		defer out[i].Close()
	}
	w, err := NewWriter(out[0], out[1], out[2], f.Info().Samples)
	if err != nil {
		t.Fatal(err)
	}
	var v genotype.Variant
	var c genotype.Calls
	r := f.reader(t.Context(), o)
	for i := 0; r.Next(&v, &c) == nil; i++ {
		change(i, &v, &c)
		if err := w.Write(&v, &c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out[0].Name()
}

func other(allele string) string {
	return strings.Map(func(r rune) rune {
		if i := strings.IndexRune("ACGT", r); i >= 0 {
			return rune("TGCA"[i])
		}
		return r
	}, allele)
}

// TestSamePeople: the same people in a file that has another order of alleles for one
// half of the variants and another strand for one half of each have the same counts.
func TestSamePeople(t *testing.T) {
	path := shared(t, "genomics/kg_phase1/kg_phase1.bed")
	f := open(t, path)
	step := func(v genotype.Variant) bool { return v.Position%9 == 0 }
	again := rewrite(t, f, t.TempDir(), "again", genotype.Options{Keep: step}, func(i int, v *genotype.Variant, c *genotype.Calls) {
		if i&1 != 0 {
			v.Ref, v.Alt = v.Alt, v.Ref
			for k := range c.Lo {
				hom := ^(c.Lo[k] | c.Missing[k] | c.Hi[k])
				if rest := c.Samples - k*64; rest < 64 {
					hom &= 1<<rest - 1
				}
				c.Hi[k] = hom
			}
		}
		if i&2 != 0 {
			v.Ref, v.Alt = other(v.Ref), other(v.Alt)
		}
	})
	var wanted [][]string
	palindromes := 0
	vs, _ := counted(t, f)
	for i, v := range vs {
		if !step(v) || i%4 == 0 {
			continue
		}
		if other(v.Ref) == v.Alt {
			palindromes++
		}
		wanted = append(wanted, []string{"grch37:" + v.Name(), "dbsnp:" + v.ID})
	}
	var values [2]format.Batch
	for k, p := range [2]string{path, again} {
		found, err := New().(format.Wide).Find(t.Context(), p, format.Options{}, wanted)
		if err != nil {
			t.Fatal(err)
		}
		var columns []string
		for i, c := range found.Columns {
			if c.Name != "" {
				columns = append(columns, c.Name)
			} else if !strings.Contains(found.Problems[i].Text, "strand") {
				t.Errorf("%s: %v", wanted[i], found.Problems[i])
			}
		}
		if len(found.Problems) != palindromes {
			t.Errorf("%d are refused, want the %d palindromes", len(found.Problems), palindromes)
		}
		if k == 1 && (len(found.Notes) != 3 || !strings.Contains(found.Notes[1], "turned round") || !strings.Contains(found.Notes[2], "other strand")) {
			t.Errorf("notes: %q", found.Notes)
		}
		if values[k], err = formattest.ReadAll(t.Context(), New(), p, format.Options{Columns: columns}); err != nil {
			t.Fatal(err)
		}
	}
	if len(values[0].Columns) < 800 || !reflect.DeepEqual(values[0], values[1]) {
		t.Error("other counts")
	}
}

// TestFolder: a file for each chromosome is one source.
func TestFolder(t *testing.T) {
	path := shared(t, "genomics/kg_phase1/kg_phase1.bed")
	f, dir := open(t, path), t.TempDir()
	for k := 1; k <= 22; k++ {
		of := genotype.Options{Keep: func(v genotype.Variant) bool { return v.Chromosome == strconv.Itoa(k) }}
		rewrite(t, f, dir, fmt.Sprintf("chr%d", k), of, func(int, *genotype.Variant, *genotype.Calls) {})
	}
	if got, err := format.DetectSource([]format.Format{New()}, dir); err != nil || got.Name() != "bed" {
		t.Fatal(got, err)
	}
	d, err := New().Describe(t.Context(), dir, format.Options{})
	if err != nil || d.Rows != 1092 || d.Notes[0] != "14079 variants of 1092 samples; the build is not stated" {
		t.Errorf("%+v, %v", d, err)
	}
	columns := []string{"sample", "call_rate", "heterozygosity", "variants", "1:838555:C:A"}
	whole, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	if parts, err := formattest.ReadAll(t.Context(), New(), dir, format.Options{Columns: columns}); err != nil || !reflect.DeepEqual(whole, parts) {
		t.Errorf("other values than in one file, %v", err)
	}
}

// TestHeterozygosity: that of every sample is what plink2 counts.
func TestHeterozygosity(t *testing.T) {
	plink, err := exec.LookPath("plink2")
	if err != nil {
		t.Skip("plink2 is not installed")
	}
	for _, path := range []string{"genomics/kg_phase1/kg_phase1.bed", "genomics/gwas_chr10_cc/gwas_chr10_cc.bed"} {
		path := shared(t, path)
		out := filepath.Join(t.TempDir(), "x")
		if text, err := exec.CommandContext(t.Context(), plink, "--bfile", strings.TrimSuffix(path, ".bed"), "--sample-counts", "--threads", "1", "--memory", "640", "--out", out).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		data, err := os.ReadFile(out + ".scount")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		at := map[string]int{}
		for i, name := range strings.Fields(lines[0]) {
			at[name] = i
		}
		b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"heterozygosity", "variants"}})
		if err != nil || b.Rows != len(lines)-1 {
			t.Fatal(b.Rows, err)
		}
		for i, line := range lines[1:] {
			field := strings.Fields(line)
			number := func(name string) (n float64) {
				n, err := strconv.ParseFloat(field[at[name]], 64)
				if err != nil {
					t.Fatal(name, err)
				}
				return n
			}
			het, called := number("HET_SNP_CT"), number("HOM_REF_CT")+number("HOM_ALT_SNP_CT")+number("HET_SNP_CT")
			if math.Abs(b.Columns[0].Float[i]-het/called) > 1e-15 || b.Columns[1].Int[i] != int64(called) {
				t.Fatalf("sample %d: %v of %d, want %v of %v", i+1, b.Columns[0].Float[i], b.Columns[1].Int[i], het/called, called)
			}
		}
	}
}
