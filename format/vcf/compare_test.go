package vcf

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

// realFiles are all the VCF files of the shared data.
func realFiles(t testing.TB) []string {
	return []string{
		shared(t, "genomics", "kg_chr20_eur", "siteA_300_phased.vcf.gz"),
		shared(t, "genomics", "kg_chr20_eur", "siteB_203_unphased.vcf.gz"),
		shared(t, "genomics", "kg_chr21_2504", "kg3_chr21_start.vcf.gz"),
	}
}

// convert has bcftools write a file as another kind.
func convert(t testing.TB, path, suffix string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "converted"+suffix)
	tool(t, "bcftools", append(append([]string{"view", "-o", out}, args...), path)...)
	return out
}

func sameRows(t *testing.T, what string, got, want []row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d variants, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !got[i].same(want[i]) {
			t.Fatalf("%s: variant %d differs: %v, want %v", what, i+1, got[i].Variant, want[i].Variant)
		}
	}
}

func TestOtherKindsHoldTheSame(t *testing.T) {
	for i, path := range realFiles(t) {
		if testing.Short() && i < 2 {
			continue
		}
		info, want := read(t, path, genotype.Options{})
		kinds := map[string]string{".bcf": "-Ob", ".raw.bcf": "-Ou", ".vcf": "-Ov", ".vcf.gz": "-Oz"}
		if i < 2 { // the small file is enough for the others
			kinds = map[string]string{".bcf": "-Ob"}
		}
		for suffix, kind := range kinds {
			again, got := read(t, convert(t, path, suffix, kind), genotype.Options{})
			sameRows(t, filepath.Base(path)+suffix, got, want)
			if !reflect.DeepEqual(info, again) {
				t.Errorf("%s: the header says otherwise", suffix)
			}
		}
	}
}

// mixed has what the real files do not: several alleles, symbolic ones, haploid, missing
// and half-missing genotypes, fields around GT, and Windows line ends in one line.
const mixed = `##fileformat=VCFv4.3
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=q10,Description="Quality, \"below\" 10, a=b">
##contig=<ID=chr1,length=248956422>
##contig=<ID=chrX,length=156040895>
##ALT=<ID=DEL,Description="Deletion">
##ALT=<ID=NON_REF,Description="Any">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	A	B	C	D	E
chr1	100	rs1	A	C,G	50	PASS	DP=10	GT:DP	0/1:3	1|2:4	./.:.	2/2:1	0/0:9
chr1	200	.	AT	A,ATT,<DEL>	.	q10	END=300	GT	0/3	1/2	0|0	.	3|3
chr1	300	.	G	<NON_REF>	.	.	.	GT:DP:GQ	0/0	0/0:1	0/1:2:3	1/1:.:.	./.
chr1	400	rs4	G	*,T	.	.	.	GT	0|1	2/1	0/2	1|1	0|0
chr1	500	rs5	G	.	.	.	.	GT	0/0	0/0	./.	0/0	0/0
chrX	600	rs6	T	G	.	PASS	.	GT	0	1	0/1	.	1|1
chrX	700	rs7	T	G	.	PASS	DP=3	DP	3	4	5	6	7
chrX	800	rs8	T	G	.	PASS	DP=3	GT	0|0	0/1	1|0	1/1	0/0
`

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSplitAsBcftools(t *testing.T) {
	path := write(t, "mixed.vcf", mixed)
	info, got := read(t, path, genotype.Options{})
	if info.Build != genotype.GRCh38 || len(info.Samples) != 5 {
		t.Errorf("%+v", info)
	}
	if _, binary := read(t, convert(t, path, ".bcf", "-Ob"), genotype.Options{}); true {
		sameRows(t, "BCF", binary, got)
	}
	lines := strings.Split(strings.TrimSpace(string(tool(t, "bcftools", "norm", "-m-", path))), "\n")
	var i int
	for _, line := range lines {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if i == len(got) {
			t.Fatal("bcftools has more variants")
		}
		r := got[i]
		id := r.ID
		if id == "" {
			id = "."
		}
		if a, b := fmt.Sprint("chr", r.Chromosome, r.Position, id, r.Ref, r.Alt), fmt.Sprint(f[0], f[1], f[2], f[3], f[4]); strings.ReplaceAll(a, " ", "") != strings.ReplaceAll(b, " ", "") {
			t.Errorf("variant %d: %s, want %s", i+1, a, b)
		}
		for k, s := range f[9:] {
			gt, _, _ := strings.Cut(s, ":")
			want := strings.Count(gt, "1")
			switch {
			case !strings.HasPrefix(f[8], "GT") || strings.Contains(gt, "."):
				want = -1
			case !strings.ContainsAny(gt, "/|"):
				want *= 2
			}
			if int(r.counts[k]) != want {
				t.Errorf("variant %d, sample %d: %d, want %d", i+1, k+1, r.counts[k], want)
			}
		}
		i++
	}
	if i != len(got) {
		t.Errorf("%d variants, bcftools has %d", len(got), i)
	}
}

