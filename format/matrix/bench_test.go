package matrix

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// expression is a matrix of 5000 genes and 400 samples, as its file packed and its size as
// text.
func expression(b *testing.B) (path string, size int64) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s strings.Builder
	s.WriteString("gene")
	for i := range 400 {
		fmt.Fprintf(&s, "\ts%d", i)
	}
	for g := range 5000 {
		fmt.Fprintf(&s, "\nENSG%011d", g)
		for range 400 {
			fmt.Fprintf(&s, "\t%.5f", rng.NormFloat64()*2+8)
		}
	}
	s.WriteByte('\n')
	return write(b, "expression.tsv.gz", packed(b, s.String())), int64(s.Len())
}

func BenchmarkRead(b *testing.B) {
	path, size := expression(b)
	for what, columns := range map[string][]string{"one gene": {"ENSG00000000042"}, "medians": {"median"}} {
		b.Run(what, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, err := formattest.ReadAll(b.Context(), New(), path, format.Options{Columns: columns}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What Go has for it: encoding/csv and strconv.
func BenchmarkEncodingCSV(b *testing.B) {
	path, size := expression(b)
	b.SetBytes(size)
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		in, err := gzip.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		r := csv.NewReader(in)
		r.Comma, r.ReuseRecord = '\t', true
		sum := 0.0
		for n := 0; ; n++ {
			record, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			for _, cell := range record[1:] {
				if x, err := strconv.ParseFloat(cell, 64); err == nil && n > 0 {
					sum += x
				}
			}
		}
		f.Close()
	}
}

// R: data.table::fread, else read.delim; each run starts R anew.
func BenchmarkR(b *testing.B) {
	if _, err := exec.LookPath("Rscript"); err != nil {
		b.Skip("there is no Rscript here")
	}
	path, size := expression(b)
	for what, script := range map[string]string{"read.delim": "x <- read.delim(gzfile(commandArgs(TRUE)[1]))", "fread": "x <- data.table::fread(cmd=paste('gzip -dc', shQuote(commandArgs(TRUE)[1])))"} {
		b.Run(what, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if out, err := exec.CommandContext(b.Context(), "Rscript", "-e", script, path).CombinedOutput(); err != nil {
					b.Skipf("R: %s", out)
				}
			}
		})
	}
}
