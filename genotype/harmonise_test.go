package genotype

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// v is a variant from "chromosome:position:ref:alt" and an ID.
func v(name, id string) Variant {
	out, ok := ParseName(name)
	if !ok {
		panic(name)
	}
	out.ID = id
	return out
}

func harmonise(info Info, source []Variant, wanted ...string) ([]Match, []string) {
	list := make([]Wanted, len(wanted))
	for i, names := range wanted {
		list[i] = Want(strings.Fields(names))
	}
	h := NewHarmoniser(list, info)
	for _, v := range source {
		if h.Keep(v) {
			h.Add(v)
		}
	}
	return h.Matches()
}

// TestHarmonise: hand-made cases of a source that promises nothing of its alleles, as a
// bed file, and of one that has reference alleles, as VCF.
func TestHarmonise(t *testing.T) {
	bed, vcf := Info{}, Info{Build: GRCh37, ReferenceKnown: true}
	for _, c := range []struct {
		name   string
		info   Info
		source []Variant
		wanted string
		says   string // "column", "column turned", "column strand", "- problem" or "" for nothing
	}{
		{"same", bed, []Variant{v("1:5:A:G", "")}, "grch37:1:5:A:G", "1:5:A:G"},
		{"swapped", bed, []Variant{v("1:5:G:A", "")}, "grch37:1:5:A:G", "1:5:A:G turned"},
		{"other strand", bed, []Variant{v("1:5:T:C", "")}, "grch37:1:5:A:G", "1:5:T:C strand"},
		{"both", bed, []Variant{v("1:5:C:T", "")}, "grch37:1:5:A:G", "1:5:T:C turned strand"},
		{"palindrome", bed, []Variant{v("1:5:A:T", "")}, "grch37:1:5:A:T", "- strand the file has cannot be told"},
		{"palindrome of C and G", bed, []Variant{v("1:5:C:G", "")}, "grch37:1:5:G:C", "- strand the file has cannot be told"},
		{"palindrome by the file's own name", bed, []Variant{v("1:5:A:T", "")}, "1:5:T:A", "1:5:T:A turned"},
		{"palindrome of which a file has one allele", bed, []Variant{v("1:5:A:0", "")}, "grch37:1:5:A:T", "- strand the file has cannot be told"},
		{"palindrome with reference", vcf, []Variant{v("1:5:A:T", "")}, "grch37:1:5:A:T", "1:5:A:T"},
		{"swapped with reference", vcf, []Variant{v("1:5:A:G", "")}, "grch37:1:5:G:A", "1:5:G:A turned"},
		{"other strand with reference", vcf, []Variant{v("1:5:T:C", "")}, "grch37:1:5:A:G", "- other alleles"},
		{"other alleles", bed, []Variant{v("1:5:A:C", "")}, "grch37:1:5:A:G", "- other alleles"},
		{"one of several alleles", vcf, []Variant{v("1:5:A:C", ""), v("1:5:A:G", ""), v("1:5:A:T", "")}, "grch37:1:5:A:G", "1:5:A:G"},
		{"its own strand before the other", bed, []Variant{v("1:5:T:C", ""), v("1:5:G:A", "")}, "grch37:1:5:A:G", "1:5:A:G turned"},
		{"twice", bed, []Variant{v("1:5:A:G", "a"), v("1:5:G:A", "b")}, "grch37:1:5:A:G", "- several"},
		{"twice the very same", bed, []Variant{v("1:5:A:G", ""), v("1:5:A:G", "")}, "grch37:1:5:A:G", "- several"},
		{"one allele alone", bed, []Variant{v("1:5:A:0", "")}, "grch37:1:5:A:G", "1:5:A:0"},
		{"the counted allele alone", bed, []Variant{v("1:5:G:0", "")}, "grch37:1:5:A:G", "1:5:0:G turned"},
		{"the counted allele alone on the other strand", bed, []Variant{v("1:5:C:0", "")}, "grch37:1:5:A:G", "1:5:0:C turned strand"},
		{"no allele", bed, []Variant{v("1:5:0:0", "")}, "grch37:1:5:A:G", "- other alleles"},
		{"no alternate", vcf, []Variant{v("1:5:A:.", "")}, "grch37:1:5:A:G", "1:5:A:."},
		{"small letters", bed, []Variant{v("1:5:a:g", "")}, "grch37:1:5:A:G", "1:5:a:g"},
		{"symbols", bed, []Variant{v("1:5:d:D", "")}, "grch37:1:5:D:d", "1:5:D:d turned"},
		{"numbers", bed, []Variant{v("1:5:1:2", "")}, "grch37:1:5:A:G", "- other alleles"},
		{"insertion", bed, []Variant{v("1:5:A:AT", "")}, "grch37:1:5:A:AT", "1:5:A:AT"},
		{"insertion in the other order", bed, []Variant{v("1:5:AT:A", "")}, "grch37:1:5:A:AT", "1:5:A:AT turned"},
		{"deletion is no insertion", vcf, []Variant{v("1:5:AT:A", "")}, "grch37:1:5:A:AT", "- other alleles"},
		{"deletion beside insertion", vcf, []Variant{v("1:5:AT:A", ""), v("1:5:A:AT", "")}, "1:5:A:AT", "1:5:A:AT"},
		{"chromosome names", bed, []Variant{v("23:5:A:G", "")}, "grch37:chrX:5:A:G", "X:5:A:G"},
		{"nowhere", bed, []Variant{v("1:6:A:G", "rs2")}, "grch37:1:5:A:G dbsnp:rs1", ""},
		{"by place whatever the name", bed, []Variant{v("1:5:A:G", "rs2"), v("1:6:A:G", "rs1")}, "dbsnp:rs1 grch37:1:5:A:G", "1:5:A:G"},
		{"at another position", bed, []Variant{v("1:6:A:G", "rs1")}, "grch37:1:5:A:G dbsnp:rs1", "- another position"},
		{"where another build has it", vcf, []Variant{v("1:6:A:G", "rs1")}, "grch37:1:5:A:G grch38:1:6:A:G dbsnp:rs1", "- another position than the dictionary: where GRCh38 has it"},
		{"at another position, other alleles here", bed, []Variant{v("1:5:A:C", ""), v("1:6:A:G", "rs1")}, "grch37:1:5:A:G dbsnp:rs1", "- another position"},
		{"by name", vcf, []Variant{v("1:5:A:T", "sim12")}, "hmsp:sim12", "1:5:A:T"},
		{"by name alone, where either allele may be counted", bed, []Variant{v("1:5:A:T", "sim12")}, "hmsp:sim12", "- gives no alleles"},
		{"by one of several names", vcf, []Variant{v("1:5:A:T", "rs1;rs2")}, "dbsnp:rs2", "1:5:A:T"},
		{"by a whole name", vcf, []Variant{v("1:5:A:T", "affx:12")}, "affx:12", "1:5:A:T"},
		{"by name alone, twice", vcf, []Variant{v("1:5:A:T", "rs1"), v("1:5:A:C", "rs1")}, "dbsnp:rs1", "- several"},
		{"of another build by name", vcf, []Variant{v("1:9:A:G", "rs1")}, "dbsnp:rs1 grch38:1:5:G:A", "1:9:G:A turned"},
		{"of another build, one of several", vcf, []Variant{v("1:9:A:G", "rs1"), v("1:9:A:C", "rs1")}, "dbsnp:rs1 grch38:1:5:A:C", "1:9:A:C"},
		{"of another build", vcf, []Variant{v("1:5:A:G", "")}, "grch38:1:5:A:G", "- another build"},
		{"of another build, not named in the file", vcf, []Variant{v("1:5:A:G", "")}, "grch38:1:5:A:G dbsnp:rs1", "- another build"},
		{"a code that is none", vcf, []Variant{v("1:5:A:G", "")}, "grch37:1:5", ""},
		{"without a place", vcf, []Variant{{Chromosome: "0", ID: "rs1", Ref: "A", Alt: "C"}}, "dbsnp:rs1", "rs1"},
		{"its own name again", bed, []Variant{{Chromosome: "0", ID: "rs1", Ref: "A", Alt: "C"}}, "rs1", "rs1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			matches, _ := harmonise(c.info, c.source, c.wanted)
			m := matches[0]
			got := ""
			switch {
			case m.Found:
				got = m.Name()
				if m.Turned {
					got += " turned"
				}
				if m.Strand {
					got += " strand"
				}
			case m.Problem != "":
				if got = "- " + m.Problem; m.Mend == "" {
					t.Error("a problem without a way to mend it")
				}
			}
			if got != c.says && (!strings.HasPrefix(c.says, "- ") || !strings.HasPrefix(got, "- ") || !strings.Contains(got, c.says[2:])) {
				t.Fatalf("got %q, want %q", got, c.says)
			}
			if !m.Found {
				return
			}
			again, _ := harmonise(c.info, c.source, m.Name()) // a column's name finds the same
			if r := again[0]; !r.Found || r.Variant != m.Variant || r.Turned != m.Turned {
				t.Errorf("by its column's name: %+v, want %+v", r, m)
			}
		})
	}
}

