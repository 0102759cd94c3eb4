package vcf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/genotype"
)

// blockedText is a text as BGZF.
func blockedText(t testing.TB, text string) []byte {
	var out bytes.Buffer
	w, err := newBlockWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSuite(t *testing.T) {
	dir := t.TempDir()
	var samples []formattest.Sample
	for name, data := range map[string][]byte{"mixed.vcf": []byte(mixed), "mixed.vcf.gz": blockedText(t, mixed)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		samples = append(samples, formattest.Sample{Path: path, Rows: 5, Columns: []format.Column{
			{Name: "sample", Kind: format.Text}, {Name: "call_rate", Kind: format.Float},
			{Name: "heterozygosity", Kind: format.Float}, {Name: "variants", Kind: format.Int}}})
	}
	change := func(old, new string) []byte { return []byte(strings.Replace(mixed, old, new, 1)) }
	bgzf := blockedText(t, mixed)
	flipped := bytes.Clone(bgzf)
	flipped[200] ^= 16
	formattest.Suite(t, New(), samples, []formattest.Broken{
		{Name: "cut.vcf.gz", Data: bgzf[:len(bgzf)-28], Says: "the file ends early: the block that ends a BGZF file is missing"},
		{Name: "cut.vcf", Data: []byte(mixed[:len(mixed)-1]), Says: "the file ends early"},
		{Name: "flipped.vcf.gz", Data: flipped, Says: "the block at byte 0 is damaged"},
		{Name: "few.vcf", Data: change("\t3|3\n", "\n"), Says: ":15: the line has genotypes of 4 samples, but the header names 5"},
		{Name: "many.vcf", Data: change("\t3|3\n", "\t3|3\t0|0\t0|0\n"), Says: ":15: the line has genotypes of 7 samples, but the header names 5"},
		{Name: "short.vcf", Data: []byte(mixed + "chr7\t5\n"), Says: ":22: the line has fewer than the eight columns"},
		{Name: "none.vcf", Data: change("\tGT:DP:GQ\t0/0\t0/0:1\t0/1:2:3\t1/1:.:.\t./.", ""), Says: `:16, column "FORMAT": the line has no genotypes`},
		{Name: "word.vcf", Data: change("0/3", "0/CANARY"), Says: `:15, column "GT": sample 1 of the record has a genotype that is none`, Canary: "CANARY"},
		{Name: "odd.vcf", Data: change("0|0\t0/1", "0|0\t0-1"), Says: `:21, column "GT": sample 2 of the record has a genotype that is none`, Canary: "0-1"},
		{Name: "allele.vcf", Data: change("0|0\t0/1", "0|0\t0/2"), Says: `sample 2 of the record has a genotype of an allele that the record does not have`},
		{Name: "allele2.vcf", Data: change("0/0\t0/0\t./.", "0/0\t0/1\t./."), Says: `sample 2 of the record has a genotype of an allele that the record does not have`},
		{Name: "triploid.vcf", Data: change("0|0\t0/1", "0|0\t0/1/1"), Says: `sample 2 of the record has a genotype of more than two alleles`},
		{Name: "fields.vcf", Data: change("0|0\t0/1", "0|0\t0/1:7"), Says: `sample 2 of the record has more fields than FORMAT names`},
		{Name: "position.vcf", Data: change("\t800\t", "\t8e2\t"), Says: `column "POS": this is not a position`, Canary: "8e2"},
		{Name: "alt.vcf", Data: change("*,T", "*,,T"), Says: `column "ALT": an alternate allele is empty`},
		{Name: "header.vcf", Data: []byte(mixed[strings.Index(mixed, "#CHROM"):]), Says: "the header of a VCF is missing"},
		{Name: "columns.vcf", Data: []byte("##fileformat=VCFv4.2\n1\t5\t.\tA\tC\t.\t.\t.\n"), Says: `:2, column "#CHROM": the header has no line of column names`},
		{Name: "old.vcf", Data: change("VCFv4.3", "VCFv3.3"), Says: "this is a version of VCF before 4"},
		{Name: "spaces.vcf", Data: change("#CHROM\tPOS", "#CHROM POS"), Says: "between tabs"},
		{Name: "twice.vcf", Data: change("\tA\tB\tC", "\tA\tCANARY\tCANARY"), Says: "samples 2 and 3 have the same name", Canary: "CANARY"},
		{Name: "dosage.vcf", Data: []byte(strings.Replace(soft, "0/1:1.11", "0/1:3.11", 1)), Says: "has a dosage that is not between 0 and 2"},
		{Name: "number.vcf", Data: []byte(strings.Replace(soft, "0/1:1.11", "0/1:CANARY", 1)), Says: "has a dosage that is no number", Canary: "CANARY"},
		{Name: "end.vcf", Data: []byte("##fileformat=VCFv4.2\n"), Says: "the file ends before its header does"},
		{Name: "old.bcf", Data: []byte("BCF\x02\x01\x00\x00\x00\x00"), Says: "this is no BCF of version 2.2"},
	})
}

func TestSniff(t *testing.T) {
	for _, path := range realFiles(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := (source{}).Sniff(data[:min(len(data), 64<<10)], "x"); got != 100 {
			t.Errorf("%s: %d", filepath.Base(path), got)
		}
	}
	if got := (source{}).Sniff([]byte("BCF\x02\x02"), "x"); got != 100 {
		t.Errorf("BCF: %d", got)
	}
	if got := (source{}).Sniff([]byte("sample,age\n"), "x.csv"); got != 0 {
		t.Errorf("CSV: %d", got)
	}
}

// TestDamage cuts real files and flips their bytes: what is read is the same, or refused.
func TestDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	original := realFiles(t)[2]
	files := map[string]bool{original: true} // whether it has check sums
	for suffix, kind := range map[string]string{".vcf.gz": "-Oz", ".bcf": "-Ob", ".raw.bcf": "-Ou", ".vcf": "-Ov"} {
		files[convert(t, original, suffix, kind, "-s", "HG00096,HG00097,HG00099,HG00100,HG00101")] = suffix == ".vcf.gz" || suffix == ".bcf"
	}
	for path, checked := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, want := read(t, path, genotype.Options{})
		for i := range 60 {
			damaged := bytes.Clone(data)
			cut := i%2 == 0
			if cut {
				damaged = damaged[:rng.IntN(len(data))]
			} else {
				damaged[rng.IntN(len(data))] ^= byte(1 + rng.IntN(255))
			}
			r, err := open(t.Context(), "damaged", bytes.NewReader(damaged), genotype.Options{})
			var got []row
			if err == nil {
				got, err = rest(r)
				r.Close()
			}
			var e *format.Error
			switch {
			case err != nil && (!errors.As(err, &e) || e.File != "damaged" || e.Mend == ""):
				t.Errorf("%s: %v; want a *format.Error", filepath.Base(path), err)
			case err == nil && (cut && !lineEnd(damaged) || checked) && !slices.EqualFunc(got, want, row.same):
				t.Errorf("%s, damage %d: other variants and no error", filepath.Base(path), i)
			}
		}
	}
}

