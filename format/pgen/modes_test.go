package pgen

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

// small makes a pgen with plink2 from a VCF of this package's tests.
func small(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	prefix := filepath.Join(dir, "x")
	switch name {
	case "several":
		plink2(t, "--vcf", severalAlts(t, dir), "--make-pgen", "--out", prefix)
	default:
		plink2(t, "--vcf", imputed(t, dir, name), "dosage="+name, "--make-pgen", "--out", prefix)
	}
	return prefix + ".pgen"
}

// beside copies the files of variants and samples of one pgen to another.
func beside(t testing.TB, from, to string) {
	t.Helper()
	for _, ext := range []string{".pvar", ".psam"} {
		b, err := os.ReadFile(base(from) + ext)
		if err != nil {
			t.Fatal(err)
		}
		write(t, base(to)+ext, string(b))
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

// The modes that plink2 does not write: the same records stored in them are read as the
// same calls, and where plink2 reads the mode, by plink2 too.
func TestModes(t *testing.T) {
	from := small(t, "HDS")
	want, _ := mustAll(t, from)
	check := func(name string, got []row) {
		t.Helper()
		for i := range want {
			w := want[i]
			if w.dosages == nil { // a fixed width has dosages of everybody
				var c genotype.Calls
				c.Reset(len(w.counts))
				for s, n := range w.counts {
					c.Set(s, n)
				}
				c.Dosages = make([]float32, len(w.counts))
				counted(&c)
				if got[i].dosages != nil {
					w.dosages = c.Dosages
				}
			}
			if !got[i].equal(w) {
				t.Fatalf("%s: variant %d: other calls", name, i)
			}
		}
	}
	for _, m := range []mode{dosageMode, phasedMode} {
		path := filepath.Join(t.TempDir(), "fixed.pgen")
		beside(t, from, path)
		write(t, path, string(fixedWidth(m, want)))
		got, info := mustAll(t, path)
		if !info.Dosages || info.ReferenceKnown {
			t.Errorf("mode %#x: %+v", m, info.Notes)
		}
		check(hex(byte(m)), got)
		jumps(t, path, got)
	}
	for _, m := range []mode{extendedMode, outsideMode, extendedOutsideMode} {
		path := filepath.Join(t.TempDir(), "other.pgen")
		beside(t, from, path)
		other(t, m, from, path)
		got, _ := mustAll(t, path)
		check(hex(byte(m)), got)
		jumps(t, path, got)
		if c := (source{}).Companions(path); len(c) < 2 || (m >= outsideMode) != strings.HasSuffix(c[len(c)-1], ".pgi") {
			t.Errorf("mode %#x: companions %v", m, c)
		}
	}
}

// fixedWidth stores calls in mode 0x03 or 0x04, references provisional as marked: all.
func fixedWidth(m mode, rows []row) []byte {
	n := len(rows[0].counts)
	out := append([]byte(magic), byte(m))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(rows)))
	out = binary.LittleEndian.AppendUint32(out, uint32(n))
	out = append(out, 3<<6)
	for i := 0; i < len(rows); i += 8 {
		out = append(out, byte(1<<min(8, len(rows)-i)-1))
	}
	for _, r := range rows {
		codes := make([]byte, (n+3)/4)
		var values, phases []byte
		for s, c := range r.counts {
			codes[s/4] |= byte(c&3) << (2 * (s % 4))
			v, p := uint16(missingDosage), uint16(0x8000)
			if r.dosages != nil && r.dosages[s] == r.dosages[s] {
				v, p = uint16(r.dosages[s]*16384), 0
			} else if r.dosages == nil && c >= 0 {
				v, p = uint16(c)*16384, 0
			}
			values = binary.LittleEndian.AppendUint16(values, v)
			phases = binary.LittleEndian.AppendUint16(phases, p)
		}
		out = append(append(out, codes...), values...)
		if m == phasedMode {
			out = append(out, phases...)
		}
	}
	return out
}

// other stores a file of mode 0x10 in one with extensions, or with the index outside.
func other(t *testing.T, m mode, from, to string) {
	b := bytesOf(t, from)
	start := int(binary.LittleEndian.Uint64(b[headerBytes:]))
	head, records := append([]byte{}, b[:start]...), b[start:]
	if m == extendedMode || m == extendedOutsideMode { // the writer's name, and no footer
		head = append(head, 2, 0, 4)
		head = append(head, "test"...)
	}
	if m == extendedMode {
		head[2] = byte(m)
		binary.LittleEndian.PutUint64(head[headerBytes:], uint64(len(head)))
		write(t, to, string(head)+string(records))
		return
	}
	head[2] = byte(m) + 0x10
	binary.LittleEndian.PutUint64(head[headerBytes:], 3)
	write(t, to+".pgi", string(head))
	write(t, to, magic+string(rune(m))+string(records))
}

// A bed file may be called .pgen; it does not say how many samples it has.
func TestBed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pgen")
	for from, to := range map[string]string{".bed": ".pgen", ".bim": ".bim", ".fam": ".fam"} {
		write(t, base(path)+to, string(bytesOf(t, data(t, "genomics/regenie_example/example"+from))))
	}
	got, info := mustAll(t, path)
	want, _ := mustAll(t, data(t, "genomics/regenie_example/example.pgen"))
	if len(got) != len(want) || info.ReferenceKnown || info.Variants != int64(len(got)) {
		t.Fatalf("%d variants, want %d", len(got), len(want))
	}
	for i := range want {
		if !got[i].equal(want[i]) {
			t.Fatalf("variant %d: other calls than in the pgen of the same people", i)
		}
	}
	write(t, base(path)+".fam", "1 1 0 0 1 1\n")
	if _, _, err := all(path, genotype.Options{}); err == nil || strings.Contains(err.Error(), "EOF") {
		t.Errorf("another fam file: %v", err)
	}
}
