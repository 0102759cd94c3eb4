package vcf

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

const oneSample = "##fileformat=VCFv4.2\n##INFO=<ID=PR,Number=0,Type=Flag,Description=\"Provisional reference allele\">\n" +
	"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"

// PLINK marks with PR that alleles came from a bed file, of any order and strand: A/T is
// then as open as it is in that file.
func TestProvisionalAlleles(t *testing.T) {
	text := oneSample + "1\t100\trs1\tT\tA\t.\t.\tPR\tGT\t0/1\n"
	for says, text := range map[string]string{"strand": text, "": strings.Replace(text, "ID=PR,", "ID=XX,", 1)} {
		found, err := New().(format.Wide).Find(t.Context(), write(t, "plink.vcf", text), format.Options{}, [][]string{{"grch37:1:100:T:A"}})
		if err != nil {
			t.Fatal(err)
		}
		if p := found.Problems[0]; says == "" && p.Text != "" || !strings.Contains(p.Text, says) {
			t.Errorf("%q, want %q", p.Text, says)
		}
	}
}

// A small file that unfolds to one endless line, or to alleles without end, is refused
// before it fills the memory.
func TestUnfolding(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for name, chunk := range map[string]string{"line": strings.Repeat("A", 1<<20), "alleles": strings.Repeat(",C", 1<<19)} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
			io.WriteString(z, oneSample+"1\t1\trs1\tA\tC")
			for range 140 {
				io.WriteString(z, chunk)
				if name == "alleles" && b.Len() > 400<<10 {
					break
				}
			}
			io.WriteString(z, "\t.\t.\t.\tGT\t0/1\n")
			z.Close()
			path := filepath.Join(t.TempDir(), "x.vcf.gz")
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := New().Open(t.Context(), path, format.Options{})
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("is read")
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 1200 {
				t.Errorf("took %d MiB", took)
			}
		})
	}
}
