package bgen

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A file that is cut short anywhere is refused; one with other bytes is refused or read
// as that many variants, and never is a panic. What zlib packed has a checksum.
func TestDamaged(t *testing.T) {
	zstandard := two()
	zstandard.compression = zstds
	bare := two()
	bare.compression = plain
	for _, whole := range [][]byte{bytesOf(t, data(t, "genomics/regenie_example/example.bgen")), two().bytes(), zstandard.bytes(), bare.bytes()} {
		path := write(t, filepath.Join(t.TempDir(), "x.bgen"), string(whole))
		want, _ := mustAll(t, path)
		rng := rand.New(rand.NewPCG(3, 4))
		rounds := 80
		if len(want) >= 1000 { // the example: each takes some time
			rounds = 16
		}
		for i := range rounds {
			b := bytes.Clone(whole)
			if i%4 == 0 {
				b = b[:rng.IntN(len(b)-1)+1]
			} else {
				for range 1 + i%3 {
					b[min(rng.IntN(len(b)), rng.IntN(len(b)))] ^= 1 << rng.IntN(8)
				}
			}
			write(t, path, string(b))
			rows, _, err := all(path, genotype.Options{})
			var fe *format.Error
			switch {
			case err == nil && len(rows) != len(want):
				t.Fatalf("damage %d: %d variants, want %d, and no error", i, len(rows), len(want))
			case err != nil && !errors.As(err, &fe):
				t.Fatalf("damage %d: %v", i, err)
			case i%4 == 0 && err == nil:
				t.Fatalf("cut to %d of %d bytes: no error", len(b), len(whole))
			}
		}
	}
}

func bytesOf(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever is in the file: variants or an error, and the same again.
func FuzzBgen(f *testing.F) {
	for compression := range 3 {
		d := two()
		d.compression = compression
		f.Add(d.bytes())
	}
	f.Add(draft{layout: 1, people: 1, samples: []string{"a"}, variants: []draftVariant{{alleles: []string{"A", "C"}, genotypes: []byte{0, 128, 0, 0, 0, 0}}}}.bytes())
	path := filepath.Join(f.TempDir(), "x.bgen")
	f.Fuzz(func(t *testing.T, b []byte) {
		if os.WriteFile(path, b, 0o600) != nil {
			t.Skip()
		}
		rows, _, err := all(path, genotype.Options{})
		again, _, err2 := all(path, genotype.Options{})
		if (err == nil) != (err2 == nil) || len(again) != len(rows) {
			t.Errorf("again: %v, before: %v", err2, err)
		}
		for i := range min(len(rows), len(again)) {
			if !rows[i].equal(again[i]) {
				t.Errorf("variant %d: other calls when read again", i)
			}
		}
	})
}

// Whatever plain genotypes are: calls, with dosages of 0 to 2, or an error.
func FuzzGenotypes(f *testing.F) {
	for i := range 40 {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		b, _ := random(rng, 3, 2+i%3, 1+i%32, i%2 == 0, []int{0, 1, 2})
		f.Add(b, uint8(i%3), uint8(i%2))
	}
	f.Fuzz(func(t *testing.T, b []byte, alleles, layout uint8) {
		g := genotypes{header: header{samples: 3, layout: 1 + int(layout%2)}, packed: b}
		n := 2 + int(alleles)
		if g.unpack(n) != nil {
			return
		}
		var c genotype.Calls
		for a := 1; a < min(n, 5); a++ {
			if g.give(a, &c) != nil {
				return
			}
			for i, d := range c.Dosages {
				if n := c.Count(i); d < 0 || d > 2 || d != d && n >= 0 || n >= 0 && (float64(d)-float64(n) > 0.1001 || float64(n)-float64(d) > 0.1001) {
					t.Fatalf("dosage %v, call %d", d, n)
				}
			}
		}
	})
}

// The lines of a .sample file.
func FuzzSample(f *testing.F) {
	f.Add("ID_1 ID_2 missing sex\n0 0 0 D\nf anna 0 2\n")
	f.Add("ID\n0\n1\n2\n3\n")
	path := filepath.Join(f.TempDir(), "x.sample")
	f.Fuzz(func(t *testing.T, text string) {
		write(t, path, text)
		if list, err := readSamples(path); err == nil && len(list) == 0 {
			t.Error("no samples and no error")
		}
	})
}
