package pgen

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/genotype"
)

// The frequencies of the regenie example are those of plink2, to the digits it prints,
// as reference/make_genomics.sh computed them from the bed file of the same people.
func TestRegenieExample(t *testing.T) {
	rows, info := mustAll(t, data(t, "genomics/regenie_example/example.pgen"))
	if len(info.Samples) != 500 || info.Variants != 1000 || info.Dosages || info.ReferenceKnown || info.Build != "" {
		t.Errorf("info: %d samples, %+v", len(info.Samples), info.Notes)
	}
	if s := info.Samples[1]; s != (genotype.Sample{ID: "2", Family: "2"}) {
		t.Errorf("second sample %v", s)
	}
	k := 0
	lined(t, data(t, "reference/genomics/regenie_example.afreq.gz"), func(line string) {
		f := strings.Fields(line)
		if f[0] == "#CHROM" {
			return
		}
		r := rows[k]
		k++
		sum, n := 0, 0
		for _, c := range r.counts {
			if c >= 0 {
				sum, n = sum+c, n+2
			}
		}
		frequency, err := strconv.ParseFloat(f[4], 64)
		if err != nil || r.variant.ID != f[1] || r.variant.Ref != f[2] || r.variant.Alt != f[3] ||
			math.Abs(float64(sum)/float64(n)-frequency) > 5e-6*max(frequency, 0.1) || strconv.Itoa(n) != f[5] {
			t.Errorf("%v: %d of %d, want %s", r.variant, sum, n, line)
		}
	})
	if k != len(rows) {
		t.Errorf("%d variants, want %d", len(rows), k)
	}
	jumps(t, data(t, "genomics/regenie_example/example.pgen"), rows)
}

func TestSuite(t *testing.T) {
	path := data(t, "genomics/regenie_example/example.pgen")
	dir := t.TempDir()
	for _, ext := range []string{".pgen", ".pvar", ".psam"} { // the suite damages copies: they need companions
		b := string(bytesOf(t, base(path)+ext))
		write(t, filepath.Join(dir, "example"+ext), b)
		if ext != ".pgen" {
			write(t, filepath.Join(dir, "cut-example"+ext), b)
		}
	}
	t.Chdir(dir)
	float := func(name string) format.Column { return format.Column{Name: name, Kind: format.Float} }
	formattest.Suite(t, New(), []formattest.Sample{{
		Path: filepath.Join(dir, "example.pgen"), Rows: 500,
		Columns: []format.Column{{Name: "sample", Kind: format.Text}, float("call_rate"), float("heterozygosity"), {Name: "variants", Kind: format.Int}},
	}}, nil)
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		head, name string
		want       int
	}{
		{"l\x1b\x10\x00", "x.pgen", 95}, {"l\x1b\x10\x00", "x", 95}, {"l\x1b\x01\x00", "x.bed", 0}, {"l\x1b\x01\x00", "x.PGEN", 80},
		{"l\x1b\x20\x00", "x.pgen", 95}, {"l\x1b\x30\x00", "x.pgen.pgi", 0}, {"l\x1b\x00\x00", "x.pgen", 0}, {"l\x1b", "x.pgen", 0}, {"", "x.pgen", 0},
	} {
		if got := (source{}).Sniff([]byte(c.head), c.name); got != c.want {
			t.Errorf("%q %s: %d, want %d", c.head, c.name, got, c.want)
		}
	}
}