// TestBuild: of a file that does not state its build it is found out.
func TestBuild(t *testing.T) {
	var wanted []string
	var at37, at38 []Variant
	for i := range 10 {
		wanted = append(wanted, fmt.Sprintf("dbsnp:rs%d grch37:1:%d:A:G grch38:1:%d:A:G", i, 100+i, 200+i))
		at37, at38 = append(at37, v(fmt.Sprintf("1:%d:A:G", 100+i), "")), append(at38, v(fmt.Sprintf("1:%d:G:A", 200+i), ""))
	}
	for build, source := range map[Build][]Variant{GRCh37: at37, GRCh38: at38} {
		matches, notes := harmonise(Info{}, source, wanted...)
		for i, m := range matches {
			if !m.Found || m.Variant != source[i] || m.Turned != (build == GRCh38) {
				t.Errorf("%s: %+v", build, m)
			}
		}
		if len(notes) == 0 || !strings.Contains(notes[0], "10 of 10 variants lie where "+string(build)) {
			t.Errorf("%s: %q", build, notes)
		}
	}
	if _, notes := harmonise(Info{}, nil, wanted...); len(notes) != 1 || !strings.Contains(notes[0], "taken to be those of GRCh37") {
		t.Errorf("nothing found: %q", notes)
	}
	if _, notes := harmonise(Info{Build: GRCh38}, at38, wanted...); len(notes) != 1 || !strings.Contains(notes[0], "10 variants have the other allele") {
		t.Errorf("a build that is stated: %q", notes)
	}
}

