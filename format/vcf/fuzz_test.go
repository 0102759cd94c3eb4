package vcf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// fuzzed reads whatever it is given: it may be refused, in words, and nothing else.
func fuzzed(t *testing.T, data []byte) {
	for _, o := range []genotype.Options{{}, {Regions: []genotype.Region{{Chromosome: "1", From: 150, To: 700}}}} {
		r, err := open(t.Context(), "fuzzed", bytes.NewReader(data), o)
		if err == nil {
			var rows []row
			rows, err = rest(r)
			for _, one := range rows {
				if len(one.counts) != len(r.info.Samples) || one.dosages != nil && len(one.dosages) != len(one.counts) {
					t.Fatal("calls of another number of samples")
				}
			}
			r.Close()
		}
		var e *format.Error
		if err != nil && (!errors.As(err, &e) || e.File != "fuzzed" || e.Mend == "") {
			t.Fatalf("%v; want a *format.Error", err)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{mixed, soft, "##fileformat=VCFv4.1\n" + columns + "\n1\t5\t.\tA\tC\t.\t.\t.\n"} {
		f.Add([]byte(s))
		f.Add(blockedText(f, s))
	}
	f.Fuzz(fuzzed)
}

// FuzzBCF changes the records, whose header is that of mixed.
func FuzzBCF(f *testing.F) {
	dir := f.TempDir()
	for i, s := range []string{mixed, soft} {
		path := filepath.Join(dir, string(rune('a'+i)))
		if err := os.WriteFile(path+".vcf", []byte(s), 0o600); err != nil {
			f.Fatal(err)
		}
		if err := exec.Command("bcftools", "view", "-Ou", "-o", path+".bcf", path+".vcf").Run(); err != nil {
			f.Skip("bcftools cannot be run, which makes the seeds")
		}
		data, err := os.ReadFile(path + ".bcf")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[9+binary.LittleEndian.Uint32(data[5:]):])
	}
	header := mixed[:bytes.Index([]byte(mixed), []byte("\nchr1"))+1] + "\x00"
	start := append(binary.LittleEndian.AppendUint32([]byte(bcfMagic), uint32(len(header))), header...)
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzed(t, data)
		fuzzed(t, append(bytes.Clone(start), data...))
	})
}

func FuzzIndex(f *testing.F) {
	t := tabix{at: map[string]int{}}
	t.add(genotype.Variant{Chromosome: "1", Position: 100, Ref: "A"}, span{100, 200})
	t.add(genotype.Variant{Chromosome: "2", Position: 1 << 20, Ref: "A"}, span{200, 300})
	f.Add(t.bytes())
	f.Add([]byte("CSI\x01\x0e\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.tbi")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := readIndex(t.Context(), path)
		if err != nil {
			return
		}
		in := newRegions([]genotype.Region{{Chromosome: "1", From: 1, To: 1 << 40}, {Chromosome: "2", From: 1 << 19, To: 1 << 21}})
		x.spans(in, newHeader(), x.names == nil)
		x.fits(1 << 20)
	})
}
