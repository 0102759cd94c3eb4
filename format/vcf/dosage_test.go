package vcf

import (
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

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
