package pgen

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hmsp.center/hmsp/genotype"
)

// Reading all calls, in genotypes of two bits each, and plink2 --freq on the same file,
// start of the program included.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name  string
		input []string
	}{
		{"phased300", []string{"--vcf", "genomics/kg_chr20_eur/siteA_300_phased.vcf.gz"}},
		{"unphased1000", []string{"--bfile", "genomics/gwas_chr10_cc/gwas_chr10_cc"}},
		{"dummy20000", []string{"--dummy", "20000", "5000", "0.02", "--seed", "1"}},
		{"dosages20000", []string{"--dummy", "20000", "1000", "0.02", "dosage-freq=0.5", "--seed", "1"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			if c.input[0] != "--dummy" {
				suffix := map[string]string{"--bfile": ".bed"}[c.input[0]]
				path := data(b, c.input[1]+suffix)
				c.input[1] = path[:len(path)-len(suffix)]
			}
			prefix := filepath.Join(b.TempDir(), "x")
			plink2(b, append(append([]string{}, c.input...), "--make-pgen", "--out", prefix)...)
			variants, people := 0, 0
			for b.Loop() {
				r, err := source{}.Open(b.Context(), prefix+".pgen", genotype.Options{})
				if err != nil {
					b.Fatal(err)
				}
				variants, people = 0, len(r.Info().Samples)
				var v genotype.Variant
				var calls genotype.Calls
				for err = r.Next(&v, &calls); err == nil; err = r.Next(&v, &calls) {
					variants++
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				r.Close()
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(variants)/seconds, "variants/s")
			b.ReportMetric(float64(variants)*float64(people)/4e9/seconds, "GB-genotypes/s")
			if info, err := os.Stat(prefix + ".pgen"); err == nil {
				b.ReportMetric(float64(info.Size())/1e6/seconds, "MB-file/s")
			}
			start := time.Now()
			if program, err := exec.LookPath("plink2"); err == nil {
				if err := exec.Command(program, "--threads", "1", "--memory", "640", "--pfile", prefix, "--freq", "--out", prefix).Run(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(variants)/time.Since(start).Seconds(), "plink2-variants/s")
			}
		})
	}
}

// Calls of a File in order.
func BenchmarkFile(b *testing.B) {
	prefix := filepath.Join(b.TempDir(), "x")
	plink2(b, "--dummy", "20000", "2000", "0.02", "--seed", "1", "--make-pgen", "--out", prefix)
	f, err := Open(prefix + ".pgen")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var c genotype.Calls
	for b.Loop() {
		for i := range f.Variants() {
			if err := f.Calls(i, &c); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(f.Variants())*float64(b.N)/b.Elapsed().Seconds(), "variants/s")
}
