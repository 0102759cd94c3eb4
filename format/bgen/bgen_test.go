package bgen

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/genotype"
)

func TestSuite(t *testing.T) {
	float := func(name string) format.Column { return format.Column{Name: name, Kind: format.Float} }
	columns := []format.Column{{Name: "sample", Kind: format.Text}, float("call_rate"), float("heterozygosity"), {Name: "variants", Kind: format.Int}}
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: data(t, "genomics/regenie_example/example.bgen"), Rows: 500, Columns: columns},
		{Path: write(t, filepath.Join(t.TempDir(), "two.bgen"), string(two().bytes())), Rows: 3, Columns: columns},
	}, []formattest.Broken{
		{Name: "x.bgen", Data: []byte("chrom,pos\n1,anna\n and some more"), Says: "no bgen file", Canary: "anna"},
	})
}

// two is a small file of two variants, the second with three alleles.
func two() draft {
	rng := rand.New(rand.NewPCG(1, 2))
	a, _ := random(rng, 3, 2, 8, false, []int{2})
	b, _ := random(rng, 3, 3, 16, true, []int{1, 2})
	return draft{layout: 2, compression: zlibs, people: 3, samples: []string{"anna", "bob", "cia"}, variants: []draftVariant{
		{name: "x", id: "rs1", chromosome: "1", position: 10, alleles: []string{"A", "C"}, genotypes: a},
		{name: "x", id: "rs2", chromosome: "1", position: 20, alleles: []string{"A", "C", "CT"}, genotypes: b},
	}}
}

func TestSniff(t *testing.T) {
	head := string(two().bytes()[:40])
	for _, c := range []struct {
		head, name string
		want       int
	}{
		{head, "x", 95}, {head, "x.bgen", 95}, {head[:16] + oldMagic + head[20:], "x.BGEN", 60}, {head[:16] + oldMagic + head[20:], "x", 0},
		{head[:20], "x.bgen", 0}, {strings.Repeat("\x00", 40), "x.bgen", 0}, {"", "x.bgen", 0},
	} {
		if got := (source{}).Sniff([]byte(c.head), c.name); got != c.want {
			t.Errorf("%q %s: %d, want %d", c.head, c.name, got, c.want)
		}
	}
}

// What is wrong within or beside the file is said in words, without a sample's name.
func TestRefuses(t *testing.T) {
	change := func(use func(d *draft)) string {
		d := two()
		use(&d)
		return string(d.bytes())
	}
	genotypes := func(at int, b byte) string {
		return change(func(d *draft) { d.variants[0].genotypes[at] = b })
	}
	whole := string(two().bytes())
	sample := "ID_1 ID_2 missing sex\n0 0 0 D\nf anna 0 2\nf bob 0 1\nf cia 0 2\n"
	for _, c := range []struct{ name, bgen, sample, says string }{
		{"layout", change(func(d *draft) { d.layout = 0 }), "", "layout 0 with compression 1 is not read"},
		{"compression", change(func(d *draft) { d.compression = 3 }), "", "compression 3"},
		{"no samples", change(func(d *draft) { d.samples = nil }), "", "does not name its samples"},
		{"other samples", whole, sample + "f dora 0 2\n", "3 samples in this file, 4 in the .sample"},
		{"embedded", change(func(d *draft) { d.people = 4 }), "", "number of samples is told in two ways"},
		{"short", whole[:len(whole)-1], "", "cut short"},
		{"long", whole + "x", "", "goes on behind its last variant"},
		{"samples of a variant", genotypes(0, 4), "", "another number of samples or alleles"},
		{"alleles of a variant", genotypes(4, 3), "", "another number of samples or alleles"},
		{"ploidy bounds", genotypes(6, 3), "", "does not know"},
		{"ploidy", change(func(d *draft) { d.variants[0].genotypes[7], d.variants[0].genotypes[8] = 3, 3 }), "", "more than two copies"},
		{"phased", genotypes(11, 2), "", "does not know"},
		{"bits", genotypes(12, 33), "", "does not know"},
		{"length", genotypes(12, 9), "", "another length"},
		{"sum", change(func(d *draft) {
			for i := range 6 {
				d.variants[0].genotypes[13+i] = 255
			}
		}), "", "more than 1"},
		{"one allele", change(func(d *draft) { d.variants[0].alleles = []string{"A"} }), "", "fewer than two alleles"},
		{"sample columns", whole, strings.Replace(sample, "bob 0 1", "bob 0", 1), "more or fewer columns"},
		{"sample types", whole, strings.Replace(sample, "0 0 0 D\n", "", 1), "types of the columns"},
		{"sample header", whole, strings.Replace(sample, "ID_1", "bob", 1), "no ID"},
		{"sample empty", whole, "ID_1 ID_2 missing sex\n0 0 0 D\n", "no samples"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "x.bgen"), c.bgen)
			if c.sample != "" {
				write(t, sampleFile(path), c.sample)
			}
			_, _, err := all(path, genotype.Options{})
			var fe *format.Error
			if !errors.As(err, &fe) || !strings.Contains(err.Error(), c.says) || fe.Mend == "" || strings.Contains(fe.Text+fe.Mend, "bob") {
				t.Errorf("%v; want one that says %q", err, c.says)
			}
		})
	}
}

// The .sample file names the samples; where the bgen names them otherwise, that is said.
func TestSampleFile(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x.bgen"), string(two().bytes()))
	for _, c := range []struct {
		sample string
		want   genotype.Sample
		other  bool
	}{
		{"ID_1 ID_2 missing sex\n0 0 0 D\nf anna 0 2\nf bob 0 1\nf cia 0 2\n", genotype.Sample{ID: "anna", Family: "f", Sex: genotype.Female}, false},
		{"ID\n0\n1\n2\n3\n", genotype.Sample{ID: "1"}, true},
		{"ID_1 ID_2 missing\n0 0 0\nanna 1 0\nbob 2 0\ncia 3 0\n", genotype.Sample{ID: "1", Family: "anna"}, false},
	} {
		write(t, sampleFile(path), c.sample)
		info, err := source{}.Info(t.Context(), path)
		if err != nil || info.Samples[0] != c.want || slices.ContainsFunc(info.Notes, func(n string) bool { return strings.Contains(n, "otherwise") }) != c.other {
			t.Errorf("%v, %v, %v", info.Samples, info.Notes, err)
		}
	}
	if c := (source{}).Companions(path); len(c) != 1 || c[0] != sampleFile(path) {
		t.Errorf("companions %v", c)
	}
}

func TestOptionsAndClose(t *testing.T) {
	path := data(t, "genomics/regenie_example/example.bgen")
	want, _ := mustAll(t, path)
	n := 0
	some, _, err := all(path, genotype.Options{Keep: func(genotype.Variant) bool { n++; return n%7 == 3 }})
	if err != nil || len(some) < 100 {
		t.Fatalf("%d variants, %v", len(some), err)
	}
	for k, r := range some {
		if !r.equal(want[7*k+2]) {
			t.Fatalf("variant %d, others left out: other calls", 7*k+2)
		}
	}
	rows, _, err := all(path, genotype.Options{Regions: []genotype.Region{{Chromosome: "1", From: 3, To: 5}}})
	if err != nil || len(rows) != 3 || !rows[0].equal(want[2]) {
		t.Errorf("%d variants, %v", len(rows), err)
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
}