// What is wrong beside or within the files is said in words, without a sample's name.
func TestRefuses(t *testing.T) {
	const (
		psam = "#IID\tSEX\nann\t2\nbob\t1\ncia\t2\ndan\t1\n"
		pvar = "##contig=<ID=1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\n1\t10\t.\tA\tC\n1\t20\trs1\tA\tG\n"
		pgen = "l\x1b\x02\x02\x00\x00\x00\x04\x00\x00\x00\x40\xe4\x00" // 0 1 2 missing, and 0 0 0 0
	)
	write1 := func(t *testing.T, pgen, pvar, psam string) string {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.pgen")
		for name, text := range map[string]string{path: pgen, filepath.Join(dir, "x.pvar"): pvar, filepath.Join(dir, "x.psam"): psam} {
			if text != "" {
				write(t, name, text)
			}
		}
		return path
	}
	rows, info := mustAll(t, write1(t, pgen, pvar, psam))
	if want := []int{0, 1, 2, -1}; len(rows) != 2 || !rows[0].equal(row{variant: genotype.Variant{Chromosome: "1", Position: 10, Ref: "A", Alt: "C"}, counts: want}) {
		t.Fatalf("%v", rows)
	}
	if info.Build != genotype.GRCh38 || !info.ReferenceKnown || info.Samples[0] != (genotype.Sample{ID: "ann", Sex: genotype.Female}) {
		t.Errorf("%+v", info)
	}
	for _, c := range []struct{ name, pgen, pvar, psam, says string }{
		{"no variants", pgen, "", psam, "no file of its variants"},
		{"no samples", pgen, pvar, "", "no file of its samples"},
		{"other samples", pgen, pvar, psam + "eve\t2\n", "4 samples in this file, 5 samples"},
		{"more variants", pgen, pvar + "1\t30\t.\tA\tC\n", psam, "and more in the file of variants"},
		{"fewer variants", pgen, strings.Replace(pvar, "1\t20\trs1\tA\tG\n", "", 1), psam, "and fewer"},
		{"several ALT of one", "l\x1b\x10\x02\x00\x00\x00\x04\x00\x00\x00\x40\x17\x00\x00\x00\x00\x00\x00\x00\x08\x02\x01\xe4\xff\x00", pvar, psam, "and the variant has one"},
		{"unknown mode", "l\x1b\x7f\x02\x00\x00\x00\x04\x00\x00\x00\x40", pvar, psam, "0x7f is unknown"},
		{"sample by sample", "l\x1b\x00\x00", pvar, psam, "one after the other"},
		{"not whole", pgen[:13], pvar, psam, "has 13 bytes and its header says 14"},
		{"too long", pgen + "x", pvar, psam, "has 15 bytes"},
		{"header cut", pgen[:9], pvar, psam, "ends within its header"},
		{"magic", "PK\x03\x04", pvar, psam, "no pgen file"},
		{"index", "l\x1b\x20\xe4\x00", pvar, psam, "there is no such file"},
		{"position", pgen, strings.Replace(pvar, "\t20\t", "\tbob\t", 1), psam, "position is no number"},
		{"column", pgen, strings.Replace(pvar, "\tALT", "\tOLD", 1), psam, "is lacking"},
		{"short line", pgen, strings.Replace(pvar, "\tA\tG\n", "\n", 1), psam, "too few columns"},
		{"empty ALT", pgen, strings.Replace(pvar, "\tG\n", "\tG,\n", 1), psam, "no letter"},
		{"psam columns", pgen, pvar, strings.Replace(psam, "bob\t1", "bob", 1), "too few columns"},
		{"psam twice", pgen, pvar, strings.Replace(psam, "IID\tSEX", "IID\tSEX\tSEX", 1), "same name"},
		{"psam binary", pgen, pvar, psam + "\x00\x01", "no text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write1(t, c.pgen, c.pvar, c.psam)
			for _, read := range []func() error{
				func() error { _, _, err := all(path, genotype.Options{}); return err },
				func() error { return openAll(path) },
			} {
				err := read()
				var fe *format.Error
				if !errors.As(err, &fe) || !strings.Contains(err.Error(), c.says) || fe.Mend == "" || strings.Contains(fe.Text+fe.Mend, "bob") {
					t.Errorf("%v; want one that says %q", err, c.says)
				}
			}
		})
	}
}

// openAll reads every variant of a File.
func openAll(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var c genotype.Calls
	for i := range f.Variants() {
		if _, err := f.Variant(i); err != nil {
			return err
		}
		if err := f.Calls(i, &c); err != nil {
			return err
		}
	}
	return nil
}

func TestRegionsAndClose(t *testing.T) {
	path := data(t, "genomics/regenie_example/example.pgen")
	rows, _, err := all(path, genotype.Options{Regions: []genotype.Region{{Chromosome: "1", From: 3, To: 5}}})
	if err != nil || len(rows) != 3 || rows[0].variant.Position != 3 {
		t.Errorf("%d variants, %v", len(rows), err)
	}
	if rows, _, err = all(path, genotype.Options{Regions: []genotype.Region{}}); err != nil || len(rows) != 0 {
		t.Errorf("no regions: %d variants, %v", len(rows), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := source{}.Open(ctx, path, genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Next(new(genotype.Variant), new(genotype.Calls)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if err := r.Next(new(genotype.Variant), new(genotype.Calls)); err == nil {
		t.Error("Next after Close")
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := f.Calls(0, new(genotype.Calls)); err == nil {
		t.Error("Calls after Close")
	}
	if _, err := f.Variant(1000); err == nil {
		t.Error("a variant that is not there")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}
