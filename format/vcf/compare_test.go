package vcf

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
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
		if !reflect.DeepEqual(got[i], want[i]) {
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

func TestRegions(t *testing.T) {
	path := realFiles(t)[1]
	_, all := read(t, path, genotype.Options{})
	regions := [][]genotype.Region{
		{{Chromosome: "20", From: 1500000, To: 1600000}},
		{{Chromosome: "chr20", From: 3900000, To: math.MaxInt}, {Chromosome: "20", From: 1, To: 1000226}, {Chromosome: "20", From: 2000000, To: 2100000}},
		{{Chromosome: "20", From: 1000226, To: 1000226}, {Chromosome: "20", From: 1000340, To: 1000341}},
		{{Chromosome: "21", From: 1, To: math.MaxInt}},
		{{Chromosome: "20", From: -5, To: math.MaxInt}},
		{},
	}
	for _, kind := range []struct{ suffix, view, index string }{
		{".vcf.gz", "-Oz", "--tbi"}, {".vcf.gz", "-Oz", "--csi"}, {".bcf", "-Ob", "--csi"}, {".bcf", "-Ob", "-m9"}, {".vcf.gz", "-Oz", ""},
	} {
		file := convert(t, path, kind.suffix, kind.view)
		if kind.index != "" {
			tool(t, "bcftools", "index", kind.index, file)
		}
		for k, list := range regions {
			var want []row
			in := newRegions(list)
			for _, r := range all {
				if in.holds(r.Chromosome, r.Position) {
					want = append(want, r)
				}
			}
			info, got := read(t, file, genotype.Options{Regions: list})
			sameRows(t, fmt.Sprintf("%s%s, regions %d", kind.suffix, kind.index, k), got, want)
			if len(info.Notes) > 0 {
				t.Errorf("notes: %v", info.Notes)
			}
			if k == 0 && (len(want) == 0 || len(want) == len(all)) {
				t.Error("the region does not tell apart")
			}
		}
	}
}

// Where there is an index nothing else is read: a damaged block elsewhere does not matter.
func TestIndexIsUsed(t *testing.T) {
	path := convert(t, realFiles(t)[1], ".vcf.gz", "-Oz")
	tool(t, "tabix", "-p", "vcf", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 255
	index, err := os.Stat(path + ".tbi")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, index.ModTime(), index.ModTime()); err != nil {
		t.Fatal(err)
	}
	_, rows := read(t, path, genotype.Options{Regions: []genotype.Region{{Chromosome: "20", From: 1, To: 1100000}}})
	if len(rows) == 0 {
		t.Error("no variants")
	}
}

func TestIndexOfAnotherFile(t *testing.T) {
	path := convert(t, realFiles(t)[2], ".vcf.gz", "-Oz")
	other := convert(t, realFiles(t)[1], ".vcf.gz", "-Oz")
	tool(t, "tabix", "-p", "vcf", other)
	o := genotype.Options{Regions: []genotype.Region{{Chromosome: "21", From: 9411239, To: 9411300}}}
	_, want := read(t, path, o)
	index, err := os.ReadFile(other + ".tbi")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"of another file": index, "damaged": index[:len(index)/2], "noise": []byte("TBI\x01\xff\xff\xff")} {
		if err := os.WriteFile(path+".tbi", data, 0o600); err != nil {
			t.Fatal(err)
		}
		info, got := read(t, path, o)
		sameRows(t, name, got, want)
		if len(info.Notes) != 1 || !strings.Contains(info.Notes[0], "not used") {
			t.Errorf("index %s: notes %v", name, info.Notes)
		}
	}
	tool(t, "tabix", "-f", "-p", "vcf", path)
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".tbi", stat.ModTime().Add(-1e9), stat.ModTime().Add(-1e9)); err != nil {
		t.Fatal(err)
	}
	info, got := read(t, path, o)
	sameRows(t, "older", got, want)
	if len(info.Notes) != 1 || !strings.Contains(info.Notes[0], "older") {
		t.Errorf("older index: notes %v", info.Notes)
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

// sameAsPlink compares with plink2's export of allele counts, dosages to its steps of
// 1/16384.
func sameAsPlink(t *testing.T, rows []row, vcf string, args ...string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "plink")
	tool(t, "plink2", append(append([]string{"--vcf", vcf}, args...), "--export", "Av", "--out", out)...)
	_, want := table(t, out+".traw")
	if len(want) != len(rows) {
		t.Fatalf("%d variants, plink2 has %d", len(rows), len(want))
	}
	for i, w := range want {
		for k, text := range w[6:] {
			got := float64(rows[i].counts[k])
			if rows[i].dosages != nil {
				got = float64(rows[i].dosages[k])
			}
			x, err := strconv.ParseFloat(text, 64)
			if w[4] == rows[i].Ref { // traw counts the reference allele
				x = 2 - x
			}
			if text == "NA" {
				if got == got && got >= 0 {
					t.Errorf("variant %d, sample %d: %v, want it missing", i+1, k+1, got)
				}
			} else if err != nil || !(math.Abs(got-x) <= 1.0/16384) {
				t.Errorf("variant %d, sample %d: %v, want %v", i+1, k+1, got, x)
			}
		}
	}
}

