package bed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/genotype"
)

// a set is the three files of a data set.
type set struct{ bed, bim, fam []byte }

// build makes a set of random calls, and the counts that are in it.
func build(t testing.TB, samples, variants int) (set, [][]int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(samples), uint64(variants)))
	people := make([]genotype.Sample, samples)
	for i := range people {
		people[i] = genotype.Sample{ID: fmt.Sprintf("person%d", i+1), Sex: genotype.Sex(i % 3)}
	}
	var bed, bim, fam bytes.Buffer
	w, err := NewWriter(&bed, &bim, &fam, people)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([][]int, variants)
	var c genotype.Calls
	for k := range counts {
		c.Reset(samples)
		counts[k] = make([]int, samples)
		for i := range counts[k] {
			counts[k][i] = rng.IntN(4) - 1
			c.Set(i, counts[k][i])
		}
		v := genotype.Variant{Chromosome: fmt.Sprint(1 + 22*k/variants), Position: 1000 + k, ID: fmt.Sprintf("rs%d", k+1), Ref: "G", Alt: "A"}
		if err := w.Write(&v, &c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return set{bed.Bytes(), bim.Bytes(), fam.Bytes()}, counts
}

// put writes a set into a folder and gives the path of its .bed.
func (s set) put(t testing.TB, dir, name string) string {
	t.Helper()
	for ext, data := range map[string][]byte{".bed": s.bed, ".bim": s.bim, ".fam": s.fam} {
		if data == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name+ext), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name+".bed")
}

