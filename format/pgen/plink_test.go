package pgen

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

// Every kind of record that plink2 writes gives the calls that plink2 exports.
func TestPlink2(t *testing.T) {
	dir := t.TempDir()
	hard := []string{"--export", "vcf"}
	dosed := []string{"--export", "vcf", "vcf-dosage=DS-force"}
	for _, c := range []struct {
		name   string
		input  []string
		make   []string
		export []string
		kinds  []byte // record types that must occur: the test is of them
	}{
		{"thousand people", []string{"--bfile", "genomics/kg_phase1/kg_phase1", "--thin-count", "1000", "--seed", "1"}, []string{"--make-pgen"}, hard, []byte{0, 1, 4}},
		{"case control", []string{"--bfile", "genomics/gwas_chr10_cc/gwas_chr10_cc", "--chr", "10", "--to-bp", "4000000"}, []string{"--make-pgen", "vzs"}, hard, []byte{0, 1, 2, 3, 4, 6}},
		{"fixed width", []string{"--bfile", "genomics/gwas_chr10_cc/gwas_chr10_cc", "--chr", "10", "--to-bp", "4000000"}, []string{"--make-pgen", "format=2"}, hard, []byte{0}},
		{"bim and fam", []string{"--bfile", "genomics/regenie_example/example"}, []string{"--make-bpgen"}, hard, nil},
		{"compressed bim", []string{"--bfile", "genomics/regenie_example/example"}, []string{"--make-bpgen", "vzs"}, hard, nil},
		{"phased", []string{"--vcf", "genomics/kg_chr20_eur/siteA_300_phased.vcf.gz", "--chr", "20", "--to-bp", "1500000"}, []string{"--make-pgen", "vzs"}, hard, []byte{0x10, 0x11, 0x12, 0x14}},
		{"phase erased", []string{"--vcf", "genomics/kg_chr20_eur/siteA_300_phased.vcf.gz", "--chr", "20", "--to-bp", "1300000"}, []string{"--make-pgen", "erase-phase"}, hard, []byte{1, 2, 3, 4, 6}},
		{"many people", []string{"--vcf", "genomics/kg_chr21_2504/kg3_chr21_start.vcf.gz"}, []string{"--make-pgen", "vzs"}, hard, []byte{0x14}},
		{"several ALT", []string{"--vcf", severalAlts(t, dir)}, []string{"--make-pgen"}, hard, []byte{8, 9, 12, 0x18, 0x19}},
		{"dosages", []string{"--vcf", imputed(t, dir, "DS"), "dosage=DS"}, []string{"--make-pgen"}, dosed, []byte{0x20, 0x60}},
		{"phased dosages", []string{"--vcf", imputed(t, dir, "HDS"), "dosage=HDS"}, []string{"--make-pgen"}, dosed, []byte{0xb0, 0xf0}},
		{"no hard calls", []string{"--vcf", imputed(t, dir, "DS"), "dosage=DS", "--hard-call-threshold", "0.01"}, []string{"--make-pgen"}, dosed, []byte{0x60}},
		{"two blocks", []string{"--dummy", "40", "66000", "0.1", "phase-freq=0.5", "dosage-freq=0.1", "--seed", "7"}, []string{"--make-pgen"}, dosed, []byte{0x20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.HasPrefix(c.input[1], "genomics/") {
				suffix := map[bool]string{true: ".bed"}[c.input[0] == "--bfile"]
				c.input[1] = strings.TrimSuffix(data(t, c.input[1]+suffix), suffix)
			}
			if people := strings.HasPrefix(c.input[1], "/"); testing.Short() && (c.name == "two blocks" || people && c.input[0] == "--bfile") {
				t.Skip("many variants or people: skipped with -short")
			}
			prefix := filepath.Join(t.TempDir(), "x")
			plink2(t, append(append(append([]string{}, c.input...), c.make...), "--out", prefix)...)
			load := "--pfile"
			if strings.HasPrefix(c.make[0], "--make-bpgen") {
				load = "--bpfile"
			}
			from := []string{load, prefix}
			if len(c.make) > 1 && c.make[1] == "vzs" {
				from = append(from, "vzs")
			}
			plink2(t, append(append(from, c.export...), "--out", prefix)...)
			got, info := mustAll(t, prefix+".pgen")
			same(t, got, vcf(t, prefix+".vcf"))
			if info.Variants >= 0 && info.Variants != int64(len(got)) {
				t.Errorf("%d variants said, %d read", info.Variants, len(got))
			}
			if want := strings.Contains(c.name, "dosages") || c.name == "two blocks" || c.name == "no hard calls"; info.Dosages != want {
				t.Errorf("dosages: %t, want %t", info.Dosages, want)
			}
			if vcf := c.input[0] == "--vcf"; info.ReferenceKnown != vcf && c.input[0] != "--dummy" {
				t.Errorf("reference known: %t, want %t", info.ReferenceKnown, vcf)
			}
			kinds(t, prefix+".pgen", c.kinds)
			jumps(t, prefix+".pgen", got)
		})
	}
}