const soft = `##fileformat=VCFv4.3
##contig=<ID=1,length=249250621>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	A	B	C	D	E	F
1	100	.	A	C	.	.	.	GT:DS	0/0:0.03	0/1:1.11	1/1:1.905	./.:.	0/1:.	0/0
1	200	.	A	C	.	.	.	DS	0.1	0.9	1.1	1.9	2	0.5
1	300	.	A	C	.	.	.	GT:DS	0|0:1e-3	0|1:0.99	1|1:1.89	.:.	0/1:.	0/0:0
1	400	.	A	C	.	.	.	GT:DS	1:0.8	0:0.04	1:1	0:.	0/1:0.8	1|1:2
`

func TestDosagesOfPlink(t *testing.T) {
	path := write(t, "soft.vcf", soft)
	info, rows := read(t, path, genotype.Options{})
	if !info.Dosages {
		t.Error("the header says that there are dosages")
	}
	want := [][]int8{{0, -1, 2, -1, 1, 0}, {0, 1, 1, 2, 2, -1}, {0, 1, -1, -1, 1, 0}, {-1, 0, 2, 0, -1, 2}}
	for i, w := range want {
		if !reflect.DeepEqual(rows[i].counts, w) {
			t.Errorf("variant %d: hard calls %v, want %v", i+1, rows[i].counts, w)
		}
	}
	sameAsPlink(t, rows, path, "dosage=DS")
	_, binary := read(t, convert(t, path, ".bcf", "-Ob"), genotype.Options{})
	for i := range rows {
		if fmt.Sprint(rows[i]) != fmt.Sprint(binary[i]) { // NaN equals itself so
			t.Errorf("BCF: %v, want %v", binary[i], rows[i])
		}
	}
}

