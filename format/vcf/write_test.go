package vcf

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

func TestWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	info, want := read(t, realFiles(t)[1], genotype.Options{})
	h := Header{Samples: info.Samples, Build: genotype.GRCh37, Source: "a test", Dosages: false}
	path, index := rewrite(t, h, realFiles(t)[1])
	again, got := read(t, path, genotype.Options{})
	sameRows(t, "rewritten", got, want)
	if again.Build != genotype.GRCh37 || !reflect.DeepEqual(again.Samples, info.Samples) {
		t.Error("the header says otherwise")
	}
	tool(t, "bgzip", "-t", path)
	query := []string{"query", "-f", "%CHROM %POS %ID %REF %ALT[ %GT]\n"}
	a := tool(t, "bcftools", append(query, path)...)
	b := bytes.ReplaceAll(tool(t, "bcftools", append(query, realFiles(t)[1])...), []byte("|"), []byte("/"))
	if !bytes.Equal(a, bytes.ReplaceAll(b, []byte("1/0"), []byte("0/1"))) {
		t.Error("bcftools reads something else")
	}
	out := filepath.Join(t.TempDir(), "plink")
	tool(t, "plink2", "--vcf", path, "--freq", "--out", out)
	sameFrequencies(t, want, nil, out+".afreq")

	// The index is tabix's: what a region holds is the same by either.
	tabix := filepath.Join(t.TempDir(), "tabix.vcf.gz")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tabix, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "tabix", "-p", "vcf", tabix)
	if err := os.WriteFile(path+".tbi", index, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"20:1500000-1600000", "20:3999000-", "20:1-1000226", "20"} {
		a, b := tool(t, "tabix", path, region), tool(t, "tabix", tabix, region)
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("region %s: %d bytes by our index, %d by tabix's", region, len(a), len(b))
		}
	}
	if n := strings.TrimSpace(string(tool(t, "bcftools", "index", "-n", path+".tbi"))); n != fmt.Sprint(len(want)) {
		t.Errorf("the index counts %s records", n)
	}
	o := genotype.Options{Regions: []genotype.Region{{Chromosome: "20", From: 1500000, To: 1600000}}}
	part, rows := read(t, path, o)
	_, full := read(t, realFiles(t)[1], o)
	sameRows(t, "by our index", rows, full)
	if len(part.Notes) > 0 {
		t.Errorf("notes %v", part.Notes)
	}
}

// rewrite writes a file again, and its index.
func rewrite(t testing.TB, h Header, path string) (string, []byte) {
	t.Helper()
	var out, index bytes.Buffer
	w, err := NewWriter(&out, h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := source{}.Open(t.Context(), path, genotype.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var v genotype.Variant
	var c genotype.Calls
	for err = r.Next(&v, &c); err == nil; err = r.Next(&v, &c) {
		if err := w.Write(v, &c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Index(&index); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again.vcf.gz")
	if err := os.WriteFile(again, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return again, index.Bytes()
}

func TestWriteDosages(t *testing.T) {
	path := write(t, "soft.vcf", soft)
	info, want := read(t, path, genotype.Options{})
	again, _ := rewrite(t, Header{Samples: info.Samples, Build: genotype.GRCh37, Dosages: true}, path)
	_, got := read(t, again, genotype.Options{})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	sameAsPlink(t, got, again, "dosage=DS")
}

func TestWriterRefuses(t *testing.T) {
	if _, err := NewWriter(new(bytes.Buffer), Header{Samples: []genotype.Sample{{ID: "a"}, {ID: "a"}}}); err == nil {
		t.Error("two samples of one name")
	}
	w, err := NewWriter(new(bytes.Buffer), Header{Contigs: []string{"1", "2"}})
	if err != nil {
		t.Fatal(err)
	}
	c := &genotype.Calls{}
	good := genotype.Variant{Chromosome: "2", Position: 5, Ref: "A", Alt: "C"}
	for _, v := range []genotype.Variant{{}, {Chromosome: "1", Position: 1, Ref: "A", Alt: "C,G"}, {Chromosome: "1", Position: -1, Ref: "A", Alt: "C"}, {Chromosome: "1 ", Position: 1, Ref: "A", Alt: "C"}, {Chromosome: "1", Position: 1, ID: "\n", Ref: "A", Alt: "C"}} {
		if w.Write(v, c) == nil {
			t.Errorf("%+v is written", v)
		}
	}
	if w.Write(good, &genotype.Calls{Samples: 1}) == nil {
		t.Error("calls of another number of samples")
	}
	for _, p := range []int{5, 4} {
		good.Position = p
		if err := w.Write(good, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Index(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "not sorted") {
		t.Errorf("index of unsorted variants: %v", err)
	}
}
