package bgen

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hmsp.center/hmsp/genotype"
)

// Reading all calls and dosages, and plink2 --freq on the same file, which makes a pgen of
// it first, start of the program included.
func BenchmarkRead(b *testing.B) {
	for _, export := range []string{"bgen-1.2 bits=8", "bgen-1.2 bits=16", "bgen-1.3 bits=8", "bgen-1.1"} {
		b.Run(export, func(b *testing.B) {
			dir := b.TempDir()
			prefix := filepath.Join(dir, "x")
			plink2(b, "--dummy", "10000", "500", "0.02", "dosage-freq=0.5", "--seed", "1", "--make-pgen", "--out", prefix)
			args := []string{"--pfile", prefix, "--export", export[:8]}
			if len(export) > 8 {
				args = append(args, export[9:])
			}
			plink2(b, append(args, "ref-first", "--out", prefix)...)
			variants := 0
			for b.Loop() {
				r, err := source{}.Open(b.Context(), prefix+".bgen", genotype.Options{})
				if err != nil {
					b.Fatal(err)
				}
				variants = 0
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
			b.ReportMetric(float64(variants)*10000/1e6/seconds, "Mgenotypes/s")
			if info, err := os.Stat(prefix + ".bgen"); err == nil {
				b.ReportMetric(float64(info.Size())/1e6/seconds, "MB-file/s")
			}
			start := time.Now()
			if program, err := exec.LookPath("plink2"); err == nil {
				if err := exec.Command(program, "--threads", "1", "--memory", "640", "--bgen", prefix+".bgen", "ref-first", "--sample", prefix+".sample", "--freq", "--out", prefix+"f").Run(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(variants)/time.Since(start).Seconds(), "plink2-variants/s")
			}
		})
	}
}