func TestProbabilities(t *testing.T) {
	text := soft[:strings.Index(soft, "1\t100")] +
		"1\t100\t.\tA\tC\t.\t.\t.\tGP\t1,0,0\t0,1,0\t0.05,0.15,0.8\t.\t0.3,0.7\t0,0.02,0.98\n" +
		"1\t200\t.\tA\tC,G\t.\t.\t.\tGP\t1,0,0,0,0,0\t0,1,0,0,0,0\t0,0,1,0,0,0\t0,0,0,1,0,0\t0,0,0,0,1,0\t0,0,0,0,0,1\n" +
		"1\t300\t.\tA\tC,G\t.\t.\t.\tGT:DS\t1/2:1,1\t0/0:0.1,0.2\t0:0.2,0.1\t.\t1:.\t2:0,1\n"
	want := []string{"[0 1 1.75 NaN 1.4 1.98]", "[0 1 2 0 1 0]", "[0 0 0 1 1 2]", "[1 0.1 0.4 NaN 2 0]", "[1 0.2 0.2 NaN 0 2]"}
	path := write(t, "gp.vcf", text)
	for _, path := range []string{path, convert(t, path, ".bcf", "-Ob")} {
		_, rows := read(t, path, genotype.Options{})
		for i, r := range rows {
			if got := fmt.Sprint(r.dosages); got != want[i] {
				t.Errorf("%s, variant %d: %s, want %s", filepath.Ext(path), i+1, got, want[i])
			}
		}
	}
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

func TestWrite(t *testing.T) {
	info, want := read(t, realFiles(t)[1], genotype.Options{})
	h := Header{Samples: info.Samples, Build: genotype.GRCh37, Source: "a test", Dosages: false}
	path, index := rewrite(t, h, realFiles(t)[1])
	again, got := read(t, path, genotype.Options{})
	sameRows(t, "rewritten", got, want)
	if again.Build != genotype.GRCh37 || !reflect.DeepEqual(again.Samples, info.Samples) {
		t.Error("the header says otherwise")
	}
	tool(t, "bgzip", "-t", path)
	query := []string{"query", "-f", "%CHROM %POS %ID %REF %ALT[ %GT]\n"}
	a := tool(t, "bcftools", append(query, path)...)
	b := bytes.ReplaceAll(tool(t, "bcftools", append(query, realFiles(t)[1])...), []byte("|"), []byte("/"))
	if !bytes.Equal(a, bytes.ReplaceAll(b, []byte("1/0"), []byte("0/1"))) {
		t.Error("bcftools reads something else")
	}
	out := filepath.Join(t.TempDir(), "plink")
	tool(t, "plink2", "--vcf", path, "--freq", "--out", out)
	sameFrequencies(t, want, nil, out+".afreq")

	// The index is tabix's: what a region holds is the same by either.
	tabix := filepath.Join(t.TempDir(), "tabix.vcf.gz")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tabix, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "tabix", "-p", "vcf", tabix)
	if err := os.WriteFile(path+".tbi", index, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"20:1500000-1600000", "20:3999000-", "20:1-1000226", "20"} {
		a, b := tool(t, "tabix", path, region), tool(t, "tabix", tabix, region)
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("region %s: %d bytes by our index, %d by tabix's", region, len(a), len(b))
		}
	}
	if n := strings.TrimSpace(string(tool(t, "bcftools", "index", "-n", path+".tbi"))); n != fmt.Sprint(len(want)) {
		t.Errorf("the index counts %s records", n)
	}
	o := genotype.Options{Regions: []genotype.Region{{Chromosome: "20", From: 1500000, To: 1600000}}}
	part, rows := read(t, path, o)
	_, full := read(t, realFiles(t)[1], o)
	sameRows(t, "by our index", rows, full)
	if len(part.Notes) > 0 {
		t.Errorf("notes %v", part.Notes)
	}
}

// rewrite writes a file again, and its index.
func rewrite(t testing.TB, h Header, path string) (string, []byte) {
	t.Helper()
	var out, index bytes.Buffer
	w, err := NewWriter(&out, h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := source{}.Open(t.Context(), path, genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var v genotype.Variant
	var c genotype.Calls
	for err = r.Next(&v, &c); err == nil; err = r.Next(&v, &c) {
		if err := w.Write(v, &c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Index(&index); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again.vcf.gz")
	if err := os.WriteFile(again, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return again, index.Bytes()
}

func TestWriteDosages(t *testing.T) {
	path := write(t, "soft.vcf", soft)
	info, want := read(t, path, genotype.Options{})
	again, _ := rewrite(t, Header{Samples: info.Samples, Build: genotype.GRCh37, Dosages: true}, path)
	_, got := read(t, again, genotype.Options{})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	sameAsPlink(t, got, again, "dosage=DS")
}

func TestWriterRefuses(t *testing.T) {
	if _, err := NewWriter(new(bytes.Buffer), Header{Samples: []genotype.Sample{{ID: "a"}, {ID: "a"}}}); err == nil {
		t.Error("two samples of one name")
	}
	w, err := NewWriter(new(bytes.Buffer), Header{Contigs: []string{"1", "2"}})
	if err != nil {
		t.Fatal(err)
	}
	c := &genotype.Calls{}
	good := genotype.Variant{Chromosome: "2", Position: 5, Ref: "A", Alt: "C"}
	for _, v := range []genotype.Variant{{}, {Chromosome: "1", Position: 1, Ref: "A", Alt: "C,G"}, {Chromosome: "1", Position: -1, Ref: "A", Alt: "C"}, {Chromosome: "1 ", Position: 1, Ref: "A", Alt: "C"}, {Chromosome: "1", Position: 1, ID: "\n", Ref: "A", Alt: "C"}} {
		if w.Write(v, c) == nil {
			t.Errorf("%+v is written", v)
		}
	}
	if w.Write(good, &genotype.Calls{Samples: 1}) == nil {
		t.Error("calls of another number of samples")
	}
	for _, p := range []int{5, 4} {
		good.Position = p
		if err := w.Write(good, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Index(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "not sorted") {
		t.Errorf("index of unsorted variants: %v", err)
	}
}
