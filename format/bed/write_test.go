package bed

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// TestRoundTrip: what is written is read.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(1, 140).Draw(t, "samples"), rapid.IntRange(1, 4).Draw(t, "variants")
		codes := make([]byte, 0, m*(n+3)/4)
		want := make([]genotype.Calls, m)
		for k := range want {
			want[k].Reset(n)
			for i, x := range rapid.SliceOfN(rapid.IntRange(-1, 2), n, n).Draw(t, "counts") {
				want[k].Set(i, x)
			}
			codes = encode(codes, &want[k])
		}
		stride := (n + 3) / 4
		var c genotype.Calls
		for k := range want {
			decode(&c, codes[k*stride:(k+1)*stride], n)
			if !reflect.DeepEqual(c, want[k]) {
				t.Fatalf("%d samples, variant %d: %v, want %v", n, k, c, want[k])
			}
		}
	})
}

// TestDecode: a table of bytes gives the same as the operations on words.
func TestDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfN(rapid.Byte(), 1, 70).Draw(t, "codes")
		n := len(codes)*4 - rapid.IntRange(0, 3).Draw(t, "padding")
		var c, d genotype.Calls
		decode(&c, codes, n)
		naive(&d, codes, n)
		if !reflect.DeepEqual(c, d) {
			t.Fatalf("%v, want %v", c, d)
		}
	})
}

// naive is the usual way: code by code.
func naive(c *genotype.Calls, codes []byte, n int) {
	c.Reset(n)
	for i := range n {
		c.Set(i, [4]int{2, -1, 1, 0}[codes[i/4]>>(2*(i%4))&3])
	}
}

// TestRewrite: the real files, read and written, are the same bytes.
func TestRewrite(t *testing.T) {
	for _, path := range []string{"genomics/kg_phase1/kg_phase1.bed", "genomics/gwas_chr10_cc/gwas_chr10_cc.bed", "genomics/regenie_example/example.bed", "genomics/regenie_example/example_3chr.bed"} {
		whole, f := real(t, path), open(t, shared(t, path))
		var bed, bim, fam bytes.Buffer
		w, err := NewWriter(&bed, &bim, &fam, f.Info().Samples)
		if err != nil {
			t.Fatal(err)
		}
		if err := Copy(w, f.reader(t.Context(), genotype.Options{})); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bed.Bytes(), whole.bed) {
			t.Errorf("%s: other bytes", path)
		}
		if a, b := strings.Fields(bim.String()), strings.Fields(string(whole.bim)); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: other variants", path)
		}
	}
}

// TestPLINK: both generations of PLINK read what is written, and count the same.
func TestPLINK(t *testing.T) {
	s, want := build(t, 77, 50)
	dir := t.TempDir()
	stem := strings.TrimSuffix(s.put(t, dir, "x"), ".bed")
	for _, program := range []string{"plink2", "plink1.9"} {
		t.Run(program, func(t *testing.T) {
			plink, err := exec.LookPath(program)
			if err != nil {
				t.Skipf("%s is not installed", program)
			}
			args := []string{"--bfile", stem, "--freq", "counts", "--threads", "1", "--memory", "640", "--out", filepath.Join(dir, program)}
			ending, count := ".acount", 4
			if program == "plink1.9" {
				args, ending, count = append(args, "--keep-allele-order", "--nonfounders"), ".frq.counts", 4
			}
			if out, err := exec.CommandContext(t.Context(), plink, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			data, err := os.ReadFile(filepath.Join(dir, program+ending))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
			if len(lines) != len(want) {
				t.Fatalf("%d variants, want %d", len(lines), len(want))
			}
			for k, line := range lines {
				alt := 0
				for _, x := range want[k] {
					alt += max(x, 0)
				}
				if got := strings.Fields(line)[count]; got != strconv.Itoa(alt) {
					t.Errorf("variant %d: %s alternate alleles, want %d", k+1, got, alt)
				}
			}
		})
	}
}

// TestThreeChromosomes: the set that has no reference is counted as plink2 does.
func TestThreeChromosomes(t *testing.T) {
	path := shared(t, "genomics/regenie_example/example_3chr.bed")
	plink, err := exec.LookPath("plink2")
	if err != nil {
		t.Skip("plink2 is not installed")
	}
	out := filepath.Join(t.TempDir(), "x")
	if text, err := exec.CommandContext(t.Context(), plink, "--bfile", strings.TrimSuffix(path, ".bed"), "--geno-counts", "--threads", "1", "--memory", "640", "--out", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	data, err := os.ReadFile(out + ".gcount")
	if err != nil {
		t.Fatal(err)
	}
	vs, ns := counted(t, open(t, path))
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		row := strings.Fields(line)
		got := []string{vs[i].ID, strconv.Itoa(ns[i].HomRef), strconv.Itoa(ns[i].Het), strconv.Itoa(ns[i].HomAlt), strconv.Itoa(ns[i].Missing)}
		if !equal(got, []string{row[1], row[4], row[5], row[6], row[9]}) {
			t.Fatalf("variant %d: %v, want %v", i+1, got, row)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	var none bytes.Buffer
	for _, samples := range [][]genotype.Sample{nil, {{ID: ""}}, {{ID: "a b"}}, {{ID: "a", Family: "f\tg"}}} {
		if _, err := NewWriter(&none, &none, &none, samples); err == nil {
			t.Errorf("samples %v are written", samples)
		}
	}
	w, err := NewWriter(&none, &none, &none, []genotype.Sample{{ID: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	var c genotype.Calls
	c.Reset(1)
	for _, v := range []genotype.Variant{{}, {Chromosome: "1", ID: "a b"}, {Chromosome: "1", Ref: "\n"}} {
		if err := w.Write(&v, &c); err == nil {
			t.Errorf("variant %v is written", v)
		}
	}
	c.Reset(2)
	if err := w.Write(&genotype.Variant{Chromosome: "1"}, &c); err == nil {
		t.Error("calls of other samples are written")
	}
	full := errors.New("full")
	if w, err := NewWriter(failing{full}, &none, &none, []genotype.Sample{{ID: "a"}}); err != nil || !errors.Is(w.Flush(), full) {
		t.Errorf("a disk that is full is not said: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzSet: no three files panic, whatever they hold.
func FuzzSet(f *testing.F) {
	s, _ := build(f, 5, 3)
	f.Add(s.bed, s.bim, s.fam)
	f.Add([]byte(magic), []byte("1 a 0 1 A G"), []byte("a a 0 0 0 0"))
	f.Add([]byte("\x6c\x1b\x01\x00"), []byte("X . 0 -1 0 0\r\n\n"), []byte("a 1 0 0 1\nb 1 0 0 2\n"))
	f.Fuzz(func(t *testing.T, bed, bim, fam []byte) {
		path := set{bed, bim, fam}.put(t, t.TempDir(), "x")
		var fe *format.Error
		if err := readAll(path); err != nil && !errors.As(err, &fe) {
			t.Errorf("%v is no *format.Error", err)
		}
	})
}

// FuzzVariant: a line that is read says what it holds.
func FuzzVariant(f *testing.F) {
	f.Add("1\trs1\t0\t1000\tA\tG")
	f.Add("chrX . 0.5 -7 AT 0\r")
	f.Fuzz(func(t *testing.T, line string) {
		v, err := parseVariant(line)
		if err == nil && (v.Chromosome == "" || v.Ref == "" || v.Alt == "" || v.Position > math.MaxInt) {
			t.Errorf("%q gives %+v", line, v)
		}
	})
}
