package bgen

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What plink2 writes in each version and precision gives the calls that plink2 reads
// from it: dosages to the digits that it prints, and hard calls exactly.
func TestPlink2(t *testing.T) {
	dir := t.TempDir()
	inputs := map[string][]string{
		"example": {"--bfile", "genomics/regenie_example/example"},
		"phased":  {"--vcf", "genomics/kg_chr20_eur/siteA_300_phased.vcf.gz", "--from-bp", "1000000", "--to-bp", "1100000", "--chr", "20"},
		"people":  {"--vcf", "genomics/kg_chr21_2504/kg3_chr21_start.vcf.gz", "--thin-count", "100", "--seed", "1"},
		"missing": {"--bfile", "genomics/gwas_chr10_cc/gwas_chr10_cc", "--chr", "10", "--to-bp", "1000000"},
		"dosages": {"--vcf", imputed(t, dir, "DS"), "dosage=DS"},
		"halves":  {"--vcf", imputed(t, dir, "HDS"), "dosage=HDS"},
		"sexes":   {"--vcf", imputed(t, dir, "DS"), "dosage=DS", "--update-sex", sexes(t, dir)},
	}
	for name, input := range inputs {
		if testing.Short() && strings.Contains(input[1], "genomics/") {
			continue // many people, and hard calls alone
		}
		if strings.HasPrefix(input[1], "genomics/") {
			suffix := map[bool]string{true: ".bed"}[input[0] == "--bfile"]
			input[1] = strings.TrimSuffix(data(t, input[1]+suffix), suffix)
		}
		prefix := filepath.Join(dir, name)
		plink2(t, append(append([]string{}, input...), "--make-pgen", "--out", prefix)...)
		versions := []string{"1.1", "1.2 bits=8", "1.2 bits=16", "1.2 bits=5", "1.2 bits=11", "1.3 bits=8", "1.3"}
		if strings.Contains(input[1], "genomics/") { // hard calls of many people
			versions = versions[len(versions)-2:]
		}
		for _, version := range versions {
			t.Run(name+" "+version, func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "x")
				export := append(append([]string{"--pfile", prefix, "--export"}, strings.Fields("bgen-"+version)...), "ref-first", "--out", out)
				plink2(t, export...)
				plink2(t, "--bgen", out+".bgen", "ref-first", "--sample", out+".sample", "--export", "vcf", "vcf-dosage=DS-force", "--out", out)
				got, info := mustAll(t, out+".bgen")
				same(t, got, vcf(t, out+".vcf"))
				if info.ReferenceKnown || !info.Dosages || len(info.Samples) != len(got[0].counts) {
					t.Errorf("%+v", info.Notes)
				}
				for _, n := range info.Notes {
					if strings.Contains(n, "otherwise") {
						t.Error(n)
					}
				}
			})
		}
	}
}

// The three files of the regenie example are of the same people: the bgen's dosages and
// calls are the counts of the bed file, and its frequencies those of the reference. The
// bgen has the alleles in the other order, as old programs wrote it, so the other one is
// counted.
func TestRegenieExample(t *testing.T) {
	got, info := mustAll(t, data(t, "genomics/regenie_example/example.bgen"))
	if len(info.Samples) != 500 || len(got) != 1000 || info.Samples[1].ID != "2_2" {
		t.Fatalf("%d samples, %d variants", len(info.Samples), len(got))
	}
	for i := range got {
		got[i] = got[i].swapped()
	}
	k := 0
	lined(t, data(t, "reference/genomics/regenie_example.afreq.gz"), func(line string) {
		f := strings.Fields(line)
		if f[0] == "#CHROM" {
			return
		}
		sum, n := 0.0, 0
		for i, d := range got[k].dosages {
			if got[k].counts[i] >= 0 {
				sum, n = sum+float64(d), n+2
			}
		}
		if v := got[k].variant; v.ID != f[1] || v.Ref != f[2] || v.Alt != f[3] || fmt.Sprintf("%.6g", sum/float64(n)) != f[4] || fmt.Sprint(n) != f[5] {
			t.Errorf("%v: %.6g of %d, want %s", v, sum/float64(n), n, line)
		}
		k++
	})
	for _, input := range [][]string{{"--bfile", ".bed"}, {"--pfile", ".pgen"}} {
		out := filepath.Join(t.TempDir(), "x")
		plink2(t, input[0], strings.TrimSuffix(data(t, "genomics/regenie_example/example"+input[1]), input[1]), "--export", "vcf", "--out", out)
		same(t, got, vcf(t, out+".vcf"))
	}
}

// swapped counts the other allele.
func (r row) swapped() row {
	v := r.variant
	v.Ref, v.Alt = v.Alt, v.Ref
	out := row{variant: v}
	for i, n := range r.counts {
		if n >= 0 {
			n = 2 - n
		}
		out.counts, out.dosages = append(out.counts, n), append(out.dosages, 2-r.dosages[i])
	}
	return out
}

func sexes(t testing.TB, dir string) string {
	var b strings.Builder
	b.WriteString("#IID\tSEX\n")
	for i := range 200 {
		fmt.Fprintf(&b, "s%d\t%d\n", i, 1+i%2)
	}
	return write(t, filepath.Join(dir, "sexes"), b.String())
}

// imputed writes a VCF with dosages of few, most or all people, in chromosomes 22 and X;
// HDS are those of the two haplotypes.
func imputed(t testing.TB, dir, field string) string {
	rng := rand.New(rand.NewPCG(7, 8))
	var b strings.Builder
	number := map[string]string{"DS": "A", "HDS": "."}[field]
	b.WriteString("##fileformat=VCFv4.3\n##contig=<ID=22>\n##contig=<ID=X>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n")
	fmt.Fprintf(&b, "##FORMAT=<ID=%s,Number=%s,Type=Float,Description=\"d\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", field, number)
	const people = 200
	for i := range people {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	for i := range 300 {
		fmt.Fprintf(&b, "\n%s\t%d\t.\tG\tT\t.\t.\t.\tGT:%s", map[bool]string{true: "22", false: "X"}[i < 200], 3000000+i, field)
		frequency, unsure := rng.Float64(), []float64{0.01, 0.1, 0.5, 1}[i%4]
		for s := range people {
			hap := func() float64 {
				if rng.Float64() < unsure {
					return float64(rng.IntN(1001)) / 1000
				}
				if rng.Float64() < frequency {
					return 1
				}
				return 0
			}
			x, y := hap(), hap()
			switch {
			case rng.IntN(40) == 0:
				b.WriteString("\t./.:.")
			case field == "HDS":
				fmt.Fprintf(&b, "\t%.0f|%.0f:%.3f,%.3f", x, y, x, y)
			case i >= 200 && s%2 == 0: // a man's X
				fmt.Fprintf(&b, "\t%.0f:%.3f", x, x)
			default:
				fmt.Fprintf(&b, "\t%.0f/%.0f:%.3f", x, y, x+y)
			}
		}
	}
	b.WriteByte('\n')
	return write(t, filepath.Join(dir, field+".vcf"), b.String())
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