// kinds checks that records of these types occur.
func kinds(t *testing.T, path string, want []byte) {
	r, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[byte]int{}
	for i := range r.index.variants {
		k, _, _, err := r.index.record(i)
		if err != nil {
			t.Fatal(err)
		}
		seen[k]++
	}
	t.Logf("record types %v", seen)
	for _, k := range want {
		if seen[k] == 0 {
			t.Errorf("no record of type %#02x: the test does not test it", k)
		}
	}
}

// jumps: a File gives the same variants in any order, to several readers at once, and so
// does a Reader that leaves most of them out.
func jumps(t *testing.T, path string, want []row) {
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Variants() != len(want) || f.Info().Variants != int64(len(want)) {
		t.Fatalf("%d variants, want %d", f.Variants(), len(want))
	}
	failed := make(chan string, 2)
	for worker := range 2 {
		go func() {
			rng := rand.New(rand.NewPCG(1, uint64(worker)))
			var c genotype.Calls
			for range min(300, len(want)) {
				i := rng.IntN(len(want))
				v, err := f.Variant(i)
				if err == nil {
					err = f.Calls(i, &c)
				}
				if err != nil || !rowOf(v, &c).equal(want[i]) {
					failed <- fmt.Sprintf("variant %d: other calls, %v", i, err)
					return
				}
			}
			failed <- ""
		}()
	}
	for range 2 {
		if text := <-failed; text != "" {
			t.Error(text)
		}
	}
	n := 0
	some, _, err := all(path, genotype.Options{Keep: func(genotype.Variant) bool { n++; return n%7 == 3 }})
	if err != nil {
		t.Fatal(err)
	}
	for k, r := range some {
		if !r.equal(want[7*k+2]) {
			t.Fatalf("variant %d, others left out: other calls", 7*k+2)
		}
	}
}

// severalAlts writes a VCF of variants with 1 to 20 ALT alleles, rare and common.
func severalAlts(t testing.TB, dir string) string {
	rng := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	const people = 300
	head(&b, people, "GT")
	for i := range 400 {
		alts := []int{1, 2, 2, 3, 4, 5, 7, 16, 17, 18, 20}[rng.IntN(11)]
		rare := rng.Float64() * rng.Float64() // how often an allele is not REF
		later := rng.Float64()                // how often that is not the first
		allele := func() int {
			switch {
			case rng.Float64() > rare:
				return 0
			case rng.Float64() > later || alts == 1:
				return 1
			}
			return 1 + rng.IntN(alts)
		}
		names := make([]string, alts)
		for k := range names {
			names[k] = "A" + strings.Repeat("C", k+1)
		}
		fmt.Fprintf(&b, "1\t%d\tr%d\tA\t%s\t.\t.\t.\tGT", i+1, i, strings.Join(names, ","))
		for range people {
			x, y := allele(), allele()
			switch {
			case rng.IntN(50) == 0:
				b.WriteString("\t./.")
			case i%3 == 0 || i%3 == 1 && rng.IntN(2) == 0:
				fmt.Fprintf(&b, "\t%d|%d", x, y)
			default:
				fmt.Fprintf(&b, "\t%d/%d", x, y)
			}
		}
		b.WriteByte('\n')
	}
	return write(t, filepath.Join(dir, "several.vcf"), b.String())
}

// imputed writes a VCF with dosages of few, most or all people; HDS are those of the two
// haplotypes.
func imputed(t testing.TB, dir, field string) string {
	rng := rand.New(rand.NewPCG(7, 8))
	var b strings.Builder
	const people = 200
	head(&b, people, field)
	for i := range 300 {
		fmt.Fprintf(&b, "22\t%d\t.\tG\tT\t.\t.\t.\tGT:%s", i+1, field)
		frequency, unsure := rng.Float64(), []float64{0.01, 0.1, 0.5, 1}[i%4]
		for range people {
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
			default:
				fmt.Fprintf(&b, "\t%.0f/%.0f:%.3f", x, y, x+y)
			}
		}
		b.WriteByte('\n')
	}
	return write(t, filepath.Join(dir, field+".vcf"), b.String())
}

func head(b *strings.Builder, people int, field string) {
	number := map[string]string{"GT": "1", "DS": "A", "HDS": "."}[field]
	b.WriteString("##fileformat=VCFv4.3\n##contig=<ID=1,length=248956422>\n##contig=<ID=22,length=50818468>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n")
	if field != "GT" {
		fmt.Fprintf(b, "##FORMAT=<ID=%s,Number=%s,Type=Float,Description=\"d\">\n", field, number)
	}
	b.WriteString("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range people {
		fmt.Fprintf(b, "\ts%d", i)
	}
	b.WriteByte('\n')
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