// lineEnd says whether a plain text was cut where a line ends, which nothing tells.
func lineEnd(b []byte) bool { return bytes.HasSuffix(b, []byte("\n")) }

// A file cut between two blocks has lines enough in it and is refused all the same.
func TestCutBetweenBlocks(t *testing.T) {
	data, err := os.ReadFile(realFiles(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for range 5 {
		size, _, ok := blockSize(data[at:])
		if !ok {
			t.Fatal("no block")
		}
		at += size
	}
	if _, err := open(t.Context(), "cut", bytes.NewReader(data[:at]), genotype.Options{}); err == nil || !strings.Contains(err.Error(), "the file ends early") {
		t.Errorf("got %v", err)
	}
	// Even with a block at its end that looks like the last, the line is not whole.
	r, err := open(t.Context(), "cut", bytes.NewReader(append(bytes.Clone(data[:at]), endOfFile...)), genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := rest(r); err == nil {
		t.Error("half a line is read")
	}
}

func TestContextEnds(t *testing.T) {
	for _, path := range append(realFiles(t), write(t, "mixed.vcf", mixed)) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := source{}.Open(ctx, path, genotype.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var v genotype.Variant
		var c genotype.Calls
		if err := r.Next(&v, &c); err != nil {
			t.Fatal(err)
		}
		cancel()
		for err == nil {
			err = r.Next(&v, &c)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
		for range 2 {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if r.Next(&v, &c) == nil {
			t.Error("a variant after Close")
		}
	}
}

// Nothing is kept of a record but the strings of its names.
func TestMemoryIsBounded(t *testing.T) {
	r, err := source{}.Open(t.Context(), realFiles(t)[0], genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var v genotype.Variant
	var c genotype.Calls
	perRecord := testing.AllocsPerRun(1000, func() {
		if err := r.Next(&v, &c); err != nil {
			t.Fatal(err)
		}
	})
	if perRecord > 1.5 {
		t.Errorf("%v allocations for a record", perRecord)
	}
}

// A line longer than a piece, and a block header with other fields before BC.
func TestLongLinesAndOtherFields(t *testing.T) {
	const n = 300_000
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n" + columns + "\tFORMAT")
	for i := range n {
		fmt.Fprintf(&b, "\tS%d", i)
	}
	for p := range 3 {
		fmt.Fprintf(&b, "\n1\t%d\t.\tA\tC\t.\t.\t.\tGT", p+1)
		for i := range n {
			b.WriteString([]string{"\t0/0", "\t0/1", "\t1|1", "\t.", "\t1"}[i*(p+1)%5])
		}
	}
	b.WriteString("\n")
	data := blockedText(t, b.String())
	var other []byte
	for at := 0; at < len(data)-len(endOfFile); {
		size, _, _ := blockSize(data[at:])
		block := append(bytes.Clone(data[at:at+10]), 14, 0, 'X', 'Y', 4, 0, 1, 2, 3, 4)
		block = append(block, data[at+12:at+size]...)
		block[24], block[25] = byte(len(block)-1), byte((len(block)-1)>>8)
		other = append(other, block...)
		at += size
	}
	other = append(other, endOfFile...)
	r, err := open(t.Context(), "long", bytes.NewReader(other), genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows, err := rest(r)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for p, r := range rows {
		for i, c := range r.counts {
			if want := []int8{0, 1, 2, -1, 2}[i*(p+1)%5]; c != want {
				t.Fatalf("record %d, sample %d: %d, want %d", p+1, i+1, c, want)
			}
		}
	}
}