// TestWrongBuild: where most names are elsewhere, what lies in its place does so by chance.
func TestWrongBuild(t *testing.T) {
	var wanted []string
	source := []Variant{v("1:100:A:G", "rs999")}
	for i := range 10 {
		wanted = append(wanted, fmt.Sprintf("dbsnp:rs%d grch37:1:%d:A:G", i, 100+i))
		source = append(source, v(fmt.Sprintf("1:%d:A:G", 200+i), fmt.Sprintf("rs%d", i)))
	}
	matches, _ := harmonise(Info{}, source, append(wanted, "1:200:A:G")...)
	for i, m := range matches[:10] {
		if want := map[bool]string{true: "of another build", false: "another position"}[i == 0]; m.Found || !strings.Contains(m.Problem, want) {
			t.Errorf("variant %d: %+v", i, m)
		}
	}
	if !matches[10].Found {
		t.Errorf("the file's own name: %+v", matches[10])
	}
}

func TestHarmoniserRegions(t *testing.T) {
	for _, c := range []struct {
		build  Build
		wanted []string
		want   int
	}{
		{GRCh37, []string{"grch37:1:5:A:G dbsnp:rs1", "2:7:A:G"}, 2},
		{GRCh37, []string{"grch37:1:5:A:G", "dbsnp:rs1"}, 0},
		{GRCh38, []string{"grch37:1:5:A:G"}, 0},
		{"", []string{"grch37:1:5:A:G"}, 0},
		{"", []string{"1:5:A:G", "2:7:A:G"}, 2},
		{"", []string{"1:5:A:G", "rs5"}, 0},
	} {
		var list []Wanted
		for _, w := range c.wanted {
			list = append(list, Want(strings.Fields(w)))
		}
		if got := NewHarmoniser(list, Info{Build: c.build}).Regions(); len(got) != c.want {
			t.Errorf("%s, %v: %v", c.build, c.wanted, got)
		}
	}
}

func TestNotes(t *testing.T) {
	_, notes := harmonise(Info{}, []Variant{v("1:5:T:C", ""), v("1:6:G:A", ""), v("1:7:G:A", "rs7")}, "grch37:1:5:A:G", "grch37:1:6:A:G", "rs7", "grch38:x")
	for i, want := range []string{"2 of 2 variants lie where GRCh37", "turned round", "1 variant is on the other strand", "1 variant was found by its name", "1 variant has a code"} {
		if i >= len(notes) || !strings.Contains(notes[i], want) {
			t.Fatalf("notes %q; want %q", notes, want)
		}
	}
}

// TestMany: a file of one variant over and over takes no memory for each.
func TestMany(t *testing.T) {
	h := NewHarmoniser([]Wanted{Want([]string{"1:5:A:G"})}, Info{})
	kept := 0
	for range 10 * maxMet {
		if h.Add(v("1:5:A:G", "")) {
			kept++
		}
	}
	if m, _ := h.Matches(); kept != maxMet || m[0].Problem == "" {
		t.Errorf("%d kept, %+v", kept, m)
	}
}

func TestWant(t *testing.T) {
	got := Want([]string{"20:61795:G:T", "grch38:chr20:81154:G:T", "dbsnp:rs4814683", "rs1", "grch37:20", "GRCH37:1:5:A:<DEL>"})
	want := Wanted{Places: []Place{{"", v("20:61795:G:T", "")}, {GRCh38, v("20:81154:G:T", "")}, {GRCh37, v("1:5:A:<DEL>", "")}},
		IDs: []string{"rs4814683", "dbsnp:rs4814683", "rs1"}, Broken: 1, Coded: true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func FuzzWant(f *testing.F) {
	f.Add("grch37:20:61795:G:T")
	f.Add("dbsnp:rs1")
	f.Fuzz(func(t *testing.T, name string) {
		for _, p := range Want([]string{name}).Places {
			if again, ok := ParseName(p.Name()); !ok || again != p.Variant {
				t.Errorf("%q gives %+v, and its name %+v", name, p, again)
			}
		}
	})
}

func FuzzRelate(f *testing.F) {
	f.Add("A", "G", "T", "C", false)
	f.Fuzz(func(t *testing.T, a, b, c, d string, known bool) {
		w, s := Variant{Ref: a, Alt: b}, Variant{Ref: c, Alt: d}
		if r, x := relate(w, s, known), relate(w.Turned(), s.Turned(), known); (r == others) != (x == others) {
			t.Errorf("%v, and in the other order %v", r, x)
		}
	})
}
