package pgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A file that is cut short anywhere is refused when it is opened; one with other bytes is
// refused or read as that many variants, and never is a panic.
func TestDamaged(t *testing.T) {
	for _, from := range []string{data(t, "genomics/regenie_example/example.pgen"), small(t, "several"), small(t, "HDS")} {
		whole := bytesOf(t, from)
		want, _ := mustAll(t, from)
		path := filepath.Join(t.TempDir(), "x.pgen")
		beside(t, from, path)
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
			if again := openAll(path); (again == nil) != (err == nil) {
				t.Fatalf("damage %d: in order %v, at once %v", i, err, again)
			}
		}
	}
}

// A packed file of variants that is damaged is refused.
func TestDamagedPvar(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.pgen")
	plink2(t, "--vcf", severalAlts(t, dir), "--make-pgen", "vzs", "--out", base(path))
	whole := bytesOf(t, base(path)+".pvar.zst")
	if rows, _ := mustAll(t, path); len(rows) < 400 {
		t.Fatalf("%d variants", len(rows))
	}
	for _, n := range []int{1, 5, len(whole) / 2, len(whole) - 1} {
		write(t, base(path)+".pvar.zst", string(whole[:n]))
		if _, _, err := all(path, genotype.Options{}); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(whole))
		}
	}
}

// Whatever is in the file: calls of all variants or an error, and the same again.
func FuzzPgen(f *testing.F) {
	const psam = "1 1 0 0 1 1\n2 2 0 0 2 1\n3 3 0 0 1 1\n4 4 0 0 1 1\n5 5 0 0 1 1\n"
	const pvar = "#CHROM\tPOS\tID\tREF\tALT\n1\t1\t.\tA\tC\n1\t2\t.\tA\tC,G,T\n1\t3\t.\tA\tC,G\n"
	for _, kinds := range [][]byte{{0, 0, 0}, {1, 2, 3}, {4, 6, 7}, {5, 8, 0x18}, {0x30, 0x40, 0xf0}, {0xe0, 0, 0xb2}} {
		record := []byte{0xe4, 0, 0x0f, 3, 2}
		b := append([]byte(magic), byte(variableMode), 3, 0, 0, 0, 5, 0, 0, 0, 4)
		b = binary.LittleEndian.AppendUint64(b, 26)
		b = append(b, kinds...)
		b = append(b, 5, 5, 5)
		f.Add(bytes.Join([][]byte{b, record, record, record}, nil))
	}
	f.Add([]byte("l\x1b\x02\x03\x00\x00\x00\x05\x00\x00\x00\x40\xe4\x00\xe4\x00\xe4\x00"))
	f.Add([]byte("l\x1b\x01\xe4\x00\xe4\x00\xe4\x00"))
	dir := f.TempDir()
	path := filepath.Join(dir, "x.pgen")
	write(f, filepath.Join(dir, "x.pvar"), pvar)
	write(f, filepath.Join(dir, "x.fam"), psam)
	f.Fuzz(func(t *testing.T, b []byte) {
		if os.WriteFile(path, b, 0o600) != nil {
			t.Skip()
		}
		rows, _, err := all(path, genotype.Options{})
		if err == nil && len(rows) != 6 {
			t.Errorf("%d variants, want 6", len(rows))
		}
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

// Whatever a record is: calls or an error, and no call of two kinds.
func FuzzRecord(f *testing.F) {
	for kind := range 256 {
		f.Add([]byte{1, 0xe4, 0x1b, 2, 3, 1, 0xff, 0, 1, 2, 3, 4, 5, 6, 7}, byte(kind), uint16(70), uint16(1))
	}
	f.Add([]byte{0xe9, 0x0f, 3, 2}, byte(8), uint16(4), uint16(2))
	f.Add([]byte{0xe9, 0x00, 1, 1, 3, 0x54, 0}, byte(0x18), uint16(4), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, kind byte, samples, alts uint16) {
		d := newDecoder(int(samples%2000) + 1)
		if d.record(b, kind, int(alts)+1) != nil {
			return
		}
		var c genotype.Calls
		for alt := 1; alt <= min(int(alts)+1, 5); alt++ {
			d.give(alt, &c)
			for w := range c.Lo {
				if c.Lo[w]&c.Hi[w]|c.Lo[w]&c.Missing[w]|c.Hi[w]&c.Missing[w] != 0 {
					t.Fatal("a call of two kinds")
				}
			}
		}
	})
}

// The lines of the text files.
func FuzzText(f *testing.F) {
	f.Add("#CHROM\tPOS\tID\tREF\tALT\n1\t1\t.\tA\tC,G\n", "#FID IID SEX\na b 1\n")
	f.Add("1 rs1 0 5 A C\n", "a b 0 0 2 1\n")
	f.Add("##contig=<ID=1,length=249250621>\n##reference=hg19\n#CHROM POS REF ALT\n1 -4 A .\n", "#IID\nx\n")
	dir := f.TempDir()
	pvar, psam := filepath.Join(dir, "x.pvar"), filepath.Join(dir, "x.psam")
	f.Fuzz(func(t *testing.T, variants, samples string) {
		write(t, pvar, variants)
		write(t, psam, samples)
		if list, err := readSamples(psam); err == nil && len(list) == 0 {
			t.Error("no samples and no error")
		}
		s, err := openSites(pvar)
		if err != nil {
			return
		}
		defer s.close()
		var v site
		for ok := true; ok && err == nil; {
			if ok, err = s.next(&v); ok && err == nil && len(v.alts) == 0 {
				t.Error("a site without ALT")
			}
		}
	})
}