// real reads a set of the real data.
func real(t testing.TB, path string) set {
	t.Helper()
	stem := strings.TrimSuffix(shared(t, path), ".bed")
	var s set
	for ext, data := range map[string]*[]byte{".bed": &s.bed, ".bim": &s.bim, ".fam": &s.fam} {
		var err error
		if *data, err = os.ReadFile(stem + ext); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestSuite(t *testing.T) {
	s, _ := build(t, 37, 20)
	dir := t.TempDir()
	columns := func(sex bool) []format.Column {
		out := []format.Column{{Name: "sample", Kind: format.Text}, {Name: "sex", Kind: format.Text}, {Name: "call_rate", Kind: format.Float}, {Name: "heterozygosity", Kind: format.Float}, {Name: "variants", Kind: format.Int}}
		if !sex {
			out = append(out[:1], out[2:]...)
		}
		return out
	}
	samples := []formattest.Sample{{Path: s.put(t, dir, "small"), Columns: columns(true), Rows: 37}}
	t.Run("made", func(t *testing.T) {
		formattest.Suite(t, New(), samples, []formattest.Broken{
			{Name: "early.bed", Data: append([]byte("\x6c\x1b\x00"), s.bed[3:]...), Says: "individual-major"},
			{Name: "x.bim", Data: s.bim, Says: "name the .bed", Canary: "rs7"},
			{Name: "x.fam", Data: s.fam, Says: "name the .bed", Canary: "person7"},
			{Name: "genes.bed", Data: []byte("chr1\t100\t200\tBRCA1\n"), Says: "no genotype file", Canary: "BRCA1"},
			{Name: "alone.bed", Data: s.bed, Says: "alone.fam"},
			{Name: "name.bin", Data: s.bed, Says: "does not end in .bed"},
		})
	})
	t.Run("real", func(t *testing.T) {
		real := []formattest.Sample{
			{Path: shared(t, "genomics/regenie_example/example.bed"), Columns: columns(true), Rows: 500},
			{Path: shared(t, "genomics/regenie_example/example_3chr.bed"), Columns: columns(false), Rows: 500},
		}
		if !testing.Short() {
			real = append(real, formattest.Sample{Path: shared(t, "genomics/kg_phase1/kg_phase1.bed"), Columns: columns(false), Rows: 1092},
				formattest.Sample{Path: shared(t, "genomics/gwas_chr10_cc/gwas_chr10_cc.bed"), Columns: columns(false), Rows: 1000})
		}
		formattest.Suite(t, New(), real, nil)
	})
}

// TestCounts: any number of samples around the bounds of bytes and words.
func TestCounts(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200} {
		s, want := build(t, n, 9)
		f := open(t, s.put(t, t.TempDir(), "x"))
		var c genotype.Calls
		for k := range want {
			if err := f.Calls(k, &c); err != nil {
				t.Fatal(err)
			}
			for i, x := range want[k] {
				if c.Count(i) != x {
					t.Fatalf("%d samples, variant %d, sample %d: %d, want %d", n, k, i, c.Count(i), x)
				}
			}
			direct, err := f.Counts(k)
			if got := c.Counts(); err != nil || direct != got {
				t.Fatalf("%d samples: %+v without decoding, want %+v, %v", n, direct, got, err)
			}
			if got := c.Counts(); got.HomRef+got.Het+got.HomAlt+got.Missing != n || got.HomRef < 0 {
				t.Fatalf("%d samples: %+v", n, got)
			}
		}
	}
}

// TestLarge: variants by number and in order are the same beyond the first marks.
func TestLarge(t *testing.T) {
	s, _ := build(t, 5, 3*linesPerMark+7)
	s.bim = bytes.TrimRight(s.bim, "\n") // the last line may lack its end
	f := open(t, s.put(t, t.TempDir(), "x"))
	r := f.reader(t.Context(), genotype.Options{})
	var v genotype.Variant
	var c, d genotype.Calls
	for i := range f.Variants() {
		if err := r.Next(&v, &c); err != nil {
			t.Fatal(err)
		}
		w, err := f.Variant(i)
		if err2 := f.Calls(i, &d); err != nil || err2 != nil || v != w || v.Position != 1000+i || !reflect.DeepEqual(c, d) {
			t.Fatalf("variant %d: %v %v, %v %v", i, v, w, err, err2)
		}
	}
	if err := r.Next(&v, &c); err != io.EOF {
		t.Errorf("after the last: %v", err)
	}
	for _, i := range []int{-1, f.Variants()} {
		if _, err := f.Variant(i); err == nil {
			t.Errorf("there is a variant %d", i)
		}
		if err := f.Calls(i, &c); err == nil {
			t.Errorf("there are calls %d", i)
		}
	}
}

func TestRegions(t *testing.T) {
	s, _ := build(t, 5, 100)
	f := open(t, s.put(t, t.TempDir(), "x"))
	r := f.reader(t.Context(), genotype.Options{Regions: []genotype.Region{{Chromosome: "3", From: 1000, To: 1011}}, Keep: func(v genotype.Variant) bool { return v.ID != "rs11" }})
	var v genotype.Variant
	var c genotype.Calls
	if err := r.Next(&v, &c); err != nil || v.ID != "rs12" {
		t.Errorf("got %v, %v", v, err)
	}
	if err := r.Next(&v, &c); err != io.EOF {
		t.Errorf("got %v, %v", v, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.reader(ctx, genotype.Options{}).Next(&v, &c); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

// TestNotWhole: sets of which a file is cut, or is of another set, are refused with a
// *format.Error, by Open or at the latest with the first variant that shows it.
func TestNotWhole(t *testing.T) {
	for _, path := range []string{"", "genomics/regenie_example/example.bed", "genomics/regenie_example/example_3chr.bed", "genomics/kg_phase1/kg_phase1.bed", "genomics/gwas_chr10_cc/gwas_chr10_cc.bed"} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			whole, _ := build(t, 30, 40)
			if path != "" {
				whole = real(t, path)
			}
			dir := t.TempDir()
			check := func(what string, s set) {
				t.Helper()
				var fe *format.Error
				if err := readAll(s.put(t, dir, "x")); !errors.As(err, &fe) || fe.Text == "" || fe.Mend == "" {
					t.Errorf("%s: %v, want a *format.Error", what, err)
				}
			}
			for _, share := range []float64{0.0001, 0.3, 0.5, 0.9, 0.9999} {
				cut := func(b []byte) []byte { return b[:max(1, int(share*float64(len(b))))] }
				check(fmt.Sprint("bed cut at ", share), set{cut(whole.bed), whole.bim, whole.fam})
				check(fmt.Sprint("fam cut at ", share), set{whole.bed, whole.bim, cut(whole.fam[:bytes.LastIndexByte(whole.fam[:len(whole.fam)-1], '\n')])})
				check(fmt.Sprint("bim cut at ", share), set{whole.bed, cut(whole.bim[:bytes.LastIndexByte(whole.bim[:len(whole.bim)-1], '\n')]), whole.fam})
			}
			check("bed with more", set{append(bytes.Clone(whole.bed), 0), whole.bim, whole.fam})
			check("bim with more", set{whole.bed, append(bytes.Clone(whole.bim), whole.bim[:bytes.IndexByte(whole.bim, '\n')+1]...), whole.fam})
		})
	}
}

// readAll reads everything of a set.
func readAll(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var v genotype.Variant
	var c genotype.Calls
	for r := f.reader(context.Background(), genotype.Options{}); ; {
		switch err := r.Next(&v, &c); err {
		case nil:
			if n := c.Counts(); n.HomRef < 0 || n.Called()+n.Missing != len(f.Info().Samples) {
				return fmt.Errorf("counts of %+v", n)
			}
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// TestFlipped: files with bytes changed are refused or read, and nothing panics.
func TestFlipped(t *testing.T) {
	whole, _ := build(t, 30, 40)
	rng := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	for range 300 {
		s := set{bytes.Clone(whole.bed), bytes.Clone(whole.bim), bytes.Clone(whole.fam)}
		for _, b := range [][]byte{s.bed, s.bim, s.fam} {
			b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
		}
		var fe *format.Error
		if err := readAll(s.put(t, dir, "x")); err != nil && !errors.As(err, &fe) {
			t.Errorf("%v is no *format.Error", err)
		} else if err != nil && (strings.Contains(fe.Text, "rs") && strings.Contains(fe.Text, "person")) {
			t.Errorf("%v repeats a name", err)
		}
	}
}

// TestLines: what is wrong with a line is said with its number.
func TestLines(t *testing.T) {
	whole, _ := build(t, 6, 300)
	dir := t.TempDir()
	line := func(b []byte, n int, text string) []byte {
		lines := bytes.SplitAfter(b, []byte("\n"))
		lines[n-1] = []byte(text + "\n")
		return bytes.Join(lines, nil)
	}
	for _, c := range []struct {
		name string
		s    set
		line int
		says string
	}{
		{"fields of bim", set{whole.bed, line(whole.bim, 277, "1 rs5 0 5 A"), whole.fam}, 277, "5 fields"},
		{"position", set{whole.bed, line(whole.bim, 1, "1 rs5 0 x A G"), whole.fam}, 1, "no whole number"},
		{"fields of fam", set{whole.bed, whole.bim, line(whole.fam, 3, "f p 0")}, 3, "3 fields"},
		{"twice the same", set{whole.bed, whole.bim, line(whole.fam, 3, "0 person1 0 0 1 -9")}, 0, "one before it"},
		{"no variants", set{whole.bed, []byte("\n"), whole.fam}, 0, "no variants"},
		{"no samples", set{whole.bed, whole.bim, []byte("\n")}, 0, "no samples"},
		{"a line without end", set{whole.bed, whole.bim, bytes.Repeat([]byte("x"), maxLine+1)}, 1, "cannot be read"},
	} {
		var fe *format.Error
		if err := readAll(c.s.put(t, dir, "x")); !errors.As(err, &fe) || fe.Line != c.line || !strings.Contains(fe.Text, c.says) || fe.Mend == "" {
			t.Errorf("%s: %v, want line %d and %q", c.name, err, c.line, c.says)
		}
	}
}

// TestFamilies: names that are unique in their families alone are joined with them.
func TestFamilies(t *testing.T) {
	s, _ := build(t, 2, 1)
	s.fam = []byte("a 1 0 0 1 -9\r\nb 1 0 0 2 -9\r\n")
	f := open(t, s.put(t, t.TempDir(), "x"))
	if want := []genotype.Sample{{ID: "a_1", Family: "a", Sex: genotype.Male}, {ID: "b_1", Family: "b", Sex: genotype.Female}}; !reflect.DeepEqual(f.Info().Samples, want) || len(f.Info().Notes) != 1 {
		t.Errorf("%+v", f.Info())
	}
}

// TestCutWhileRead: a file that shrinks while it is read gives an error.
func TestCutWhileRead(t *testing.T) {
	s, _ := build(t, 4000, 100)
	path := s.put(t, t.TempDir(), "x")
	f := open(t, path)
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	var c genotype.Calls
	var fe *format.Error
	if err := f.Calls(99, &c); !errors.As(err, &fe) && (err != nil || runtime.GOOS == "linux") { // others may not notice
		t.Errorf("%v, want a *format.Error", err)
	}
	f.Close()
	if err := f.Calls(0, &c); err == nil {
		t.Error("a closed file is read")
	}
	if _, err := f.Variant(0); err == nil {
		t.Error("a closed file is read")
	}
}

func TestCompanions(t *testing.T) {
	s, _ := build(t, 4, 4)
	path := s.put(t, t.TempDir(), "x")
	stem := strings.TrimSuffix(path, ".bed")
	if got := New().(format.Companions).Companions(path); !reflect.DeepEqual(got, []string{stem + ".bim", stem + ".fam"}) {
		t.Errorf("companions: %v", got)
	}
}
