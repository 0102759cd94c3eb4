package vcf

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hmsp.center/hmsp/genotype"
)

// repeated is a file of the 300 people of site A with their variants eight times over, 254
// MB of text, compressed by bgzip.
func repeated(b *testing.B) (path string, text int64) {
	f, err := os.Open(shared(b, "genomics", "kg_chr20_eur", "siteA_300_phased.vcf.gz"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	records := data[bytes.Index(data, []byte("\n20\t"))+1:]
	path = filepath.Join(b.TempDir(), "big.vcf")
	whole := append(bytes.Clone(data), bytes.Repeat(records, 7)...)
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		b.Fatal(err)
	}
	tool(b, "bgzip", path)
	return path + ".gz", int64(len(whole))
}

func drain(b *testing.B, path string, o genotype.Options) (n int) {
	r, err := source{}.Open(b.Context(), path, o)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var v genotype.Variant
	var c genotype.Calls
	for {
		switch err := r.Next(&v, &c); err {
		case nil:
			n++
		case io.EOF:
			return n
		default:
			b.Fatal(err)
		}
	}
}

// fastest is the least time of a few runs.
func fastest(run func()) time.Duration {
	best := time.Duration(1 << 62)
	for range 3 {
		start := time.Now()
		run()
		best = min(best, time.Since(start))
	}
	return best
}

// BenchmarkRead compares reading into bit planes with what others do to have genotypes in
// a packed form: bcftools to BCF, and plink2 to PGEN. The speed is that of the text.
func BenchmarkRead(b *testing.B) {
	path, size := repeated(b)
	dir := b.TempDir()
	bcf := filepath.Join(dir, "big.bcf")
	if err := exec.Command("bcftools", "view", "-Ob", "-o", bcf, path).Run(); err != nil {
		b.Skip("bcftools cannot be run")
	}
	cases := []struct {
		name string
		run  func()
	}{
		{"vcf", func() { drain(b, path, genotype.Options{}) }},
		{"bcf", func() { drain(b, bcf, genotype.Options{}) }},
		{"skip", func() { drain(b, path, genotype.Options{Keep: func(genotype.Variant) bool { return false }}) }},
		{"bcftools", func() { tool(b, "bcftools", "view", "-Ob", "-o", bcf+"1", path) }},
		{"bcftools-threads-2", func() { tool(b, "bcftools", "view", "--threads", "2", "-Ob", "-o", bcf+"1", path) }},
		{"plink2", func() { tool(b, "plink2", "--vcf", path, "--make-pgen", "--out", filepath.Join(dir, "big")) }},
	}
	ours := fastest(cases[0].run)
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				c.run()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(ours), "x-of-ours")
			b.ReportAllocs()
		})
	}
}
