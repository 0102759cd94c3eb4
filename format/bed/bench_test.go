package bed

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

const benchSamples = 1 << 17

func benchCodes() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	codes := make([]byte, benchSamples/4)
	for i := range codes {
		codes[i] = byte(rng.Uint32())
	}
	return codes
}

func BenchmarkDecode(b *testing.B) {
	codes := benchCodes()
	var c genotype.Calls
	b.SetBytes(int64(len(codes)))
	for b.Loop() {
		decode(&c, codes, benchSamples)
	}
}

func BenchmarkCount(b *testing.B) {
	codes := benchCodes()
	b.SetBytes(int64(len(codes)))
	for b.Loop() {
		count(codes, benchSamples)
	}
}

// BenchmarkDecodeByTable is the alternative: a table of the four counts of each byte, to a
// byte for each genotype.
func BenchmarkDecodeByTable(b *testing.B) {
	codes := benchCodes()
	var table [256][4]int8
	for i := range table {
		for k := range 4 {
			table[i][k] = [4]int8{2, -1, 1, 0}[i>>(2*k)&3]
		}
	}
	out := make([]int8, benchSamples)
	b.SetBytes(int64(len(codes)))
	for b.Loop() {
		for i, x := range codes {
			*(*[4]int8)(out[4*i:]) = table[x]
		}
	}
}

// BenchmarkFirstFrequency is the time from Open to the frequency of a variant in the
// middle of a million, in a file of 5 GB that is sparse.
func BenchmarkFirstFrequency(b *testing.B) {
	path := million(b)
	var c genotype.Calls
	for b.Loop() {
		begin := time.Now()
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Calls(f.Variants()/2, &c); err != nil {
			b.Fatal(err)
		}
		if p := c.Counts().Frequency(); p != 1 {
			b.Fatal(p)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "s/first-frequency")
		f.Close()
	}
}

// BenchmarkFrequencies opens a real set and counts all of its variants.
func BenchmarkFrequencies(b *testing.B) {
	path := shared(b, "genomics/kg_phase1/kg_phase1.bed")
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		var v genotype.Variant
		var c genotype.Calls
		for r := f.reader(b.Context(), genotype.Options{}); r.Next(&v, &c) == nil; {
			_ = c.Counts()
		}
		f.Close()
	}
}

// BenchmarkFind looks a hundred variants up among a million, by name and place.
func BenchmarkFind(b *testing.B) {
	path := million(b)
	var wanted [][]string
	for i := range 100 {
		wanted = append(wanted, []string{fmt.Sprintf("dbsnp:rs%d", i*9999), fmt.Sprintf("grch37:%d:%d:G:A", 1+i*9999*22/1_000_000, 1000+i*9999)})
	}
	for b.Loop() {
		found, err := New().(format.Wide).Find(b.Context(), path, format.Options{}, wanted)
		if err != nil || found.Columns[99].Name == "" {
			b.Fatal(found.Problems, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/variant")
}

// million is a sparse file of 5 GB: a million variants of 20000 samples.
func million(b *testing.B) string {
	b.Helper()
	const variants, samples = 1_000_000, 20_000
	dir := b.TempDir()
	write := func(name string, lines int, line func(i int) string) {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		w := bufio.NewWriter(file)
		for i := range lines {
			w.WriteString(line(i))
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	write("x.bed", 1, func(int) string { return magic })
	write("x.bim", variants, func(i int) string { return fmt.Sprintf("%d\trs%d\t0\t%d\tA\tG\n", 1+i*22/variants, i, 1000+i) })
	write("x.fam", samples, func(i int) string { return fmt.Sprintf("0\tperson%d\t0\t0\t1\t-9\n", i) })
	path := filepath.Join(dir, "x.bed")
	if err := os.Truncate(path, 3+variants*samples/4); err != nil {
		b.Skip("this disk has no room for a sparse file")
	}
	return path
}