func TestHalfCallsAreMissingAndCounted(t *testing.T) {
	text := strings.ReplaceAll(mixed, "0/1:3\t1|2:4", "0/.:3\t.|2:4")
	for _, path := range []string{write(t, "half.vcf", text), convert(t, write(t, "half.vcf", text), ".bcf", "-Ob")} {
		info, rows := read(t, path, genotype.Options{})
		if rows[0].counts[0] != -1 || rows[1].counts[1] != -1 {
			t.Errorf("%v", rows[0].counts)
		}
		if len(info.Notes) != 1 || !strings.HasPrefix(info.Notes[0], "2 genotypes") {
			t.Errorf("notes %q", info.Notes)
		}
	}
}

// plink2 reads what is written otherwise as we do: haploid calls, half-calls as missing.
func TestCountsOfPlink(t *testing.T) {
	text := strings.ReplaceAll(strings.ReplaceAll(mixed, "chrX", "chr1"), "0/1:3\t1|2:4", "0/.:3\t.|2:4")
	path := write(t, "mixed.vcf", text)
	_, rows := read(t, path, genotype.Options{})
	split := filepath.Join(t.TempDir(), "split.vcf")
	if err := os.WriteFile(split, tool(t, "bcftools", "norm", "-m-", path), 0o600); err != nil {
		t.Fatal(err)
	}
	sameAsPlink(t, rows, split, "--vcf-half-call", "missing")
}

func TestKeepIsAskedBeforeGenotypes(t *testing.T) {
	path := write(t, "mixed.vcf", strings.Replace(mixed, "0/1:3", "noise", 1))
	var asked []string
	_, rows := read(t, path, genotype.Options{Keep: func(v genotype.Variant) bool {
		asked = append(asked, v.Alt)
		return v.ID == "rs6"
	}})
	if len(rows) != 1 || rows[0].Position != 600 || !reflect.DeepEqual(rows[0].counts, []int8{0, 2, 1, -1, 2}) {
		t.Errorf("%v", rows)
	}
	if got := strings.Join(asked, " "); got != "C G A ATT <DEL> <NON_REF> * T . G G G" {
		t.Errorf("asked for %s", got)
	}
}

func TestWindowsAndVersion44(t *testing.T) {
	text := strings.ReplaceAll(strings.Replace(mixed, "VCFv4.3", "VCFv4.4", 1), "\n", "\r\n")
	text = strings.ReplaceAll(text, "0|0\t0/1\t1|0", "|0|0\t/0/1\t|1|0")
	_, want := read(t, write(t, "a.vcf", mixed), genotype.Options{})
	_, got := read(t, write(t, "b.vcf", text), genotype.Options{})
	sameRows(t, "version 4.4", got, want)
}
