package vcf

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"hmsp.center/hmsp/genotype"
)

func TestRegions(t *testing.T) {
	path := convert(t, realFiles(t)[1], ".vcf", "-Ov", "-s", "NA06989,NA06994,NA07000,NA07037,NA07048,NA07051") // sooner read
	_, all := read(t, path, genotype.Options{})
	regions := [][]genotype.Region{
		{{Chromosome: "20", From: 1500000, To: 1600000}},
		{{Chromosome: "chr20", From: 3900000, To: math.MaxInt}, {Chromosome: "20", From: 1, To: 1000226}, {Chromosome: "20", From: 2000000, To: 2100000}},
		{{Chromosome: "20", From: 1000226, To: 1000226}, {Chromosome: "20", From: 1000340, To: 1000341}},
		{{Chromosome: "21", From: 1, To: math.MaxInt}},
		{{Chromosome: "20", From: -5, To: math.MaxInt}},
		{},
	}
	for _, kind := range []struct{ suffix, view, index string }{
		{".vcf.gz", "-Oz", "--tbi"}, {".vcf.gz", "-Oz", "--csi"}, {".bcf", "-Ob", "--csi"}, {".bcf", "-Ob", "-m9"}, {".vcf.gz", "-Oz", ""},
	} {
		file := convert(t, path, kind.suffix, kind.view)
		if kind.index != "" {
			tool(t, "bcftools", "index", kind.index, file)
		}
		for k, list := range regions {
			var want []row
			in := newRegions(list)
			for _, r := range all {
				if in.holds(r.Chromosome, r.Position) {
					want = append(want, r)
				}
			}
			info, got := read(t, file, genotype.Options{Regions: list})
			sameRows(t, fmt.Sprintf("%s%s, regions %d", kind.suffix, kind.index, k), got, want)
			if len(info.Notes) > 0 {
				t.Errorf("notes: %v", info.Notes)
			}
			if k == 0 && (len(want) == 0 || len(want) == len(all)) {
				t.Error("the region does not tell apart")
			}
		}
	}
}

// Where there is an index nothing else is read: a damaged block elsewhere does not matter.
func TestIndexIsUsed(t *testing.T) {
	path := convert(t, realFiles(t)[1], ".vcf.gz", "-Oz")
	tool(t, "tabix", "-p", "vcf", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 255
	index, err := os.Stat(path + ".tbi")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, index.ModTime(), index.ModTime()); err != nil {
		t.Fatal(err)
	}
	_, rows := read(t, path, genotype.Options{Regions: []genotype.Region{{Chromosome: "20", From: 1, To: 1100000}}})
	if len(rows) == 0 {
		t.Error("no variants")
	}
}

func TestIndexOfAnotherFile(t *testing.T) {
	path := convert(t, realFiles(t)[2], ".vcf.gz", "-Oz")
	other := convert(t, realFiles(t)[1], ".vcf.gz", "-Oz")
	tool(t, "tabix", "-p", "vcf", other)
	o := genotype.Options{Regions: []genotype.Region{{Chromosome: "21", From: 9411239, To: 9411300}}}
	_, want := read(t, path, o)
	index, err := os.ReadFile(other + ".tbi")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"of another file": index, "damaged": index[:len(index)/2], "noise": []byte("TBI\x01\xff\xff\xff")} {
		if err := os.WriteFile(path+".tbi", data, 0o600); err != nil {
			t.Fatal(err)
		}
		info, got := read(t, path, o)
		sameRows(t, name, got, want)
		if len(info.Notes) != 1 || !strings.Contains(info.Notes[0], "not used") {
			t.Errorf("index %s: notes %v", name, info.Notes)
		}
	}
	tool(t, "tabix", "-f", "-p", "vcf", path)
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".tbi", stat.ModTime().Add(-1e9), stat.ModTime().Add(-1e9)); err != nil {
		t.Fatal(err)
	}
	info, got := read(t, path, o)
	sameRows(t, "older", got, want)
	if len(info.Notes) != 1 || !strings.Contains(info.Notes[0], "older") {
		t.Errorf("older index: notes %v", info.Notes)
	}
}
